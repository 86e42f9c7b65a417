//! A solver walked along a time grid.

use crate::dynamics::Dynamics;
use crate::grid::TimeGrid;
use crate::noise::Noise;
use crate::solver::{Interval, Solver};
use burn::tensor::Tensor;

/// Solves an equation from t = 0 to t = 1.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// The one-step method.
    pub solver: Solver,
    /// The times.
    pub grid: TimeGrid,
}

/// What a solve returns.
///
/// # Shapes
/// `x`: [B, ...].
#[derive(Clone, Debug)]
pub struct Samples<const D: usize> {
    /// `X_1`.
    pub x: Tensor<D>,
    /// Calls to the drift, each on the whole batch.
    pub calls: usize,
}

/// What the last step does with its noise.
///
/// Dropping it is harmless for `g = sigma`, where it has variance `epsilon^2 h^3`, and costs orders of
/// magnitude for `g_F`, where it has about `2 epsilon^2 h^2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastNoise {
    /// The step is like any other.
    Kept,
    /// The step returns its mean.
    Mean,
}

/// Why a solve was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// The Euler or Heun flow out of a point.
    #[error(
        "the {solver:?} flow from a point does not converge: its spread is wrong by a factor 2/sqrt(pi) \
         however small the step; sample with a diffusion (sigma or follmer) or with exponential steps"
    )]
    FlowFromPoint {
        /// The method asked for.
        solver: Solver,
    },
}

impl Sampler {
    /// `X_1` from `x0`, drawing one set of noise a step.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    ///
    /// # Errors
    /// If the dynamics are a flow that starts from a point: see [`SampleError::FlowFromPoint`].
    pub fn sample<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Result<Samples<D>, SampleError> {
        self.sample_with(dynamics, x0, noise, LastNoise::Kept)
    }

    /// As [`Sampler::sample`], with a choice for the noise of the last step.
    ///
    /// # Errors
    /// As [`Sampler::sample`].
    pub fn sample_with<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
        last: LastNoise,
    ) -> Result<Samples<D>, SampleError> {
        if dynamics.starts_from_point() {
            let solver = self.solver;
            return Err(SampleError::FlowFromPoint { solver });
        }
        Ok(self.walk(dynamics, x0, noise, last))
    }

    /// The Euler or Heun flow from a point, which does **not** converge to the law: offered so that its
    /// bias can be shown.
    ///
    /// # Shapes
    /// `x0`: [B, ...].
    pub fn sample_biased_point_flow<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
    ) -> Samples<D> {
        self.walk(dynamics, x0, noise, LastNoise::Kept)
    }

    fn walk<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        x0: Tensor<D>,
        noise: &mut impl Noise<D>,
        last: LastNoise,
    ) -> Samples<D> {
        let mut x = x0;
        let mut calls = 0;
        let final_step = self.grid.steps() - 1;
        for (step, ends) in self.grid.times().windows(2).enumerate() {
            let (t, u) = (ends[0], ends[1]);
            let silent = (dynamics.diffusion(t) == 0.0 && dynamics.diffusion(u) == 0.0)
                || (step == final_step && last == LastNoise::Mean);
            let xi = (!silent).then(|| noise.draw(step, &x));
            let (next, spent) = self
                .solver
                .step(dynamics, Interval { t, u }, x, xi.as_ref());
            x = next;
            calls += spent;
        }
        Samples { x, calls }
    }
}
