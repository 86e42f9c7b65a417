//! Scores of the methods on unseen cases.

use super::method::Forecast;
use foehn_calibration::{Basis, PredictError, Table};
use foehn_verification::{PitHistogram, diebold_mariano};
use serde::Serialize;
use std::collections::BTreeMap;

/// Cells of the histograms of transforms.
const CELLS: usize = 10;

/// Scores of one method, means over cases.
#[derive(Clone, Debug, Serialize)]
pub struct MethodScores {
    /// The name in the configuration.
    pub method: String,
    /// CRPS of the predictive law; of members with the empirical estimator.
    pub crps: f64,
    /// Absolute error of the median.
    pub mae: f64,
    /// Mean of forecast mean less observation.
    pub bias: f64,
    /// Share of observations in the central 90 %; of M members between their linear quantiles of 5 and 95 %,
    /// which hold `0.9 (M - 1)/(M + 1)` where they are calibrated.
    pub covered_90: f64,
    /// Shares of the transforms in ten cells.
    pub pit: Vec<f64>,
    /// Of their flatness, with one draw a date.
    pub pit_p_value: f64,
    /// Two-sided Diebold-Mariano p-value against the best method, on the means of the dates; none for the best itself.
    pub equal_to_best_p_value: Option<f64>,
    /// Cases scored.
    pub cases: usize,
    /// Of them, served by the fit of all stations for want of one of their own.
    pub fallback: usize,
    /// The mean CRPS of every date.
    #[serde(skip)]
    pub by_date: BTreeMap<i64, f64>,
}

/// Scores the forecasts of a method on the cases with an observation.
///
/// # Errors
/// A case without a forecast: methods are compared on the same cases or not at all.
pub fn score(
    method: &str,
    predictions: &[Forecast],
    test: &Table,
) -> Result<MethodScores, PredictError> {
    let mut sums = [0.0; 4];
    let mut histogram = PitHistogram::new(CELLS);
    let mut by_date: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let (mut cases, mut fallback) = (0, 0);
    let observed = test.cases().zip(predictions);
    for (case, prediction) in observed.filter(|(case, _)| case.observation.is_finite()) {
        let prediction = match prediction {
            // No forecast at all: no method but climatology has one, and none is scored.
            Err(PredictError::NoMember { .. }) => continue,
            other => other.as_ref().map_err(Clone::clone)?,
        };
        if case.mean_and_deviation().is_none() {
            continue;
        }
        let (law, y) = (&prediction.law, case.observation);
        let (crps, pit) = (law.crps(y), law.pit(y));
        let values = [
            crps,
            (law.quantile(0.5) - y).abs(),
            law.mean() - y,
            law.covers(y, 0.9),
        ];
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += value);
        histogram.add(pit);
        let date = by_date.entry(case.date).or_default();
        *date = (date.0 + crps, date.1 + 1.0);
        cases += 1;
        fallback += usize::from(prediction.basis == Basis::Fallback);
    }
    let [crps, mae, bias, covered_90] = sums.map(|sum| sum / cases as f64);
    Ok(MethodScores {
        method: method.to_owned(),
        crps,
        mae,
        bias,
        covered_90,
        pit: histogram
            .counts()
            .iter()
            .map(|n| n / cases as f64)
            .collect(),
        pit_p_value: histogram
            .flatness(by_date.len() as f64)
            .map_or(f64::NAN, |f| f.p_value),
        equal_to_best_p_value: None,
        cases,
        fallback,
        by_date: by_date
            .into_iter()
            .map(|(date, (sum, n))| (date, sum / n))
            .collect(),
    })
}

/// Sorts by CRPS and tests every method against the best, with autocovariances of so many lags.
pub fn compare(scores: &mut [MethodScores], lag: usize) {
    scores.sort_by(|a, b| a.crps.total_cmp(&b.crps));
    let Some((best, others)) = scores.split_first_mut() else {
        return;
    };
    let first: Vec<f64> = best.by_date.values().copied().collect();
    for other in others {
        let second: Vec<f64> = other.by_date.values().copied().collect();
        // Series too short for a test have no p-value.
        other.equal_to_best_p_value = diebold_mariano(&second, &first, lag)
            .ok()
            .map(|test| test.p_value);
    }
}
