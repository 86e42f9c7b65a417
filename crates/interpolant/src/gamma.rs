//! The latent noise amplitudes gamma(t) of two-sided interpolants.

use crate::power::Power;
use crate::schedule::{ScheduleError, positive, within};
use crate::special::{d_sinc, d_sinhc, sinc, sinhc};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Amplitude of the latent noise; exactly zero at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Gamma {
    /// No latent noise: rectified flow and flow matching.
    Zero,
    /// `sqrt(a t (1 - t))`, the standard deviation of a Brownian bridge of variance rate `a`.
    BrownianBridge {
        /// Variance rate, positive.
        a: f64,
    },
    /// `t (1 - t)`.
    Quadratic,
    /// `sin^2(pi t)`.
    SineSquared,
    /// `S(k (t - 1/2) + 1) - S(k (t - 1/2) - 1) - S(1 - k/2) + S(-1 - k/2)` with `S(x) = 1 / (1 + e^-x)`
    /// and steepness `k`: a plateau that rises and falls within `1/k` of the ends, at most
    /// `tanh(1/2) = .462` high.
    ///
    /// The four terms cancel exactly at both ends; in closed form the sum is
    /// `2 sinh 1 sinh(k t / 2) sinh(k (1 - t) / 2) / ((cosh(k (t - 1/2)) + cosh 1)(cosh(k / 2) + cosh 1))`.
    Sigmoid {
        /// Steepness `k`, in (0, 500]; 10 is customary.
        steepness: f64,
    },
}

/// Steepest sigmoid whose hyperbolic functions stay far from overflow.
const MAX_STEEPNESS: f64 = 500.0;

impl Gamma {
    /// The bridge `sqrt(a t (1 - t))`.
    ///
    /// # Errors
    /// If `a` is not positive and finite.
    pub fn brownian_bridge(a: f64) -> Result<Self, ScheduleError> {
        Self::BrownianBridge { a }.checked()
    }

    /// The sigmoid pair of this steepness.
    ///
    /// # Errors
    /// If `steepness` is not in (0, 500].
    ///
    /// ```
    /// use foehn_interpolant::Gamma;
    /// let gamma = Gamma::sigmoid(10.0)?;
    /// assert_eq!((gamma.at(0.0).0, gamma.at(1.0).0), (0.0, 0.0));
    /// // S(1) - S(-1) - S(-4) + S(-6) at the middle
    /// assert!((gamma.at(0.5).0 - 0.4466036).abs() < 1e-7);
    /// # Ok::<(), foehn_interpolant::ScheduleError>(())
    /// ```
    pub fn sigmoid(steepness: f64) -> Result<Self, ScheduleError> {
        Self::Sigmoid { steepness }.checked()
    }

    /// This amplitude, if its parameters are allowed; for values that come from a configuration file.
    ///
    /// # Errors
    /// If a parameter is not positive and finite, or too large.
    pub fn checked(self) -> Result<Self, ScheduleError> {
        match self {
            Self::BrownianBridge { a } => positive("a", a).map(|_| self),
            Self::Sigmoid { steepness } => positive("steepness", steepness)
                .and_then(|k| within("steepness", k, [0.0, MAX_STEEPNESS]))
                .map(|_| self),
            _ => Ok(self),
        }
    }

    /// The largest value, that at `t = 1/2`.
    pub fn max(&self) -> f64 {
        self.at(0.5).0
    }

