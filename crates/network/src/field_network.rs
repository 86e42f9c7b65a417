//! A network of either kind for fields.

use crate::{Architecture, Classes, NetworkError, Transformer, UNet};
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
    /// The drift at `x` and `t`, no class told.
    ///
    /// # Shapes
    /// `x` [B, inputs, H, W], the state and its conditions side by side, and `t` `[B]` in [0, 1], to
    /// [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        self.forward_given(x, t, None)
    }

    /// As [`FieldNet::forward`], given the classes of the samples; a network without classes does not see them.
    ///
    /// # Shapes
    /// As there; `classes` (B).
    pub fn forward_given(
        &self,
        x: Tensor<4>,
        t: Tensor<1>,
        classes: Option<&Classes>,
    ) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward_given(x, t, classes),
            Self::Transformer(network) => network.forward_given(x, t, classes),
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
