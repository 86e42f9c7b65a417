//! How a model is sampled, as it stands in a configuration file.

use crate::error::GenerationError;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Adaptive, Diffusion, Epsilon, Hold, Likelihood, Sampler, Solver, TimeGrid, Velocity, Weighed,
};
use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// Calls after which the adaptive solver gives up.
const MOST_CALLS: usize = 20_000;

/// What is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The flow on a grid; from a point (a Föllmer path, or a start that the network sees on a path with
    /// latent noise) it is refused.
    Flow,
    /// The flow with steps chosen by its error.
    Adaptive,
    /// The SDE with noise `epsilon`; on a Föllmer path with `diffusion`.
    Sde,
    /// Exponential steps, for paths from noise or from a point: few calls.
    Exponential,
}

/// A grid of times on [0, 1].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum GridConfig {
    /// Equal steps.
    #[default]
    Uniform,
    /// Short steps near both ends.
    Cosine,
    /// `(i / n)^p`.
    Power(f64),
    /// These times, from 0 to 1; `steps` is not used.
    Times(Vec<f64>),
}

/// How a model is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplingConfig {
    /// What is solved; by default the SDE on Föllmer and mirror paths, and on paths with latent noise where
    /// the network sees x0; the flow on others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Steps.
    pub steps: usize,
    /// One-step method; by default heun for the flow, `euler_maruyama` for the SDE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<Solver>,
    /// Where the steps are.
    pub grid: GridConfig,
    /// The part of [0, 1] that is solved: cut an end where the equation is infinite, and know that
    /// cutting the start begins from the law of x0 all the same.
    pub within: [f64; 2],
    /// `e(t)` of the SDE; by default gamma where the path has latent noise, else `1 - t`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<Epsilon>,
    /// g of a Föllmer process.
    pub diffusion: Diffusion,
    /// Noise of exponential steps from noise, as a share of that of the noising process; 0 after a coupling
    /// by transport.
    pub share: f64,
    /// What exponential steps from noise hold constant.
    pub hold: Hold,
    /// Error per step of adaptive steps, relative and absolute.
    pub tolerance: f64,
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self {
            method: None,
            steps: 50,
            solver: None,
            grid: GridConfig::Uniform,
            within: [0.0, 1.0],
            epsilon: None,
            diffusion: Diffusion::Follmer,
            share: 0.0,
            hold: Hold::Slope,
            tolerance: 1e-4,
        }
    }
}

impl SamplingConfig {
    /// The times.
    ///
    /// # Errors
    /// If there are no steps, or the times do not rise from 0 to 1.
    pub fn times(&self) -> Result<TimeGrid, GenerationError> {
        let grid = match &self.grid {
            GridConfig::Uniform => TimeGrid::uniform(self.steps)?,
            GridConfig::Cosine => TimeGrid::cosine(self.steps)?,
            GridConfig::Power(exponent) => TimeGrid::power(self.steps, *exponent)?,
            GridConfig::Times(times) => TimeGrid::new(times.clone())?,
        };
        let [start, end] = self.within;
        Ok(grid.within(start, end)?)
    }

    /// The solver that chooses its steps.
    pub(crate) fn adaptive(&self) -> Adaptive {
        let [start, end] = self.within;
        Adaptive {
            start,
            end,
            most_calls: MOST_CALLS,
            ..Adaptive::new(self.tolerance)
        }
    }

    /// Log-densities of states that are carried back to the base: by adaptive steps unless a method on a
    /// grid is named.
    pub(crate) fn carry_back<V: Velocity<2>>(
        &self,
        likelihood: &Likelihood<V>,
        x1: Tensor<2>,
        keys: &[Key],
        base: impl Fn(Tensor<2>) -> Tensor<1>,
    ) -> Result<Weighed<2>, GenerationError> {
        if let Some(Method::Adaptive) | None = self.method {
            let mut solver = self.adaptive();
            // times run backward
            (solver.start, solver.end) = (1.0 - solver.end, 1.0 - solver.start);
            return Ok(likelihood.log_density(&solver, x1, keys, base)?);
        }
        let solver = self.solver.unwrap_or(Solver::Heun);
        let grid = self.times()?.mirrored();
        Ok(likelihood.log_density(&Sampler { solver, grid }, x1, keys, base)?)
    }
}
