//! The Föllmer process: from one state, samples of the states that may follow.

use crate::diffusion::Diffusion;
use crate::dynamics::{Drift, Dynamics};
use burn::tensor::Tensor;
use foehn_interpolant::{Follmer, Schedule};

/// `dX = f_g dt + g dW`, `X_0 = x0`, with `f_g = f + (g^2 - sigma^2) score / 2` for any `g`.
///
/// `score = (beta f - c) / (t sigma (beta' sigma - beta sigma'))`,
/// `c = beta' x + (beta alpha' - beta' alpha) x0`; for [`Diffusion::Follmer`] and
/// [`Diffusion::Zero`] the vanishing factors are cancelled in closed form. Where `f_g` is still 0/0 at
/// `t = 0` the first step takes `(f, sigma)`, which is exact in law to first order.
///
/// # Reference
/// Chen et al. 2024, arXiv:2403.13724 (any g, and Föllmer's choice).
pub struct FollmerProcess<F, const D: usize> {
    path: Follmer,
    diffusion: Diffusion,
    drift: F,
    x0: Tensor<D>,
}

impl<const D: usize, F: Drift<D>> FollmerProcess<F, D> {
    /// The process from `x0` with the learnt `drift` of `path`, sampled with `diffusion`; samplers refuse a
    /// scale that is negative or not finite.
    pub fn new(path: Follmer, diffusion: Diffusion, drift: F, x0: Tensor<D>) -> Self {
        Self {
            path,
            diffusion: diffusion.reduced(),
            drift,
            x0,
        }
    }

    /// The path that the drift was learnt on.
    pub fn path(&self) -> &Follmer {
        &self.path
    }

    /// The start.
    pub fn x0(&self) -> &Tensor<D> {
        &self.x0
    }

    /// `E[x1 | I_t = x, x0] = (sigma f - sigma alpha' x0 - sigma' (x - alpha x0)) / (beta' sigma - beta sigma')`.
    ///
    /// The denominator is `epsilon` for `beta = t`, `epsilon t (2 - t)` for `beta = t^2`.
    pub fn denoised(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let c = self.path.at(t);
        let (sigma, d_sigma) = (self.path.sigma(t), self.path.d_sigma());
        let scale = 1.0 / (c.d_beta * sigma - c.beta * d_sigma);
        let f = self.drift.drift(t, x.clone());
        f * (sigma * scale) - x * (d_sigma * scale)
            + self.x0.clone() * ((d_sigma * c.alpha - sigma * c.d_alpha) * scale)
    }

    /// The diffusion it is sampled with.
    pub(crate) fn diffusion_choice(&self) -> Diffusion {
        self.diffusion
    }

    /// The learnt drift `f` itself.
    pub(crate) fn learnt(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.drift.drift(t, x)
    }

    fn uses_path(&self, t: f64) -> bool {
        // an impossible scale shows its own amplitude, by which samplers refuse it
        t == 0.0
            && self.diffusion.is_possible()
            && !self.diffusion.is_regular_at_start(self.path.beta())
    }
}

impl<const D: usize, F: Drift<D>> Dynamics<D> for FollmerProcess<F, D> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let f = self.drift.drift(t, x.clone());
        if self.uses_path(t) {
            return f;
        }
        let k = self.diffusion.score_weight(&self.path, t);
        if k == 0.0 {
            return f;
        }
        let c = self.path.at(t);
        f * (1.0 + k * c.beta)
            - x * (k * c.d_beta)
            - self.x0.clone() * (k * (c.beta * c.d_alpha - c.d_beta * c.alpha))
    }

    fn diffusion(&self, t: f64) -> f64 {
        if self.uses_path(t) {
            self.path.sigma(t)
        } else {
            self.diffusion.amplitude(&self.path, t)
        }
    }

    fn is_regular_at_end(&self) -> bool {
        self.diffusion.is_regular_at_end()
    }

    fn starts_from_point(&self) -> bool {
        self.diffusion == Diffusion::Zero
    }

    fn calls(&self, _t: f64) -> usize {
        self.drift.calls()
    }
}