    /// `(gamma, gamma', gamma gamma')` at `t`.
    pub fn at(&self, t: f64) -> (f64, f64, f64) {
        match *self {
            Self::Zero => (0.0, 0.0, 0.0),
            Self::BrownianBridge { a } => {
                let gamma = (a * t * (1.0 - t)).sqrt();
                let product = a * (1.0 - 2.0 * t) / 2.0;
                (gamma, product / gamma, product)
            }
            Self::Quadratic => {
                let (gamma, slope) = (t * (1.0 - t), 1.0 - 2.0 * t);
                (gamma, slope, gamma * slope)
            }
            Self::SineSquared => {
                // from the nearer end, so that small values keep their digits
                let near = if t <= 0.5 { t } else { 1.0 - t };
                let gamma = (PI * near).sin().powi(2);
                let slope = PI * (2.0 * PI * near).sin() * if t <= 0.5 { 1.0 } else { -1.0 };
                (gamma, slope, gamma * slope)
            }
            Self::Sigmoid { .. } => {
                let factor = self.factor(t);
                let (gamma, slope) = (factor.at(t), factor.derivative(t).at(t));
                (gamma, slope, gamma * slope)
            }
        }
    }

    /// `gamma` with its zeros at the ends written out.
    pub fn factor(&self, t: f64) -> Power {
        match *self {
            Self::Zero => Power::ZERO,
            Self::BrownianBridge { a } => Power::new([0.5, 0.5], a.sqrt(), 0.0),
            Self::Quadratic => Power::new([1.0, 1.0], 1.0, 0.0),
            Self::SineSquared => {
                let sine = sine_over_ends(1.0, t);
                sine.times(sine)
            }
            Self::Sigmoid { steepness } => sigmoid_factor(steepness, t),
        }
    }
}

/// `sin(k pi t)` with its zeros at both ends written out, `k` a whole number.
pub(crate) fn sine_over_ends(k: f64, t: f64) -> Power {
    let near = if t <= 0.5 { t } else { 1.0 - t };
    let far = 1.0 - near;
    let (c, d) = (k * PI, k * PI * near);
    let value = c * sinc(d) / far;
    let slope = c * c * d_sinc(d) / far + value / far;
    // sin(k pi (1 - t)) = -(-1)^k sin(k pi t)
    if t <= 0.5 {
        Power::new([1.0, 1.0], value, slope)
    } else {
        let sign = if k % 2.0 == 0.0 { -1.0 } else { 1.0 };
        Power::new([1.0, 1.0], sign * value, -sign * slope)
    }
}

/// The sigmoid pair: a product of a sinh that vanishes at each end, over cosh terms that do not.
fn sigmoid_factor(k: f64, t: f64) -> Power {
    let half = k / 2.0;
    let rising = Power::new(
        [1.0, 0.0],
        half * sinhc(half * t),
        half * half * d_sinhc(half * t),
    );
    let u = 1.0 - t;
    let falling = Power::new(
        [0.0, 1.0],
        half * sinhc(half * u),
        -half * half * d_sinhc(half * u),
    );
    let y = k * (t - 0.5);
    let plateau = Power::plain(y.cosh() + 1f64.cosh(), k * y.sinh());
    let height = 2.0 * 1f64.sinh() / (half.cosh() + 1f64.cosh());
    rising.over(plateau).times(falling).scaled(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_is_the_sum_of_four_sigmoids() {
        let s = |x: f64| 1.0 / (1.0 + (-x).exp());
        for k in [1.0, 10.0, 40.0] {
            for t in [0.01, 0.3, 0.5, 0.77, 0.99] {
                let y = k * (t - 0.5);
                let sum = s(y + 1.0) - s(y - 1.0) - s(1.0 - k / 2.0) + s(-1.0 - k / 2.0);
                assert!((Gamma::Sigmoid { steepness: k }.at(t).0 - sum).abs() < 1e-14);
            }
        }
        assert!(Gamma::Sigmoid { steepness: 500.0 }.at(0.5).0.is_finite());
    }

    #[test]
    fn sines_are_sines() {
        for k in [1.0, 2.0, 3.0] {
            for t in [0.0, 0.2, 0.5, 0.8, 1.0] {
                let f = sine_over_ends(k, t);
                assert!((f.at(t) - (k * PI * t).sin()).abs() < 1e-15);
                let slope = k * PI * (k * PI * t).cos();
                assert!((f.derivative(t).at(t) - slope).abs() < 1e-13);
            }
        }
    }
}
