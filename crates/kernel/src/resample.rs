//! Half and double resolution.

use crate::axis::Axis;
use crate::field::Field;
use rayon::prelude::*;

/// Each 2 x 2 cells side by side as channels, [images, h / 2, w / 2, 2, 2, channels], h and w rounded up: an
/// odd axis is continued by one cell.
pub(crate) fn fold(x: Field, rows: &Axis, columns: &Axis) -> Vec<f32> {
    let (c, [h, w]) = (x.channels, [x.height.div_ceil(2), x.width.div_ceil(2)]);
    let mut y = vec![0f32; x.images() * h * w * 4 * c];
    y.par_chunks_exact_mut((w * 4 * c).max(1))
        .enumerate()
        .for_each(|(i, to)| {
            let (image, row) = (i / h, i % h);
            for (k, to) in to.chunks_exact_mut(c).enumerate() {
                let (column, dy, dx) = (k / 4, k / 2 % 2, k % 2);
                // places are counted from the cell before the first
                let source = rows
                    .source(2 * row + dy + 1)
                    .zip(columns.source(2 * column + dx + 1));
                if let Some((i, j)) = source {
                    let at = ((image * x.height + i) * x.width + j) * c;
                    to.copy_from_slice(&x.values[at..at + c]);
                }
            }
        });
    y
}

/// The adjoint of [`fold`]: the gradient of a field of this shape.
pub(crate) fn unfold(dy: &[f32], shape: [usize; 4], rows: &Axis, columns: &Axis) -> Vec<f32> {
    let [images, height, width, c] = shape;
    let (h, w) = (height.div_ceil(2), width.div_ceil(2));
    assert_eq!(dy.len(), images * h * w * 4 * c, "folded gradient");
    let mut dx = vec![0f32; shape.iter().product()];
    let images = dx
        .par_chunks_exact_mut((height * width * c).max(1))
        .enumerate();
    images.for_each(|(image, to)| {
        let from = &dy[image * h * w * 4 * c..(image + 1) * h * w * 4 * c];
        for (k, from) in from.chunks_exact(c).enumerate() {
            let (row, column, dy, dx) = (k / (4 * w), k / 4 % w, k / 2 % 2, k % 2);
            let source = rows
                .source(2 * row + dy + 1)
                .zip(columns.source(2 * column + dx + 1));
            if let Some((i, j)) = source {
                let at = (i * width + j) * c;
                for (to, from) in to[at..at + c].iter_mut().zip(from) {
                    *to += from;
                }
            }
        }
    });
    dx
}

/// Every cell of `coarse` four times, cropped to the size of `fine`, and then the channels of `fine`.
///
/// # Panics
/// If `coarse` is not half as large, rounded up.
pub(crate) fn join(coarse: Field, fine: Field) -> Vec<f32> {
    let [h, w] = [fine.height, fine.width];
    assert_eq!(
        [coarse.height, coarse.width],
        [h.div_ceil(2), w.div_ceil(2)],
        "coarse field"
    );
    let (a, b) = (coarse.channels, fine.channels);
    let mut y = vec![0f32; fine.images() * h * w * (a + b)];
    y.par_chunks_exact_mut((w * (a + b)).max(1))
        .enumerate()
        .for_each(|(i, to)| {
            let (image, row) = (i / h, i % h);
            for (j, to) in to.chunks_exact_mut(a + b).enumerate() {
                let above = ((image * coarse.height + row / 2) * coarse.width + j / 2) * a;
                to[..a].copy_from_slice(&coarse.values[above..above + a]);
                let at = (i * w + j) * b;
                to[a..].copy_from_slice(&fine.values[at..at + b]);
            }
        });
    y
}

/// The gradients of the coarse field, of `a` channels, and of the fine one, given that of [`join`].
pub(crate) fn split(dy: Field, a: usize) -> (Vec<f32>, Vec<f32>) {
    let [images, height, width, c] = dy.shape();
    let (b, [h, w]) = (c - a, [height.div_ceil(2), width.div_ceil(2)]);
    let mut coarse = vec![0f32; images * h * w * a];
    coarse
        .par_chunks_exact_mut((w * a).max(1))
        .enumerate()
        .for_each(|(i, to)| {
            let (image, row) = (i / h, i % h);
            for (k, to) in to.chunks_exact_mut(a).enumerate() {
                for (i, j) in
                    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(y, x)| (2 * row + y, 2 * k + x))
                {
                    if i < height && j < width {
                        let at = ((image * height + i) * width + j) * c;
                        for (sum, value) in to.iter_mut().zip(&dy.values[at..at + a]) {
                            *sum += value;
                        }
                    }
                }
            }
        });
    let mut fine = vec![0f32; images * height * width * b];
    fine.par_chunks_exact_mut((width * b).max(1))
        .enumerate()
        .for_each(|(i, to)| {
            for (j, to) in to.chunks_exact_mut(b).enumerate() {
                let at = (i * width + j) * c + a;
                to.copy_from_slice(&dy.values[at..at + b]);
            }
        });
    (coarse, fine)
}
