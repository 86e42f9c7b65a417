//! The transformer.

use crate::time::TimeEmbedding;
use crate::{Paddings, TransformerConfig, patch, weights};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{gelu, softmax};
use burn::tensor::{Device, Tensor, TensorData};

/// What keeps the norm of a constant token finite.
const EPSILON: f64 = 1e-6;
/// Ratio of the longest to the shortest wave of positions, over 2 pi of the shortest.
const WAVES: f64 = 1e4;

/// A field and a time to a field of the same size, patches attending to each other.
///
/// Tokens are patches of all channels with a linear map, plus sines and cosines of their row and column, so that fields may
/// have any size. Each block is `x + g1 attention(m1(x))`, then `x + g2 perceptron(m2(x))`, `m(x) = (1 + a) norm(x) + s`,
/// with a, s and the gates g linear in the embedded time. Gates and the last layer are zero at first, and with them the
/// result. Where fields are not a multiple of the patch, they are continued by zeros.
///
/// Rows of a batch do not see each other.
///
/// # Reference
/// Peebles and Xie (2023), arXiv:2212.09748; for interpolants Ma et al. (2024), arXiv:2401.08740.
#[derive(Module, Debug)]
pub struct Transformer {
    time: TimeEmbedding,
    input: Linear,
    blocks: Vec<Block>,
    modulation: Linear,
    output: Linear,
    patch: usize,
}

/// Attention and a perceptron, both modulated and gated by the time.
#[derive(Module, Debug)]
struct Block {
    modulation: Linear,
    attend: Linear,
    mixed: Linear,
    widen: Linear,
    narrow: Linear,
    heads: usize,
}

impl Transformer {
    /// The network of a configuration that has been checked.
    pub(crate) fn new(
        config: &TransformerConfig,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Self {
        let (w, cells) = (config.width, config.patch * config.patch);
        let block = |_| Block {
            modulation: zero(w, 6 * w, device),
            attend: weights::linear(w, 3 * w, device),
            mixed: weights::linear(w, w, device),
            widen: weights::linear(w, config.ratio * w, device),
            narrow: weights::linear(config.ratio * w, w, device),
            heads: config.heads,
        };
        Self {
            time: TimeEmbedding::new(w, device),
            input: weights::linear(inputs * cells, w, device),
            blocks: (0..config.depth).map(block).collect(),
            modulation: zero(w, 2 * w, device),
            output: zero(w, outputs * cells, device),
            patch: config.patch,
        }
    }

    /// The drift at `x` and `t`.
    ///
    /// # Shapes
    /// `x` [B, inputs, H, W], the state and its conditions side by side, and `t` `[B]` in [0, 1], to
    /// [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        let [b, _, h, w] = x.dims();
        let embedding = self.time.forward(t);
        let x = patch::folded(x, self.patch, Paddings::default());
        let [_, channels, rows, columns] = x.dims();
        let tokens = x.reshape([b, channels, rows * columns]).swap_dims(1, 2);
        let x = self.input.forward(tokens);
        let places = positions(rows, columns, x.dims()[2], &x.device()).cast(x.dtype());
        let x = self
            .blocks
            .iter()
            .fold(x + places, |x, block| block.forward(x, &embedding));
        let [scale, shift] = parts(&self.modulation.forward(embedding));
        let y = self.output.forward(modulated(x, scale, shift));
        let outputs = y.dims()[2];
        let y = y.swap_dims(1, 2).reshape([b, outputs, rows, columns]);
        patch::unfolded(y, self.patch, h, w)
    }
}

impl Block {
    /// # Shapes
    /// `x` [B, tokens, width], `embedding` [B, width].
    fn forward(&self, x: Tensor<3>, embedding: &Tensor<2>) -> Tensor<3> {
        let [scale, shift, gate, scale2, shift2, gate2] =
            parts(&self.modulation.forward(embedding.clone()));
        let h = self.attention(modulated(x.clone(), scale, shift));
        let x = x + h * gate;
        let h = gelu(self.widen.forward(modulated(x.clone(), scale2, shift2)));
        x + self.narrow.forward(h) * gate2
    }

    fn attention(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, tokens, width] = x.dims();
        let d = width / self.heads;
        let all = self
            .attend
            .forward(x)
            .reshape([b, tokens, 3, self.heads, d]);
        let part = |i: usize| {
            let part = all
                .clone()
                .narrow(2, i, 1)
                .reshape([b, tokens, self.heads, d]);
            part.swap_dims(1, 2)
        };
        let scores = part(0)
            .mul_scalar((d as f64).sqrt().recip())
            .matmul(part(1).swap_dims(2, 3));
        let mixed = softmax(scores, 3).matmul(part(2));
        self.mixed
            .forward(mixed.swap_dims(1, 2).reshape([b, tokens, width]))
    }
}

/// x W + b, zero at first.
fn zero(inputs: usize, outputs: usize, device: &Device) -> Linear {
    Linear {
        weight: weights::constant([inputs, outputs], 0.0, device),
        bias: Some(weights::constant([outputs], 0.0, device)),
    }
}

/// N equal parts of the last axis, each for every token.
///
/// # Shapes
/// [B, N width] to N of [B, 1, width].
fn parts<const N: usize>(x: &Tensor<2>) -> [Tensor<3>; N] {
    let width = x.dims()[1] / N;
    std::array::from_fn(|i| x.clone().narrow(1, i * width, width).unsqueeze_dim(1))
}

/// `(1 + scale) (x - mean) / sqrt(variance + 1e-6) + shift` of every token.
fn modulated(x: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = centred * variance.add_scalar(EPSILON).sqrt().recip();
    normal * scale.add_scalar(1.0) + shift
}

/// Sines and cosines of the row, then of the column, at width / 4 frequencies from 1 down to almost 1e-4.
///
/// # Shapes
/// [1, rows columns, width].
fn positions(rows: usize, columns: usize, width: usize, device: &Device) -> Tensor<3> {
    let quarter = width / 4;
    let wave = |k: usize| WAVES.powf(-(k as f64) / quarter as f64);
    let mut values = Vec::with_capacity(rows * columns * width);
    for i in 0..rows {
        for j in 0..columns {
            for place in [i as f64, j as f64] {
                values.extend((0..quarter).map(|k| (place * wave(k)).sin() as f32));
                values.extend((0..quarter).map(|k| (place * wave(k)).cos() as f32));
            }
        }
    }
    Tensor::from_data(TensorData::new(values, [1, rows * columns, width]), device)
}
