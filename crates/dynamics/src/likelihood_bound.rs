//! Lower bounds on the log-densities that an SDE makes.

use crate::divergence::{Divergence, Probes};
use crate::dynamics::{Score, Velocity};
use crate::failure::{NotFinite, Watch};
use crate::grid::TimeGrid;
use crate::sample_error::SampleError;
use burn::tensor::Tensor;
use foehn_interpolant::normals;
use foehn_noise::Key;
use std::cell::Cell;

/// `log p(x) >= E_Y[log rho0(Y_0) - int_0^1 (e |s|^2 + div(b + e s))(t, Y_t) dt]` for the density p that
/// `dX = (b + e s) dt + sqrt(2e) dW`, `X_0 ~ rho0`, has at t = 1.
///
/// Y runs from `Y_1 = x` against time with drift `b - e s` and the same noise. A path of Y with weight
/// `log w = log rho0(Y_0) - int (e |s|^2 + div(b + e s)) dt - int sqrt(2e) s . dW` has `E[w] = p(x)`
/// (Feynman-Kac and Girsanov), so that the mean of `log w` is the bound, and the stochastic integral, of
/// mean 0, takes away its variance: with exact b and s every path gives `log p(x)`. Read after
/// Stratonovich the divergence of s cancels,
/// `log w = log rho0(Y_0) - int div b dtau - int s o (dY + b dtau)`, `tau = 1 - t`,
/// and this is what is summed, by the trapezoidal rule along the steps of Euler-Maruyama.
///
/// The gap between `E[log rho1]` and the bound is, on average over rho1, the divergence between two laws of
/// paths, `KL(q_0 || rho0) + int e E|grad log q_t - s|^2 dt`, with q the law of Y from rho1.
///
/// # Reference
/// Huang, Lim, Courville 2021, arXiv:2106.02808; Song, Durkan, Murray, Ermon 2021, arXiv:2101.09258. Derived
/// here again.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{Divergence, LikelihoodBound, TimeGrid, standard_normal_log_density};
/// use foehn_noise::{Key, Purpose};
/// // the law stays N(0, 1): b = 0, s = -x, whatever e
/// let bound = LikelihoodBound {
///     velocity: |_: f64, x: Tensor<2>| x * 0.0,
///     score: |_: f64, x: Tensor<2>| x.neg(),
///     e: |_: f64| 0.7,
///     divergence: Divergence::Exact,
/// };
/// let x1 = Tensor::<2>::from_floats([[1.0]], &Device::flex());
/// let keys = [Key::new(1, Purpose::Sample)];
/// let run = bound.evaluate(&TimeGrid::uniform(20)?, &x1, &keys, 3, standard_normal_log_density)?;
/// let log: f32 = run.bound().into_scalar();
/// assert!((log + 1.4189385).abs() < 1e-5); // log N(1; 0, 1)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LikelihoodBound<V, S, E> {
    /// The velocity b.
    pub velocity: V,
    /// The score s.
    pub score: S,
    /// The diffusion coefficient e(t).
    pub e: E,
    /// How the divergence of b is found.
    pub divergence: Divergence,
}

/// The weights of paths that end in given states.
///
/// # Shapes
/// `log_weights`: [B, k] for k paths a sample, nats.
#[derive(Clone, Debug)]
pub struct PathWeights {
    /// `log w`.
    pub log_weights: Tensor<2>,
    /// Calls to velocity and score, each on the whole batch.
    pub calls: usize,
    /// The samples that left the numbers, on any of their paths.
    pub failures: Vec<NotFinite>,
}

impl PathWeights {
    /// The mean of `log w` over the paths of each sample: (B).
    pub fn bound(&self) -> Tensor<1> {
        let [batch, _] = self.log_weights.dims();
        self.log_weights.clone().mean_dim(1).reshape([batch])
    }

    /// The logarithm of the mean of w: (B). On average between [`PathWeights::bound`] and `log p`, and
    /// nearer to it the more paths there are.
    ///
    /// # Reference
    /// Burda, Grosse, Salakhutdinov 2016, arXiv:1509.00519.
    pub fn tightened(&self) -> Tensor<1> {
        let [batch, _] = self.log_weights.dims();
        let top = self.log_weights.clone().max_dim(1);
        let mean = (self.log_weights.clone() - top.clone()).exp().mean_dim(1);
        (mean.log() + top).reshape([batch])
    }
}

/// What the model says at one point of a path.
struct Node<const D: usize> {
    b: Tensor<D>,
    s: Tensor<D>,
    /// `div b`: [B, 1].
    divergence: Tensor<2>,
}

/// The draws of one path.
struct Draws<'a, const D: usize> {
    keys: &'a [Key],
    probes: Probes<D>,
    /// Number of its first step among all of the sample's.
    first: usize,
    calls: Cell<usize>,
}

