//! How an operation is written for the processor at hand.

use burn::tensor::{DType, Device, Tensor};

/// One operation, two ways to run it; the results agree up to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Formulation {
    /// As an operation of `foehn_kernel`, fields being [B, H, W, C]: on the CPU, in single precision.
    Kernels,
    /// As the backend's own operations, fields being [B, C, H, W].
    Native,
}

impl Formulation {
    /// The fast one for the device and the numbers of `x`.
    pub(crate) fn of<const D: usize>(x: &Tensor<D>) -> Self {
        if x.device() == Device::flex() && x.dtype() == DType::F32 {
            Self::Kernels
        } else {
            Self::Native
        }
    }

    /// [B, C, H, W] to the order of axes within the network.
    pub(crate) fn inward(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Kernels => x.permute([0, 2, 3, 1]),
            Self::Native => x,
        }
    }

    /// The inverse.
    pub(crate) fn outward(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Kernels => x.permute([0, 3, 1, 2]),
            Self::Native => x,
        }
    }
}
