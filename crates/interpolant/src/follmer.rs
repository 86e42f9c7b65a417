//! The Föllmer schedule: a path from a point, driven by a Wiener process.

use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError, positive};
use serde::{Deserialize, Serialize};

/// How the target enters a Föllmer path.
///
/// `Linear` is the better one on unimodal laws, `Quadratic` on multimodal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollmerBeta {
    /// `beta = t`.
    Linear,
    /// `beta = t^2`.
    Quadratic,
}

/// `I_t = (1 - t) x0 + beta(t) x1 + sigma(t) W_t` with `sigma = epsilon (1 - t)`, `W_t = sqrt(t) z`.
///
/// Given `x0`, the drift `f(t, x, x0) = E[alpha' x0 + beta' x1 + sigma' W_t | I_t = x]` drives
/// `dX = f dt + sigma dW`, `X_0 = x0`, and `X_1` follows the law of `x1` given `x0`. `f` is not the
/// velocity `b` of the same path: `f = b + sigma^2 s / 2`.
///
/// # Reference
/// Chen, Goldstein, Hua, Albergo, Boffi, Vanden-Eijnden 2024, arXiv:2403.13724.
///
/// ```
/// use foehn_interpolant::{Follmer, FollmerBeta, Schedule};
/// let path = Follmer::new(FollmerBeta::Quadratic, 2.0)?;
/// let c = path.at(0.25);
/// assert_eq!((c.alpha, c.beta, path.sigma(0.25)), (0.75, 0.0625, 1.5));
/// assert_eq!(c.gamma, 0.75); // sigma sqrt(t)
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Follmer {
    beta: FollmerBeta,
    epsilon: f64,
}

impl Follmer {
    /// The path with noise amplitude `epsilon` (in units of the state).
    ///
    /// # Errors
    /// If `epsilon` is not positive and finite.
    pub fn new(beta: FollmerBeta, epsilon: f64) -> Result<Self, ScheduleError> {
        let epsilon = positive("epsilon", epsilon)?;
        Ok(Self { beta, epsilon })
    }

    /// How the target enters.
    pub fn beta(&self) -> FollmerBeta {
        self.beta
    }

    /// Noise amplitude at the start.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// `sigma(t) = epsilon (1 - t)`.
    pub fn sigma(&self, t: f64) -> f64 {
        self.epsilon * (1.0 - t)
    }

    /// `sigma'(t) = -epsilon`.
    pub fn d_sigma(&self) -> f64 {
        -self.epsilon
    }

    /// `(beta, beta')` at `t`.
    pub fn beta_at(&self, t: f64) -> (f64, f64) {
        match self.beta {
            FollmerBeta::Linear => (t, 1.0),
            FollmerBeta::Quadratic => (t * t, 2.0 * t),
        }
    }
}

impl Schedule for Follmer {
    fn at(&self, t: f64) -> Coefficients {
        let (beta, d_beta) = self.beta_at(t);
        let variance = self.epsilon * self.epsilon;
        let gamma = self.sigma(t) * t.sqrt();
        Coefficients {
            alpha: 1.0 - t,
            beta,
            gamma,
            d_alpha: -1.0,
            d_beta,
            d_gamma: self.epsilon * (1.0 - 3.0 * t) / (2.0 * t.sqrt()),
            alpha_d_alpha: t - 1.0,
            gamma_d_gamma: variance * (1.0 - t) * (1.0 - 3.0 * t) / 2.0,
        }
    }

    fn ends(&self) -> Ends {
        Ends::Follmer
    }

    fn factors(&self, t: f64) -> Factors {
        let rate = match self.beta {
            FollmerBeta::Linear => 1.0,
            FollmerBeta::Quadratic => 2.0,
        };
        let alpha = Power::new([0.0, 1.0], 1.0, 0.0);
        let beta = Power::new([rate, 0.0], 1.0, 0.0);
        let gamma = Power::new([0.5, 1.0], self.epsilon, 0.0);
        Factors {
            sigma: Some(Power::new([0.0, 1.0], self.epsilon, 0.0)),
            ..Factors::new(alpha, beta, gamma, t)
        }
    }
}
