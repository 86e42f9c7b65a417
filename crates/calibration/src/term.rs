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

/// What the terms know of the training set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// Floors under what logarithms are taken of.
    spread: f64,
    mean: f64,
    /// Mean error of all stations; sum and sum of squares of the deviations from it and number of cases of each.
    error: f64,
    stations: BTreeMap<String, Errors>,
    /// Mean variance of the errors within a station.
    variance: f64,
}

/// Sum, sum of squares and number of a station's errors, from the mean of all stations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Errors {
    sum: f64,
    squares: f64,
    count: f64,
}

impl Errors {
    fn add(&mut self, error: f64, weight: f64) {
        self.sum += weight * error;
        self.squares += weight * error * error;
        self.count += weight;
    }

    /// Sum of squares about the station's own mean.
    fn about_mean(&self) -> f64 {
        (self.squares - self.sum * self.sum / self.count.max(1.0)).max(0.0)
    }
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
            .any(|term| matches!(term, Term::StationError(_) | Term::StationSpread(_)))
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
            let errors = self.stations.entry(case.station.name.clone()).or_default();
            errors.add(error - self.error, 1.0);
        }
        let within = self.stations.values();
        let squares: f64 = within.clone().map(Errors::about_mean).sum();
        let freedom: f64 = within.map(|errors| errors.count - 1.0).sum();
        let variance = squares / freedom.max(1.0);
        self.variance = if variance > 0.0 { variance } else { 1.0 };
    }

    /// The errors of a case's station, without its own in training.
    fn errors(&self, case: &Case<'_>, used: Use) -> Errors {
        let stored = self.stations.get(&case.station.name);
        let mut errors = stored.copied().unwrap_or_default();
        if let (Use::Training, Some(own), true) = (used, error_of_mean(case), errors.count > 0.0) {
            errors.add(own - self.error, -1.0);
        }
        errors
    }

    fn station_error(&self, case: &Case<'_>, shrinkage: f64, used: Use) -> f64 {
        let errors = self.errors(case, used);
        let weight = errors.count + shrinkage;
        if weight > 0.0 {
            errors.sum / weight
        } else {
            0.0
        }
    }

    /// Half the logarithm of the shrunk variance.
    fn station_spread(&self, case: &Case<'_>, shrinkage: f64, used: Use) -> f64 {
        let errors = self.errors(case, used);
        let freedom = (errors.count - 1.0).max(0.0);
        let weight = freedom + shrinkage;
        let variance = if weight > 0.0 {
            (errors.about_mean() + shrinkage * self.variance) / weight
        } else {
            self.variance
        };
        0.5 * variance.max(1e-6 * self.variance).ln()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Station;

    fn station(name: &str) -> Station {
        Station {
            name: name.into(),
            latitude: 47.0,
            longitude: 11.0,
            altitude: None,
            model_altitude: None,
        }
    }

    fn case<'a>(station: &'a Station, members: &'a [f64], error: f64) -> Case<'a> {
        Case {
            station,
            date: 0,
            lead: 86_400,
            season: 0.0,
            members,
            observation: members[0] + error,
            covariates: &[],
            covariate_names: &[],
        }
    }

    /// Errors 1, -1, 1, -1 and 2, -2, 2, -2: sums of squares 4 and 16 with 3 degrees of freedom each.
    #[test]
    fn spread_of_a_station_is_that_of_its_errors_shrunk() {
        let (a, b) = (station("A"), station("B"));
        let members = [5.0];
        let cases: Vec<Case<'_>> = [(&a, 1.0), (&b, 2.0)]
            .into_iter()
            .flat_map(|(s, e)| [e, -e, e, -e].map(|error| case(s, &members, error)))
            .collect();
        let terms = [Term::StationSpread(3), Term::Lead, Term::Latitude];
        let context = Context::of(&cases, &terms);
        let value = |case: &Case<'_>, used: Use| {
            let mut row = Vec::new();
            for term in &terms {
                term.push(case, &context, used, &mut row).unwrap();
            }
            assert_eq!(row[1..], [24.0, 47.0]);
            row[0]
        };
        let all = 20.0 / 6.0;
        let half_log = |variance: f64| 0.5 * variance.ln();
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} {y}");
        near(
            value(&cases[0], Use::Forecast),
            half_log((4.0 + 3.0 * all) / 6.0),
        );
        // Without its own error of 1: -1, 1, -1 about -1/3, squares 8/3 with 2 degrees of freedom.
        near(
            value(&cases[0], Use::Training),
            half_log((8.0 / 3.0 + 3.0 * all) / 5.0),
        );
        // A station that was never seen has the variance of all.
        let unseen = station("C");
        near(
            value(&case(&unseen, &members, 9.0), Use::Forecast),
            half_log(all),
        );
    }
}
