//! How the next state is sampled.

use crate::error::ForecastError;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Diffusion, Drift, ExponentialSde, FollmerProcess, GridError, Noise, Sampler, Samples, Solver,
    TimeGrid,
};
use serde::{Deserialize, Serialize};

/// Diffusion, method and steps of a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Amplitude of the noise along the path.
    pub diffusion: Diffusion,
    /// One-step method.
    pub solver: Method,
    /// Steps from one state to the next.
    pub steps: usize,
    /// How they divide interpolation time.
    #[serde(skip_serializing_if = "Spacing::is_uniform")]
    pub spacing: Spacing,
    /// Factor on every draw of noise; 1 samples the learnt law, more makes up for spread that a network
    /// fitted to few data lacks. Where none is given, a run takes the factor that was tuned on its
    /// validation data, or 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inflation: Option<f64>,
}

/// A step of the equation out of a known state; those of [`Solver`] that have noise, and the exponential one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// [`Solver::EulerMaruyama`]: one call of the network.
    EulerMaruyama,
    /// [`Solver::StochasticHeun`]: two calls.
    StochasticHeun,
    /// [`Solver::Sra1`]: two calls.
    Sra1,
    /// [`ExponentialSde`]: one call; the only one for a flow ([`Diffusion::Zero`]).
    Exponential,
}

/// The times of the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Spacing {
    /// Equal steps.
    #[default]
    Uniform,
    /// Short steps near both ends: [`TimeGrid::cosine`].
    Cosine,
    /// `(i / n)^p`, short steps near 0 for `p > 1`: [`TimeGrid::power`].
    Power(f64),
}

/// What compared best, of as many calls, on trained models of turbulence and of pressure (`foehn samplers`); with an exact
/// drift [`Diffusion::Follmer`] is nearer to the law.
impl Default for Sampling {
    fn default() -> Self {
        Self {
            diffusion: Diffusion::Sigma,
            solver: Method::EulerMaruyama,
            steps: 10,
            spacing: Spacing::Uniform,
            inflation: None,
        }
    }
}

impl Spacing {
    fn is_uniform(&self) -> bool {
        *self == Self::Uniform
    }

    /// The grid of `n` steps.
    ///
    /// # Errors
    /// If there are no steps, or times coincide.
    pub fn grid(self, n: usize) -> Result<TimeGrid, GridError> {
        match self {
            Self::Uniform => TimeGrid::uniform(n),
            Self::Cosine => TimeGrid::cosine(n),
            Self::Power(exponent) => TimeGrid::power(n, exponent),
        }
    }
}

impl Sampling {
    /// States at the end of the path of `process`, whose diffusion should be this one's.
    ///
    /// # Shapes
    /// [B, C, ny, nx], as the start of the process.
    ///
    /// # Errors
    /// If there are no steps, or the method is none for the diffusion.
    pub fn sample<F: Drift<4>>(
        &self,
        process: &FollmerProcess<F, 4>,
        noise: &mut impl Noise<4>,
    ) -> Result<Samples<4>, ForecastError> {
        let grid = self.spacing.grid(self.steps)?;
        let by = |solver, noise: &mut _| {
            let x0: Tensor<4> = process.x0().clone();
            let grid = grid.clone();
            Sampler { solver, grid }.sample(process, x0, noise)
        };
        Ok(match self.solver {
            Method::EulerMaruyama => by(Solver::EulerMaruyama, noise)?,
            Method::StochasticHeun => by(Solver::StochasticHeun, noise)?,
            Method::Sra1 => by(Solver::Sra1, noise)?,
            Method::Exponential => ExponentialSde { grid }.sample(process, noise)?,
        })
    }

    /// Calls of the network from one state to the next.
    pub fn calls(&self) -> usize {
        match self.solver {
            Method::EulerMaruyama | Method::Exponential => self.steps,
            Method::StochasticHeun | Method::Sra1 => 2 * self.steps,
        }
    }
}
