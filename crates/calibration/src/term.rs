//! What location and scale depend on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// The station's altitude, m.
    Altitude,
    /// Station less model altitude, m.
    AltitudeDifference,
    /// The station's own mean error `y - mean` in training, less that of all stations and shrunk towards it:
    /// `sum / (n + k)` over its n cases, k this number. In training every case is left out of its own sum, so that the
    /// weight is that of a forecast; zero for an unseen station.
    StationError(u32),
    /// A further column of the table.
    Covariate(String),
}

/// What the terms know of the training set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// Floors under what logarithms are taken of.
    spread: f64,
    mean: f64,
    /// Mean error of all stations; sum of the deviations from it and number of cases of each.
    error: f64,
    stations: BTreeMap<String, (f64, f64)>,
}

/// Whether a case is one of the training set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Training,
    Forecast,
}

impl Context {
    pub(crate) fn of(cases: &[Case<'_>], terms: &[Term]) -> Self {
        let moments: Vec<(f64, f64)> = cases.iter().filter_map(Case::mean_and_deviation).collect();
        let count = moments.len().max(1) as f64;
        let square = moments.iter().map(|(_, s)| s * s).sum::<f64>() / count;
        let mean = moments.iter().map(|(m, _)| m.max(0.0)).sum::<f64>() / count;
        let or_one = |x: f64| if x > 0.0 { x } else { 1.0 };
        let mut context = Self {
            spread: or_one(1e-3 * square.sqrt()),
            mean: or_one(0.1 * mean),
            ..Self::default()
        };
        if terms
            .iter()
            .any(|term| matches!(term, Term::StationError(_)))
        {
            context.count_errors(cases);
        }
        context
    }

    fn count_errors(&mut self, cases: &[Case<'_>]) {
        let errors: Vec<f64> = cases
            .iter()
            .map(|case| error_of_mean(case).unwrap_or(0.0))
            .collect();
        self.error = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        for (case, error) in cases.iter().zip(&errors) {
            let (sum, count) = self.stations.entry(case.station.name.clone()).or_default();
            *sum += error - self.error;
            *count += 1.0;
        }
    }

    fn station_error(&self, case: &Case<'_>, shrinkage: f64, used: Use) -> f64 {
        let Some((sum, count)) = self.stations.get(&case.station.name) else {
            return 0.0;
        };
        let own = match (used, error_of_mean(case)) {
            (Use::Training, Some(error)) => (error - self.error, 1.0),
            _ => (0.0, 0.0),
        };
        let weight = count - own.1 + shrinkage;
        if weight > 0.0 {
            (sum - own.0) / weight
        } else {
            0.0
        }
    }
}

fn error_of_mean(case: &Case<'_>) -> Option<f64> {
    Some(case.observation - case.mean_and_deviation()?.0)
}

impl Term {
    /// Most harmonics of the time of year: waves of about a week.
    pub const MOST_HARMONICS: usize = 50;

    /// That it is not beyond what a season can hold.
    pub(crate) fn check(&self) -> Result<(), FitError> {
        match self {
            Self::Season(harmonics) | Self::MeanSeason(harmonics)
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
            Self::Season(harmonics) | Self::MeanSeason(harmonics) => harmonics.saturating_mul(2),
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
            Self::Altitude => "altitude".to_owned(),
            Self::AltitudeDifference => "altitude_difference".to_owned(),
            Self::StationError(shrinkage) => format!("station_error {shrinkage}"),
            Self::Covariate(name) => name.clone(),
        }
    }

    /// What a table must have for it.
    pub(crate) fn needs(&self) -> &'static str {
        match self {
            Self::Altitude => "the altitude of the station",
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
            Self::Season(harmonics) | Self::MeanSeason(harmonics) => (1..=*harmonics)
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
            Self::Altitude => row.push(station.altitude?),
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
