//! The mirror schedule: from data to data.

use crate::gamma::Gamma;
use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule};

/// `x_t = x1 + gamma(t) z`: noised and denoised again, with `b = gamma' E[z | x_t]`.
///
/// Starts and ends at data. `gamma' = 0` in the middle, so a model of `b` tells nothing else there:
/// learn `eta` or `E[x1]`.
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 3.3.
///
/// ```
/// use foehn_interpolant::{Gamma, Mirror, Schedule};
/// let c = Mirror { gamma: Gamma::Quadratic }.at(0.5);
/// assert_eq!((c.alpha, c.beta, c.gamma, c.d_gamma), (0.0, 1.0, 0.25, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mirror {
    /// Amplitude of the latent noise.
    pub gamma: Gamma,
}

impl Schedule for Mirror {
    fn at(&self, t: f64) -> Coefficients {
        let (gamma, d_gamma, gamma_d_gamma) = self.gamma.at(t);
        Coefficients {
            alpha: 0.0,
            beta: 1.0,
            gamma,
            d_alpha: 0.0,
            d_beta: 0.0,
            d_gamma,
            alpha_d_alpha: 0.0,
            gamma_d_gamma,
        }
    }

    fn ends(&self) -> Ends {
        Ends::Mirror
    }

    fn factors(&self, t: f64) -> Factors {
        Factors::new(Power::ZERO, Power::ONE, self.gamma.factor(t), t)
    }
}
