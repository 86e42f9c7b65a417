//! Gradients of log-densities along a flow.

use crate::backward::Backward;
use crate::divergence::Probes;
use crate::dynamics::{Dynamics, ProbabilityFlow, Velocity};
use crate::failure::NotFinite;
use crate::gradient::pull_back;
use crate::likelihood::{FlowSolver, Likelihood};
use crate::sample_error::SampleError;
use burn::tensor::Tensor;
use foehn_noise::Key;
use std::cell::Cell;

/// Gradients of a log-density, with the way that led to them.
///
/// # Shapes
/// `gradient`, `x0` and `x1`: [B, ...].
#[derive(Clone, Debug)]
pub struct Graded<const D: usize> {
    /// `grad log rho1` at the states given.
    pub gradient: Tensor<D>,
    /// Where the flow carried the states to at t = 0.
    pub x0: Tensor<D>,
    /// Where it came back to: the states given, up to the error of the solver.
    pub x1: Tensor<D>,
    /// Calls to the velocity, each on the whole batch.
    pub calls: usize,
    /// The samples that left the numbers, on the way there or back.
    pub failures: Vec<NotFinite>,
}

impl<V> Likelihood<V> {
    /// `grad log rho1` of given states, the score that the flow itself implies.
    ///
    /// Along the flow `d/dt grad log rho = -J^T grad log rho - grad div b`, `J = db/dx`: the states are
    /// carried back to the base, and state and gradient forth again as one equation. `grad div b` is found
    /// by central differences of vector-Jacobian products, so that no second derivative is asked of the
    /// velocity; an evaluation costs one such product and two for each probe. The gradient is linear in
    /// `grad div b`, so that random probes give it with the right mean.
    ///
    /// A grid is read in `1 - t` on the way back and in t on the way forth.
    ///
    /// # Shapes
    /// `x1`: [B, ...]; `keys` as for [`Likelihood::sample`]; `base`: `grad log rho0` of states, [B, ...] to
    /// [B, ...].
    ///
    /// # Errors
    /// As [`Likelihood::sample`]; and if the velocity is not made of tensor operations on the state
    /// ([`SampleError::NoDerivative`]).
    ///
    /// # Reference
    /// Derived here from the continuity equation.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use foehn_dynamics::{Adaptive, Divergence, Likelihood};
    /// // X_1 = e X_0 from N(0, Id): log rho1 = -|x|^2 / (2 e^2) + constant
    /// let likelihood = Likelihood { velocity: |_: f64, x: Tensor<2>| x, divergence: Divergence::Exact };
    /// let x1 = Tensor::<2>::from_floats([[1.0]], &Device::flex());
    /// let run = likelihood.gradient(&Adaptive::new(1e-6), x1, &[], Tensor::neg)?;
    /// let slope: f32 = run.gradient.into_scalar();
    /// assert!((f64::from(slope) + (-2f64).exp()).abs() < 1e-4);
    /// # Ok::<(), foehn_dynamics::SampleError>(())
    /// ```
    pub fn gradient<const D: usize>(
        &self,
        solver: &impl FlowSolver,
        x1: Tensor<D>,
        keys: &[Key],
        base: impl Fn(Tensor<D>) -> Tensor<D>,
    ) -> Result<Graded<D>, SampleError>
    where
        V: Velocity<D>,
    {
        let shape = x1.dims();
        self.divergence.check(shape[0], keys.len())?;
        let calls = Cell::new(0);
        let velocity = |t: f64, x: Tensor<D>| {
            calls.set(calls.get() + self.velocity.calls());
            self.velocity.velocity(t, x)
        };
        let graded = GradedFlow {
            probes: self.divergence.probes(keys, &x1, 0),
            velocity: &velocity,
            shape,
            broken: Cell::new(false),
        };
        // seen before the way back is walked, not after
        graded.drift(0.5, pair(x1.clone(), x1.zeros_like()));
        if graded.broken.get() {
            return Err(SampleError::NoDerivative);
        }
        let back = solver.flow(
            &Backward(ProbabilityFlow {
                velocity: &velocity,
            }),
            x1,
        )?;
        let x0 = back.x;
        let forth = solver.flow(&graded, pair(x0.clone(), base(x0.clone())))?;
        if graded.broken.get() {
            return Err(SampleError::NoDerivative);
        }
        let (x1, gradient) = halves(forth.x, shape);
        let mut failures = back.failures;
        for failure in &mut failures {
            failure.t = 1.0 - failure.t;
        }
        failures.extend(forth.failures);
        Ok(Graded {
            gradient,
            x0,
            x1,
            calls: calls.get(),
            failures,
        })
    }
}

/// `d(x, g) = (b, -J^T g - grad div b) dt`.
struct GradedFlow<V, const D: usize> {
    velocity: V,
    probes: Probes<D>,
    shape: [usize; D],
    /// Whether the velocity was found outside the graph of its argument.
    broken: Cell<bool>,
}

impl<V: Fn(f64, Tensor<D>) -> Tensor<D>, const D: usize> Dynamics<2> for GradedFlow<V, D> {
    fn drift(&self, t: f64, state: Tensor<2>) -> Tensor<2> {
        let (x, g) = halves(state, self.shape);
        let b = |x: Tensor<D>| (self.velocity)(t, x);
        let (value, along) = pull_back(b, x.clone(), g.clone());
        let change = along.zip(self.probes.gradient(b, &x)).map(|(a, d)| a + d);
        self.broken.set(self.broken.get() || change.is_none());
        let change = change.unwrap_or_else(|| g.zeros_like());
        pair(value, change.neg())
    }

    fn diffusion(&self, _t: f64) -> f64 {
        0.0
    }
}

/// [B, ...] and [B, ...] -> [B, 2 N].
fn pair<const D: usize>(x: Tensor<D>, g: Tensor<D>) -> Tensor<2> {
    let shape = x.dims();
    let values = shape[1..].iter().product::<usize>();
    Tensor::cat(
        vec![x, g]
            .into_iter()
            .map(|x| x.reshape([shape[0], values]))
            .collect(),
        1,
    )
}

/// [B, 2 N] -> [B, ...] and [B, ...].
fn halves<const D: usize>(state: Tensor<2>, shape: [usize; D]) -> (Tensor<D>, Tensor<D>) {
    let [batch, width] = state.dims();
    let x = state.clone().slice([0..batch, 0..width / 2]).reshape(shape);
    let g = state.slice([0..batch, width / 2..width]).reshape(shape);
    (x, g)
}
