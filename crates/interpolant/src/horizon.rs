//! How long the diffusion behind a score model runs.

use crate::power::Power;
use crate::schedule::{Ends, ScheduleError, positive};
use crate::special::{d_decay, decay};
use serde::{Deserialize, Serialize};

/// The noising time of a variance-preserving diffusion and the weight `beta` of the data along it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Horizon {
    /// `dX = -X dtau + sqrt(2) dW` for `tau` in [0, inf), mapped to (0, 1] by `t = e^-tau`: `beta = t`,
    /// exactly from pure noise.
    #[default]
    Infinite,
    /// `dX = -b(tau) X / 2 dtau + sqrt(b(tau)) dW` for `tau = 1 - t` in [0, 1],
    /// `b(tau) = b_min + (b_max - b_min) tau`: `beta = exp(-1/2 int_0^tau b)`, which leaves
    /// `beta(0) = exp(-(b_min + b_max) / 4) > 0`.
    Finite {
        /// `b(0)`, at the data; .1 is customary.
        b_min: f64,
        /// `b(1)`, at the noise; 20 is customary.
        b_max: f64,
    },
}

impl Horizon {
    /// This horizon, if its rates are allowed.
    pub(crate) fn checked(self) -> Result<Self, ScheduleError> {
        if let Self::Finite { b_min, b_max } = self {
            positive("b_min", b_min)?;
            positive("b_max", b_max)?;
        }
        Ok(self)
    }

    pub(crate) fn ends(self) -> Ends {
        match self {
            Self::Infinite => Ends::OneSided,
            Self::Finite { .. } => Ends::Truncated,
        }
    }

    /// `beta(0)`: what is left of the data in the noise that the path starts from.
    pub fn residual(self) -> f64 {
        match self {
            Self::Infinite => 0.0,
            Self::Finite { b_min, b_max } => (-(b_min + b_max) / 4.0).exp(),
        }
    }

    /// `beta`.
    pub(crate) fn beta(self, t: f64) -> Power {
        match self {
            Self::Infinite => Power::new([1.0, 0.0], 1.0, 0.0),
            Self::Finite { b_min, b_max } => {
                let u = 1.0 - t;
                let beta = (-u * (b_min + (b_max - b_min) * u / 2.0) / 2.0).exp();
                Power::plain(beta, (b_min + (b_max - b_min) * u) * beta / 2.0)
            }
        }
    }

    /// `1 - beta^2`, which vanishes like `1 - t`.
    pub(crate) fn noise(self, t: f64) -> Power {
        match self {
            Self::Infinite => Power::new([0.0, 1.0], 1.0 + t, 1.0),
            Self::Finite { b_min, b_max } => {
                // 1 - e^-I with I = u J
                let (u, growth) = (1.0 - t, b_max - b_min);
                let j = b_min + growth * u / 2.0;
                let i = u * j;
                let rate = b_min + growth * u;
                let slope = d_decay(i) * rate * j + decay(i) * growth / 2.0;
                Power::new([0.0, 1.0], decay(i) * j, -slope)
            }
        }
    }
}
