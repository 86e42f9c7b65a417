//! Cases that networks are judged on.

use super::carrier::{Carrier, Origin};
use super::course::Score;
use super::curve::Curve;
use super::residuals::{Residual, conditions};
use anyhow::Result;
use foehn_calibration::Law;
use foehn_verification::mixture_crps;
use ndarray::Array2;

/// Residuals that are kept for judging, ready for many networks.
pub(crate) struct Judge {
    rows: Vec<Residual>,
    curves: Vec<Curve>,
    conditions: Array2<f32>,
    origins: Vec<Origin>,
}

impl Judge {
    pub(crate) fn new(rows: Vec<Residual>) -> Self {
        Self {
            curves: rows.iter().map(|row| Curve::of(&row.law)).collect(),
            conditions: conditions(&rows),
            origins: rows.iter().map(|row| row.origin.clone()).collect(),
            rows,
        }
    }

    /// Date and CRPS of every case; of draws with an estimator whose mean is that of their law, the mixture over the starts.
    pub(crate) fn crps(&self, carrier: &Carrier) -> Result<Vec<Score>> {
        let values = carrier.values(&self.conditions, &self.origins)?;
        let each = self.rows.iter().zip(&self.curves).zip(values);
        each.map(|((row, curve), values)| {
            let values: Vec<f64> = values.iter().map(|z| curve.at(*z)).collect();
            let crps = match carrier.parts(&row.origin) {
                Some(parts) => mixture_crps(&values, parts, row.observation)?,
                None => Law::of_members(&values)?.crps(row.observation),
            };
            Ok((row.date, crps))
        })
        .collect()
    }

    /// Date and CRPS of every case in the law of the base.
    pub(crate) fn base_crps(&self) -> Vec<Score> {
        let score = |row: &Residual| (row.date, row.law.crps(row.observation));
        self.rows.iter().map(score).collect()
    }

    /// Date and level of every residual in the carried standard law.
    pub(crate) fn transforms(&self, carrier: &Carrier) -> Result<Vec<(i64, f64)>> {
        let values = carrier.values(&self.conditions, &self.origins)?;
        let mut all = Vec::new();
        for (row, values) in self.rows.iter().zip(values) {
            let law = Law::of_members(&values)?;
            for z in &row.z {
                let [low, high] = law.pit(*z);
                all.push((row.date, f64::midpoint(low, high)));
            }
        }
        Ok(all)
    }
}
