//! The first and the last layer.

use super::{Array, Operation, Output, View, exactly};
use crate::convolution::{self, Edges};
use crate::field::Curve;
use crate::norm::{self, Affine, Norm};
use crate::sum;
use crate::winograd::Addend;

/// y = w * x + b: a 3x3 convolution of x with a bias; inputs x, w [3, out, 3, in] and b `[out]`.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// What lies beyond the edges.
    pub edges: Edges,
}

impl Operation for Convolution {
    fn forward(&self, inputs: &[View]) -> Output {
        let [x, w, b] = exactly(inputs);
        let y = convolution::forward(
            x.field(),
            &self.edges,
            None,
            w.values,
            Addend::Bias(b.values),
        );
        Output {
            y: result(y, *x, *b),
            saved: Vec::new(),
        }
    }

    fn backward(&self, inputs: &[View], _: &[View], dy: View) -> Vec<Array> {
        let [x, w, b] = exactly(inputs);
        vec![
            Array::new(
                convolution::backward(dy.field(), &self.edges, w.values),
                x.shape,
            ),
            Array::new(
                convolution::gradient(x.field(), &self.edges, None, dy.field()),
                w.shape,
            ),
            Array::new(sum::columns(dy.values, b.values.len()), b.shape),
        ]
    }
}

/// y = w * silu(scale norm(x) + shift) + b; inputs x, scale, shift, w [3, out, 3, in] and b `[out]`.
#[derive(Clone, Debug)]
pub struct Head {
    /// Groups of the norm.
    pub groups: usize,
    /// What lies beyond the edges.
    pub edges: Edges,
}

impl Operation for Head {
    fn forward(&self, inputs: &[View]) -> Output {
        let [x, scale, shift, w, b] = exactly(inputs);
        let moments = norm::moments(x.field(), self.groups);
        let affine = Affine {
            scale: scale.values,
            shift: shift.values,
        };
        let norm = Norm::new(x.field(), &moments, affine, None, Curve::Silu);
        let (f, bias) = (Some(norm.activation()), Addend::Bias(b.values));
        let y = convolution::forward(x.field(), &self.edges, f, w.values, bias);
        let length = moments.len();
        Output {
            y: result(y, *x, *b),
            saved: vec![Array::new(moments, &[length])],
        }
    }

    fn backward(&self, inputs: &[View], saved: &[View], dy: View) -> Vec<Array> {
        let [x, scale, shift, w, b] = exactly(inputs);
        let [moments] = exactly(saved);
        let affine = Affine {
            scale: scale.values,
            shift: shift.values,
        };
        let norm = Norm::new(x.field(), moments.values, affine, None, Curve::Silu);
        let dw = convolution::gradient(x.field(), &self.edges, Some(norm.activation()), dy.field());
        let mut dx = convolution::backward(dy.field(), &self.edges, w.values);
        let (da, dd) = norm.backward(x.field(), &mut dx, None);
        vec![
            Array::new(dx, x.shape),
            Array::new(da, scale.shape),
            Array::new(dd, shift.shape),
            Array::new(dw, w.shape),
            Array::new(sum::columns(dy.values, b.values.len()), b.shape),
        ]
    }
}

/// A field of the size of `x` with as many channels as `b` has numbers.
fn result(y: Vec<f32>, x: View, b: View) -> Array {
    let [images, h, w, _] = x.field().shape();
    Array::new(y, &[images, h, w, b.values.len()])
}
