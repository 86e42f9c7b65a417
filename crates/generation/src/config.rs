//! The declaration of a model: path, coupling, what is learnt, and when.

use foehn_interpolant::{Gamma, MinibatchTransport, Path, Sinkhorn, Target, TimeLaw};
use foehn_network::MlpConfig;
use serde::{Deserialize, Serialize};

/// How the pairs (x0, x1) are drawn, as it stands in a configuration file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CouplingConfig {
    /// x0 knows nothing of x1: Gaussian noise, or a random row of the starts where there are any.
    #[default]
    Independent,
    /// Row i of the starts belongs to row i of the data.
    Given,
    /// x0 = x1, for a mirror path.
    Mirror,
    /// As independent, then re-ordered within the batch for least `sum |x1 - x0|^2`.
    Transport,
    /// As transport, but drawn from the plan of entropic transport.
    Sinkhorn(Sinkhorn),
}

impl CouplingConfig {
    /// The way to re-order a batch, if it is re-ordered.
    pub(crate) fn transport(self) -> Option<MinibatchTransport> {
        match self {
            Self::Transport => Some(MinibatchTransport::Exact),
            Self::Sinkhorn(sinkhorn) => Some(MinibatchTransport::Entropic(sinkhorn)),
            Self::Independent | Self::Given | Self::Mirror => None,
        }
    }

    /// Whether x0 is independent of x1.
    pub(crate) fn is_independent(self) -> bool {
        self == Self::Independent
    }
}

/// Everything that decides what the weights of a model mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// The path.
    pub interpolant: Path,
    /// How its ends are paired.
    pub coupling: CouplingConfig,
    /// Weight of `|c_i - c_j|^2` in the cost of a transport between rows with conditions c; large
    /// enough, rows of different conditions are not exchanged.
    pub condition_weight: f64,
    /// Whether the network sees x0, as it always does on a Föllmer path. Without it the pairing of given
    /// pairs is lost in general. On other paths only without latent noise, where a sample is a function
    /// of its start: right where x1 is one of x0.
    pub sees_start: bool,
    /// What is learnt, one prediction each; by default what suits the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Target>>,
    /// The law of training times.
    pub time: TimeLaw,
    /// The network.
    pub network: MlpConfig,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            interpolant: Path::Linear { gamma: Gamma::Zero },
            coupling: CouplingConfig::Independent,
            condition_weight: 1.0,
            sees_start: false,
            targets: None,
            time: TimeLaw::Uniform,
            network: MlpConfig::default(),
        }
    }
}
