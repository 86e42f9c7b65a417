//! A linear predictor: standardised columns for the search, natural coefficients to keep.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::context::{Context, Use};
use crate::{Case, FitError, PredictError, Term};

/// A column whose standard deviation is below this part of its size is constant.
const CONSTANT: f64 = 1e-9;
/// Ridge on standardised columns, so that collinear ones share their weight instead of failing.
const RIDGE: f64 = 1e-9;

/// `intercept + sum coefficient * column`, in the units of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    #[serde(deserialize_with = "crate::term::checked")]
    terms: Vec<Term>,
    context: Context,
    members: usize,
    names: Vec<String>,
    intercept: f64,
    coefficients: Vec<f64>,
    dropped: Vec<String>,
}

/// The columns of a training set, standardised.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    /// (cases, kept columns and the intercept first).
    pub(crate) rows: DMatrix<f64>,
    /// Column of the design for each column of the terms; `None` where dropped.
    kept: Vec<Option<usize>>,
    centre: Vec<f64>,
    width: Vec<f64>,
    empty: Regression,
}

impl Regression {
    /// Names of the columns, intercept apart.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The constant.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// One for each name; zero where the column was dropped.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Columns without variation in training: they cannot be told from the intercept and weigh nothing.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    pub(crate) fn shift_intercept(&mut self, by: f64) {
        self.intercept += by;
    }

    /// Whether a term asks for past errors of a station and there are none.
    pub(crate) fn lacks(&self, station: &str) -> bool {
        self.context.lacks(station)
    }

    /// The value for a case.
    pub(crate) fn at(&self, case: &Case<'_>) -> Result<f64, PredictError> {
        let weighs_members = self.terms.contains(&Term::Members);
        if weighs_members && case.members.len() != self.members {
            return Err(PredictError::Members {
                fitted: self.members,
                found: case.members.len(),
            });
        }
        let mut row = Vec::with_capacity(self.names.len());
        for term in &self.terms {
            term.push(case, &self.context, Use::Forecast, &mut row)
                .ok_or_else(|| gap(term, case))?;
        }
        Ok(self.intercept
            + row
                .iter()
                .zip(&self.coefficients)
                .map(|(x, b)| x * b)
                .sum::<f64>())
    }
}

fn gap(term: &Term, case: &Case<'_>) -> PredictError {
    let station = case.station.name.clone();
    let of_case = matches!(
        term,
        Term::Altitude
            | Term::AltitudeDifference
            | Term::Latitude
            | Term::Longitude
            | Term::Covariate(_)
    );
    if of_case {
        return PredictError::NoCovariate {
            term: term.label(),
            station,
            date: case.when(),
        };
    }
    PredictError::NoMember {
        station,
        date: case.when(),
        lead: case.lead,
    }
}

/// Whether a case has all that the terms need.
pub(crate) fn is_complete(case: &Case<'_>, terms: &[Term]) -> bool {
    let context = Context::default();
    terms.iter().all(|term| {
        term.push(case, &context, Use::Forecast, &mut Vec::new())
            .is_some()
    })
}

/// An error for the first term that no case has a value of.
pub(crate) fn check_terms(cases: &[Case<'_>], terms: &[Term]) -> Result<(), FitError> {
    let absent = |term: &&Term| {
        !cases
            .iter()
            .any(|case| is_complete(case, std::slice::from_ref(*term)))
    };
    match terms.iter().find(absent) {
        None => Ok(()),
        Some(term) => Err(FitError::NoCovariate {
            term: term.label(),
            needs: term.needs(),
            known: cases
                .first()
                .map_or_else(Vec::new, |case| case.covariate_names.to_vec()),
        }),
    }
}

impl Design {
    /// The design of complete cases.
    pub(crate) fn new(cases: &[Case<'_>], terms: &[Term]) -> Self {
        let context = Context::of(cases, terms);
        let members = cases.first().map_or(0, |case| case.members.len());
        let names: Vec<String> = terms
            .iter()
            .flat_map(|term| term.columns(members))
            .collect();
        let mut values = Vec::with_capacity(cases.len() * names.len());
        for case in cases {
            for term in terms {
                // Complete by the caller's filter: every term has its value.
                let _ = term.push(case, &context, Use::Training, &mut values);
            }
        }
        let raw = DMatrix::from_row_slice(cases.len(), names.len(), &values);
        let empty = Regression {
            terms: terms.to_vec(),
            context,
            members,
            coefficients: vec![0.0; names.len()],
            names,
            intercept: 0.0,
            dropped: Vec::new(),
        };
        Self::standardised(&raw, empty)
    }

    fn standardised(raw: &DMatrix<f64>, mut empty: Regression) -> Self {
        let count = raw.nrows().max(1) as f64;
        let (mut kept, mut centre, mut width) = (vec![], vec![], vec![]);
        let mut columns = vec![DVector::from_element(raw.nrows(), 1.0)];
        for (j, column) in raw.column_iter().enumerate() {
            let mean = column.sum() / count;
            let deviation = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
            let varies = deviation > CONSTANT * mean.abs().max(f64::MIN_POSITIVE);
            kept.push(varies.then_some(columns.len()));
            centre.push(mean);
            width.push(deviation);
            if varies {
                columns.push(column.map(|x| (x - mean) / deviation));
            } else {
                empty.dropped.push(empty.names[j].clone());
            }
        }
        Self {
            rows: DMatrix::from_columns(&columns),
            kept,
            centre,
            width,
            empty,
        }
    }

    /// Parameters: kept columns and the intercept.
    pub(crate) fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// Least squares on the standardised columns.
    pub(crate) fn least_squares(&self, targets: &[f64]) -> Vec<f64> {
        let y = DVector::from_column_slice(targets);
        let mut normal = self.rows.tr_mul(&self.rows);
        let ridge = RIDGE * self.rows.nrows() as f64;
        for j in 0..normal.nrows() {
            normal[(j, j)] += ridge;
        }
        let right = self.rows.tr_mul(&y);
        if let Some(factor) = normal.cholesky() {
            return factor.solve(&right).as_slice().to_vec();
        }
        let mut mean = vec![0.0; self.width()];
        mean[0] = y.mean();
        mean
    }

    /// The regression of coefficients on the standardised columns, in natural units.
    pub(crate) fn regression(&self, standardised: &[f64]) -> Regression {
        let mut regression = self.empty.clone();
        regression.intercept = standardised[0];
        for (j, kept) in self.kept.iter().enumerate() {
            if let Some(k) = kept {
                let coefficient = standardised[*k] / self.width[j];
                regression.coefficients[j] = coefficient;
                regression.intercept -= coefficient * self.centre[j];
            }
        }
        regression
    }
}
