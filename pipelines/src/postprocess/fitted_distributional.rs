//! A fitted distributional regression network and its forecasts.

use super::distributional::DistributionalConfig;
use super::fitted_interpolant::weights;
use super::method::{Forecast, Predictions};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use foehn_calibration::{Case, Family, Fitted, Law, Prediction, Predictors, Table};
use foehn_generation::{on_device, on_host};
use foehn_network::Mlp;
use ndarray::{Array2, ArrayView1};
use serde::Serialize;

/// A fitted network.
#[derive(Clone, Debug, Serialize)]
pub struct FittedDistributional {
    method: DistributionalConfig,
    base: Fitted,
    predictors: Predictors,
    /// The step that was taken.
    step: usize,
    /// CRPS on dates kept from training, over that of the base, at each check.
    progress: Vec<f64>,
    /// Weights of every network.
    weights: Vec<Vec<f32>>,
    #[serde(skip)]
    networks: Vec<Mlp>,
}

impl FittedDistributional {
    pub(super) fn new(
        method: DistributionalConfig,
        base: Fitted,
        predictors: Predictors,
        (step, progress): (usize, Vec<f64>),
        networks: Vec<Mlp>,
    ) -> Self {
        Self {
            method,
            base,
            predictors,
            step,
            progress,
            weights: networks.iter().map(weights).collect(),
            networks,
        }
    }

    /// The forecasts of all rows.
    ///
    /// # Errors
    /// Never in practice.
    pub fn predictions(&self, table: &Table) -> Result<Predictions> {
        let names = self.predictors.names().len();
        let rows: Vec<f32> = table
            .cases()
            .flat_map(|case| self.predictors.of(&case))
            .map(|x| x as f32)
            .collect();
        let shown = on_device(
            &Array2::from_shape_vec((table.len(), names), rows)?,
            &Device::flex(),
        );
        let mut mean = Array2::<f32>::zeros((table.len(), 2));
        for network in &self.networks {
            mean += &(on_host(outputs(network, shown.clone())) / self.networks.len() as f32);
        }
        let one = |(i, case): (usize, Case<'_>)| self.forecast(&case, pair(&mean.row(i)));
        Ok(table.cases().enumerate().map(one).collect())
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
        Ok(Prediction { law, ..base })
    }
}

/// Family, location, scale and shift of a law that has them.
pub(super) fn parameters(law: &Law) -> Option<(Family, [f64; 3])> {
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
pub(super) fn moved(family: Family, [m, s, d]: [f64; 3], [a, b]: [f64; 2]) -> [f64; 3] {
    let location = m + s * a;
    let location = if family == Family::CensoredShiftedGamma {
        location.max(1e-3 * m)
    } else {
        location
    };
    [location, s * b.clamp(-5.0, 5.0).exp(), d]
}

pub(super) fn outputs(network: &Mlp, rows: Tensor<2>) -> Tensor<2> {
    let t = Tensor::<1>::zeros([rows.dims()[0]], &rows.device());
    network.forward(rows, t)
}

pub(super) fn pair(row: &ArrayView1<'_, f32>) -> [f64; 2] {
    [f64::from(row[0]), f64::from(row[1])]
}
