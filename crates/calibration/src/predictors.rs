//! Terms as numbers, for methods that learn from them in other ways than by regression.

use serde::{Deserialize, Serialize};

use crate::context::{Context, Use};
use crate::{Case, FitError, Table, Term};

/// Columns of the terms in standard deviations of the training, `(x - mean) / deviation`.
///
/// The training's own errors are left out of its stations' in these moments. A missing value counts as the mean and a column that does not vary as zero; what lies more than four deviations out
/// counts as four, so that nothing is asked of a learnt function far beyond its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictors {
    #[serde(deserialize_with = "crate::term::checked")]
    terms: Vec<Term>,
    context: Context,
    names: Vec<String>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Deviations beyond which a value is that of the edge.
const EDGE: f64 = 4.0;
/// A column of less relative variation is constant.
const CONSTANT: f64 = 1e-9;

impl Predictors {
    /// The columns of the cases with an observation and a member.
    ///
    /// # Errors
    /// No such case; a term that no case has a value of.
    pub fn fit(training: &Table, terms: &[Term]) -> Result<Self, FitError> {
        let usable =
            |case: &Case<'_>| case.observation.is_finite() && case.mean_and_deviation().is_some();
        let cases: Vec<Case<'_>> = training.cases().filter(usable).collect();
        let method = "a learnt method";
        if cases.is_empty() {
            let rows = training.len();
            return Err(FitError::NoObservation { method, rows });
        }
        crate::regression::check_terms(&cases, terms)?;
        let members = training.columns().members.ncols();
        let names: Vec<String> = terms.iter().flat_map(|t| t.columns(members)).collect();
        let mut fitted = Self {
            terms: terms.to_vec(),
            context: Context::of(&cases, terms),
            mean: vec![0.0; names.len()],
            deviation: vec![1.0; names.len()],
            names,
        };
        let rows: Vec<Vec<f64>> = cases
            .iter()
            .map(|case| fitted.raw(case, Use::Training))
            .collect();
        for j in 0..fitted.names.len() {
            let values = || rows.iter().map(|row| row[j]).filter(|x| x.is_finite());
            let count = values().count().max(1) as f64;
            let mean = values().sum::<f64>() / count;
            let square = values().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            fitted.mean[j] = mean;
            let deviation = square.sqrt();
            let varies = deviation > CONSTANT * mean.abs().max(f64::MIN_POSITIVE);
            // Zero stands for a column that weighs nothing.
            fitted.deviation[j] = if varies { deviation } else { 0.0 };
        }
        Ok(fitted)
    }

    /// Names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns of a case to forecast.
    pub fn of(&self, case: &Case<'_>) -> Vec<f64> {
        self.standardised(self.raw(case, Use::Forecast))
    }

    fn raw(&self, case: &Case<'_>, used: Use) -> Vec<f64> {
        let mut row = Vec::with_capacity(self.names.len());
        for term in &self.terms {
            let (before, width) = (row.len(), term.columns(case.members.len()).len());
            let _ = term.push(case, &self.context, used, &mut row);
            row.resize(before + width, f64::NAN);
        }
        row
    }

    fn standardised(&self, mut row: Vec<f64>) -> Vec<f64> {
        for (x, (mean, deviation)) in row.iter_mut().zip(self.mean.iter().zip(&self.deviation)) {
            let z = (*x - mean) / deviation;
            *x = if z.is_finite() {
                z.clamp(-EDGE, EDGE)
            } else {
                0.0
            };
        }
        row
    }
}
