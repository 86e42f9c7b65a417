//! From one resolution to the next.

use super::{Array, Operation, Output, View, exactly};
use crate::convolution::Edges;
use crate::field::Field;
use crate::pointwise;
use crate::resample::{fold, join, split, unfold};

/// A learnt mixture of each 2 x 2 cells: inputs x, W [out, in x 4] (the four cells of a channel side by side)
/// and b `[out]`. An odd axis is continued by one cell.
#[derive(Clone, Debug)]
pub struct Halve {
    /// What lies beyond the edges.
    pub edges: Edges,
}

/// [out, channels, 4] to [out, 4, channels].
fn turned(w: &[f32], c: usize) -> Vec<f32> {
    (0..w.len())
        .map(|i| w[i / (4 * c) * 4 * c + i % c * 4 + i / c % 4])
        .collect()
}

impl Operation for Halve {
    fn forward(&self, inputs: &[View]) -> Output {
        let [x, w, b] = exactly(inputs);
        let x = x.field();
        let folded = fold(x, &self.edges.rows, &self.edges.columns);
        let y = pointwise::forward(&folded, &turned(w.values, x.channels), b.values, None);
        let shape = [
            x.images(),
            x.height.div_ceil(2),
            x.width.div_ceil(2),
            b.values.len(),
        ];
        Output {
            y: Array::new(y, &shape),
            saved: Vec::new(),
        }
    }

    fn backward(&self, inputs: &[View], _: &[View], dy: View) -> Vec<Array> {
        let [x, w, b] = exactly(inputs);
        let (field, out) = (x.field(), b.values.len());
        let (rows, columns, c) = (&self.edges.rows, &self.edges.columns, field.channels);
        let folded = fold(field, rows, columns);
        let (turned_dw, db) = pointwise::weight_gradient(&folded, dy.values, out, 4 * c);
        let mut dw = vec![0f32; turned_dw.len()];
        for (i, value) in turned_dw.into_iter().enumerate() {
            dw[i / (4 * c) * 4 * c + i % c * 4 + i / c % 4] = value;
        }
        let dx = pointwise::backward(dy.values, &turned(w.values, c), out, None);
        vec![
            Array::new(unfold(&dx, field.shape(), rows, columns), x.shape),
            Array::new(dw, w.shape),
            Array::new(db, b.shape),
        ]
    }
}

/// The coarse field, mapped by W and b, at twice the resolution, and the fine field beside it: inputs coarse,
/// W [out, in], b `[out]`, fine; result [images, h, w, out + channels of fine].
#[derive(Clone, Debug)]
pub struct Rise;

impl Operation for Rise {
    fn forward(&self, inputs: &[View]) -> Output {
        let [coarse, w, b, fine] = exactly(inputs);
        let (from, fine) = (coarse.field(), fine.field());
        let narrow = pointwise::forward(coarse.values, w.values, b.values, None);
        let out = b.values.len();
        let narrow = Field::new(&narrow, [from.images(), from.height, from.width, out]);
        let [images, h, w, c] = fine.shape();
        Output {
            y: Array::new(join(narrow, fine), &[images, h, w, out + c]),
            saved: Vec::new(),
        }
    }

    fn backward(&self, inputs: &[View], _: &[View], dy: View) -> Vec<Array> {
        let [coarse, w, b, fine] = exactly(inputs);
        let (out, inward) = (b.values.len(), coarse.field().channels);
        let (narrow, dfine) = split(dy.field(), out);
        let (dw, db) = pointwise::weight_gradient(coarse.values, &narrow, out, inward);
        let dx = pointwise::backward(&narrow, w.values, out, None);
        vec![
            Array::new(dx, coarse.shape),
            Array::new(dw, w.shape),
            Array::new(db, b.shape),
            Array::new(dfine, fine.shape),
        ]
    }
}
