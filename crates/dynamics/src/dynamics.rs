//! The functions that are learnt, and the equations made of them.

use burn::tensor::Tensor;
use std::cell::Cell;

/// The drift `f(t, x, x0)` of a Föllmer process, with `x0` and any other condition bound.
pub trait Drift<const D: usize> {
    /// `f` at interpolation time `t` for the batch `x`: [B, ...] -> [B, ...].
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D>;

    /// Calls to networks in one evaluation.
    fn calls(&self) -> usize {
        1
    }
}

/// The velocity `b(t, x) = E[alpha' x0 + beta' x1 + gamma' z | x_t = x]`.
pub trait Velocity<const D: usize> {
    /// `b` at interpolation time `t` for the batch `x`: [B, ...] -> [B, ...].
    fn velocity(&self, t: f64, x: Tensor<D>) -> Tensor<D>;

    /// Calls to networks in one evaluation.
    fn calls(&self) -> usize {
        1
    }
}

/// The score `s(t, x) = grad log rho_t(x)`.
pub trait Score<const D: usize> {
    /// `s` at interpolation time `t` for the batch `x`: [B, ...] -> [B, ...].
    fn score(&self, t: f64, x: Tensor<D>) -> Tensor<D>;

    /// Calls to networks in one evaluation.
    fn calls(&self) -> usize {
        1
    }
}

impl<const D: usize, F: Fn(f64, Tensor<D>) -> Tensor<D>> Drift<D> for F {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self(t, x)
    }
}

impl<const D: usize, F: Fn(f64, Tensor<D>) -> Tensor<D>> Velocity<D> for F {
    fn velocity(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self(t, x)
    }
}

impl<const D: usize, F: Fn(f64, Tensor<D>) -> Tensor<D>> Score<D> for F {
    fn score(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self(t, x)
    }
}

/// `dX = drift(t, X) dt + diffusion(t) dW`.
///
/// The diffusion depends on time only, so the Itô and Stratonovich readings agree.
pub trait Dynamics<const D: usize> {
    /// The drift at `t`: [B, ...] -> [B, ...].
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D>;

    /// The amplitude `g(t)` of the Wiener process; zero everywhere for a flow.
    fn diffusion(&self, t: f64) -> f64;

    /// Whether the drift can be evaluated at `t = 1`; a two-stage step that ends there falls back to
    /// one stage where it cannot.
    fn is_regular_at_end(&self) -> bool {
        true
    }

    /// Whether every sample starts from a known point, from which a flow cannot spread.
    fn starts_from_point(&self) -> bool {
        false
    }

    /// Calls to learnt functions in one evaluation of the drift at `t`.
    fn calls(&self, _t: f64) -> usize {
        1
    }
}

impl<const D: usize, P: Dynamics<D> + ?Sized> Dynamics<D> for &P {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        (**self).drift(t, x)
    }

    fn diffusion(&self, t: f64) -> f64 {
        (**self).diffusion(t)
    }

    fn is_regular_at_end(&self) -> bool {
        (**self).is_regular_at_end()
    }

    fn starts_from_point(&self) -> bool {
        (**self).starts_from_point()
    }

    fn calls(&self, t: f64) -> usize {
        (**self).calls(t)
    }
}

/// The same equation, its calls counted.
pub(crate) struct Counted<P> {
    inner: P,
    calls: Cell<usize>,
}

impl<P> Counted<P> {
    pub fn new(inner: P) -> Self {
        let calls = Cell::new(0);
        Self { inner, calls }
    }

    pub fn calls(&self) -> usize {
        self.calls.get()
    }
}

impl<const D: usize, P: Dynamics<D>> Dynamics<D> for Counted<P> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.calls.set(self.calls.get() + self.inner.calls(t));
        self.inner.drift(t, x)
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.inner.diffusion(t)
    }

    fn is_regular_at_end(&self) -> bool {
        self.inner.is_regular_at_end()
    }

    fn starts_from_point(&self) -> bool {
        self.inner.starts_from_point()
    }
}

/// The flow `dX = b dt`.
pub struct ProbabilityFlow<V> {
    /// The velocity `b`.
    pub velocity: V,
}

impl<const D: usize, V: Velocity<D>> Dynamics<D> for ProbabilityFlow<V> {
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        self.velocity.velocity(t, x)
    }

    fn diffusion(&self, _t: f64) -> f64 {
        0.0
    }

    fn calls(&self, _t: f64) -> usize {
        self.velocity.calls()
    }
}

/// The forward SDE `dX = (b + e s) dt + sqrt(2 e) dW`, which has the marginals of the flow for any
/// `e(t) >= 0`. Mind the convention: `e` is half the squared amplitude of the noise. A sampler refuses
/// an `e` that is negative anywhere on its grid; [`Epsilon`](crate::Epsilon) has the usual choices.
pub struct Langevin<V, S, E> {
    /// The velocity `b`.
    pub velocity: V,
    /// The score `s`.
    pub score: S,
    /// The diffusion coefficient `e(t)`.
    pub e: E,
}

impl<const D: usize, V, S, E> Dynamics<D> for Langevin<V, S, E>
where
    V: Velocity<D>,
    S: Score<D>,
    E: Fn(f64) -> f64,
{
    fn drift(&self, t: f64, x: Tensor<D>) -> Tensor<D> {
        let e = (self.e)(t);
        let b = self.velocity.velocity(t, x.clone());
        if e == 0.0 {
            return b;
        }
        b + self.score.score(t, x) * e
    }

    fn diffusion(&self, t: f64) -> f64 {
        (2.0 * (self.e)(t)).sqrt()
    }

    fn calls(&self, t: f64) -> usize {
        let score = if (self.e)(t) == 0.0 {
            0
        } else {
            self.score.calls()
        };
        self.velocity.calls() + score
    }
}
