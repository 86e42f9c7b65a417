//! State, noise -> next state.

use crate::error::ForecastError;
use burn::tensor::Tensor;
use foehn_field::Instant;
use foehn_noise::Key;

/// Where a batch of forecasts stands.
///
/// Outside [`crate::Standardised`] states are in physical units, NaN where missing; inside they are
/// standardised, zero where missing.
///
/// # Shapes
/// Every state of `history`: [B, C, ny, nx]; `instants` and `keys`: (B).
#[derive(Clone, Debug)]
pub struct State {
    /// Past states one step apart, the present one last.
    pub history: Vec<Tensor<4>>,
    /// Valid time of the present state, a sample each.
    pub instants: Vec<Instant>,
    /// Names of the randomness of the coming step, a sample each: seed, initial time, member and lead, which
    /// [`crate::rollout`] sets and counts from 1.
    pub keys: Vec<Key>,
}

impl State {
    /// The present state.
    ///
    /// # Errors
    /// If there is none.
    pub fn present(&self) -> Result<&Tensor<4>, ForecastError> {
        self.history.last().ok_or(ForecastError::ShortHistory {
            needed: 1,
            found: 0,
        })
    }
}

/// Samples the state that follows.
pub trait Predictor: Sync {
    /// One draw of the next state for every sample: [B, C, ny, nx].
    ///
    /// # Errors
    /// If the past is too short or sampling fails.
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError>;
}

impl<P: Predictor + ?Sized> Predictor for &P {
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        (**self).next(state)
    }
}

impl<P: Predictor + ?Sized> Predictor for Box<P>
where
    Box<P>: Sync,
{
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        (**self).next(state)
    }
}

/// The present state for ever: the forecast to beat.
#[derive(Clone, Copy, Debug)]
pub struct Persistence;

impl Predictor for Persistence {
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        state.present().cloned()
    }
}
