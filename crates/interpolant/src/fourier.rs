//! A parametric family of schedules that keeps the end conditions: for learning the path itself.

use crate::gamma::{Gamma, sine_over_ends};
use crate::power::Power;
use crate::schedule::{Coefficients, Factors, Schedule, ScheduleError, within};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// `alpha = 1 - t + sum_k a_k sin(k pi t)`, `beta = t + sum_k b_k sin(k pi t)`,
/// `gamma = gamma_0(t) exp(sum_k c_k sin(k pi t))`, `k = 1, 2, ...`.
///
/// Every choice of the numbers obeys the end conditions, so they may be moved freely, for example to
/// lower the cost `int E|b|^2 dt` of the path. All empty: the linear schedule.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797 (paths of this form).
///
/// ```
/// use foehn_interpolant::{Fourier, Gamma, Schedule};
/// let path = Fourier { alpha: vec![0.2], beta: vec![0.2], log_gamma: vec![], gamma: Gamma::Zero };
/// let c = path.at(0.5);
/// assert!((c.alpha - 0.7).abs() < 1e-15 && (c.beta - 0.7).abs() < 1e-15); // near cos(pi/4)
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fourier {
    /// `a_1, a_2, ...`.
    #[serde(default)]
    pub alpha: Vec<f64>,
    /// `b_1, b_2, ...`.
    #[serde(default)]
    pub beta: Vec<f64>,
    /// `c_1, c_2, ...`.
    #[serde(default)]
    pub log_gamma: Vec<f64>,
    /// `gamma_0`.
    pub gamma: Gamma,
}

/// Largest coefficient of a Fourier term.
const MAX_TERM: f64 = 1e3;

impl Fourier {
    /// This schedule, if its numbers are finite and moderate.
    ///
    /// # Errors
    /// If `gamma` is not allowed or a coefficient is beyond 1000.
    pub fn checked(self) -> Result<Self, ScheduleError> {
        self.gamma.checked()?;
        let named = [
            ("alpha", &self.alpha),
            ("beta", &self.beta),
            ("log_gamma", &self.log_gamma),
        ];
        for (name, terms) in named {
            for &term in terms {
                within(name, term, [-MAX_TERM, MAX_TERM])?;
            }
        }
        Ok(self)
    }
}

impl Schedule for Fourier {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn factors(&self, t: f64) -> Factors {
        let falling = Power::new([0.0, 1.0], 1.0, 0.0);
        let rising = Power::new([1.0, 0.0], 1.0, 0.0);
        let alpha = sines(&self.alpha, t).plus(falling, t);
        let beta = sines(&self.beta, t).plus(rising, t);
        let gamma = self.gamma.factor(t).times(exponential(&self.log_gamma, t));
        Factors::new(alpha, beta, gamma, t)
    }
}

/// `sum_k terms_k sin(k pi t)`.
fn sines(terms: &[f64], t: f64) -> Power {
    let term = |(i, a): (usize, &f64)| sine_over_ends(i as f64 + 1.0, t).scaled(*a);
    let add = |sum: Power, f: Power| sum.plus(f, t);
    terms.iter().enumerate().map(term).fold(Power::ZERO, add)
}

/// `exp(sum_k terms_k sin(k pi t))`.
fn exponential(terms: &[f64], t: f64) -> Power {
    let (mut exponent, mut slope) = (0.0, 0.0);
    for (i, c) in terms.iter().enumerate() {
        let k = PI * (i as f64 + 1.0);
        exponent += c * (k * t).sin();
        slope += c * k * (k * t).cos();
    }
    Power::plain(exponent.exp(), slope * exponent.exp())
}
