//! Present state plus increment.

use crate::error::ForecastError;
use crate::predictor::{Predictor, State};
use burn::tensor::Tensor;

/// `x0 + scale * inner(state)`: turns a predictor of unit increments into one of states.
pub struct Residual<P> {
    /// Predicts the increment in units of its standard deviation.
    pub inner: P,
    /// Standard deviation of the increments: [1, C, ny, nx].
    pub scale: Tensor<4>,
}

impl<P: Predictor> Predictor for Residual<P> {
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        let increment = self.inner.next(state)?;
        Ok(state.present()?.clone() + increment * self.scale.clone())
    }
}
