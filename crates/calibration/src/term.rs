//! What location and scale depend on.

use std::f64::consts::TAU;

use serde::{Deserialize, Deserializer, Serialize};

use crate::context::{Context, Use};
use crate::{Case, FitError};

/// A predictor of the location or the scale of a forecast; an intercept is always there.
///
/// In TOML: `["mean", { season = 1 }, { covariate = "cape" }]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Mean of the members that are there.
    Mean,
    /// Every member by itself, for members that are not exchangeable; a missing one is replaced by the mean of the
    /// others.
    Members,
    /// `ln` of the standard deviation (ddof 1) of the members, floored at a thousandth of its root mean square in
    /// training.
    Spread,
    /// `ln (max(mean, 0) + f)`, f a tenth of the mean in training: for the scale of precipitation.
    LogMean,
    /// Share of the members at zero or below.
    Dry,
    /// sin and cos of so many harmonics of the time of year, at most [`Term::MOST_HARMONICS`].
    Season(usize),
    /// The mean times these harmonics: a slope with the season.
    MeanSeason(usize),
    /// sin and cos of so many harmonics of the time of day that the forecast is for, UTC.
    Hour(usize),
    /// The station's altitude, m.
    Altitude,
    /// Station less model altitude, m.
    AltitudeDifference,
    /// The station's own mean error `y - mean` in training, less that of all stations and shrunk towards it:
    /// `sum / (n + k)` over its n cases, k this number. In training every case is left out of its own sum, so that the
    /// weight is that of a forecast; zero for an unseen station.
    StationError(u32),
    /// `ln` of the standard deviation of the station's own errors in training, its variance shrunk towards that within
    /// all stations: `(n v + k v_all) / (n + k)`, k this number; left out in training as in `station_error`.
    StationSpread(u32),
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Lead, hours.
    Lead,
    /// A further column of the table.
    Covariate(String),
}

const DAY: i64 = 86_400;

impl Term {
    /// Most harmonics of the time of year: waves of about a week.
    pub const MOST_HARMONICS: usize = 50;

    /// That it is not beyond what a season can hold.
    pub(crate) fn check(&self) -> Result<(), FitError> {
        match self {
            Self::Season(harmonics) | Self::MeanSeason(harmonics) | Self::Hour(harmonics)
                if *harmonics > Self::MOST_HARMONICS =>
            {
                Err(FitError::Harmonics {
                    term: self.label(),
                    most: Self::MOST_HARMONICS,
                })
            }
            _ => Ok(()),
        }
    }

    /// Number of columns of some terms, without writing them down.
    pub(crate) fn width(terms: &[Self], members: usize) -> usize {
        let one = |term: &Self| match term {
            Self::Members => members,
            Self::Season(harmonics) | Self::MeanSeason(harmonics) | Self::Hour(harmonics) => {
                harmonics.saturating_mul(2)
            }
            _ => 1,
        };
        terms.iter().map(one).fold(0, usize::saturating_add)
    }

