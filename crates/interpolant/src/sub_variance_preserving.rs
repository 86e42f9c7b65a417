//! The sub-variance-preserving diffusion of score-based models, as an interpolant.

use crate::horizon::Horizon;
use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError};

/// `x_t = (1 - beta^2) x0 + beta x1`, `x0 ~ N(0, Id)`: less noise than
/// [`VariancePreserving`](crate::VariancePreserving) at every `t`, and `alpha'` finite at `t = 1`.
///
/// The diffusion is `dX = -b X / 2 dtau + sqrt(b (1 - beta^4)) dW`.
///
/// # Reference
/// Song et al. 2021, arXiv:2011.13456, equation 12.
///
/// ```
/// use foehn_interpolant::{Horizon, Schedule, SubVariancePreserving};
/// let c = SubVariancePreserving::new(Horizon::Infinite)?.at(0.5);
/// assert_eq!((c.alpha, c.beta, c.d_alpha), (0.75, 0.5, -1.0));
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubVariancePreserving {
    horizon: Horizon,
}

impl SubVariancePreserving {
    /// The path of this horizon.
    ///
    /// # Errors
    /// If a rate of the horizon is not positive and finite.
    pub fn new(horizon: Horizon) -> Result<Self, ScheduleError> {
        let horizon = horizon.checked()?;
        Ok(Self { horizon })
    }

    /// How long the diffusion runs.
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }
}

impl Schedule for SubVariancePreserving {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn ends(&self) -> Ends {
        self.horizon.ends()
    }

    fn factors(&self, t: f64) -> Factors {
        let alpha = self.horizon.noise(t);
        Factors::new(alpha, self.horizon.beta(t), Power::ZERO, t)
    }
}
