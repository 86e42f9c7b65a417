//! Log-densities along a flow.

use crate::adaptive::Adaptive;
use crate::divergence::{Divergence, Probes};
use crate::dynamics::{Dynamics, Velocity};
use crate::failure::NotFinite;
use crate::sample_error::SampleError;
use crate::sampler::{Sampler, Samples};
use burn::tensor::Tensor;
use foehn_noise::Key;
use std::cell::Cell;
use std::f64::consts::{LN_2, TAU};

/// What solves a flow: steps on a grid, or adaptive ones.
pub trait FlowSolver {
    /// The states at the last time from `x0` at the first.
    ///
    /// # Errors
    /// If the dynamics have noise, or a tolerance is not reached.
    fn flow<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
    ) -> Result<Samples<D>, SampleError>;
}

impl FlowSolver for Sampler {
    fn flow<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.solve(dynamics, x0)
    }
}

impl FlowSolver for Adaptive {
    fn flow<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.solve(dynamics, x0)
    }
}

/// The density that a flow makes of a base: `d/dt log rho_t(X_t) = -div b(t, X_t)`.
///
/// State and log-density are solved as one equation, in one pass, with probes that are drawn once and
/// held for the whole solve.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{Adaptive, Divergence, Likelihood, standard_normal_log_density};
/// // X_1 = e X_0 in two dimensions: log rho1(x) = log N(x / e) - 2
/// let likelihood = Likelihood { velocity: |_: f64, x: Tensor<2>| x, divergence: Divergence::Exact };
/// let x1 = Tensor::<2>::from_floats([[0.5, -1.0]], &Device::flex());
/// let run = likelihood.log_density(&Adaptive::new(1e-6), x1, &[], standard_normal_log_density)?;
/// let log: f32 = run.log_density.into_scalar();
/// assert!((f64::from(log) - (-1.837877 - 0.625 * (-2f64).exp() - 2.0)).abs() < 1e-5);
/// # Ok::<(), foehn_dynamics::SampleError>(())
/// ```
pub struct Likelihood<V> {
    /// The velocity b.
    pub velocity: V,
    /// How its divergence is found.
    pub divergence: Divergence,
}

/// States with their log-densities.
///
/// # Shapes
/// `x`: [B, ...]; `log_density`: (B), nats.
#[derive(Clone, Debug)]
pub struct Weighed<const D: usize> {
    /// The states at the other end.
    pub x: Tensor<D>,
    /// `log rho1` at the states at t = 1.
    pub log_density: Tensor<1>,
    /// Calls to the velocity, each on the whole batch.
    pub calls: usize,
    /// The samples that left the numbers.
    pub failures: Vec<NotFinite>,
}

impl<V> Likelihood<V> {
    /// Samples of rho1 with their log-densities, from samples of the base.
    ///
    /// # Shapes
    /// `x0`: [B, ...]; `keys`: one a sample, for random probes (none for [`Divergence::Exact`]);
    /// `base`: log-densities (B) of states [B, ...].
    ///
    /// # Errors
    /// As [`Sampler::solve`] or [`Adaptive::solve`]; and if there are no probes, or a sample
    /// has no key for them.
    pub fn sample<const D: usize>(
        &self,
        solver: &impl FlowSolver,
        x0: Tensor<D>,
        keys: &[Key],
        base: impl Fn(Tensor<D>) -> Tensor<1>,
    ) -> Result<Weighed<D>, SampleError>
    where
        V: Velocity<D>,
    {
        let log = base(x0.clone());
        let (mut run, change) = self.run(solver, x0, keys, Direction::Forward)?;
        run.log_density = log + change;
        Ok(run)
    }

    /// The log-densities of given states, which are carried back to the base; `x` are their origins.
    /// Grids are read in `1 - t`: see [`TimeGrid::mirrored`](crate::TimeGrid::mirrored).
    ///
    /// # Shapes
    /// `x1`: [B, ...]; `keys` and `base` as for [`Likelihood::sample`].
    ///
    /// # Errors
    /// As [`Likelihood::sample`].
    pub fn log_density<const D: usize>(
        &self,
        solver: &impl FlowSolver,
        x1: Tensor<D>,
        keys: &[Key],
        base: impl Fn(Tensor<D>) -> Tensor<1>,
    ) -> Result<Weighed<D>, SampleError>
    where
        V: Velocity<D>,
    {
        let (mut run, change) = self.run(solver, x1, keys, Direction::Backward)?;
        run.log_density = base(run.x.clone()) - change;
        Ok(run)
    }

