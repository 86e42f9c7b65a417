//! A network of either kind for fields.

use crate::{Architecture, NetworkError, Transformer, UNet};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// A network that maps fields to fields.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a program holds a few of them")]
pub enum FieldNet {
    /// Convolutions at several resolutions.
    Unet(UNet),
    /// Attention between patches.
    Transformer(Transformer),
}

impl FieldNet {
    /// The drift at `x` and `t`.
    ///
    /// # Shapes
    /// `x` [B, inputs, H, W], the state and its conditions side by side, and `t` `[B]` in [0, 1], to
    /// [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward(x, t),
            Self::Transformer(network) => network.forward(x, t),
        }
    }
}

impl Architecture {
    /// The network for fields, of whichever kind.
    ///
    /// # Errors
    /// If this is one for a few numbers, or the configuration is impossible.
    pub fn field_net(&self, device: &Device) -> Result<FieldNet, NetworkError> {
        match self {
            Self::UNet { .. } => self.unet(device).map(FieldNet::Unet),
            Self::Transformer {
                config,
                inputs,
                outputs,
            } => config
                .init(*inputs, *outputs, device)
                .map(FieldNet::Transformer),
            Self::Mlp { .. } => Err(NetworkError::Kind {
                found: "mlp",
                wanted: "unet or transformer",
            }),
        }
    }
}
