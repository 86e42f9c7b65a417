//! 3x3 convolution and its gradients.

use crate::axis::Axis;
use crate::field::{Activation, Field, Input};
use crate::winograd::{Addend, Orientation, Weights, convolve, weight_gradient};

/// What lies beyond the edges of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges {
    /// Of the first axis.
    pub rows: Axis,
    /// Of the second axis.
    pub columns: Axis,
}

impl Edges {
    fn input<'a>(&'a self, field: Field<'a>, activation: Option<Activation<'a>>) -> Input<'a> {
        assert_eq!(
            [field.height, field.width],
            [self.rows.outputs(), self.columns.outputs()],
            "the edges are those of another field"
        );
        Input {
            field,
            rows: &self.rows,
            columns: &self.columns,
            activation,
        }
    }
}

/// y(o, i, j) = sum over c, dy, dx of w(dx, o, dy, c) f(x)(c, i + dy - 1, j + dx - 1), plus the addend.
///
/// # Shapes
/// `x` [images, h, w, in] and `w` [3, out, 3, in] to [images, h, w, out].
pub(crate) fn forward(
    x: Field,
    edges: &Edges,
    activation: Option<Activation>,
    w: &[f32],
    addend: Addend,
) -> Vec<f32> {
    let out = w.len() / (9 * x.channels);
    let weights = Weights::new(w, out, x.channels, Orientation::Forward);
    convolve(edges.input(x, activation), &weights, addend)
}

/// The gradient of f(x), given that of y.
pub(crate) fn backward(dy: Field, edges: &Edges, w: &[f32]) -> Vec<f32> {
    let inward = w.len() / (9 * dy.channels);
    let weights = Weights::new(w, dy.channels, inward, Orientation::Backward);
    let own = [
        edges.rows.is_its_own_adjoint(),
        edges.columns.is_its_own_adjoint(),
    ];
    let axis = |own: bool, axis: &Axis| if own { axis.clone() } else { axis.extended() };
    let wide = Edges {
        rows: axis(own[0], &edges.rows),
        columns: axis(own[1], &edges.columns),
    };
    let (rows, columns) = (&wide.rows, &wide.columns);
    let input = Input {
        field: dy,
        rows,
        columns,
        activation: None,
    };
    let dx = convolve(input, &weights, Addend::Nothing);
    if own == [true, true] {
        return dx;
    }
    let shape = [dy.images(), rows.outputs(), columns.outputs(), inward];
    folded(&dx, shape, [dy.height, dy.width], edges)
}

/// Adds what lies beyond the edges to the cells that stand there.
fn folded(wide: &[f32], shape: [usize; 4], [h, w]: [usize; 2], edges: &Edges) -> Vec<f32> {
    let [images, height, width, c] = shape;
    let mut dx = vec![0f32; images * h * w * c];
    // an axis that was not extended begins with its first cell
    let place =
        |axis: &Axis, i: usize, extended: bool| axis.source(if extended { i } else { i + 1 });
    for image in 0..images {
        for i in 0..height {
            for j in 0..width {
                let row = place(&edges.rows, i, height != h);
                let column = place(&edges.columns, j, width != w);
                let Some((row, column)) = row.zip(column) else {
                    continue;
                };
                let from = ((image * height + i) * width + j) * c;
                let to = ((image * h + row) * w + column) * c;
                for (to, from) in dx[to..to + c].iter_mut().zip(&wide[from..from + c]) {
                    *to += from;
                }
            }
        }
    }
    dx
}

/// The gradient of the weights, given that of y: [3, out, 3, in].
pub(crate) fn gradient(
    x: Field,
    edges: &Edges,
    activation: Option<Activation>,
    dy: Field,
) -> Vec<f32> {
    weight_gradient(edges.input(x, activation), dy)
}
