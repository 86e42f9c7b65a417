//! Physical units outside, standardised ones inside.

use crate::error::ForecastError;
use crate::host::{from_host, to_host};
use crate::predictor::{Predictor, State};
use burn::tensor::Tensor;
use foehn_dataset::Statistics;
use foehn_field::Instant;
use ndarray::{ArrayViewMut3, Axis};

/// Standardises the past, predicts, and restores the next state at its valid time.
///
/// Cells that are missing in the present state (NaN) are zero inside and missing again outside; so are those that
/// were ever missing in training, of which nothing was learnt.
pub struct Standardised<'a, P> {
    /// Predicts in standardised units.
    pub inner: P,
    /// From the training part.
    pub statistics: &'a Statistics,
    /// Time between two states, s.
    pub step_seconds: i64,
}

impl<P> Standardised<'_, P> {
    fn inside(&self, x: &Tensor<4>, instants: &[Instant]) -> Result<Tensor<4>, ForecastError> {
        let device = x.device();
        let mut values = to_host(x.clone())?;
        each(&mut values, instants, |at, field| {
            self.statistics.standardise(at, field);
        });
        values.mapv_inplace(|v| if v.is_nan() { 0.0 } else { v });
        Ok(from_host(&values, &device))
    }
}

impl<P: Predictor> Predictor for Standardised<'_, P> {
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        let steps = state.history.len() as i64;
        let mut history = Vec::with_capacity(state.history.len());
        for (i, x) in (0..).zip(&state.history) {
            let back = (steps - 1 - i) * self.step_seconds;
            let instants: Vec<_> = state.instants.iter().map(|at| at.plus(-back)).collect();
            history.push(self.inside(x, &instants)?);
        }
        let inside = State {
            history,
            ..state.clone()
        };
        let next = self.inner.next(&inside)?;
        let device = next.device();
        let mut values = to_host(next)?;
        let instants: Vec<_> = state
            .instants
            .iter()
            .map(|at| at.plus(self.step_seconds))
            .collect();
        each(&mut values, &instants, |at, field| {
            self.statistics.restore(at, field);
        });
        let present = to_host(state.present()?.clone())?;
        values.zip_mut_with(&present, |v, p| {
            if p.is_nan() {
                *v = f32::NAN;
            }
        });
        if let Some(valid) = self.statistics.valid() {
            let learnt = valid.broadcast(values.dim());
            for (v, learnt) in values.iter_mut().zip(learnt.iter().flatten()) {
                if !learnt {
                    *v = f32::NAN;
                }
            }
        }
        Ok(from_host(&values, &device))
    }
}

fn each(
    values: &mut ndarray::Array4<f32>,
    instants: &[Instant],
    act: impl Fn(Instant, ArrayViewMut3<f32>),
) {
    for (field, at) in values.axis_iter_mut(Axis(0)).zip(instants) {
        act(*at, field);
    }
}
