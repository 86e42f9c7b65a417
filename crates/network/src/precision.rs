//! In which numbers a network computes.

use burn::tensor::{FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// The numbers between a network's layers; weights, their gradients and results stay in those of the weights.
///
/// `bf16` halves the memory of activations and uses the matrix units of GPUs, at 8 bits of mantissa (relative error
/// 2^-9 a rounding). Times, their embedding, the norms and the softmax stay in f32, and the optimiser works on f32
/// weights, of which every pass makes a rounded copy. On the CPU it is slower than f32, whose kernels it cannot use: there it
/// shows what a GPU would round.
///
/// ```
/// use foehn_network::{Precision, UNetConfig};
/// let config = UNetConfig { precision: Precision::Bf16, ..UNetConfig::default() };
/// # let device = burn::tensor::Device::flex();
/// # let x = burn::tensor::Tensor::<4>::ones([1, 3, 8, 8], &device);
/// let drift = config.init(3, 1, &device)?.forward(x, burn::tensor::Tensor::zeros([1], &device));
/// assert_eq!(drift.dtype(), burn::tensor::DType::F32);
/// # Ok::<(), foehn_network::NetworkError>(())
/// ```
///
/// # Reference
/// Micikevicius et al. (2018), arXiv:1710.03740 (master weights); Kalamkar et al. (2019), arXiv:1905.12322 (bf16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Those of the weights and the state: single precision, unless both have been made double.
    #[default]
    F32,
    /// Eight bits of mantissa.
    Bf16,
}

impl Precision {
    /// Whether it need not be written: models from before there was a choice stay as they are.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// `x` in the numbers between layers.
    pub(crate) fn inward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 => x,
            Self::Bf16 => x.cast(FloatDType::BF16),
        }
    }
}

/// `x` in the numbers of `like`.
pub(crate) fn cast_as<const D: usize, const E: usize>(x: Tensor<D>, like: &Tensor<E>) -> Tensor<D> {
    x.cast(like.dtype())
}

/// `x` in at least single precision: sums over many numbers lose too much otherwise.
pub(crate) fn widened<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype().into() {
        FloatDType::BF16 | FloatDType::F16 => x.cast(FloatDType::F32),
        _ => x,
    }
}
