//! The two branches of a transformer's block.
//!
//! # Reference
//! Peebles and Xie (2022), arXiv:2212.09748, section 3.2 (the block with adaptive layer norm).

use super::{Array, Operation, Output, View, exactly};
use crate::token::{Gated, Layer, Pieces, gelu, times_slope};
use crate::{attention, pointwise};

/// y = x + k (W softmax(q' k / sqrt(d)) v + b), with q, k, v = W1 m + b1 and m = (1 + a) layer(x) + s.
///
/// layer(x) has mean 0 and variance 1 over the channels of every cell.
/// Inputs: x [images, height, width, channels]; a, s and k [images, channels]; W1 [3 channels, channels], b1;
/// W [channels, channels], b.
#[derive(Clone, Debug)]
pub struct TokenAttention {
    /// Heads; divides the channels.
    pub heads: usize,
}

/// y = x + k (W gelu(W1 m + b1) + b) with m = (1 + a) layer(x) + s.
///
/// Inputs: x [images, height, width, channels]; a, s and k [images, channels]; W1 [hidden, channels], b1;
/// W [channels, hidden], b.
#[derive(Clone, Debug)]
pub struct TokenPerceptron;

impl Operation for TokenAttention {
    fn forward(&self, inputs: &[View]) -> Output {
        let branch = Branch::of(inputs);
        let (moments, m) = branch.entered();
        let qkv = pointwise::forward(&m, branch.w1, branch.b1, None);
        let mixed = attention::forward(&qkv, branch.shape(), self.heads);
        branch.left(moments, qkv, mixed)
    }

    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array> {
        let branch = Branch::of(inputs);
        let [_, qkv, mixed, _] = exactly(saved);
        branch.backward(saved, dy, mixed.values, |dmixed| {
            attention::backward(qkv.values, &dmixed, branch.shape(), self.heads)
        })
    }
}

impl Operation for TokenPerceptron {
    fn forward(&self, inputs: &[View]) -> Output {
        let branch = Branch::of(inputs);
        let (moments, m) = branch.entered();
        let hidden = pointwise::forward(&m, branch.w1, branch.b1, None);
        let curved = gelu(&hidden);
        branch.left(moments, hidden, curved)
    }

    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array> {
        let [_, hidden, curved, _] = exactly(saved);
        Branch::of(inputs).backward(saved, dy, curved.values, |mut g| {
            times_slope(&mut g, hidden.values);
            g
        })
    }
}

/// The inputs of either: what comes before the first matrix, between the two, and after the second differs only between them.
struct Branch<'a> {
    inputs: &'a [View<'a>],
    pieces: Pieces,
    gate: &'a [f32],
    w1: &'a [f32],
    b1: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
}

impl<'a> Branch<'a> {
    fn of(inputs: &'a [View<'a>]) -> Self {
        let [x, _, _, gate, w1, b1, w, b] = exactly(inputs);
        let field = x.field();
        Self {
            inputs,
            pieces: Pieces {
                images: field.images(),
                cells: field.cells(),
                channels: field.channels,
            },
            gate: gate.values,
            w1: w1.values,
            b1: b1.values,
            w: w.values,
            b: b.values,
        }
    }

    fn shape(&self) -> [usize; 3] {
        [self.pieces.images, self.pieces.cells, self.pieces.channels]
    }

    fn layer(&self) -> Layer<'a> {
        let [x, scale, shift] = [0, 1, 2].map(|i| self.inputs[i].values);
        Layer::new(self.pieces, x, scale, shift)
    }

    /// The moments of x, and m.
    fn entered(&self) -> (Vec<f32>, Vec<f32>) {
        let moments = self.layer().moments();
        let m = self.layer().apply(&moments);
        (moments, m)
    }

    /// y, of what the first matrix gave and what was made of it.
    fn left(&self, moments: Vec<f32>, first: Vec<f32>, made: Vec<f32>) -> Output {
        let x = self.inputs[0];
        let o = pointwise::forward(&made, self.w, self.b, None);
        let y = Gated::new(self.pieces, &o, self.gate).added_to(x.values);
        let saved = [moments, first, made, o].map(|values| {
            let length = values.len();
            Array::new(values, &[length])
        });
        Output {
            y: Array::new(y, x.shape),
            saved: saved.into(),
        }
    }

    /// All gradients; `between` turns that of what entered the second matrix into that of what left the first.
    fn backward(
        &self,
        saved: &[View],
        dy: View,
        made: &[f32],
        between: impl Fn(Vec<f32>) -> Vec<f32>,
    ) -> Vec<Array> {
        let [moments, _, _, o] = exactly(saved);
        let c = self.pieces.channels;
        let (d_o, dk) = Gated::new(self.pieces, o.values, self.gate).backward(dy.values);
        let (dw, db) = pointwise::weight_gradient(made, &d_o, c, self.w.len() / c);
        let first = between(pointwise::backward(&d_o, self.w, c, None));
        let out = self.b1.len();
        let m = self.layer().apply(moments.values);
        let (dw1, db1) = pointwise::weight_gradient(&m, &first, out, c);
        let mut dx = pointwise::backward(&first, self.w1, out, None);
        let (da, ds) = self.layer().backward(moments.values, &mut dx, dy.values);
        let gradients = [dx, da, ds, dk, dw1, db1, dw, db];
        let shapes = self.inputs.iter().map(|input| input.shape);
        gradients
            .into_iter()
            .zip(shapes)
            .map(|(g, shape)| Array::new(g, shape))
            .collect()
    }
}
