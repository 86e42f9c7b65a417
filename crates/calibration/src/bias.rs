//! Bias correction: the same step for all members.

use serde::{Deserialize, Serialize};

use crate::regression::{Design, Regression};
use crate::{Case, PredictError, Scope, Term};

/// How members are carried from the model's ground to the station's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// Not at all.
    #[default]
    None,
    /// By so many units of the variable per metre upwards, such as -0.0065 K/m; needs both altitudes.
    Rate(f64),
    /// By a rate that is fitted to station less model altitude.
    Fitted,
}

/// `x_i' = x_i + b + rate (station - model altitude) + sum b_j u_j`, by least squares on the mean's error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bias {
    /// Correction of altitude.
    pub lapse: Lapse,
    /// Further terms of the bias, such as the season.
    pub terms: Vec<Term>,
    /// Which stations share a fit.
    pub scope: Scope,
}

/// A fitted bias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BiasFit {
    rate: f64,
    step: Regression,
}

impl Bias {
    /// The terms of the regression.
    fn regressed(&self) -> Vec<Term> {
        let mut terms = self.terms.clone();
        if self.lapse == Lapse::Fitted {
            terms.push(Term::AltitudeDifference);
        }
        terms
    }

    /// What a case must have.
    pub(crate) fn terms(&self) -> Vec<Term> {
        let mut terms = self.regressed();
        terms.push(Term::Mean);
        if matches!(self.lapse, Lapse::Rate(_)) {
            terms.push(Term::AltitudeDifference);
        }
        terms
    }

    pub(crate) fn parameters(&self, members: usize) -> usize {
        Term::width(&self.regressed(), members).saturating_add(1)
    }

    pub(crate) fn fit(&self, cases: &[Case<'_>]) -> BiasFit {
        let rate = if let Lapse::Rate(rate) = self.lapse {
            rate
        } else {
            0.0
        };
        let design = Design::new(cases, &self.regressed());
        let errors: Vec<f64> = cases
            .iter()
            .map(|case| {
                let mean = case.mean_and_deviation().map_or(f64::NAN, |(mean, _)| mean);
                case.observation - mean - climb(case, rate)
            })
            .collect();
        BiasFit {
            rate,
            step: design.regression(&design.least_squares(&errors)),
        }
    }
}

/// Rate times height to climb; zero without a rate.
fn climb(case: &Case<'_>, rate: f64) -> f64 {
    match (case.station.altitude, case.station.model_altitude) {
        (Some(station), Some(model)) if rate != 0.0 => rate * (station - model),
        _ => 0.0,
    }
}

impl BiasFit {
    /// The fitted step.
    pub fn step(&self) -> &Regression {
        &self.step
    }

    /// The corrected members, in the case's order; NaN where missing.
    ///
    /// # Errors
    /// No member; a missing altitude or covariate.
    pub fn members(&self, case: &Case<'_>) -> Result<Vec<f64>, PredictError> {
        let station = case.station;
        if self.rate != 0.0 && (station.altitude.is_none() || station.model_altitude.is_none()) {
            return Err(PredictError::NoCovariate {
                term: Term::AltitudeDifference.label(),
                station: station.name.clone(),
                date: case.when(),
            });
        }
        let step = self.step.at(case)? + climb(case, self.rate);
        Ok(case.members.iter().map(|x| x + step).collect())
    }
}
