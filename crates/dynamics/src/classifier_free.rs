//! Guidance by the difference of two models.

use crate::dynamics::{Drift, Score, Velocity};
use burn::tensor::Tensor;

/// Classifier-free guidance: `u + w (c - u)` of an unconditional and a conditional model, as drift,
/// velocity or score. `w = 1` is the conditional model; with more the law is sharper than the
/// conditional one, and no longer it.
///
/// # Reference
/// Ho, Salimans 2022, arXiv:2207.12598, equation 6 (there `w` counts from 0).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{ClassifierFree, Velocity};
/// let model = ClassifierFree {
///     unconditional: |_: f64, x: Tensor<1>| x,
///     conditional: |_: f64, x: Tensor<1>| x * 3.0,
///     weight: 1.5,
/// };
/// let b: f32 = model.velocity(0.5, Tensor::<1>::ones([1], &Device::flex())).into_scalar();
/// assert_eq!(b, 4.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClassifierFree<U, C> {
    /// The model without the condition.
    pub unconditional: U,
    /// The model with it.
    pub conditional: C,
    /// w.
    pub weight: f64,
}

impl<U, C> ClassifierFree<U, C> {
    fn combine<const D: usize>(&self, u: Tensor<D>, c: Tensor<D>) -> Tensor<D> {
        u * (1.0 - self.weight) + c * self.weight
    }
}

impl<const D: usize, U: Drift<D>, C: Drift<D>> Drift<D> for ClassifierFree<U, C> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let u = self.unconditional.drift(t, x.clone());
        self.combine(u, self.conditional.drift(t, x))
    }

    fn calls(&self) -> usize {
        self.unconditional.calls() + self.conditional.calls()
    }
}

impl<const D: usize, U: Velocity<D>, C: Velocity<D>> Velocity<D> for ClassifierFree<U, C> {
    fn velocity(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let u = self.unconditional.velocity(t, x.clone());
        self.combine(u, self.conditional.velocity(t, x))
    }

    fn calls(&self) -> usize {
        self.unconditional.calls() + self.conditional.calls()
    }
}

impl<const D: usize, U: Score<D>, C: Score<D>> Score<D> for ClassifierFree<U, C> {
    fn score(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let u = self.unconditional.score(t, x.clone());
        self.combine(u, self.conditional.score(t, x))
    }

    fn calls(&self) -> usize {
        self.unconditional.calls() + self.conditional.calls()
    }
}
