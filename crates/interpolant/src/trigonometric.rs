//! The trigonometric (generalised variance-preserving) schedule.

use crate::gamma::Gamma;
use crate::power::Power;
use crate::schedule::{Coefficients, Factors, Schedule, ScheduleError};
use crate::special::{d_sinc, sinc};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// Whether a trigonometric path makes room for its latent noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// `alpha^2 + beta^2 = 1`.
    #[default]
    Unscaled,
    /// Both weights times `sqrt(1 - gamma^2)`, so that `alpha^2 + beta^2 + gamma^2 = 1`.
    UnitVariance,
}

/// `x_t = cos(pi t / 2) x0 + sin(pi t / 2) x1 + gamma(t) z`.
///
/// With `gamma = 0` (or [`Scaling::UnitVariance`]) the variance of the path is constant where both ends
/// have unit variance and are independent.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 4.
///
/// ```
/// use foehn_interpolant::{Gamma, Scaling, Schedule, Trigonometric};
/// let path = Trigonometric::new(Gamma::Quadratic, Scaling::UnitVariance)?;
/// let c = path.at(0.5);
/// assert!((c.alpha * c.alpha + c.beta * c.beta + c.gamma * c.gamma - 1.0).abs() < 1e-15);
/// assert!(Trigonometric::new(Gamma::SineSquared, Scaling::UnitVariance).is_err()); // gamma reaches 1
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trigonometric {
    gamma: Gamma,
    scaling: Scaling,
}

impl Trigonometric {
    /// The path with this latent noise.
    ///
    /// # Errors
    /// If `gamma` has a parameter it may not have, or if unit variance is asked of a `gamma` that reaches
    /// 1.
    pub fn new(gamma: Gamma, scaling: Scaling) -> Result<Self, ScheduleError> {
        let gamma = gamma.checked()?;
        let max = gamma.max();
        if scaling == Scaling::UnitVariance && max >= 1.0 {
            return Err(ScheduleError::NoVarianceLeft { max });
        }
        Ok(Self { gamma, scaling })
    }

    /// The common factor `sqrt(1 - gamma^2)` or 1.
    fn scale(&self, t: f64) -> Power {
        match self.scaling {
            Scaling::Unscaled => Power::ONE,
            Scaling::UnitVariance => {
                let (gamma, _, product) = self.gamma.at(t);
                let scale = (1.0 - gamma * gamma).sqrt();
                Power::plain(scale, -product / scale)
            }
        }
    }
}

impl Schedule for Trigonometric {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn factors(&self, t: f64) -> Factors {
        let (scale, gamma) = (self.scale(t), self.gamma.factor(t));
        let d_scale = match self.scaling {
            Scaling::Unscaled => Power::ZERO,
            Scaling::UnitVariance => gamma.times(gamma).derivative(t).scaled(-0.5).over(scale),
        };
        // both terms of beta' may vanish at t = 1
        let turn = cosine(t).scaled(FRAC_PI_2).times(scale);
        let d_beta = turn.plus(sine(t).times(d_scale), t);
        let (alpha, beta) = (cosine(t).times(scale), sine(t).times(scale));
        Factors {
            d_beta,
            ..Factors::new(alpha, beta, gamma, t)
        }
    }
}

/// `sin(pi t / 2)`.
fn sine(t: f64) -> Power {
    let x = FRAC_PI_2 * t;
    Power::new(
        [1.0, 0.0],
        FRAC_PI_2 * sinc(x),
        FRAC_PI_2 * FRAC_PI_2 * d_sinc(x),
    )
}

/// `cos(pi t / 2) = sin(pi (1 - t) / 2)`.
fn cosine(t: f64) -> Power {
    let x = FRAC_PI_2 * (1.0 - t);
    Power::new(
        [0.0, 1.0],
        FRAC_PI_2 * sinc(x),
        -FRAC_PI_2 * FRAC_PI_2 * d_sinc(x),
    )
}
