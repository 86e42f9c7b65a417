//! The variance-exploding diffusion of score-based models, as an interpolant.

use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError, positive, within};

/// `x_t = sigma(t) x0 + x1`, `x0 ~ N(0, Id)`, `sigma = sigma_max (1 - t)^power`.
///
/// `power = 1` takes the noise level itself for time, `power = 1/2` its variance. The start
/// `N(0, sigma_max^2 Id)` is approximate: its divergence from the law of `x_0` is at most
/// `E|x1|^2 / (2 sigma_max^2)` nats, see [`start_bias`](crate::start_bias).
///
/// # Reference
/// Song et al. 2021, arXiv:2011.13456, equation 9.
///
/// ```
/// use foehn_interpolant::{Schedule, VarianceExploding};
/// let c = VarianceExploding::new(80.0, 1.0)?.at(0.75);
/// assert_eq!((c.alpha, c.beta, c.alpha_d_alpha), (20.0, 1.0, -1600.0));
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceExploding {
    sigma_max: f64,
    power: f64,
}

impl VarianceExploding {
    /// The path from noise of standard deviation `sigma_max`, in units of the data.
    ///
    /// # Errors
    /// If `sigma_max` is not positive and finite, or `power` not in [1/2, 10].
    pub fn new(sigma_max: f64, power: f64) -> Result<Self, ScheduleError> {
        Ok(Self {
            sigma_max: positive("sigma_max", sigma_max)?,
            power: within("power", power, [0.5, 10.0])?,
        })
    }

    /// The noise level at the start.
    pub fn sigma_max(&self) -> f64 {
        self.sigma_max
    }
}

impl Schedule for VarianceExploding {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn ends(&self) -> Ends {
        Ends::Truncated
    }

    fn factors(&self, t: f64) -> Factors {
        let alpha = Power::new([0.0, self.power], self.sigma_max, 0.0);
        Factors::new(alpha, Power::ONE, Power::ZERO, t)
    }
}
