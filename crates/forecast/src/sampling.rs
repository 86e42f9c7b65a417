//! How the next state is sampled.

use crate::error::ForecastError;
use foehn_dynamics::{Diffusion, Sampler, Solver, TimeGrid};
use serde::{Deserialize, Serialize};

/// Diffusion, solver and steps of a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Amplitude of the noise along the path.
    pub diffusion: Diffusion,
    /// One-step method.
    pub solver: Solver,
    /// Steps from one state to the next, equal in interpolation time.
    pub steps: usize,
    /// Factor on every draw of noise; 1 samples the learnt law, more makes up for spread that a network
    /// fitted to few data lacks. Where none is given, a run takes the factor that was tuned on its
    /// validation data, or 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inflation: Option<f64>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            diffusion: Diffusion::Follmer,
            solver: Solver::EulerMaruyama,
            steps: 10,
            inflation: None,
        }
    }
}

impl Sampling {
    /// The sampler.
    ///
    /// # Errors
    /// If there are no steps.
    pub fn sampler(&self) -> Result<Sampler, ForecastError> {
        Ok(Sampler {
            solver: self.solver,
            grid: TimeGrid::uniform(self.steps)?,
        })
    }
}
