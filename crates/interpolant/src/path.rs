//! One declaration of a path for configuration files.

use crate::encoding_decoding::EncodingDecoding;
use crate::follmer::{Follmer, FollmerBeta};
use crate::fourier::Fourier;
use crate::gamma::Gamma;
use crate::horizon::Horizon;
use crate::linear::Linear;
use crate::mirror::Mirror;
use crate::one_sided::OneSided;
use crate::schedule::{Schedule, ScheduleError};
use crate::sub_variance_preserving::SubVariancePreserving;
use crate::trigonometric::{Scaling, Trigonometric};
use crate::variance_exploding::VarianceExploding;
use crate::variance_preserving::VariancePreserving;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The whole of (alpha, beta, gamma); everything else follows from it.
///
/// In TOML, for example
/// ```toml
/// path = { kind = "linear", gamma = { brownian_bridge = { a = 1.0 } } }
/// path = { kind = "trigonometric", gamma = "quadratic", scaling = "unit_variance" }
/// path = { kind = "variance_preserving", horizon = "infinite" }
/// path = { kind = "follmer", beta = "quadratic", epsilon = 0.7 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Path {
    /// [`Linear`].
    Linear {
        /// Amplitude of the latent noise.
        gamma: Gamma,
    },
    /// [`Trigonometric`].
    Trigonometric {
        /// Amplitude of the latent noise.
        gamma: Gamma,
        /// Whether the weights make room for the noise.
        #[serde(default)]
        scaling: Scaling,
    },
    /// [`EncodingDecoding`].
    EncodingDecoding {},
    /// [`OneSided`].
    OneSided {
        /// The path whose alpha and beta are taken.
        sides: Box<Path>,
    },
    /// [`Mirror`].
    Mirror {
        /// Amplitude of the latent noise.
        gamma: Gamma,
    },
    /// [`VariancePreserving`].
    VariancePreserving {
        /// How long the diffusion runs.
        #[serde(default)]
        horizon: Horizon,
    },
    /// [`SubVariancePreserving`].
    SubVariancePreserving {
        /// How long the diffusion runs.
        #[serde(default)]
        horizon: Horizon,
    },
    /// [`VarianceExploding`].
    VarianceExploding {
        /// The noise level at the start.
        sigma_max: f64,
        /// Exponent of `1 - t`.
        #[serde(default = "one")]
        power: f64,
    },
    /// [`Follmer`].
    Follmer {
        /// How the target enters.
        beta: FollmerBeta,
        /// Noise amplitude at the start.
        epsilon: f64,
    },
    /// [`Fourier`].
    Fourier(Fourier),
}

fn one() -> f64 {
    1.0
}

impl Path {
    /// The schedule declared.
    ///
    /// # Errors
    /// If a parameter has a value it may not have.
    pub fn schedule(&self) -> Result<Arc<dyn Schedule + Send + Sync>, ScheduleError> {
        Ok(match self {
            Self::Linear { gamma } => Arc::new(Linear {
                gamma: gamma.checked()?,
            }),
            Self::Trigonometric { gamma, scaling } => {
                Arc::new(Trigonometric::new(*gamma, *scaling)?)
            }
            Self::EncodingDecoding {} => Arc::new(EncodingDecoding),
            Self::OneSided { sides } => Arc::new(OneSided::new(sides.schedule()?)?),
            Self::Mirror { gamma } => Arc::new(Mirror {
                gamma: gamma.checked()?,
            }),
            Self::VariancePreserving { horizon } => Arc::new(VariancePreserving::new(*horizon)?),
            Self::SubVariancePreserving { horizon } => {
                Arc::new(SubVariancePreserving::new(*horizon)?)
            }
            Self::VarianceExploding { sigma_max, power } => {
                Arc::new(VarianceExploding::new(*sigma_max, *power)?)
            }
            Self::Follmer { beta, epsilon } => Arc::new(Follmer::new(*beta, *epsilon)?),
            Self::Fourier(fourier) => Arc::new(fourier.clone().checked()?),
        })
    }
}
