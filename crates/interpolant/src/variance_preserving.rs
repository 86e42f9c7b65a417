//! The variance-preserving diffusions of score-based models, as interpolants.

use crate::horizon::Horizon;
use crate::power::Power;
use crate::schedule::{Coefficients, Ends, Factors, Schedule, ScheduleError};

/// `x_t = sqrt(1 - beta^2) x0 + beta x1`, `x0 ~ N(0, Id)`: the Ornstein-Uhlenbeck process seen backwards.
///
/// With [`Horizon::Infinite`] time is mapped by `t = e^-tau` and nothing is truncated; with a finite
/// horizon the start is approximate by [`start_bias`](crate::start_bias).
///
/// # Reference
/// Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole 2021, arXiv:2011.13456, equation 11; Albergo, Boffi,
/// Vanden-Eijnden 2023, arXiv:2303.08797, section 5 (t = e^-tau).
///
/// ```
/// use foehn_interpolant::{Horizon, Schedule, VariancePreserving};
/// let path = VariancePreserving::new(Horizon::Infinite)?;
/// let c = path.at(0.6);
/// assert!((c.alpha - 0.8).abs() < 1e-15 && (c.alpha_d_alpha + 0.6).abs() < 1e-15);
/// assert!((path.at(1.0).alpha_d_alpha + 1.0).abs() < 1e-15); // although alpha' is infinite there
/// let finite = Horizon::Finite { b_min: 0.1, b_max: 20.0 };
/// assert!((VariancePreserving::new(finite)?.at(0.0).beta - 0.00657).abs() < 1e-5);
/// # Ok::<(), foehn_interpolant::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VariancePreserving {
    horizon: Horizon,
}

impl VariancePreserving {
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

impl Schedule for VariancePreserving {
    fn at(&self, t: f64) -> Coefficients {
        self.factors(t).coefficients(t)
    }

    fn ends(&self) -> Ends {
        self.horizon.ends()
    }

    fn factors(&self, t: f64) -> Factors {
        let alpha = self.horizon.noise(t).sqrt();
        Factors::new(alpha, self.horizon.beta(t), Power::ZERO, t)
    }
}
