//! Exponential steps: the equation solved exactly with the target's conditional mean held.

use crate::diffusion::Diffusion;
use crate::dynamics::{Drift, Dynamics};
use crate::failure::Watch;
use crate::follmer::FollmerProcess;
use crate::grid::TimeGrid;
use crate::noise::{Noise, Step};
use crate::sample_error::SampleError;
use crate::sampler::Samples;
use crate::solver::{Draws, Interval, Solver};
use burn::tensor::Tensor;
use foehn_interpolant::{Follmer, FollmerBeta, Schedule};

/// A process out of one known state, by what exponential steps need of it.
pub trait FromPoint<const D: usize>: Dynamics<D> {
    /// Its path.
    fn path(&self) -> &Follmer;

    /// Its start.
    fn x0(&self) -> &Tensor<D>;

    /// The diffusion it is sampled with.
    fn own_diffusion(&self) -> Diffusion;

    /// `E[x1 | I_t = x, x0]` (and what was observed): [B, ...] -> [B, ...].
    fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D>;

    /// The drift for `g = sigma`.
    fn path_drift(&self, t: f64, x: Tensor<D>) -> Tensor<D>;
}

impl<const D: usize, F: Drift<D>> FromPoint<D> for FollmerProcess<F, D> {
    fn path(&self) -> &Follmer {
        FollmerProcess::path(self)
    }

    fn x0(&self) -> &Tensor<D> {
        FollmerProcess::x0(self)
    }

    fn own_diffusion(&self) -> Diffusion {
        self.diffusion_choice()
    }

    fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        FollmerProcess::denoised(self, t, x)
    }

    fn path_drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.learnt(t, x)
    }
}

/// The flow from a point, which converges: one step of `(f, sigma)` out of the point, then
/// `X_u = alpha_u x0 + beta_u D + (gamma_u / gamma_t)(X_t - alpha_t x0 - beta_t D)` with
/// `D = E[x1 | X_t]` held over the step.
#[derive(Clone, Debug)]
pub struct ExponentialFlow {
    /// The times; the first step is the stochastic one.
    pub grid: TimeGrid,
}

/// A Föllmer process with its own diffusion by exponential steps.
///
/// With `D = E[x1 | X_t]` held, `U = (X - alpha x0 - beta D) / gamma` is an Ornstein-Uhlenbeck process,
/// `dU = -g^2/(2 gamma^2) U dt + (g / gamma) dW`, so that, with `theta = int_t^u g^2/(2 gamma^2)`,
/// `X_u = alpha_u x0 + beta_u D + gamma_u [exp(-theta) U_t + sqrt(1 - exp(-2 theta)) xi]`. Every
/// [`Diffusion`] has theta in closed form. With none this is [`ExponentialFlow`]; with sigma the exact
/// bridge of the path. The first step is `(f, sigma)`, and the last one returns `D`.
///
/// # Reference
/// The step of Song, Meng, Ermon 2021, arXiv:2010.02502, equation 12, derived for a path from a point.
#[derive(Clone, Debug)]
pub struct ExponentialSde {
    /// The times.
    pub grid: TimeGrid,
}

impl ExponentialFlow {
    /// `X_1` from the start of `process`, whose own diffusion is not used.
    ///
    /// # Shapes
    /// `x`: [B, ...], as the start.
    pub fn sample<const D: usize>(
        &self,
        process: &impl FromPoint<D>,
        noise: &mut impl Noise<D>,
    ) -> Samples<D> {
        walk(&self.grid, process, Diffusion::Zero, noise)
    }
}

impl ExponentialSde {
    /// `X_1` from the start of `process`.
    ///
    /// # Shapes
    /// `x`: [B, ...], as the start.
    ///
    /// # Errors
    /// If the scale of the diffusion is negative or not finite.
    pub fn sample<const D: usize>(
        &self,
        process: &impl FromPoint<D>,
        noise: &mut impl Noise<D>,
    ) -> Result<Samples<D>, SampleError> {
        let diffusion = process.own_diffusion().reduced();
        if !diffusion.is_possible() {
            let t = self.grid.times()[0];
            let g = diffusion.amplitude(process.path(), t);
            return Err(SampleError::Diffusion { t, g });
        }
        Ok(walk(&self.grid, process, diffusion, noise))
    }
}

fn walk<const D: usize>(
    grid: &TimeGrid,
    process: &impl FromPoint<D>,
    diffusion: Diffusion,
    noise: &mut impl Noise<D>,
) -> Samples<D> {
    let mut x = process.x0().clone();
    let mut watch = Watch::new(&x);
    let mut calls = 0;
    for (index, ends) in grid.times().windows(2).enumerate() {
        let (t, u) = (ends[0], ends[1]);
        let over = Step { index, t, u };
        calls += process.calls(t);
        x = if index == 0 {
            let xi = noise.increment(over, &x);
            let draws = Draws {
                xi: &xi,
                zeta: None,
            };
            let start = OwnNoise(process);
            Solver::EulerMaruyama.step(&start, Interval { t, u }, x, Some(&draws))
        } else {
            exponential_step(process, diffusion, over, x, noise)
        };
        watch.look(&x);
    }
    Samples {
        x,
        calls,
        failures: watch.failures(grid.times()),
    }
}

fn exponential_step<const D: usize>(
    process: &impl FromPoint<D>,
    diffusion: Diffusion,
    over: Step,
    x: Tensor<D>,
    noise: &mut impl Noise<D>,
) -> Tensor<D> {
    let path = process.path();
    let (now, then) = (path.at(over.t), path.at(over.u));
    let keep = decay(path, diffusion, over.t, over.u);
    let ratio = keep * then.gamma / now.gamma;
    let spread = then.gamma * (1.0 - keep * keep).sqrt();
    let d = process.denoised(over.t, x.clone());
    let mean = d * (then.beta - ratio * now.beta)
        + process.x0().clone() * (then.alpha - ratio * now.alpha)
        + x * ratio;
    if spread == 0.0 {
        return mean;
    }
    let xi = noise.increment(over, &mean);
    mean + xi * spread
}

/// `exp(-theta)`, `theta = int_t^u g^2 / (2 gamma^2)`, `gamma = epsilon (1 - t) sqrt(t)`, `t > 0`.
fn decay(path: &Follmer, diffusion: Diffusion, t: f64, u: f64) -> f64 {
    let left = (1.0 - u) / (1.0 - t);
    match (diffusion, path.beta()) {
        (Diffusion::Zero, _) => 1.0,
        (Diffusion::Sigma, _) => (t / u).sqrt(),
        (Diffusion::Follmer, FollmerBeta::Linear) => (t / u).sqrt() * left,
        (Diffusion::Follmer, FollmerBeta::Quadratic) => (t / u).powf(1.5) * left,
        (Diffusion::FollmerTimes(scale), _) => {
            decay(path, Diffusion::Follmer, t, u).powf(scale * scale)
        }
        (Diffusion::Constant(scale), _) => {
            let half = scale * scale / 2.0;
            let rational = 1.0 / (1.0 - u) - 1.0 / (1.0 - t);
            (t * (1.0 - u) / (u * (1.0 - t))).powf(half) * (-half * rational).exp()
        }
    }
}

/// The process with the diffusion sigma of its own path.
struct OwnNoise<'a, P>(&'a P);

impl<const D: usize, P: FromPoint<D>> Dynamics<D> for OwnNoise<'_, P> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.0.path_drift(t, x)
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.0.path().sigma(t)
    }
}
