//! What carries a start to the observations' law, and where it starts.

use super::carrier::Origin;
use super::interpolant::InterpolantConfig;
use anyhow::Result;
use foehn_generation::{CouplingConfig, GenerationConfig, Law, Sizes, Starts};
use foehn_interpolant::{FollmerBeta, Gamma, Path, Scaling};
use serde::{Deserialize, Serialize};

/// Where a post-processing interpolant starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowStarts {
    /// At any level of the base law, or for a Föllmer process at its middle: members of any number, ordered afterwards.
    #[default]
    Base,
    /// At the raw members, `(x_i - mean)/s`: a flow keeps their dependence and what is uneven among them; draws of an SDE or
    /// Föllmer process are values of one place and time, to be ordered as the raw members are (ECC). A flow or SDE knows the ensemble's statistics alone (the marginal transport of its members), a Föllmer process sees its member.
    Members,
    /// At the mean of the raw members, `Phi^-1(F(mean))`; for a Föllmer process, which alone can spread from a point.
    Mean,
}

/// What carries a start to the observations' law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowDynamics {
    /// The probability flow of the trigonometric path: no noise.
    #[default]
    Flow,
    /// The SDE of the same law, `dX = (b + e s) dt + sqrt(2e) dW`: from the base law `e = 1 - t`, from members over a
    /// path with latent noise `gamma = sqrt(t (1 - t))`, `e = gamma`.
    Sde,
    /// The Föllmer process from a point that the network sees, over the path `beta = t`, with `g_F`.
    Follmer,
}

impl FlowStarts {
    /// Whether there is a start: members or their mean need a member.
    pub(crate) fn has(self, origin: &Origin) -> bool {
        self == Self::Base || !origin.members.is_empty()
    }
}

impl InterpolantConfig {
    /// That what starts can spread.
    ///
    /// # Errors
    /// A flow or an SDE from a point.
    pub(crate) fn check_dynamics(&self) -> Result<(), String> {
        if self.starts == FlowStarts::Mean && self.dynamics != FlowDynamics::Follmer {
            return Err(
                "starts = \"mean\": a flow cannot spread from a point, and an SDE is settled in its first instant out of \
                 one; give dynamics = \"follmer\""
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Path, coupling and network for so many conditions.
    ///
    /// # Errors
    /// If the network is impossible.
    pub(crate) fn law(&self, condition: usize) -> Result<Law> {
        let (coupling, starts) = match self.starts {
            FlowStarts::Base => (CouplingConfig::Independent, Starts::Base),
            FlowStarts::Members | FlowStarts::Mean => (CouplingConfig::Given, Starts::Rows),
        };
        let trigonometric = |gamma: Gamma| Path::Trigonometric {
            gamma,
            scaling: Scaling::default(),
        };
        let interpolant = match (self.dynamics, self.starts) {
            (FlowDynamics::Follmer, _) => Path::Follmer {
                beta: FollmerBeta::Linear,
                epsilon: 1.0,
            },
            (FlowDynamics::Sde, FlowStarts::Members) => {
                trigonometric(Gamma::BrownianBridge { a: 1.0 })
            }
            _ => trigonometric(Gamma::Zero),
        };
        let config = GenerationConfig {
            interpolant,
            coupling,
            network: self.networks().mlp(8),
            ..GenerationConfig::default()
        };
        let sizes = Sizes {
            state: 1,
            condition,
            starts,
        };
        Ok(Law::new(&config, sizes)?)
    }
}
