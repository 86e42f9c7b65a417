//! 1x1 convolution.

use crate::kernel::Inputs;
use crate::precision::cast_as;
use crate::weights;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// y(o, i, j) = b(o) + sum over c of w(o, c) x(c, i, j).
#[derive(Module, Debug)]
pub(crate) struct Pointwise {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Pointwise {
    /// Drawn weights.
    pub(crate) fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: weights::uniform([outputs, inputs], inputs, device),
            bias: weights::constant([outputs], 0.0, device),
        }
    }

    /// Zero weights.
    pub(crate) fn zero(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: weights::constant([outputs, inputs], 0.0, device),
            bias: weights::constant([outputs], 0.0, device),
        }
    }

    /// `inputs` with the weights and the bias.
    pub(crate) fn with(&self, inputs: Inputs) -> Inputs {
        inputs.and(self.weight.val()).and(self.bias.val())
    }

    pub(crate) fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// # Shapes
    /// [B, tokens, in] to [B, tokens, out].
    pub(crate) fn of_tokens(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = cast_as(self.weight.val(), &x).transpose().unsqueeze::<3>();
        let bias = cast_as(self.bias.val(), &x).reshape([1, 1, -1]);
        x.matmul(weight) + bias
    }

    /// # Shapes
    /// [B, in, H, W] to [B, out, H, W].
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let weight = cast_as(self.weight.val(), &x).unsqueeze::<3>();
        let bias = cast_as(self.bias.val(), &x).reshape([1, -1, 1]);
        let y = weight.matmul(x.reshape([b, c, h * w])) + bias;
        let outputs = y.dims()[1];
        y.reshape([b, outputs, h, w])
    }
}
