//! The diffusion coefficients e(t) in common use.

use foehn_interpolant::Schedule;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// `e(t)` of `dX = (b + e s) dt + sqrt(2 e) dW`, chosen when sampling; always `e`, never `2 e`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Epsilon {
    /// `e0`. With `s = -eta / gamma` the drift is infinite where gamma vanishes: cut the grid there
    /// ([`TimeGrid::within`](crate::TimeGrid::within)).
    Constant(f64),
    /// `e0 gamma(t)`: `e s = -e0 eta` is finite everywhere.
    Gamma(f64),
    /// `sigma(t)^2 / 2` with `sigma = sigma0 (1 - t)`, the noise of a Föllmer path of amplitude `sigma0`.
    HalfSquare(f64),
    /// `e0 (1 - t)^p`: noise early.
    Decreasing {
        /// At t = 0.
        e0: f64,
        /// p.
        power: f64,
    },
    /// `e0 sin^2(pi t)`: none at either end.
    Hump(f64),
    /// `k alpha (alpha beta' / beta - alpha')`, for one-sided paths: at k = 1 the noise that makes the
    /// SDE the reverse of the noising process of a diffusion model. `(1 - t)/t` for the linear path;
    /// infinite at t = 0, so the grid starts later.
    Sbdm(f64),
}

/// Why a coefficient was refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "e(t): its {what} must be a finite number >= 0, not {value}; e(t) itself is never negative, nor infinite at t = 1"
)]
pub struct NegativeEpsilon {
    /// The scale or the power.
    pub what: &'static str,
    /// What was given.
    pub value: f64,
}

impl Epsilon {
    /// `e(t)` on the path of `schedule`.
    ///
    /// ```
    /// use foehn_dynamics::Epsilon;
    /// use foehn_interpolant::{Gamma, Linear};
    /// let path = Linear { gamma: Gamma::Quadratic };
    /// assert_eq!(Epsilon::Gamma(2.0).at(&path, 0.5), 0.5);
    /// assert!((Epsilon::Sbdm(1.0).at(&path, 0.25) - 3.0).abs() < 1e-12);
    /// assert_eq!(Epsilon::Decreasing { e0: 1.0, power: 2.0 }.at(&path, 0.5), 0.25);
    /// ```
    pub fn at(&self, schedule: &impl Schedule, t: f64) -> f64 {
        match *self {
            Self::Constant(e0) => e0,
            Self::Gamma(e0) => e0 * schedule.at(t).gamma,
            Self::HalfSquare(sigma0) => (sigma0 * (1.0 - t)).powi(2) / 2.0,
            Self::Decreasing { e0, power } => e0 * (1.0 - t).powf(power),
            Self::Hump(e0) => e0 * (PI * t).sin().powi(2),
            Self::Sbdm(k) => k * sbdm(schedule, t),
        }
    }

    /// The coefficient as a function of time, for [`Langevin`](crate::Langevin).
    ///
    /// # Errors
    /// If the scale or the power is negative or not finite.
    pub fn on<S: Schedule>(
        self,
        schedule: S,
    ) -> Result<impl Fn(f64) -> f64 + use<S>, NegativeEpsilon> {
        let (scale, power) = match self {
            Self::Constant(e0) | Self::Gamma(e0) | Self::Hump(e0) | Self::Sbdm(e0) => (e0, 0.0),
            Self::Decreasing { e0, power } => (e0, power),
            Self::HalfSquare(sigma0) => (sigma0.abs(), 0.0),
        };
        for (what, value) in [("scale", scale), ("power", power)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(NegativeEpsilon { what, value });
            }
        }
        Ok(move |t| self.at(&schedule, t))
    }
}

/// `lambda = alpha (alpha beta' / beta - alpha')`, half the squared noise of a one-sided path's own
/// diffusion.
pub(crate) fn sbdm(schedule: &impl Schedule, t: f64) -> f64 {
    let c = schedule.at(t);
    c.alpha * (c.alpha * c.d_beta / c.beta - c.d_alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_interpolant::{Gamma, Linear};

    #[test]
    fn negative_coefficients_are_refused() {
        let path = Linear { gamma: Gamma::Zero };
        for e in [
            Epsilon::Constant(-1e-9),
            Epsilon::Gamma(f64::NAN),
            Epsilon::Sbdm(f64::INFINITY),
            Epsilon::Decreasing {
                e0: -1.0,
                power: 1.0,
            },
            Epsilon::Decreasing {
                e0: 1.0,
                power: -0.5,
            },
            Epsilon::Decreasing {
                e0: 1.0,
                power: f64::INFINITY,
            },
        ] {
            assert!(e.on(path).is_err(), "{e:?}");
        }
        assert_eq!(Epsilon::Hump(2.0).on(path).unwrap()(0.5), 2.0);
    }
}
