//! The parametric families, and what a fit needs of them.

use serde::{Deserialize, Serialize};

use crate::{Law, normal, shifted_gamma, truncated_normal};

/// The shape of a parametric predictive law; its location m, scale s and shift d are regressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `N(m, s^2)`: temperature, pressure.
    #[default]
    Normal,
    /// `N(m, s^2)` given that it is positive: wind speed.
    TruncatedNormal,
    /// Logistic of location m and scale s (standard deviation `s pi / sqrt 3`): heavier tails.
    Logistic,
    /// `max(0, G - d)`, G gamma of mean m and standard deviation s: precipitation.
    CensoredShiftedGamma,
}

/// What a fit makes as small as it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// The mean CRPS: robust against a few odd observations.
    #[default]
    Crps,
    /// The mean negative logarithm of the likelihood: sharper where the family is right.
    Likelihood,
}

/// A score and its slopes along location, scale and shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The score.
    pub value: f64,
    /// Its derivative along the location.
    pub location: f64,
    /// Along the scale.
    pub scale: f64,
    /// Along the shift; zero for a family without one.
    pub shift: f64,
}

impl Slope {
    pub(crate) fn two(value: f64, location: f64, scale: f64) -> Self {
        Self {
            value,
            location,
            scale,
            shift: 0.0,
        }
    }
}

impl Family {
    /// Whether the law lives on values from zero upwards.
    pub fn is_non_negative(self) -> bool {
        matches!(self, Self::TruncatedNormal | Self::CensoredShiftedGamma)
    }

    /// The law of these parameters; a family without a shift ignores it.
    pub fn law(self, location: f64, scale: f64, shift: f64) -> Law {
        match self {
            Self::Normal => Law::Normal { location, scale },
            Self::TruncatedNormal => Law::TruncatedNormal { location, scale },
            Self::Logistic => Law::Logistic { location, scale },
            Self::CensoredShiftedGamma => Law::CensoredShiftedGamma {
                mean: location,
                deviation: scale,
                shift,
            },
        }
    }

    /// An objective at one observation with its slopes, in closed form (the CRPS of the gamma family along its
    /// shape: a central difference of the closed form).
    ///
    /// ```
    /// use foehn_calibration::{Family, Objective};
    /// let slope = Family::Normal.slope(Objective::Crps, [0.0, 1.0, 0.0], 0.0);
    /// assert!((slope.value - 0.233_694_977_255).abs() < 1e-12);
    /// assert_eq!(slope.location, 0.0);
    /// ```
    ///
    /// # Units
    /// CRPS: those of y. Likelihood: nats.
    pub fn slope(self, objective: Objective, [m, s, d]: [f64; 3], y: f64) -> Slope {
        match (self, objective) {
            (Self::Normal, Objective::Crps) => normal::crps(m, s, y),
            (Self::Normal, Objective::Likelihood) => normal::ignorance(m, s, y),
            (Self::Logistic, Objective::Crps) => normal::logistic_crps(m, s, y),
            (Self::Logistic, Objective::Likelihood) => normal::logistic_ignorance(m, s, y),
            (Self::TruncatedNormal, Objective::Crps) => truncated_normal::crps(m, s, y),
            (Self::TruncatedNormal, Objective::Likelihood) => truncated_normal::ignorance(m, s, y),
            (Self::CensoredShiftedGamma, Objective::Crps) => shifted_gamma::crps(m, s, d, y),
            (Self::CensoredShiftedGamma, Objective::Likelihood) => {
                shifted_gamma::ignorance(m, s, d, y)
            }
        }
    }
}
