//! Attention with its norm and its linear maps.

use super::{Array, Operation, Output, View, exactly};
use crate::attention;
use crate::field::Curve;
use crate::norm::{self, Affine, Norm};
use crate::pointwise;

/// y = x + W softmax(q' k / sqrt(d)) v + b, with q, k, v = W1 (a norm(x) + s) + b1.
///
/// Inputs: x, a, s, W1 [3 channels, channels], b1, W [channels, channels], b.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Groups of the norm.
    pub groups: usize,
    /// Heads; divides the channels.
    pub heads: usize,
}

impl Operation for Attention {
    fn forward(&self, inputs: &[View]) -> Output {
        let [x, a, s, w1, b1, w, b] = exactly(inputs);
        let field = x.field();
        let moments = norm::moments(field, self.groups);
        let affine = Affine {
            scale: a.values,
            shift: s.values,
        };
        let norm = Norm::new(field, &moments, affine, None, Curve::Identity);
        let qkv = pointwise::forward(&norm.apply(field), w1.values, b1.values, None);
        let shape = [field.images(), field.cells(), field.channels];
        let mixed = attention::forward(&qkv, shape, self.heads);
        let y = pointwise::forward(&mixed, w.values, b.values, Some(x.values));
        let saved = [moments, qkv, mixed].map(|values| {
            let length = values.len();
            Array::new(values, &[length])
        });
        Output {
            y: Array::new(y, x.shape),
            saved: saved.into(),
        }
    }

    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array> {
        let [x, a, s, w1, _, w, _] = exactly(inputs);
        let [moments, qkv, mixed] = exactly(saved);
        let (field, c) = (x.field(), x.field().channels);
        let shape = [field.images(), field.cells(), c];
        let (dw, db) = pointwise::weight_gradient(mixed.values, dy.values, c, c);
        let dmixed = pointwise::backward(dy.values, w.values, c, None);
        let dqkv = attention::backward(qkv.values, &dmixed, shape, self.heads);
        let affine = Affine {
            scale: a.values,
            shift: s.values,
        };
        let norm = Norm::new(field, moments.values, affine, None, Curve::Identity);
        let (dw1, db1) = pointwise::weight_gradient(&norm.apply(field), &dqkv, 3 * c, c);
        let mut dx = pointwise::backward(&dqkv, w1.values, 3 * c, None);
        let (da, ds) = norm.backward(field, &mut dx, Some(dy.values));
        let gradients = [dx, da, ds, dw1, db1, dw, db];
        let shapes = inputs.iter().map(|input| input.shape);
        gradients
            .into_iter()
            .zip(shapes)
            .map(|(g, shape)| Array::new(g, shape))
            .collect()
    }
}
