//! A fitted flow and its forecasts.

use super::carrier::{Carrier, Origin};
use super::curve::Curve;
use super::dynamics::{FlowDynamics, FlowStarts};
use super::interpolant::InterpolantConfig;
use super::lessons::BaseWeights;
use super::pool::FittedPool;
use super::recalibration::Recalibration;
use super::residuals::{STANDARD, origin};
use crate::postprocess::method::{Forecast, Predictions};
use crate::progress::check_interrupt;
use anyhow::Result;
use burn::module::Module;
use foehn_calibration::{Case, Law, PredictError, Prediction, Predictors, Table};
use foehn_compute::Workers;
use foehn_generation::Model;
use foehn_training::Layout;
use ndarray::Array2;
use serde::Serialize;

/// Rows that are carried at once.
const PART: usize = 1024;

/// A fitted flow.
#[derive(Clone, Debug, Serialize)]
pub struct FittedInterpolant {
    method: InterpolantConfig,
    /// The base that was carried, and the weights of those that it is of, from blocks of dates kept from them.
    base: FittedPool,
    bases: Option<BaseWeights>,
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
    /// Observed cases that taught nothing for want of a member.
    without_start: usize,
    #[serde(skip)]
    carrier: Carrier,
}

/// Forecasts of all rows, a part on each worker.
pub(crate) fn in_parts(
    table: &Table,
    workers: &Workers,
    of: impl Fn(&[Case<'_>]) -> Result<Predictions> + Sync,
) -> Result<Predictions> {
    let parts = table.len().div_ceil(PART);
    let done = workers.map(parts, |i| {
        check_interrupt()?;
        let rows = i * PART..((i + 1) * PART).min(table.len());
        let cases: Vec<Case<'_>> = rows.filter_map(|row| table.case(row)).collect();
        of(&cases)
    })?;
    Ok(done.into_iter().flatten().collect())
}

fn said_of_bases(bases: &BaseWeights) -> String {
    let each = |values: &[f64], digits: usize| {
        let each = values.iter().map(|x| format!("{x:.digits$}"));
        each.collect::<Vec<_>>().join(", ")
    };
    format!(
        "bases of weights {} with CRPS {} and together {:.4} on training dates kept from them",
        each(&bases.weights, 2),
        each(&bases.crps, 4),
        bases.together
    )
}

/// The step that was taken, in words.
pub(crate) fn said_of_step(step: usize) -> String {
    if step == 0 {
        "no step of training was surely better on dates kept from it: the base".to_owned()
    } else {
        format!("stopped at step {step}, the best on dates kept from training")
    }
}

pub(crate) fn weights<M: Module>(network: &M) -> Vec<f32> {
    let data = Layout::of(network).weights(network).into_data();
    data.iter::<f32>().collect()
}

impl FittedInterpolant {
    pub(crate) fn new(
        method: InterpolantConfig,
        (step, progress): (usize, Vec<f64>),
        (bases, base): (Option<BaseWeights>, FittedPool),
        predictors: Predictors,
        (models, recalibration, seed): (Vec<Model>, Recalibration, u64),
        without_start: usize,
    ) -> Self {
        let corrected = recalibration.clone();
        let weights = models.iter().map(|model| weights(&model.network));
        Self {
            weights: weights.collect(),
            carrier: Carrier::new(&method, models, corrected, method.draws),
            method,
            base,
            bases,
            predictors,
            step,
            progress,
            recalibration,
            seed,
            without_start,
        }
    }

    /// The step of training that was taken; 0: the networks change nothing.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The weights of the bases, where there are several.
    pub fn bases(&self) -> Option<&BaseWeights> {
        self.bases.as_ref()
    }

    /// Bases, the step and what else was done, in words.
    pub fn said(&self) -> String {
        let bases = self.bases.as_ref().map(said_of_bases);
        let corrected = (!self.recalibration.is_none())
            .then(|| "levels corrected by transforms on these dates".to_owned());
        let count = self.without_start;
        let without = (count > 0)
            .then(|| format!("observed cases that taught nothing for want of a member: {count}"));
        let all = [bases, Some(said_of_step(self.step)), corrected, without];
        all.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// The forecasts of all rows, in parts on the workers.
    ///
    /// # Errors
    /// If a flow cannot be solved, or after Ctrl-C.
    pub fn predictions(&self, table: &Table, workers: &Workers) -> Result<Predictions> {
        in_parts(table, workers, |cases| self.part(cases))
    }

    fn part(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        let names = self.predictors.names().len();
        let rows: Vec<f32> = cases
            .iter()
            .flat_map(|case| self.predictors.of(case))
            .map(|x| x as f32)
            .collect();
        let conditions = Array2::from_shape_vec((cases.len(), names), rows)?;
        let bases = self.base.predictions(cases)?;
        if self.carrier.is_identity() {
            return Ok(bases);
        }
        let origin = |(case, base): (&Case<'_>, &Forecast)| match base {
            Ok(base) => origin(case, &base.law, self.seed),
            Err(_) => origin(case, &STANDARD, self.seed),
        };
        let origins: Vec<Origin> = cases.iter().zip(&bases).map(origin).collect();
        let values = self.carrier.values(&conditions, &origins)?;
        let each = cases.iter().zip(bases).zip(values);
        Ok(each
            .map(|((case, base), values)| self.forecast(case, base?, &values))
            .collect())
    }

    /// The base's forecast with the law of carried values.
    fn forecast(&self, case: &Case<'_>, base: Prediction, values: &[f64]) -> Forecast {
        let curve = Curve::of(&base.law);
        let values: Vec<f64> = values.iter().map(|z| curve.at(*z)).collect();
        let law = Law::of_members(&values).map_err(|_| PredictError::NoMember {
            station: case.station.name.clone(),
            date: case.when(),
            lead: case.lead,
        })?;
        // noise of its own would part members that belong together: only a flow keeps their dependence
        let keeps = self.method.dynamics == FlowDynamics::Flow;
        if self.method.starts != FlowStarts::Members || !keeps {
            return Ok(Prediction { law, ..base });
        }
        let mut carried = values.into_iter();
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