impl<V, S, E: Fn(f64) -> f64> LikelihoodBound<V, S, E> {
    /// The weights of `paths` paths (at least one) for every state of `x1`.
    ///
    /// `grid` is read in `1 - t`; where it is cut before 1, `base` is the log-density there. Path p draws
    /// its step k from the step `p n + k` of its sample's key, n the steps of the grid. The model is
    /// called at n + 1 points a path: the score once, the velocity as often as the divergence asks.
    ///
    /// # Shapes
    /// `x1`: [B, ...]; `keys`: one a sample; `base`: log-densities (B) of states [B, ...].
    ///
    /// # Errors
    /// If a sample has no key, there are no probes, or e is negative or not finite on the grid.
    pub fn evaluate<const D: usize>(
        &self,
        grid: &TimeGrid,
        x1: &Tensor<D>,
        keys: &[Key],
        paths: usize,
        base: impl Fn(Tensor<D>) -> Tensor<1>,
    ) -> Result<PathWeights, SampleError>
    where
        V: Velocity<D>,
        S: Score<D>,
    {
        let (needed, found) = (x1.dims()[0], keys.len());
        self.divergence.check(needed, found)?;
        if needed != found {
            return Err(SampleError::Keys { needed, found });
        }
        let steps = grid.steps();
        for tau in &grid.times()[..steps] {
            let e = (self.e)(1.0 - tau);
            if !(e >= 0.0 && e.is_finite()) {
                let (t, g) = (1.0 - tau, (2.0 * e).sqrt());
                return Err(SampleError::Diffusion { t, g });
            }
        }
        let (mut columns, mut calls, mut failures) = (Vec::new(), 0, Vec::new());
        for path in 0..paths.max(1) {
            let draws = Draws {
                keys,
                probes: self.divergence.probes(keys, x1, path as u32),
                first: path * steps,
                calls: Cell::new(0),
            };
            let mut watch = Watch::new(x1);
            let (y0, change) = self.walk(grid, x1.clone(), &draws, &mut watch);
            columns.push(base(y0).reshape([needed, 1]) + change);
            calls += draws.calls.get();
            failures.extend(watch.failures(grid.times()));
        }
        for failure in &mut failures {
            failure.t = 1.0 - failure.t;
        }
        Ok(PathWeights {
            log_weights: Tensor::cat(columns, 1),
            calls,
            failures,
        })
    }

    /// The end of one path, and `-int div b dtau - int s o (dY + b dtau)` along it: [B, 1].
    fn walk<const D: usize>(
        &self,
        grid: &TimeGrid,
        mut y: Tensor<D>,
        draws: &Draws<D>,
        watch: &mut Watch,
    ) -> (Tensor<D>, Tensor<2>)
    where
        V: Velocity<D>,
        S: Score<D>,
    {
        let batch = y.dims()[0];
        let mut sum = Tensor::zeros([batch, 1], (&y.device(), y.dtype()));
        let mut node = self.node(1.0 - grid.times()[0], &y, draws);
        for (index, ends) in grid.times().windows(2).enumerate() {
            let h = ends[1] - ends[0];
            let e = (self.e)(1.0 - ends[0]);
            let mut step = (node.s.clone() * e - node.b.clone()) * h;
            if e > 0.0 {
                let number = (draws.first + index) as u32;
                let keys: Vec<Key> = draws.keys.iter().map(|key| key.step(number)).collect();
                step = step + normals(&keys, &y) * (2.0 * e * h).sqrt();
            }
            y = y + step.clone();
            watch.look(&y);
            let next = self.node(1.0 - ends[1], &y, draws);
            let along = step + (node.b + next.b.clone()) * (h / 2.0);
            let work = (node.s + next.s.clone()) * along;
            let values = work.shape().num_elements() / batch.max(1);
            let work: Tensor<2> = work.reshape([batch, values]).sum_dim(1);
            sum = sum - work * 0.5 - (node.divergence + next.divergence.clone()) * (h / 2.0);
            node = next;
        }
        (y, sum)
    }

    fn node<const D: usize>(&self, t: f64, y: &Tensor<D>, draws: &Draws<D>) -> Node<D>
    where
        V: Velocity<D>,
        S: Score<D>,
    {
        let count = |calls: usize| draws.calls.set(draws.calls.get() + calls);
        let velocity = |y: Tensor<D>| {
            count(self.velocity.calls());
            self.velocity.velocity(t, y)
        };
        let (b, divergence) = draws.probes.divergence(velocity, y);
        count(self.score.calls());
        let s = self.score.score(t, y.clone());
        Node { b, s, divergence }
    }
}
