//! The same processes run from t = 1 to t = 0.

use crate::dynamics::{Dynamics, Langevin, ProbabilityFlow, Score, Velocity};
use burn::tensor::Tensor;

/// A process against its time, in `tau = 1 - t`, so that its grids rise as all grids do:
/// samples of rho1 at `tau = 0` become samples of rho0 at `tau = 1`.
///
/// A flow turns by its sign, `dX = -b(1 - tau, X) dtau`. The SDE does not: its backward form is
/// `X_{t-h} = X_t - h (b - e s) + sqrt(2 e h) xi`, here `dX = (e s - b) dtau + sqrt(2 e) dW` at
/// `t = 1 - tau`. Both have the marginals of the forward processes.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 2 (forward and backward SDEs).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{Backward, ProbabilityFlow, Sampler, Solver, TimeGrid};
/// let flow = ProbabilityFlow { velocity: |t: f64, x: Tensor<2>| x * t };
/// let sampler = Sampler { solver: Solver::Rk4, grid: TimeGrid::uniform(20)? };
/// let x0 = Tensor::<2>::ones([1, 1], &Device::flex());
/// let x1 = sampler.solve(&flow, x0)?.x;
/// let back: f32 = sampler.solve(&Backward(flow), x1)?.x.into_scalar();
/// assert!((back - 1.0).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Backward<P>(pub P);

impl<const D: usize, V: Velocity<D>> Dynamics<D> for Backward<ProbabilityFlow<V>> {
    fn drift(&self, tau: f64, x: Tensor<D>) -> Tensor<D> {
        self.0.velocity.velocity(1.0 - tau, x).neg()
    }

    fn diffusion(&self, _tau: f64) -> f64 {
        0.0
    }

    fn calls(&self, _tau: f64) -> usize {
        self.0.velocity.calls()
    }
}

impl<const D: usize, V, S, E> Dynamics<D> for Backward<Langevin<V, S, E>>
where
    V: Velocity<D>,
    S: Score<D>,
    E: Fn(f64) -> f64,
{
    fn drift(&self, tau: f64, x: Tensor<D>) -> Tensor<D> {
        let t = 1.0 - tau;
        let e = (self.0.e)(t);
        let b = self.0.velocity.velocity(t, x.clone());
        if e == 0.0 {
            return b.neg();
        }
        self.0.score.score(t, x) * e - b
    }

    fn diffusion(&self, tau: f64) -> f64 {
        (2.0 * (self.0.e)(1.0 - tau)).sqrt()
    }

    fn calls(&self, tau: f64) -> usize {
        Dynamics::<D>::calls(&self.0, 1.0 - tau)
    }
}

/// Sampling for a diffusion model in its own habit: the noising `dX = a(tau) X dtau + g(tau) dW` runs
/// in `tau` from data at 0 to noise at the horizon `T`, and samples run back,
/// `X_{tau-h} = X_tau - h (a X - (1 + k) g^2 s / 2) + sqrt(k h) g xi`.
///
/// `k = 1` is the reverse SDE, `k = 0` the probability flow `a X - g^2 s / 2`, and all have the same
/// marginals. Here interpolation time is `t = 1 - tau / T`.
///
/// # Reference
/// Song et al. 2021, equations 6 and 13, arXiv:2011.13456.
pub struct ReverseDiffusion<S, A, G> {
    /// The score at noising time tau.
    pub score: S,
    /// `a(tau)`: the noising drift is `a X`.
    pub a: A,
    /// `g(tau)`.
    pub g: G,
    /// `T`.
    pub horizon: f64,
    /// `k >= 0`, the share of the reverse SDE's noise variance.
    pub noise: f64,
}

impl<const D: usize, S, A, G> Dynamics<D> for ReverseDiffusion<S, A, G>
where
    S: Score<D>,
    A: Fn(f64) -> f64,
    G: Fn(f64) -> f64,
{
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let tau = (1.0 - t) * self.horizon;
        let g = (self.g)(tau);
        let weight = (1.0 + self.noise) * g * g / 2.0;
        let s = self.score.score(tau, x.clone());
        (s * weight - x * (self.a)(tau)) * self.horizon
    }

    fn diffusion(&self, t: f64) -> f64 {
        let tau = (1.0 - t) * self.horizon;
        (self.g)(tau) * (self.noise * self.horizon).sqrt()
    }

    fn calls(&self, _t: f64) -> usize {
        self.score.calls()
    }
}
