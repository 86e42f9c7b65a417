//! The networks that restore.

use foehn_network::{Architecture, TransformerConfig, UNetConfig};
use serde::{Deserialize, Serialize};

/// `[network]`: `[network.unet]` or `[network.transformer]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NetworkConfig {
    /// Convolutions at several resolutions.
    Unet(UNetConfig),
    /// Patches that attend to each other.
    Transformer(TransformerConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self::Unet(UNetConfig::default())
    }
}

impl NetworkConfig {
    /// The network with its channels.
    pub fn architecture(&self, inputs: usize, outputs: usize) -> Architecture {
        match self.clone() {
            Self::Unet(config) => Architecture::UNet {
                config,
                inputs,
                outputs,
            },
            Self::Transformer(config) => Architecture::Transformer {
                config,
                inputs,
                outputs,
            },
        }
    }
}
<<<<<<< HEAD
=======

/// A network that maps pictures to pictures.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a program holds a few of them")]
pub enum Restorer {
    /// Convolutions at several resolutions.
    Unet(UNet),
    /// Patches that attend to each other.
    Transformer(Transformer),
}

impl Restorer {
    /// A network with fresh weights.
    ///
    /// # Errors
    /// If the configuration is impossible.
    pub fn new(architecture: &Architecture, device: &Device) -> Result<Self, NetworkError> {
        match architecture {
            Architecture::Transformer { .. } => {
                architecture.transformer(device).map(Self::Transformer)
            }
            _ => architecture.unet(device).map(Self::Unet),
        }
    }

    /// # Shapes
    /// `x` [B, inputs, H, W] and `t` `[B]` to [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward(x, t),
            Self::Transformer(network) => network.forward(x, t),
        }
    }
}
>>>>>>> res7
