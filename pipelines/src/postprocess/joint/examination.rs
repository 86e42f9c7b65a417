//! The members of every method, in every order that makes a difference.

use super::field_spectra::FieldSpectra;
use super::member_scores::{MemberScores, Scores, Sums, together};
use super::occasions::occasions;
use super::orders::{Joint, Occasion};
use super::past::Pasts;
use crate::postprocess::config::{CalibratedConfig, Order};
use crate::postprocess::method::Predictions;
use crate::postprocess::scores::{Scored, place_on_jump};
use anyhow::Result;
use foehn_calibration::Table;
use foehn_compute::Workers;
use ndarray::Array1;
use std::collections::BTreeMap;

/// What all members are scored against.
pub(crate) struct Examination<'a> {
    pub(crate) test: &'a Table,
    pub(crate) scored: &'a Scored,
    /// The past of every date.
    pub(crate) pasts: &'a Pasts,
    pub(crate) spectra: Option<FieldSpectra>,
    pub(crate) calibrated: &'a CalibratedConfig,
    pub(crate) seed: u64,
}

/// All rows, and why others are not there.
pub(crate) struct Examined {
    pub(crate) rows: Vec<MemberScores>,
    pub(crate) left_out: Vec<String>,
}

impl Examination<'_> {
    /// Members of every method, in every order that makes a difference.
    ///
    /// # Errors
    /// If members cannot be made in the configured order.
    pub(crate) fn scores(
        &self,
        predictions: &BTreeMap<String, Predictions>,
        workers: &Workers,
    ) -> Result<Examined> {
        let mut tasks: Vec<(&String, &Predictions, Order)> = Vec::new();
        let mut impossible: BTreeMap<&str, String> = BTreeMap::new();
        for (name, forecasts) in predictions {
            for order in self.orders(forecasts) {
                let rows = self.scored.rows.iter().copied();
                match self
                    .joint(order)
                    .check(self.test, rows, |date| self.pasts.at(date))
                {
                    Ok(()) => tasks.push((name, forecasts, order)),
                    // An order that the data cannot give is an error where it was asked for.
                    Err(error) if order == self.calibrated.order => return Err(error.into()),
                    Err(error) => {
                        impossible.insert(order.name(), error.to_string());
                    }
                }
            }
        }
        let done = workers.map(tasks.len(), |i| {
            let (name, forecasts, order) = tasks[i];
            self.one(name, forecasts, order)
        })?;
        Ok(Examined {
            rows: together(done),
            left_out: impossible.into_values().collect(),
        })
    }

    fn joint(&self, order: Order) -> Joint {
        Joint {
            order,
            ..Joint::of(self.calibrated, self.test, self.seed)
        }
    }

    fn orders(&self, forecasts: &Predictions) -> Vec<Order> {
        let joint = self.joint(self.calibrated.order);
        let own = self
            .scored
            .rows
            .iter()
            .all(|&row| joint.keeps(&forecasts[row]));
        let several = self.occasions().values().any(|rows| rows.len() > 1);
        if own || !several {
            return vec![self.calibrated.order];
        }
        vec![
            Order::EccQ,
            Order::EccT,
            Order::Schaake,
            Order::Independent,
            Order::Shuffled,
        ]
    }

    fn occasions(&self) -> BTreeMap<(i64, i64), Vec<usize>> {
        occasions(self.test, self.scored.rows.iter().copied())
    }

    fn one(
        &self,
        name: &str,
        forecasts: &Predictions,
        order: Order,
    ) -> Result<(MemberScores, Scores)> {
        let joint = self.joint(order);
        let mut sums = Sums::of(joint.count);
        let mut spectra = self.spectra.clone();
        let mut own = true;
        for ((date, lead), rows) in self.occasions() {
            let on = Occasion::of(self.test, forecasts, &rows);
            own &= on.forecasts.iter().all(|forecast| joint.keeps(forecast));
            let members = joint.members(&on, self.pasts.at(date))?;
            let truth: Array1<f64> = on.cases.iter().map(|case| case.observation).collect();
            let each = on.cases.iter().zip(&on.places);
            let places: Vec<f64> = each
                .map(|(case, place)| place_on_jump(case, *place, self.seed))
                .collect();
            sums.add_occasion((date, lead), &members, &truth, &places)?;
            if let Some(spectra) = &mut spectra {
                spectra.add(&members.values, &truth, &on.places)?;
            }
        }
        let order = if own { "own" } else { order.name() };
        let spectrum = spectra.and_then(|spectra| spectra.log_distance());
        Ok(sums.scores((name, order), joint.count, spectrum))
    }
}
