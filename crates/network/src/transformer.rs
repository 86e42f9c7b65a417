//! The transformer.

use crate::attention::attend;
use crate::formulation::Formulation;
use crate::kernel::{Inputs, run};
use crate::norm::layer_norm;
use crate::pointwise::Pointwise;
use crate::time::TimeEmbedding;
use crate::{Classes, Paddings, Precision, TransformerConfig, patch, position, weights};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::gelu_approximate;
use burn::tensor::{Device, Tensor};
use foehn_kernel::{TokenAttention, TokenPerceptron};
use std::sync::Arc;

/// A field and a time to a field of the same size, by attention between patches of cells.
///
/// Every patch becomes a token, to which where it lies is added; blocks of attention and perceptron follow, whose norms are
/// scaled, shifted and gated by the embedded time; the tokens become patches again. Fields may have any size:
/// where patches do not fit, an axis is continued with its own padding and cropped again. The cost of attention grows
/// with the square of the number of patches.
///
/// Rows of a batch do not see each other.
///
/// # Reference
/// Peebles and Xie (2022), arXiv:2212.09748, with blocks gated from zero; for interpolants Ma et al. (2024),
/// arXiv:2401.08740.
#[derive(Module, Debug)]
pub struct Transformer {
    time: TimeEmbedding,
    input: Pointwise,
    blocks: Vec<TokenBlock>,
    modulation: Linear,
    output: Pointwise,
    patch: usize,
    #[module(skip)]
    padding: Paddings,
    #[module(skip)]
    precision: Precision,
}

impl Transformer {
    /// The network of a configuration that has been checked.
    pub(crate) fn new(
        config: &TransformerConfig,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Self {
        let (width, cells) = (config.width, config.patch * config.patch);
        Self {
            time: TimeEmbedding::new(config.time_embedding, config.classes, device),
            input: Pointwise::new(inputs * cells, width, device),
            blocks: (0..config.depth)
                .map(|_| TokenBlock::new(config, device))
                .collect(),
            modulation: weights::zero_linear(config.time_embedding, 2 * width, device),
            output: Pointwise::zero(width, outputs * cells, device),
            patch: config.patch,
            padding: config.padding,
            precision: config.precision,
        }
    }

    /// The drift at `x` and `t`, no class told.
    ///
    /// # Shapes
    /// `x` [B, inputs, H, W], the state and its conditions side by side, and `t` `[B]` in [0, 1], to
    /// [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        self.forward_given(x, t, None)
    }

    /// As [`Transformer::forward`], given the classes of the samples; a network without classes does not see them.
    ///
    /// # Shapes
    /// As there; `classes` (B).
    pub fn forward_given(
        &self,
        x: Tensor<4>,
        t: Tensor<1>,
        classes: Option<&Classes>,
    ) -> Tensor<4> {
        let ([_, _, h, w], kind) = (x.dims(), x.dtype());
        let embedding = self.time.forward(t, classes);
        let x = patch::folded(self.precision.inward(x), self.patch, self.padding);
        let formulation = Formulation::of(&x);
        let [b, c, rows, columns] = x.dims();
        let x = x.permute([0, 2, 3, 1]).reshape([b, rows * columns, c]);
        let x = self.input.of_tokens(x);
        let places = position::features([rows, columns], x.dims()[2], &x.device());
        let x = x.clone() + places.cast(x.dtype()).unsqueeze();
        let grid = [rows, columns];
        let x = self.blocks.iter().fold(x, |x, block| {
            block.forward(x, grid, embedding.clone(), formulation)
        });
        let [scale, shift] = split(&self.modulation.forward(embedding));
        let y = self.output.of_tokens(layer_norm(x, scale, shift));
        let y = y.reshape([b, rows, columns, self.output.outputs()]);
        let y = patch::unfolded(y.permute([0, 3, 1, 2]), self.patch, h, w);
        y.cast(kind)
    }
}

/// The parts of [B, N width].
fn split<const N: usize>(x: &Tensor<2>) -> [Tensor<2>; N] {
    let width = x.dims()[1] / N;
    std::array::from_fn(|i| x.clone().narrow(1, i * width, width))
}

/// Attention, then a perceptron of every token, each added through a gate that is zero at first.
#[derive(Module, Debug)]
struct TokenBlock {
    modulation: Linear,
    inward: Pointwise,
    outward: Pointwise,
    rise: Pointwise,
    fall: Pointwise,
    heads: usize,
}

impl TokenBlock {
    fn new(config: &TransformerConfig, device: &Device) -> Self {
        let (width, hidden) = (config.width, config.expansion * config.width);
        Self {
            modulation: weights::zero_linear(config.time_embedding, 6 * width, device),
            inward: Pointwise::new(width, 3 * width, device),
            outward: Pointwise::new(width, width, device),
            rise: Pointwise::new(width, hidden, device),
            fall: Pointwise::new(hidden, width, device),
            heads: config.heads,
        }
    }

    /// # Shapes
    /// `x` [B, rows x columns, width] and `embedding` [B, `time_embedding`] to the shape of x.
    fn forward(
        &self,
        x: Tensor<3>,
        grid: [usize; 2],
        embedding: Tensor<2>,
        formulation: Formulation,
    ) -> Tensor<3> {
        let [a, s, k, a1, s1, k1] = split(&self.modulation.forward(embedding));
        match formulation {
            Formulation::Kernels => {
                let [b, tokens, width] = x.dims();
                let x = x.reshape([b, grid[0], grid[1], width]);
                let inputs = Inputs::of(x).and(a).and(s).and(k);
                let inputs = self.outward.with(self.inward.with(inputs));
                let attention = TokenAttention { heads: self.heads };
                let x: Tensor<4> = run(Arc::new(attention), inputs);
                let inputs = Inputs::of(x).and(a1).and(s1).and(k1);
                let inputs = self.fall.with(self.rise.with(inputs));
                let x: Tensor<4> = run(Arc::new(TokenPerceptron), inputs);
                x.reshape([b, tokens, width])
            }
            Formulation::Native => {
                let x = self.mixed(layer_norm(x.clone(), a, s)) * gate(k, &x) + x;
                let m = layer_norm(x.clone(), a1, s1);
                let hidden = gelu_approximate(self.rise.of_tokens(m));
                self.fall.of_tokens(hidden) * gate(k1, &x) + x
            }
        }
    }

    fn mixed(&self, m: Tensor<3>) -> Tensor<3> {
        let [b, tokens, width] = m.dims();
        let all = self.inward.of_tokens(m).swap_dims(1, 2);
        let all = all.reshape([b, 3 * self.heads, width / self.heads, tokens]);
        let part = |i: usize| all.clone().narrow(1, i * self.heads, self.heads);
        let mixed = attend(part(0), part(1), part(2)).reshape([b, width, tokens]);
        self.outward.of_tokens(mixed.swap_dims(1, 2))
    }
}

/// [B, width] beside the tokens of `x`, in its numbers.
fn gate(k: Tensor<2>, x: &Tensor<3>) -> Tensor<3> {
    k.cast(x.dtype()).unsqueeze_dim(1)
}
