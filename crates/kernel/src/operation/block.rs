//! Residual blocks.

use super::{Array, Operation, Output, View, exactly};
use crate::convolution::{self, Edges};
use crate::field::{Curve, Field};
use crate::norm::{self, Affine, Norm};
use crate::pointwise;
use crate::winograd::Addend;
use std::sync::Arc;

/// What is added to a block's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// The input.
    Identity,
    /// A 1x1 convolution of the input.
    Learnt,
}

/// y = s(x) + w2 * k silu(a2 norm(h) + d2) with h = w1 * silu(a1 norm(x) + d1).
///
/// Inputs: x, a1, d1, w1 [3, out, 3, in], a2, d2, w2 [3, out, 3, out] and, for a learnt shortcut, its
/// weights [out, in] and bias `[out]`. Scales and shifts are `[channels]` or [images, channels].
#[derive(Clone, Debug)]
pub struct Block {
    /// Groups of the first and the second norm.
    pub groups: [usize; 2],
    /// What lies beyond the edges.
    pub edges: Edges,
    /// What stands for x where the channels change.
    pub shortcut: Shortcut,
    /// k, if any: [images, out], zero where a channel is off.
    pub keep: Option<Arc<[f32]>>,
}

/// The inputs by name.
struct Inputs<'a> {
    x: Field<'a>,
    first: Affine<'a>,
    w1: &'a [f32],
    second: Affine<'a>,
    w2: &'a [f32],
    shortcut: Option<(&'a [f32], &'a [f32])>,
    out: usize,
}

impl Block {
    fn named<'a>(&self, inputs: &[View<'a>]) -> Inputs<'a> {
        let (main, rest) = inputs.split_at(inputs.len().min(7));
        let [x, a1, d1, w1, a2, d2, w2] = *exactly(main);
        let shortcut = match self.shortcut {
            Shortcut::Identity => {
                let [] = *exactly(rest);
                None
            }
            Shortcut::Learnt => {
                let [w, b] = *exactly(rest);
                Some((w.values, b.values))
            }
        };
        Inputs {
            x: x.field(),
            first: Affine {
                scale: a1.values,
                shift: d1.values,
            },
            w1: w1.values,
            second: Affine {
                scale: a2.values,
                shift: d2.values,
            },
            w2: w2.values,
            shortcut,
            out: w1.shape[1],
        }
    }
}

impl Operation for Block {
    fn forward(&self, inputs: &[View]) -> Output {
        let i = self.named(inputs);
        let [images, height, width, _] = i.x.shape();
        let shape = [images, height, width, i.out];
        let m1 = norm::moments(i.x, self.groups[0]);
        let norm = Norm::new(i.x, &m1, i.first, None, Curve::Silu);
        let f = Some(norm.activation());
        let h = convolution::forward(i.x, &self.edges, f, i.w1, Addend::Nothing);
        let field = Field::new(&h, shape);
        let m2 = norm::moments(field, self.groups[1]);
        let norm = Norm::new(field, &m2, i.second, self.keep.as_deref(), Curve::Silu);
        let f = Some(norm.activation());
        let shortcut = i
            .shortcut
            .map(|(w, b)| pointwise::forward(i.x.values, w, b, None));
        let addend = Addend::Field(shortcut.as_deref().unwrap_or(i.x.values));
        let y = convolution::forward(field, &self.edges, f, i.w2, addend);
        let lengths = [m1.len(), m2.len()];
        Output {
            y: Array::new(y, &shape),
            saved: vec![
                Array::new(h, &shape),
                Array::new(m1, &lengths[..1]),
                Array::new(m2, &lengths[1..]),
            ],
        }
    }

    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array> {
        let i = self.named(inputs);
        let [h, m1, m2] = exactly(saved);
        let norm = Norm::new(
            h.field(),
            m2.values,
            i.second,
            self.keep.as_deref(),
            Curve::Silu,
        );
        let f = Some(norm.activation());
        let dw2 = convolution::gradient(h.field(), &self.edges, f, dy.field());
        let mut dh = convolution::backward(dy.field(), &self.edges, i.w2);
        let (da2, dd2) = norm.backward(h.field(), &mut dh, None);
        let dh = Field::new(&dh, h.field().shape());
        let norm = Norm::new(i.x, m1.values, i.first, None, Curve::Silu);
        let dw1 = convolution::gradient(i.x, &self.edges, Some(norm.activation()), dh);
        let mut dx = convolution::backward(dh, &self.edges, i.w1);
        let short = i
            .shortcut
            .map(|(w, _)| pointwise::backward(dy.values, w, i.out, None));
        let more = short.as_deref().unwrap_or(dy.values);
        let (da1, dd1) = norm.backward(i.x, &mut dx, Some(more));
        let mut gradients = vec![dx, da1, dd1, dw1, da2, dd2, dw2];
        if i.shortcut.is_some() {
            let (dw, db) = pointwise::weight_gradient(i.x.values, dy.values, i.out, i.x.channels);
            gradients.extend([dw, db]);
        }
        let shapes = inputs.iter().map(|input| input.shape);
        gradients
            .into_iter()
            .zip(shapes)
            .map(|(g, shape)| Array::new(g, shape))
            .collect()
    }
}
