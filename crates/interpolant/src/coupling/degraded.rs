//! Restoration: the start is a degraded copy of the target.

use super::{Coupling, Pair};
use crate::batch::normals;
use burn::tensor::Tensor;
use foehn_noise::Key;

/// `x0 = U(D(x1)) + sigma zeta`, `zeta ~ N(0, Id)`: the data-dependent coupling rho1(x1) rho0(x0 | x1).
///
/// `restore` is the whole map `U(D(.))`, for example averaging over boxes and copying back; its result is
/// also the condition that the network sees. Given the condition, `x0` is Gaussian and
/// `s = -E[zeta] / (alpha sigma)` where `gamma = 0`; without it there is no such formula, as `x0` is not
/// independent of `x1`.
///
/// # Reference
/// Albergo, Goldstein, Boffi, Ranganath, Vanden-Eijnden 2023, arXiv:2310.03725, section 4.2.
#[derive(Clone, Copy, Debug)]
pub struct Degraded<F> {
    /// `U(D(.))`: [B, ...] -> [B, ...].
    pub restore: F,
    /// Standard deviation of the noise that gives `x0` a density.
    pub sigma: f64,
}

impl<F> Degraded<F> {
    /// The condition `U(D(x1))`.
    ///
    /// # Shapes
    /// `x1` and the result: [B, ...].
    pub fn condition<const D: usize>(&self, x1: Tensor<D>) -> Tensor<D>
    where
        F: Fn(Tensor<D>) -> Tensor<D>,
    {
        (self.restore)(x1)
    }

    /// `s = -E[zeta] / (alpha sigma)`, the score given the condition on a path with `gamma = 0`, from a
    /// prediction of zeta. The noise of the path is that of its start alone, so there is no score where
    /// `alpha = 0`, at t = 1: the result is not finite there.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use foehn_interpolant::Degraded;
    /// // nothing is left of x1 ~ N(0, 1): x0 = 0.5 zeta, x_t = x0 / 2 + x1 / 2, of variance 5/16
    /// let erased = Degraded { restore: |x1: Tensor<1>| x1 * 0.0, sigma: 0.5 };
    /// let x = Tensor::<1>::from_floats([1.0], &Device::flex());
    /// let zeta = x * (0.5 * 0.5 / 0.3125); // E[zeta | x]
    /// let score: f32 = erased.score(0.5, zeta).into_scalar();
    /// assert!((score + 1.0 / 0.3125).abs() < 1e-6); // -x / variance
    /// ```
    ///
    /// # Shapes
    /// `zeta` and the result: [B, ...].
    pub fn score<const D: usize>(&self, alpha: f64, zeta: Tensor<D>) -> Tensor<D> {
        zeta * (-1.0 / (alpha * self.sigma))
    }
}

impl<const D: usize, F: Fn(Tensor<D>) -> Tensor<D>> Coupling<D> for Degraded<F> {
    fn couple(&self, batch: Pair<D>, keys: &[Key]) -> Pair<D> {
        let zeta = normals(keys, &batch.x1);
        let x0 = self.condition(batch.x1.clone()) + zeta * self.sigma;
        Pair { x0, x1: batch.x1 }
    }
}
