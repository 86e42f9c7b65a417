//! The networks that restore.

use foehn_network::{Architecture, Padding, TransformerConfig, UNetConfig};
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
    /// Classes that it is told.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Unet(config) => config.classes,
            Self::Transformer(config) => config.classes,
        }
    }

    /// Whether it goes on beyond an edge at the opposite one, along y and along x.
    pub fn periodic(&self) -> [bool; 2] {
        match self {
            Self::Unet(config) => {
                [config.padding.y, config.padding.x].map(|padding| padding == Padding::Periodic)
            }
            Self::Transformer(_) => [false; 2],
        }
    }

    /// The network with its channels, told so many classes.
    pub fn architecture(
        &self,
        inputs: usize,
        outputs: usize,
        classes: Option<usize>,
    ) -> Architecture {
        match self.clone() {
            Self::Unet(config) => Architecture::UNet {
                config: UNetConfig { classes, ..config },
                inputs,
                outputs,
            },
            Self::Transformer(config) => Architecture::Transformer {
                config: TransformerConfig { classes, ..config },
                inputs,
                outputs,
            },
        }
    }
}
