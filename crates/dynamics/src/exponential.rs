//! The probability flow of a Föllmer process by exponential steps.

use crate::dynamics::{Drift, Dynamics};
use crate::follmer::FollmerProcess;
use crate::grid::TimeGrid;
use crate::noise::Noise;
use crate::sampler::Samples;
use crate::solver::{Interval, Solver};
use burn::tensor::Tensor;
use foehn_interpolant::Schedule;

/// The flow from a point, which converges: one step of `(f, sigma)` out of the point, then
/// `X_u = alpha_u x0 + beta_u D + (gamma_u / gamma_t)(X_t - alpha_t x0 - beta_t D)` with
/// `D = E[x1 | X_t]` held over the step.
#[derive(Clone, Debug)]
pub struct ExponentialFlow {
    /// The times; the first step is the stochastic one.
    pub grid: TimeGrid,
}

impl ExponentialFlow {
    /// `X_1` from the start of `process`, whose own diffusion is not used.
    ///
    /// # Shapes
    /// `x`: [B, ...], as the start.
    pub fn sample<const D: usize, F: Drift<D>>(
        &self,
        process: &FollmerProcess<F, D>,
        noise: &mut impl Noise<D>,
    ) -> Samples<D> {
        let mut x = process.x0().clone();
        let mut calls = 0;
        for (step, ends) in self.grid.times().windows(2).enumerate() {
            let (t, u) = (ends[0], ends[1]);
            if step == 0 {
                let xi = noise.draw(0, &x);
                let start = OwnNoise(process);
                (x, _) = Solver::EulerMaruyama.step(&start, Interval { t, u }, x, Some(&xi));
            } else {
                x = exponential_step(process, Interval { t, u }, x);
            }
            calls += 1;
        }
        Samples { x, calls }
    }
}

fn exponential_step<const D: usize, F: Drift<D>>(
    process: &FollmerProcess<F, D>,
    at: Interval,
    x: Tensor<D>,
) -> Tensor<D> {
    let (now, then) = (process.path().at(at.t), process.path().at(at.u));
    let ratio = then.gamma / now.gamma;
    let d = process.denoised(at.t, x.clone());
    d * (then.beta - ratio * now.beta)
        + process.x0().clone() * (then.alpha - ratio * now.alpha)
        + x * ratio
}

/// The process with the diffusion sigma of its own path.
struct OwnNoise<'a, F, const D: usize>(&'a FollmerProcess<F, D>);

impl<const D: usize, F: Drift<D>> Dynamics<D> for OwnNoise<'_, F, D> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.0.learnt(t, x)
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.0.path().sigma(t)
    }
}
