//! What terms know of the training set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Case, Term};

/// What the terms know of the training set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// Floors under what logarithms are taken of.
    pub(crate) spread: f64,
    pub(crate) mean: f64,
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

    /// Whether errors of stations are used and this one has none.
    pub(crate) fn lacks(&self, station: &str) -> bool {
        !self.stations.is_empty() && !self.stations.contains_key(station)
    }

    pub(crate) fn station_error(&self, case: &Case<'_>, shrinkage: f64, used: Use) -> f64 {
        let errors = self.errors(case, used);
        let weight = errors.count + shrinkage;
        if weight > 0.0 {
            errors.sum / weight
        } else {
            0.0
        }
    }

    /// Half the logarithm of the shrunk variance.
    pub(crate) fn station_spread(&self, case: &Case<'_>, shrinkage: f64, used: Use) -> f64 {
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
            date: 21_600,
            lead: 86_400,
            calendar: foehn_field::Calendar::ProlepticGregorian,
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
        let terms = [
            Term::StationSpread(3),
            Term::Lead,
            Term::Latitude,
            Term::Hour(1),
        ];
        let context = Context::of(&cases, &terms);
        let value = |case: &Case<'_>, used: Use| {
            let mut row = Vec::new();
            for term in &terms {
                term.push(case, &context, used, &mut row).unwrap();
            }
            assert_eq!(row[1..3], [24.0, 47.0]);
            // Valid at six in the morning: a quarter of the day.
            assert!((row[3] - 1.0).abs() < 1e-15 && row[4].abs() < 1e-15);
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
