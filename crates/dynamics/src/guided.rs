//! Samples given an observation of the state to come: Doob's h-transform with what a model knows.

use crate::diffusion::Diffusion;
use crate::dynamics::{Drift, Dynamics, Langevin, Score, Velocity};
use crate::epsilon::sbdm;
use crate::exponential::FromPoint;
use crate::exponential_steps::Denoiser;
use crate::follmer::FollmerProcess;
use crate::guidance::{Guidance, Level};
use burn::tensor::Tensor;
use foehn_interpolant::{Follmer, Schedule};

/// A Föllmer process given an observation: drift `f_g + (g^2 + g_F^2)/2 grad log p(y | I_t = x, x0)`.
///
/// The law of `X_1` is the posterior for every g. Doob's weight `g^2` belongs to the function
/// `E[p(y | X_1) | X_t = x]` of the simulated process, which is `p(y | I_t = x, x0)` only at `g = g_F`; at
/// any other g, `g^2` on what a model knows samples another law.
///
/// Where the noise of the path is coloured, `z = S^(1/2) w`, the term is `S grad log p`
/// ([`Guidance::coloured`]) under the same weights: in the coordinates `S^(-1/2) x` the noise is white, and
/// there the gradient is `S^(1/2)` times that in x.
///
/// At t = 0, where all of it is 0/0, the gradient is taken at `t = 0.001`.
///
/// # Reference
/// Chen et al. 2024, arXiv:2403.13724 (the processes); the weight from the two scores' relation
/// `f_y - f = (g_F^2 + sigma^2)/2 grad log p(y | I_t, x0)`.
pub struct GuidedFollmer<F, const D: usize> {
    /// The process without the observation.
    pub process: FollmerProcess<F, D>,
    /// The observation.
    pub guidance: Guidance,
}

/// The first time at which `p(y | x_t)` is looked at.
const FIRST: f64 = 1e-3;

impl<F: Drift<D>, const D: usize> GuidedFollmer<F, D> {
    /// `S grad log p(y | I_t = x, x0)`.
    fn gradient(&self, t: f64, x: &Tensor<D>) -> Tensor<D> {
        let later = t.max(FIRST);
        let c = self.process.path().at(later);
        let level = Level {
            beta: c.beta,
            gamma_square: c.gamma * c.gamma,
        };
        let denoised = |x| self.process.denoised(later, x);
        self.guidance.gradient(denoised, x, level)
    }

    /// `(g^2 + g_F^2)/2`.
    fn weight(&self, t: f64, g: f64) -> f64 {
        let foellmer = Diffusion::Follmer.amplitude(self.process.path(), t);
        (g * g + foellmer * foellmer) / 2.0
    }

    fn with_gradient(&self, t: f64, x: &Tensor<D>, drift: Tensor<D>, weight: f64) -> Tensor<D> {
        if weight == 0.0 {
            return drift;
        }
        drift + self.gradient(t, x) * weight
    }
}

impl<const D: usize, F: Drift<D>> Dynamics<D> for GuidedFollmer<F, D> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let drift = Dynamics::drift(&self.process, t, x.clone());
        let weight = self.weight(t, self.process.diffusion(t));
        self.with_gradient(t, &x, drift, weight)
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.process.diffusion(t)
    }

    fn is_regular_at_end(&self) -> bool {
        self.process.is_regular_at_end()
    }

    fn starts_from_point(&self) -> bool {
        self.process.starts_from_point()
    }

    fn calls(&self, t: f64) -> usize {
        let one = Dynamics::calls(&self.process, t);
        one + one * self.guidance.calls()
    }
}

/// For [`ExponentialFlow`](crate::ExponentialFlow) and [`ExponentialSde`](crate::ExponentialSde):
/// `E[x1 | x_t, y] = D + (gamma^2 / beta) S grad log p(y | x_t)`.
impl<const D: usize, F: Drift<D>> FromPoint<D> for GuidedFollmer<F, D> {
    fn path(&self) -> &Follmer {
        self.process.path()
    }

    fn x0(&self) -> &Tensor<D> {
        self.process.x0()
    }

    fn own_diffusion(&self) -> Diffusion {
        self.process.diffusion_choice()
    }

    fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let c = self.process.path().at(t);
        let d = self.process.denoised(t, x.clone());
        self.with_gradient(t, &x, d, c.gamma * c.gamma / c.beta)
    }

    fn path_drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let f = self.process.learnt(t, x.clone());
        let weight = self.weight(t, self.process.path().sigma(t));
        self.with_gradient(t, &x, f, weight)
    }
}

/// The SDE of a one-sided path `x_t = alpha z + beta x1` given an observation: drift
/// `b + e s + (e + lambda) grad log p(y | x_t = x)`, `lambda = alpha (alpha beta'/beta - alpha')`.
///
/// The start stays N(0, Id), which is the posterior's too; N(0, S) where z is coloured, with
/// [`Guidance::coloured`] and `S s` for the score. The grid starts where beta > 0, as lambda is
/// infinite at 0.
pub struct GuidedLangevin<V, S, E, M, P> {
    /// The process without the observation.
    pub process: Langevin<V, S, E>,
    /// `E[x1 | x_t]`.
    pub denoiser: M,
    /// The path.
    pub schedule: P,
    /// The observation.
    pub guidance: Guidance,
}

impl<const D: usize, V, S, E, M, P> Dynamics<D> for GuidedLangevin<V, S, E, M, P>
where
    V: Velocity<D>,
    S: Score<D>,
    E: Fn(f64) -> f64,
    M: Denoiser<D>,
    P: Schedule,
{
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let drift = Dynamics::drift(&self.process, t, x.clone());
        let c = self.schedule.at(t);
        let weight = (self.process.e)(t) + sbdm(&self.schedule, t);
        if weight == 0.0 {
            return drift;
        }
        let level = Level {
            beta: c.beta,
            gamma_square: c.alpha * c.alpha,
        };
        let denoised = |x| self.denoiser.denoised(t, x);
        drift + self.guidance.gradient(denoised, &x, level) * weight
    }

    fn diffusion(&self, t: f64) -> f64 {
        Dynamics::<D>::diffusion(&self.process, t)
    }

    fn calls(&self, t: f64) -> usize {
        Dynamics::<D>::calls(&self.process, t) + self.guidance.calls()
    }
}
