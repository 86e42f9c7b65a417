//! The linear schedule.

use crate::gamma::Gamma;
use crate::power::Power;
use crate::schedule::{Coefficients, Factors, Schedule};

/// `x_t = (1 - t) x0 + t x1 + gamma(t) z`.
///
/// With [`Gamma::Zero`] this is the path of rectified flow and flow matching.
///
/// ```
/// use foehn_interpolant::{Gamma, Linear, Schedule};
/// let c = Linear { gamma: Gamma::BrownianBridge { a: 2.0 } }.at(0.5);
/// assert_eq!((c.alpha, c.beta), (0.5, 0.5));
/// assert!((c.gamma - 0.5f64.sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Amplitude of the latent noise.
    pub gamma: Gamma,
}

impl Schedule for Linear {
    fn at(&self, t: f64) -> Coefficients {
        let (gamma, d_gamma, gamma_d_gamma) = self.gamma.at(t);
        Coefficients {
            alpha: 1.0 - t,
            beta: t,
            gamma,
            d_alpha: -1.0,
            d_beta: 1.0,
            d_gamma,
            alpha_d_alpha: t - 1.0,
            gamma_d_gamma,
        }
    }

    fn factors(&self, t: f64) -> Factors {
        let alpha = Power::new([0.0, 1.0], 1.0, 0.0);
        let beta = Power::new([1.0, 0.0], 1.0, 0.0);
        Factors::new(alpha, beta, self.gamma.factor(t), t)
    }
}
