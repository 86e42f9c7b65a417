//! A fitted flow and its forecasts.

use super::curve::Curve;
use super::interpolant::{FlowStarts, InterpolantConfig};
use super::method::{Forecast, Predictions};
use super::recalibration::Recalibration;
use super::residuals::deviations;
use super::transport::{Paths, Transport};
use crate::progress::check_interrupt;
use anyhow::Result;
use foehn_calibration::{Case, Fitted, Law, PredictError, Prediction, Predictors, Table};
use foehn_compute::Workers;
use foehn_generation::Model;
use foehn_network::Mlp;
use foehn_noise::{Key, Purpose};
use foehn_training::Layout;
use ndarray::Array2;
use serde::Serialize;

/// Rows that are carried at once.
const PART: usize = 1024;

/// A fitted flow.
#[derive(Clone, Debug, Serialize)]
pub struct FittedInterpolant {
    method: InterpolantConfig,
    base: Fitted,
    predictors: Predictors,
    /// The step that was taken.
    step: usize,
    /// CRPS on dates kept from training, over that of the base, at each check.
    progress: Vec<f64>,
    /// The last correction of levels.
    recalibration: Recalibration,
    /// Weights of every network.
    weights: Vec<Vec<f32>>,
    seed: u64,
    #[serde(skip)]
    transport: Transport,
}

pub(super) fn weights(network: &Mlp) -> Vec<f32> {
    let data = Layout::of(network).weights(network).into_data();
    data.iter::<f32>().collect()
}

impl FittedInterpolant {
    pub(super) fn new(
        method: InterpolantConfig,
        (step, progress): (usize, Vec<f64>),
        base: Fitted,
        predictors: Predictors,
        (models, recalibration, seed): (Vec<Model>, Recalibration, u64),
    ) -> Self {
        Self {
            method,
            base,
            predictors,
            step,
            progress,
            recalibration: recalibration.clone(),
            weights: models.iter().map(|model| weights(&model.network)).collect(),
            seed,
            transport: Transport::new(models, recalibration),
        }
    }

    /// The step of training that was taken; 0: the networks change nothing.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The forecasts of all rows, in parts on the workers.
    ///
    /// # Errors
    /// If a flow cannot be solved, or after Ctrl-C.
    pub fn predictions(&self, table: &Table, workers: &Workers) -> Result<Predictions> {
        let parts = table.len().div_ceil(PART);
        let done = workers.map(parts, |i| {
            check_interrupt()?;
            let rows = i * PART..((i + 1) * PART).min(table.len());
            let cases: Vec<Case<'_>> = rows.filter_map(|row| table.case(row)).collect();
            self.part(&cases)
        })?;
        Ok(done.into_iter().flatten().collect())
    }

    fn part(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        let names = self.predictors.names().len();
        let rows: Vec<f32> = cases
            .iter()
            .flat_map(|case| self.predictors.of(case))
            .map(|x| x as f32)
            .collect();
        let conditions = Array2::from_shape_vec((cases.len(), names), rows)?;
        let paths = self.transport.paths(&conditions)?;
        let one = |(i, case): (usize, &Case<'_>)| self.forecast(case, &paths, i);
        Ok(cases.iter().enumerate().map(one).collect())
    }

    fn forecast(&self, case: &Case<'_>, paths: &Paths<'_>, row: usize) -> Forecast {
        let base = self.base.predict(case)?;
        if self.method.starts == FlowStarts::Base && self.transport.is_identity() {
            return Ok(base);
        }
        let curve = Curve::of(&base.law);
        let through =
            |carried: Vec<f64>| -> Vec<f64> { carried.iter().map(|z| curve.at(*z)).collect() };
        let law = |values: &[f64]| {
            Law::of_members(values).map_err(|_| PredictError::NoMember {
                station: case.station.name.clone(),
                date: case.date,
                lead: case.lead,
            })
        };
        if self.method.starts == FlowStarts::Base {
            let law = law(&through(paths.levels(row)))?;
            return Ok(Prediction { law, ..base });
        }
        // Named by the place, so that a case is the same in any table.
        let place = case
            .station
            .name
            .bytes()
            .fold(0u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        let key = Key::new(self.seed, Purpose::Ties)
            .init(case.date)
            .lead(1)
            .step(place);
        let carried = through(paths.carry(row, &deviations(case, key)));
        let law = law(&carried)?;
        let mut carried = carried.into_iter();
        let member = |x: &f64| {
            if x.is_finite() {
                carried.next().unwrap_or(f64::NAN)
            } else {
                f64::NAN
            }
        };
        Ok(Prediction {
            law,
            members: Some(case.members.iter().map(member).collect()),
            ..base
        })
    }
}
