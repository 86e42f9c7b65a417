//! Cases that networks are judged on.

use super::carrier::{Carrier, Origin};
use super::course::Score;
use super::curve::Curve;
use super::residuals::{Residual, conditions};
use anyhow::Result;
use foehn_calibration::Law;
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

    /// Date and CRPS of every case; of draws with the fair estimator, whose mean is that of their law.
    pub(crate) fn crps(&self, carrier: &Carrier) -> Result<Vec<Score>> {
        let values = carrier.values(&self.conditions, &self.origins)?;
        let each = self.rows.iter().zip(&self.curves).zip(values);
        each.map(|((row, curve), values)| {
            let values: Vec<f64> = values.iter().map(|z| curve.at(*z)).collect();
            let crps = Law::of_members(&values)?.crps(row.observation);
            let crps = if carrier.draws() {
                fair(crps, &values, row.observation)
            } else {
                crps
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

/// The fair CRPS of members from their empirical one: the distance between members over pairs of two.
pub(crate) fn fair(crps: f64, members: &[f64], y: f64) -> f64 {
    let count = members.len() as f64;
    let far = members.iter().map(|x| (x - y).abs()).sum::<f64>() / count;
    far - (far - crps) * count / (count - 1.0)
}
