//! A fitted distributional regression network and its forecasts.

use super::distributional::DistributionalConfig;
use super::embedding::Embedded;
use super::fitted_interpolant::{in_parts, said_of_step, weights};
use crate::postprocess::method::{Forecast, Predictions};
use anyhow::Result;
use burn::tensor::Device;
use foehn_calibration::{Basis, Case, Family, Fitted, Law, Prediction, Predictors, Table};
use foehn_compute::Workers;
use foehn_generation::{on_device, on_host};
use ndarray::{Array2, ArrayView1};
use serde::Serialize;
use std::collections::BTreeMap;

/// A fitted network.
#[derive(Clone, Debug, Serialize)]
pub struct FittedDistributional {
    method: DistributionalConfig,
    base: Fitted,
    predictors: Predictors,
    /// Places of the stations among the learnt vectors.
    stations: BTreeMap<String, usize>,
    /// The step that was taken.
    step: usize,
    /// CRPS on dates kept from training, over that of the base, at each check.
    progress: Vec<f64>,
    /// Weights of every network.
    weights: Vec<Vec<f32>>,
    #[serde(skip)]
    networks: Vec<Embedded>,
}

impl FittedDistributional {
    pub(crate) fn new(
        method: DistributionalConfig,
        base: Fitted,
        (predictors, stations): (Predictors, BTreeMap<String, usize>),
        (step, progress): (usize, Vec<f64>),
        networks: Vec<Embedded>,
    ) -> Self {
        Self {
            method,
            base,
            predictors,
            stations,
            step,
            progress,
            weights: networks.iter().map(weights).collect(),
            networks,
        }
    }

    /// The step, in words.
    pub(crate) fn said(&self) -> String {
        said_of_step(self.step)
    }

    /// The forecasts of all rows, in parts on the workers.
    ///
    /// # Errors
    /// After Ctrl-C.
    pub fn predictions(&self, table: &Table, workers: &Workers) -> Result<Predictions> {
        in_parts(table, workers, |cases| self.of_cases(cases))
    }

    pub(crate) fn of_cases(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        let names = self.predictors.names().len();
        let rows: Vec<f32> = cases
            .iter()
            .flat_map(|case| self.predictors.of(case))
            .map(|x| x as f32)
            .collect();
        let shown = on_device(
            &Array2::from_shape_vec((cases.len(), names), rows)?,
            &Device::flex(),
        );
        let place = |case: &Case<'_>| self.stations.get(&case.station.name).copied();
        let stations: Vec<usize> = cases
            .iter()
            .map(|case| place(case).unwrap_or_default())
            .collect();
        let mut mean = Array2::<f32>::zeros((cases.len(), 2));
        for network in &self.networks {
            mean +=
                &(on_host(network.forward(shown.clone(), &stations)) / self.networks.len() as f32);
        }
        let one = |(i, case): (usize, &Case<'_>)| self.forecast(case, pair(&mean.row(i)));
        Ok(cases.iter().enumerate().map(one).collect())
    }

    fn forecast(&self, case: &Case<'_>, out: [f64; 2]) -> Forecast {
        let base = self.base.predict(case)?;
        let law = match parameters(&base.law) {
            Some((family, parameters)) => {
                let [m, s, d] = moved(family, parameters, out);
                family.law(m, s, d)
            }
            None => base.law,
        };
        // The base itself has no vectors to lack.
        let vectors = self.method.embedding > 0 && !self.networks.is_empty();
        let unseen = vectors && !self.stations.contains_key(&case.station.name);
        let basis = if unseen { Basis::Fallback } else { base.basis };
        Ok(Prediction { law, basis, ..base })
    }
}

/// Family, location, scale and shift of a law that has them.
pub(crate) fn parameters(law: &Law) -> Option<(Family, [f64; 3])> {
    Some(match *law {
        Law::Normal { location, scale } => (Family::Normal, [location, scale, 0.0]),
        Law::TruncatedNormal { location, scale } => {
            (Family::TruncatedNormal, [location, scale, 0.0])
        }
        Law::Logistic { location, scale } => (Family::Logistic, [location, scale, 0.0]),
        Law::CensoredShiftedGamma {
            mean,
            deviation,
            shift,
        } => (Family::CensoredShiftedGamma, [mean, deviation, shift]),
        Law::Steps(_) => return None,
    })
}

/// Parameters moved by (a, b); the gamma law's mean stays positive.
pub(crate) fn moved(family: Family, [m, s, d]: [f64; 3], [a, b]: [f64; 2]) -> [f64; 3] {
    let location = m + s * a;
    let location = if family == Family::CensoredShiftedGamma {
        location.max(1e-3 * m)
    } else {
        location
    };
    [location, s * b.clamp(-5.0, 5.0).exp(), d]
}

pub(crate) fn pair(row: &ArrayView1<'_, f32>) -> [f64; 2] {
    [f64::from(row[0]), f64::from(row[1])]
}