    /// The name in configuration and messages.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Mean => "mean".to_owned(),
            Self::Members => "members".to_owned(),
            Self::Spread => "spread".to_owned(),
            Self::LogMean => "log_mean".to_owned(),
            Self::Dry => "dry".to_owned(),
            Self::Season(harmonics) => format!("season {harmonics}"),
            Self::MeanSeason(harmonics) => format!("mean_season {harmonics}"),
            Self::Hour(harmonics) => format!("hour {harmonics}"),
            Self::Altitude => "altitude".to_owned(),
            Self::AltitudeDifference => "altitude_difference".to_owned(),
            Self::StationError(shrinkage) => format!("station_error {shrinkage}"),
            Self::StationSpread(shrinkage) => format!("station_spread {shrinkage}"),
            Self::Latitude => "latitude".to_owned(),
            Self::Longitude => "longitude".to_owned(),
            Self::Lead => "lead".to_owned(),
            Self::Covariate(name) => name.clone(),
        }
    }

    /// What a table must have for it.
    pub(crate) fn needs(&self) -> &'static str {
        match self {
            Self::Altitude => "the altitude of the station",
            Self::Latitude => "the latitude of the station",
            Self::Longitude => "the longitude of the station",
            Self::AltitudeDifference => "the altitudes of the station and of the model there",
            Self::Covariate(_) => "a covariate of that name",
            _ => "a member",
        }
    }

    /// Names of its columns.
    pub(crate) fn columns(&self, members: usize) -> Vec<String> {
        let label = self.label();
        match self {
            Self::Members => (1..=members).map(|m| format!("member {m}")).collect(),
            Self::Season(harmonics) | Self::MeanSeason(harmonics) | Self::Hour(harmonics) => (1
                ..=*harmonics)
                .flat_map(|k| [format!("{label}: sin {k}"), format!("{label}: cos {k}")])
                .collect(),
            _ => vec![label],
        }
    }

    /// Appends its values for a case; `None` where something is missing.
    pub(crate) fn push(
        &self,
        case: &Case<'_>,
        context: &Context,
        used: Use,
        row: &mut Vec<f64>,
    ) -> Option<()> {
        let station = case.station;
        match self {
            Self::Season(harmonics) => harmonic(case.season, *harmonics, 1.0, row),
            Self::Hour(harmonics) => {
                let day = case.valid().rem_euclid(DAY) as f64 / DAY as f64;
                harmonic(TAU * day, *harmonics, 1.0, row);
            }
            Self::Altitude => row.push(station.altitude?),
            Self::Latitude => row.push(Some(station.latitude).filter(|x| x.is_finite())?),
            Self::Lead => row.push(case.lead as f64 / 3600.0),
            Self::Longitude => row.push(Some(station.longitude).filter(|x| x.is_finite())?),
            Self::AltitudeDifference => row.push(station.altitude? - station.model_altitude?),
            Self::Covariate(name) => {
                let column = case
                    .covariate_names
                    .iter()
                    .position(|known| known == name)?;
                row.push(
                    case.covariates
                        .get(column)
                        .copied()
                        .filter(|x| x.is_finite())?,
                );
            }
            _ => self.push_of_members(case, context, used, row)?,
        }
        Some(())
    }

    fn push_of_members(
        &self,
        case: &Case<'_>,
        context: &Context,
        used: Use,
        row: &mut Vec<f64>,
    ) -> Option<()> {
        let (mean, deviation) = case.mean_and_deviation()?;
        match self {
            Self::Members => {
                row.extend(
                    case.members
                        .iter()
                        .map(|&x| if x.is_finite() { x } else { mean }),
                );
            }
            Self::StationError(shrinkage) => {
                row.push(context.station_error(case, f64::from(*shrinkage), used));
            }
            Self::StationSpread(shrinkage) => {
                row.push(context.station_spread(case, f64::from(*shrinkage), used));
            }
            Self::Spread => row.push(deviation.max(context.spread).ln()),
            Self::LogMean => row.push((mean.max(0.0) + context.mean).ln()),
            Self::Dry => {
                let present = case.present();
                let dry = present.iter().filter(|&&x| x <= 0.0).count();
                row.push(dry as f64 / present.len() as f64);
            }
            Self::MeanSeason(harmonics) => harmonic(case.season, *harmonics, mean, row),
            _ => row.push(mean),
        }
        Some(())
    }
}

fn harmonic(season: f64, harmonics: usize, factor: f64, row: &mut Vec<f64>) {
    for k in 1..=harmonics {
        let (sin, cos) = (k as f64 * season).sin_cos();
        row.extend([factor * sin, factor * cos]);
    }
}

/// Terms of a fit that was written down, with the harmonics that a fit may have: a file may say anything.
pub(crate) fn checked<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Term>, D::Error> {
    let terms = Vec::<Term>::deserialize(from)?;
    match terms.iter().try_for_each(Term::check) {
        Ok(()) => Ok(terms),
        Err(error) => Err(serde::de::Error::custom(error)),
    }
}
