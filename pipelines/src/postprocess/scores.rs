//! Scores of the methods on unseen cases.

use super::method::{Forecast, Predictions};
use anyhow::{Result, bail};
use foehn_calibration::{Basis, Case, Law, Table};
use foehn_noise::{Key, Purpose};
use foehn_verification::{Interval, PitHistogram};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Cells of the histograms of transforms.
const CELLS: usize = 10;

/// Scores of one method's laws, means over cases.
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
    /// Of their flatness, places of one date depending on each other; none with fewer than five dates a cell.
    pub pit_p_value: Option<f64>,
    /// Shares of observations and of the law at zero and below, where zero is the least observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeros: Option<[f64; 2]>,
    /// Its CRPS less that of the best method, with the interval of a bootstrap of blocks of dates; none for the best itself.
    pub over_best: Option<Interval>,
    /// Two-sided Diebold-Mariano p-value against the best method, on the sums of the dates; none for the best itself.
    pub equal_to_best_p_value: Option<f64>,
    /// Cases scored.
    pub cases: usize,
    /// Of them, served by the fit of all stations for want of one of their own.
    pub fallback: usize,
    /// Names of the stations of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback_stations: Vec<String>,
    /// Sum of the CRPS and cases of every date.
    #[serde(skip)]
    pub by_date: BTreeMap<i64, (f64, f64)>,
    /// Sum of the CRPS and cases of every place, by its index.
    #[serde(skip)]
    pub by_place: BTreeMap<usize, (f64, f64)>,
}

/// The cases that all methods are scored on.
#[derive(Clone, Debug, Serialize)]
pub struct Scored {
    /// Rows of the cases.
    #[serde(skip)]
    pub rows: Vec<usize>,
    /// Their number.
    pub cases: usize,
    /// Cases without an observation.
    pub unobserved: usize,
    /// Observed cases that a method had no forecast for: left out for all.
    pub without_forecast: usize,
    /// Why, for the first of them.
    pub first_without: Option<String>,
}

impl Scored {
    /// The cases with an observation that every method has a forecast for; none where nothing is observed yet.
    ///
    /// # Errors
    /// Observations, and none of a case that every method has a forecast for.
    pub(crate) fn of(test: &Table, predictions: &BTreeMap<String, Predictions>) -> Result<Self> {
        let mut scored = Self {
            rows: Vec::new(),
            cases: 0,
            unobserved: 0,
            without_forecast: 0,
            first_without: None,
        };
        for row in 0..test.len() {
            if !test.columns().observations[row].is_finite() {
                scored.unobserved += 1;
                continue;
            }
            let failed = predictions
                .iter()
                .find_map(|(name, forecasts)| match &forecasts[row] {
                    Ok(_) => None,
                    Err(error) => Some(format!("methods.{name}: {error}")),
                });
            match failed {
                None => scored.rows.push(row),
                Some(why) => {
                    scored.without_forecast += 1;
                    scored.first_without.get_or_insert(why);
                }
            }
        }
        scored.cases = scored.rows.len();
        if scored.rows.is_empty() && scored.without_forecast > 0 {
            let why = scored.first_without.as_deref().unwrap_or_default();
            bail!(
                "no case to score among {} of the later dates: {why}",
                test.len()
            );
        }
        Ok(scored)
    }
}

/// Sums of one method.
struct Sums {
    values: [f64; 4],
    zeros: [f64; 2],
    histogram: PitHistogram,
    by_date: BTreeMap<i64, (f64, f64)>,
    by_place: BTreeMap<usize, (f64, f64)>,
    fallback: usize,
}

impl Sums {
    fn new() -> Self {
        Self {
            values: [0.0; 4],
            zeros: [0.0; 2],
            histogram: PitHistogram::new(CELLS),
            by_date: BTreeMap::new(),
            by_place: BTreeMap::new(),
            fallback: 0,
        }
    }

    /// Adds a case; the draw places its observation on a jump of the law.
    fn add(&mut self, law: &Law, y: f64, (date, place): (i64, usize), draw: f64) {
        let crps = law.crps(y);
        let values = [
            crps,
            (law.quantile(0.5) - y).abs(),
            law.mean() - y,
            law.covers(y, 0.9),
        ];
        self.values
            .iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += value);
        self.zeros[0] += f64::from(u8::from(y <= 0.0));
        self.zeros[1] += law.cdf(0.0);
        self.histogram.add(law.pit(y), draw, date);
        for (sum, count) in [
            self.by_date.entry(date).or_default(),
            self.by_place.entry(place).or_default(),
        ] {
            *sum += crps;
            *count += 1.0;
        }
    }
}

/// Where on a jump of a law the observation of a case stands for the test of flatness.
pub(crate) fn place_on_jump(case: &Case<'_>, place: usize, seed: u64) -> f64 {
    let mut draw = [0.0];
    let key = Key::new(seed, Purpose::Ties).init(case.date);
    let key = key.lead((case.lead / 60) as u32).step(place as u32);
    key.member(u32::MAX).uniforms(&mut draw);
    draw[0]
}

/// Scores the forecasts of a method.
pub(crate) fn score(
    method: &str,
    predictions: &[Forecast],
    test: &Table,
    scored: &Scored,
    seed: u64,
) -> MethodScores {
    let mut sums = Sums::new();
    let mut least = f64::INFINITY;
    let mut foreign = BTreeSet::new();
    for &row in &scored.rows {
        let (Some(case), Ok(prediction)) = (test.case(row), &predictions[row]) else {
            continue;
        };
        least = least.min(case.observation);
        sums.add(
            &prediction.law,
            case.observation,
            (case.date, test.columns().station[row]),
            place_on_jump(&case, test.columns().station[row], seed),
        );
        if prediction.basis == Basis::Fallback {
            sums.fallback += 1;
            foreign.insert(&case.station.name);
        }
    }
    let cases = scored.cases as f64;
    let [crps, mae, bias, covered_90] = sums.values.map(|sum| sum / cases);
    MethodScores {
        method: method.to_owned(),
        crps,
        mae,
        bias,
        covered_90,
        pit: sums.histogram.counts().iter().map(|n| n / cases).collect(),
        pit_p_value: sums.histogram.flatness().map(|f| f.p_value),
        zeros: (least.abs() <= 0.0).then(|| sums.zeros.map(|sum| sum / cases)),
        over_best: None,
        equal_to_best_p_value: None,
        cases: scored.cases,
        fallback: sums.fallback,
        fallback_stations: foreign.into_iter().cloned().collect(),
        by_date: sums.by_date,
        by_place: sums.by_place,
    }
}
