//! Which dates train for which: sliding and expanding windows, blocks left out.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Case, FitError, Fitted, Method, PredictError, Prediction, Table};

/// The past that a forecast may learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Cases whose valid time lies in the last so many days before the date.
    Sliding(u32),
    /// All cases whose valid time lies before the date.
    Expanding,
}

/// A prediction for each row of a table.
pub type Forecasts = Vec<Option<Result<Prediction, PredictError>>>;

const DAY: i64 = 86_400;

impl Period {
    /// Whether a case may train for a forecast of a date: its observation was there by then (date + lead of the case
    /// not after it), and it is not too old.
    pub fn holds(self, case: &Case<'_>, date: i64) -> bool {
        let known = case.valid() <= date && case.date < date;
        match self {
            Self::Expanding => known,
            Self::Sliding(days) => {
                known && case.valid() > date.saturating_sub(i64::from(days) * DAY)
            }
        }
    }
}

/// Forecasts of every row, each from a fit to its own past, refitted every `every` dates (1: at each date).
///
/// Between two fits the last one serves. Rows before the first date whose past suffices have none.
///
/// # Errors
/// Any error but too few cases or no observation, which only delay the start.
pub fn rolling(
    table: &Table,
    method: &Method,
    period: Period,
    every: usize,
) -> Result<Forecasts, FitError> {
    let dates = table.distinct_dates();
    let fits: Vec<(i64, Option<Fitted>)> = dates
        .iter()
        .step_by(every.max(1))
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|&date| {
            let past = table.filter(|case| period.holds(case, date));
            match method.fit(&past) {
                Ok(fitted) => Ok((date, Some(fitted))),
                Err(FitError::TooFewCases { .. } | FitError::NoObservation { .. }) => {
                    Ok((date, None))
                }
                Err(error) => Err(error),
            }
        })
        .collect::<Result<_, _>>()?;
    let last_fit = |date: i64| {
        let before = fits.partition_point(|(fitted, _)| *fitted <= date);
        fits[..before]
            .last()
            .and_then(|(_, fitted)| fitted.as_ref())
    };
    Ok(table
        .cases()
        .map(|case| last_fit(case.date).map(|fitted| fitted.predict(&case)))
        .collect())
}

/// Forecasts of every row from a fit to the other blocks of dates.
///
/// The distinct dates are cut into so many blocks of consecutive dates; cases whose date to valid time comes within
/// `gap` days of the block's neither train nor leak through weather that lasts.
///
/// # Errors
/// As [`Method::fit`], for any block.
pub fn cross_validate(
    table: &Table,
    method: &Method,
    blocks: usize,
    gap: u32,
) -> Result<Forecasts, FitError> {
    let dates = table.distinct_dates();
    let length = dates
        .len()
        .div_ceil(blocks.clamp(1, dates.len().max(1)))
        .max(1);
    let longest = table.distinct_leads().last().copied().unwrap_or(0);
    let mut forecasts: Forecasts = vec![None; table.len()];
    let parts: Vec<(BTreeSet<i64>, Fitted)> = dates
        .chunks(length)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|block| {
            let margin = i64::from(gap) * DAY;
            let (first, last) = (block[0], block[block.len() - 1]);
            let apart = |case: &Case<'_>| {
                case.valid() < first - margin || case.date > last + longest + margin
            };
            let fitted = method.fit(&table.filter(apart))?;
            Ok((block.iter().copied().collect(), fitted))
        })
        .collect::<Result<_, FitError>>()?;
    for (forecast, case) in forecasts.iter_mut().zip(table.cases()) {
        let part = parts.iter().find(|(block, _)| block.contains(&case.date));
        *forecast = part.map(|(_, fitted)| fitted.predict(&case));
    }
    Ok(forecasts)
}
