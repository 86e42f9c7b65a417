//! Maximum likelihood through the flow.

use crate::error::GenerationError;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Divergence, Dynamics, Probes, Sampler, Solver, TimeGrid, standard_normal_log_density,
};
use foehn_network::{Architecture, Mlp, MlpConfig};
use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// A flow from N(0, Id) that is trained by maximum likelihood, as it stands in a configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaximumLikelihoodConfig {
    /// The velocity. Its fastest time feature has 100 radians per unit of time, more than a few steps can
    /// follow: two features, which are slow ones, by default.
    pub network: MlpConfig,
    /// Equal steps of the solve through which the gradient goes; memory grows with them.
    pub steps: usize,
    /// Their method.
    pub solver: Solver,
    /// How the divergence is found while training. Random probes are held during a solve and drawn anew
    /// for the next.
    pub divergence: Divergence,
}

impl Default for MaximumLikelihoodConfig {
    fn default() -> Self {
        Self {
            network: MlpConfig {
                time_features: 2,
                ..MlpConfig::default()
            },
            steps: 8,
            solver: Solver::Rk4,
            divergence: Divergence::Exact,
        }
    }
}

/// The loss `-E log p(x1)`, `log p(x1) = log N(x(0); 0, Id) - int_0^1 div b(t, x(t)) dt` along
/// `dx/dt = b(t, x)`, `x(1) = x1`: a baseline for low dimension.
///
/// Its gradient is that of the discretised solve, to rounding; the divergence is carried forward through
/// the network ([`Mlp::push_forward`]), so one backward pass gives it. Regression on an interpolant
/// ([`Law`](crate::Law)) solves no equation while training and costs a small part of this.
///
/// # Reference
/// Grathwohl, Chen, Bettencourt, Sutskever, Duvenaud 2019, arXiv:1810.01367; their gradient is that of the
/// adjoint equation instead.
#[derive(Clone, Debug)]
pub struct MaximumLikelihood {
    config: MaximumLikelihoodConfig,
    sampler: Sampler,
    state: usize,
    condition: usize,
}

impl MaximumLikelihood {
    /// The loss for states of `state` numbers given `condition` numbers, 0 for none.
    ///
    /// # Errors
    /// If there are no steps.
    pub fn new(
        config: &MaximumLikelihoodConfig,
        state: usize,
        condition: usize,
    ) -> Result<Self, GenerationError> {
        let sampler = Sampler {
            solver: config.solver,
            grid: TimeGrid::uniform(config.steps)?,
        };
        Ok(Self {
            config: config.clone(),
            sampler,
            state,
            condition,
        })
    }

    /// The network of the velocity.
    pub fn architecture(&self) -> Architecture {
        Architecture::Mlp {
            config: self.config.network.clone(),
            inputs: self.state + self.condition,
            outputs: self.state,
        }
    }

    /// The numbers of a state.
    pub fn state(&self) -> usize {
        self.state
    }

    /// `log p(x1)`, nats, of the discretised solve; differentiable in the weights and in `x1`.
    ///
    /// # Shapes
    /// `x1`: [B, d]; `condition`: [B, c] where there is one; `keys`: (B), which name random probes (none
    /// for [`Divergence::Exact`]). Result: (B).
    ///
    /// # Errors
    /// If a table has another number of columns than declared, or there are no probes, or no keys for them.
    pub fn log_densities(
        &self,
        network: &Mlp,
        x1: Tensor<2>,
        condition: Option<Tensor<2>>,
        keys: &[Key],
    ) -> Result<Tensor<1>, GenerationError> {
        self.refuse_sizes(&x1, condition.as_ref(), keys)?;
        let [batch, d] = x1.dims();
        let carried = Carried {
            network,
            probes: self.config.divergence.probes(keys, &x1, 0),
            condition,
        };
        let zero = Tensor::zeros([batch, 1], (&x1.device(), x1.dtype()));
        let end = self
            .sampler
            .solve(&carried, Tensor::cat(vec![x1, zero], 1))?;
        let x0 = end.x.clone().slice([0..batch, 0..d]);
        let integral = end.x.slice([0..batch, d..d + 1]).reshape([batch]);
        Ok(standard_normal_log_density(x0) - integral)
    }

    /// `-log p(x1)`, nats a sample, averaged over the batch.
    ///
    /// # Shapes
    /// As [`MaximumLikelihood::log_densities`]; result: (1).
    ///
    /// # Errors
    /// As [`MaximumLikelihood::log_densities`].
    pub fn loss(
        &self,
        network: &Mlp,
        x1: Tensor<2>,
        condition: Option<Tensor<2>>,
        keys: &[Key],
    ) -> Result<Tensor<1>, GenerationError> {
        let log = self.log_densities(network, x1, condition, keys)?;
        Ok(log.mean().neg())
    }

    fn refuse_sizes(
        &self,
        x1: &Tensor<2>,
        condition: Option<&Tensor<2>>,
        keys: &[Key],
    ) -> Result<(), GenerationError> {
        let columns = |table: &Tensor<2>| table.dims()[1];
        for (what, found, needed) in [
            ("the table of states", columns(x1), self.state),
            (
                "the table of conditions",
                condition.map_or(0, columns),
                self.condition,
            ),
        ] {
            if found != needed {
                let of = "columns";
                return Err(GenerationError::Size {
                    what,
                    of,
                    found,
                    needed,
                });
            }
        }
        Ok(self.config.divergence.check(x1.dims()[0], keys.len())?)
    }
}

/// `d(x, l) = (-b, div b) ds` in `s = 1 - t`.
struct Carried<'a> {
    network: &'a Mlp,
    probes: Probes<2>,
    condition: Option<Tensor<2>>,
}

impl Dynamics<2> for Carried<'_> {
    fn drift(&self, s: f64, state: Tensor<2>) -> Tensor<2> {
        let [batch, width] = state.dims();
        let x = state.slice([0..batch, 0..width - 1]);
        let beside = |x: &Tensor<2>, still: Option<Tensor<2>>| {
            let mut parts = vec![x.clone()];
            parts.extend(still);
            Tensor::cat(parts, 1)
        };
        let t = times(1.0 - s, &x);
        let still = || self.condition.as_ref().map(Tensor::zeros_like);
        let vectors = self.probes.vectors();
        let tangents: Vec<_> = vectors.iter().map(|v| beside(v, still())).collect();
        let inputs = beside(&x, self.condition.clone());
        let (b, products) = self.network.push_forward(inputs, t, &tangents);
        let terms = products
            .into_iter()
            .zip(vectors)
            .map(|(p, v)| p * v.clone());
        let sum = terms.reduce(|a, b| a + b).unwrap_or_else(|| b.zeros_like());
        Tensor::cat(vec![b.neg(), sum.sum_dim(1) * self.probes.weight()], 1)
    }

    fn diffusion(&self, _t: f64) -> f64 {
        0.0
    }
}

/// `t` for every sample, in the precision of `x`.
pub(crate) fn times(t: f64, x: &Tensor<2>) -> Tensor<1> {
    Tensor::full([x.dims()[0]], t, (&x.device(), x.dtype()))
}