    /// The end of the flow, and the change of log-density along the way it was walked.
    fn run<const D: usize>(
        &self,
        solver: &impl FlowSolver,
        x: Tensor<D>,
        keys: &[Key],
        direction: Direction,
    ) -> Result<(Weighed<D>, Tensor<1>), SampleError>
    where
        V: Velocity<D>,
    {
        let shape = x.dims();
        let values = shape[1..].iter().product::<usize>();
        self.divergence.check(shape[0], keys.len())?;
        let augmented = Augmented {
            velocity: &self.velocity,
            probes: self.divergence.probes(keys, &x, 0),
            shape,
            direction,
            calls: Cell::new(0),
        };
        let zero = Tensor::<2>::zeros([shape[0], 1], (&x.device(), x.dtype()));
        let start = Tensor::cat(vec![x.reshape([shape[0], values]), zero], 1);
        let run = solver.flow(&augmented, start)?;
        let (x, change) = split(run.x, shape);
        let change = change.reshape([shape[0]]);
        let weighed = Weighed {
            x,
            log_density: change.clone(),
            calls: augmented.calls.get(),
            failures: run.failures,
        };
        Ok((weighed, change))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// `d(x, l) = (b, -div b) dt`, or the same against time.
struct Augmented<'a, V, const D: usize> {
    velocity: &'a V,
    probes: Probes<D>,
    shape: [usize; D],
    direction: Direction,
    calls: Cell<usize>,
}

impl<V: Velocity<D>, const D: usize> Dynamics<2> for Augmented<'_, V, D> {
    fn drift(&self, time: f64, state: Tensor<2>) -> Tensor<2> {
        let batch = self.shape[0];
        let values = self.shape[1..].iter().product::<usize>();
        let (x, _) = split(state, self.shape);
        let t = match self.direction {
            Direction::Forward => time,
            Direction::Backward => 1.0 - time,
        };
        let b = |x: Tensor<D>| {
            self.calls.set(self.calls.get() + 1);
            self.velocity.velocity(t, x)
        };
        let (b, divergence) = self.probes.divergence(b, &x);
        let both = Tensor::cat(vec![b.reshape([batch, values]), divergence.neg()], 1);
        match self.direction {
            Direction::Forward => both,
            Direction::Backward => both.neg(),
        }
    }

    fn diffusion(&self, _t: f64) -> f64 {
        0.0
    }
}

/// [B, N + 1] -> [B, ...] and [B, 1].
fn split<const D: usize>(state: Tensor<2>, shape: [usize; D]) -> (Tensor<D>, Tensor<2>) {
    let [batch, width] = state.dims();
    let x = state.clone().slice([0..batch, 0..width - 1]).reshape(shape);
    (x, state.slice([0..batch, width - 1..width]))
}

/// `log N(x; 0, Id)` of every sample.
///
/// # Shapes
/// `x`: [B, ...]; result: (B).
pub fn standard_normal_log_density<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let shape = x.dims();
    let values = shape[1..].iter().product::<usize>();
    let square: Tensor<2> = x.reshape([shape[0], values]).square();
    let constant = values as f64 * TAU.ln() / 2.0;
    square.sum_dim(1).reshape([shape[0]]) * -0.5 - constant
}

/// `-log p / (N ln 2) - log2 width`: bits for each of N values known to cells of this width.
///
/// The offset `-log2 width` turns a density into the probability of a cell: data of 256 levels scaled
/// to [-1, 1] have width 2/256 and offset 7.
///
/// ```
/// // a uniform density on 256 levels over [0, 1): eight bits
/// assert_eq!(foehn_dynamics::bits_per_dimension(0.0, 3, 1.0 / 256.0), 8.0);
/// ```
pub fn bits_per_dimension(log_density: f64, values: usize, width: f64) -> f64 {
    -log_density / (values as f64 * LN_2) - width.log2()
}
