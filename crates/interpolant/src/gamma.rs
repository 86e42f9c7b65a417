//! The latent noise amplitudes gamma(t) of two-sided interpolants.

use crate::schedule::{ScheduleError, positive};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Amplitude of the latent noise; zero at both ends.
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
}

impl Gamma {
    /// The bridge `sqrt(a t (1 - t))`.
    ///
    /// # Errors
    /// If `a` is not positive and finite.
    pub fn brownian_bridge(a: f64) -> Result<Self, ScheduleError> {
        Ok(Self::BrownianBridge {
            a: positive("a", a)?,
        })
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
                let gamma = (PI * t).sin().powi(2);
                let slope = PI * (2.0 * PI * t).sin();
                (gamma, slope, gamma * slope)
            }
        }
    }
}
