//! A flow that was trained by maximum likelihood: samples and densities.

use crate::error::GenerationError;
use crate::maximum_likelihood::{MaximumLikelihood, times};
use crate::model::{START, Starting};
use crate::sampling::{Method, SamplingConfig};
use burn::tensor::{Device, Tensor};
use foehn_dynamics::{
    Divergence, Likelihood, ProbabilityFlow, Sampler, Samples, Solver, Velocity, Weighed,
    standard_normal_log_density,
};
use foehn_interpolant::normals;
use foehn_network::Mlp;
use foehn_noise::Key;

/// A continuous normalizing flow `dx/dt = b(t, x)` from N(0, Id), with its weights, in scaled units.
///
/// Between its ends it follows no interpolant: there is no score, hence no SDE, only the flow.
#[derive(Clone)]
pub struct NormalizingFlow {
    /// How it was trained.
    pub likelihood: MaximumLikelihood,
    /// The weights of the velocity.
    pub network: Mlp,
}

impl NormalizingFlow {
    /// Samples of x1, one a key, by the flow on a grid or, if asked for, by adaptive steps.
    ///
    /// # Shapes
    /// `from.x0`: none; result: [B, d].
    ///
    /// # Errors
    /// If starts are given or a method is asked for that needs a score.
    pub fn sample(
        &self,
        how: &SamplingConfig,
        from: Starting,
        device: &Device,
    ) -> Result<Samples<2>, GenerationError> {
        refuse(how, &from)?;
        let keys: Vec<Key> = from.keys.iter().map(|key| key.step(START)).collect();
        let like = Tensor::zeros([keys.len(), self.likelihood.state()], device);
        let x0 = normals(&keys, &like);
        let flow = ProbabilityFlow {
            velocity: self.velocity(from.condition),
        };
        if how.method == Some(Method::Adaptive) {
            return Ok(how.adaptive().solve(&flow, x0)?);
        }
        let solver = how.solver.unwrap_or(Solver::Heun);
        let grid = how.times()?;
        Ok(Sampler { solver, grid }.solve(&flow, x0)?)
    }

    /// The log-density of given states, nats per scaled unit; by adaptive steps unless `how` names the
    /// flow on a grid.
    ///
    /// # Shapes
    /// `x1`: [B, d]; `from.x0`: none; `from.keys`: one a sample for random probes.
    ///
    /// # Errors
    /// As [`NormalizingFlow::sample`].
    pub fn log_density(
        &self,
        how: &SamplingConfig,
        divergence: Divergence,
        x1: Tensor<2>,
        from: Starting,
    ) -> Result<Weighed<2>, GenerationError> {
        refuse(how, &from)?;
        let likelihood = Likelihood {
            velocity: self.velocity(from.condition),
            divergence,
        };
        how.carry_back(&likelihood, x1, &from.keys, standard_normal_log_density)
    }

    /// `b` given a condition.
    ///
    /// # Shapes
    /// `condition`: [B, c] where there is one.
    pub fn velocity(&self, condition: Option<Tensor<2>>) -> impl Velocity<2> + '_ {
        move |t: f64, x: Tensor<2>| {
            let t = times(t, &x);
            let mut inputs = vec![x];
            inputs.extend(condition.clone());
            self.network.forward(Tensor::cat(inputs, 1), t)
        }
    }
}

fn refuse(how: &SamplingConfig, from: &Starting) -> Result<(), GenerationError> {
    if let Some(method @ (Method::Sde | Method::Exponential)) = how.method {
        return Err(GenerationError::Mismatch(format!(
            "method = {method:?}: a flow that was trained by maximum likelihood has no score; sample with flow or \
             adaptive"
        )));
    }
    if from.x0.is_some() {
        return Err(GenerationError::Mismatch(
            "a flow that was trained by maximum likelihood starts from Gaussian noise: leave out the starts"
                .into(),
        ));
    }
    Ok(())
}
