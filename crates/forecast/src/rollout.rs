//! Lead by lead.

use crate::error::ForecastError;
use crate::predictor::{Predictor, State};
use burn::tensor::Tensor;
use std::ops::ControlFlow;

/// Feeds every prediction back as the present state, `leads` times, and hands each to `visit` with its
/// lead, counted from 1. Only the states of the history are kept, whatever the number of leads.
///
/// # Errors
/// As the predictor and as `visit`.
pub fn rollout<E: From<ForecastError>>(
    predictor: &impl Predictor,
    mut state: State,
    step_seconds: i64,
    leads: u32,
    mut visit: impl FnMut(u32, &Tensor<4>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    for lead in 1..=leads {
        for key in &mut state.keys {
            *key = key.lead(lead);
        }
        let next = predictor.next(&state)?;
        if visit(lead, &next)?.is_break() {
            return Ok(());
        }
        if !state.history.is_empty() {
            state.history.remove(0);
        }
        state.history.push(next);
        for instant in &mut state.instants {
            *instant = instant.plus(step_seconds);
        }
    }
    Ok(())
}
