//! Predictive laws.

use foehn_noise::Key;
use serde::{Deserialize, Serialize};

use crate::special::{logistic, quantile as normal_quantile};
use crate::steps::Steps;
use crate::{Family, Objective, normal, shifted_gamma, truncated_normal};

/// What a post-processed forecast says about one observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "snake_case")]
pub enum Law {
    /// `N(location, scale^2)`.
    Normal {
        /// Mean.
        location: f64,
        /// Standard deviation.
        scale: f64,
    },
    /// `N(location, scale^2)` given that it is positive.
    TruncatedNormal {
        /// Mean before truncation.
        location: f64,
        /// Standard deviation before truncation.
        scale: f64,
    },
    /// `F(x) = 1 / (1 + e^(-(x - location)/scale))`.
    Logistic {
        /// Mean.
        location: f64,
        /// Scale.
        scale: f64,
    },
    /// `max(0, G - shift)`, G gamma.
    CensoredShiftedGamma {
        /// Mean of G.
        mean: f64,
        /// Standard deviation of G.
        deviation: f64,
        /// The shift.
        shift: f64,
    },
    /// Steps: members of equal weight, or a step function of an isotonic fit.
    Steps(Steps),
}

impl Law {
    /// The law of members of equal weight.
    ///
    /// # Errors
    /// See [`Steps::of_members`].
    pub fn of_members(members: &[f64]) -> Result<Self, crate::StepsError> {
        Steps::of_members(members).map(Self::Steps)
    }

    fn family(&self) -> Option<(Family, [f64; 3])> {
        Some(match *self {
            Self::Normal { location, scale } => (Family::Normal, [location, scale, 0.0]),
            Self::TruncatedNormal { location, scale } => {
                (Family::TruncatedNormal, [location, scale, 0.0])
            }
            Self::Logistic { location, scale } => (Family::Logistic, [location, scale, 0.0]),
            Self::CensoredShiftedGamma {
                mean,
                deviation,
                shift,
            } => (Family::CensoredShiftedGamma, [mean, deviation, shift]),
            Self::Steps(_) => return None,
        })
    }

    /// `F(x) = P(X <= x)`.
    ///
    /// ```
    /// use foehn_calibration::Law;
    /// assert_eq!(Law::Logistic { location: 2.0, scale: 1.0 }.cdf(2.0), 0.5);
    /// assert_eq!(Law::of_members(&[1.0, 2.0, 3.0, 4.0])?.cdf(2.0), 0.5);
    /// # Ok::<(), foehn_calibration::StepsError>(())
    /// ```
    pub fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Normal { location, scale } => normal::normal_cdf(*location, *scale, x),
            Self::TruncatedNormal { location, scale } => {
                truncated_normal::cdf(*location, *scale, x)
            }
            Self::Logistic { location, scale } => logistic((x - location) / scale),
            Self::CensoredShiftedGamma {
                mean,
                deviation,
                shift,
            } => shifted_gamma::cdf(*mean, *deviation, *shift, x),
            Self::Steps(steps) => steps.cdf(x),
        }
    }

    /// `P(X < x)`: below [`Law::cdf`] where the law has an atom.
    pub fn cdf_below(&self, x: f64) -> f64 {
        match self {
            Self::CensoredShiftedGamma { .. } if x <= 0.0 => 0.0,
            Self::Steps(steps) => steps.cdf_below(x),
            _ => self.cdf(x),
        }
    }

    /// The least x with `cdf(x) >= p`; infinite for p of 0 or 1 where the law has no end.
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Normal { location, scale } => location + scale * normal_quantile(p),
            Self::TruncatedNormal { location, scale } => {
                truncated_normal::truncated_quantile(*location, *scale, p)
            }
            Self::Logistic { location, scale } => location + scale * (p.ln() - (-p).ln_1p()),
            Self::CensoredShiftedGamma {
                mean,
                deviation,
                shift,
            } => shifted_gamma::quantile(*mean, *deviation, *shift, p),
            Self::Steps(steps) => steps.quantile(p),
        }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Normal { location, .. } | Self::Logistic { location, .. } => *location,
            Self::TruncatedNormal { location, scale } => truncated_normal::mean(*location, *scale),
            Self::CensoredShiftedGamma {
                mean,
                deviation,
                shift,
            } => shifted_gamma::mean(*mean, *deviation, *shift),
            Self::Steps(steps) => steps.mean(),
        }
    }

    /// `int (F(x) - 1[x >= y])^2 dx`, in closed form. For members this is the empirical estimator: the score of
    /// the members as a law.
    ///
    /// # Units
    /// Those of y.
    pub fn crps(&self, y: f64) -> f64 {
        match (self, self.family()) {
            (_, Some((family, parameters))) => family.slope(Objective::Crps, parameters, y).value,
            (Self::Steps(steps), None) => steps.crps(y),
            (_, None) => f64::NAN,
        }
    }

    /// The probability integral transform as an interval: `[P(X < y), P(X <= y)]`; for M members of equal weight the
    /// cell of the observation's rank, `[r, r + 1]/(M + 1)`.
    pub fn pit(&self, y: f64) -> [f64; 2] {
        match self {
            Self::Steps(steps) => steps.pit(y),
            _ => [self.cdf_below(y), self.cdf(y)],
        }
    }

    /// The share of y in the central interval of a level, 0 or 1 for most laws; its mean over cases is the coverage.
    ///
    /// For members of equal weight whether y lies within their linear quantiles of `(1 -+ level)/2` (numpy's default):
    /// members that never hold the observation cover none of it, and M calibrated ones `level (M - 1)/(M + 1)`. For other
    /// laws, and where several members are y (no rain), the share of [`Law::pit`] there.
    ///
    /// ```
    /// use foehn_calibration::Law;
    /// let members = Law::of_members(&[0.0, 1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!([members.covers(0.1, 0.9), members.covers(0.3, 0.9)], [0.0, 1.0]);
    /// # Ok::<(), foehn_calibration::StepsError>(())
    /// ```
    pub fn covers(&self, y: f64, level: f64) -> f64 {
        // Where the law has an atom at y, all laws count the share of the transform.
        let of_members = match self {
            Self::Steps(steps) if !steps.has_atom(y) => steps.covers(y, level),
            _ => None,
        };
        of_members.map_or_else(
            || foehn_verification::covered(self.pit(y), level),
            |inside| f64::from(u8::from(inside)),
        )
    }

    /// M values at the levels `(i - 1/2)/M`, ascending: the M-member ensemble of least CRPS for this law.
    ///
    /// # Reference
    /// Bröcker (2012), Q. J. R. Meteorol. Soc. 138, 1611.
    pub fn members(&self, count: usize) -> Vec<f64> {
        (0..count)
            .map(|i| self.quantile((i as f64 + 0.5) / count as f64))
            .collect()
    }

    /// Independent draws, in the order of the key's stream.
    pub fn draws(&self, count: usize, key: Key) -> Vec<f64> {
        let mut levels = vec![0.0; count];
        key.uniforms(&mut levels);
        // A uniform draw of exactly zero would be an infinite value.
        levels
            .iter()
            .map(|&u| self.quantile(u.max(f64::EPSILON / 2.0)))
            .collect()
    }
}
