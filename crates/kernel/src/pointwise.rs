//! 1x1 convolution: the same matrix for every cell.

use crate::memory::{Place, Scratch, written};
use crate::product::{Left, Sizes, Update, pack_rows, pack_turned, packed_length, product};
use crate::sum;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Cells that a thread works on at once.
const CELLS: usize = 96;

/// Most pieces that the cells are shared out in for the gradient of the weights, cells summed at once, and rows and
/// columns of the weights that a thread sums; columns in whole panels. The same whatever the threads: they decide the order of the sums.
const PIECES: usize = 16;
const DEPTH: usize = 256;
const ROWS: usize = 96;
const COLUMNS: usize = 256;

/// y = W x + b + more: x [cells, in], W [out, in], b `[out]`, more and y [cells, out].
///
/// # Panics
/// If the lengths do not fit.
pub(crate) fn forward(x: &[f32], w: &[f32], bias: &[f32], more: Option<&[f32]>) -> Vec<f32> {
    let out = bias.len();
    let inward = w.len() / out;
    let cells = x.len() / inward;
    assert_eq!(
        (w.len(), x.len()),
        (out * inward, cells * inward),
        "weights or cells"
    );
    assert!(
        more.is_none_or(|more| more.len() == cells * out),
        "added field"
    );
    let mut right = Scratch::new(packed_length(inward, out));
    pack_turned(inward, out, &mut right, w);
    rows(
        x,
        inward,
        &right,
        out,
        Start {
            bias: Some(bias),
            more,
        },
    )
}

/// W' dy, plus `more`: [cells, in].
pub(crate) fn backward(dy: &[f32], w: &[f32], out: usize, more: Option<&[f32]>) -> Vec<f32> {
    let inward = w.len() / out;
    let mut right = Scratch::new(packed_length(out, inward));
    pack_rows(out, inward, &mut right, w);
    rows(dy, out, &right, inward, Start { bias: None, more })
}

/// What a product is added to: a row, a field, both or nothing.
#[derive(Clone, Copy)]
struct Start<'a> {
    bias: Option<&'a [f32]>,
    more: Option<&'a [f32]>,
}

impl Start<'_> {
    /// Writes rows of `n` numbers from `at` on to `to`, and says what the product has to do with them.
    fn begin(self, at: usize, n: usize, to: &mut [MaybeUninit<f32>]) -> Update {
        let more = self.more.map(|more| &more[at..at + to.len()]);
        match (self.bias, more) {
            (None, None) => return Update::Set,
            (Some(bias), None) => to.chunks_exact_mut(n).for_each(|row| {
                row.write_copy_of_slice(bias);
            }),
            (None, Some(more)) => {
                to.write_copy_of_slice(more);
            }
            (Some(bias), Some(more)) => {
                for (row, more) in to.chunks_exact_mut(n).zip(more.chunks_exact(n)) {
                    for ((to, b), more) in row.iter_mut().zip(bias).zip(more) {
                        to.write(b + more);
                    }
                }
            }
        }
        Update::Add
    }
}

/// x B + `start`, for x [cells, k] and B k x n in panels.
fn rows(x: &[f32], k: usize, right: &[f32], n: usize, start: Start) -> Vec<f32> {
    let cells = x.len() / k;
    assert!(right.len() >= packed_length(k, n), "packed matrix");
    // SAFETY: the blocks cover all cells, each its own rows, which either the start or the product sets; x and the result
    // have `count` rows, and the right-hand matrix is that of k and n
    unsafe {
        written(cells * n, |to| {
            (0..cells.div_ceil(CELLS)).into_par_iter().for_each(|i| {
                let (first, count) = (i * CELLS, CELLS.min(cells - i * CELLS));
                let to = to.at(first * n);
                let rows = std::slice::from_raw_parts_mut(to.cast(), count * n);
                let update = start.begin(first * n, n, rows);
                let sizes = Sizes { m: count, k, n };
                let left = Left {
                    start: x[first * k..][..count * k].as_ptr(),
                    row: k,
                    column: 1,
                };
                product(sizes, left, right.as_ptr(), (to, n), update);
            });
        })
    }
}

/// The gradients of the weights, [out, in], and of the bias, `[out]`.
pub(crate) fn weight_gradient(
    x: &[f32],
    dy: &[f32],
    out: usize,
    inward: usize,
) -> (Vec<f32>, Vec<f32>) {
    let cells = dy.len() / out;
    assert_eq!(x.len(), cells * inward, "cells");
    let blocks = [out.div_ceil(ROWS), inward.div_ceil(COLUMNS)];
    // where there are many weights, they alone are shared out, and there are fewer sums to add in the end
    let pieces = (PIECES / (blocks[0] * blocks[1])).clamp(1, cells.div_ceil(DEPTH).max(1));
    let piece = cells.div_ceil(pieces).next_multiple_of(DEPTH).max(1);
    let pieces = cells.div_ceil(piece).max(1);
    let panels = Panels::new(x, inward);
    let mut sums = Scratch::new(pieces * out * inward);
    if cells == 0 {
        sums.fill(0.0);
    }
    let place = Place::new(&mut sums);
    (0..pieces * blocks[0] * blocks[1])
        .into_par_iter()
        .for_each(|i| {
            let (i, column) = (i / blocks[1], i % blocks[1] * COLUMNS);
            let (i, row) = (i / blocks[0], i % blocks[0] * ROWS);
            let mut update = Update::Set;
            for at in (i * piece..cells.min((i + 1) * piece)).step_by(DEPTH) {
                let sizes = Sizes {
                    m: ROWS.min(out - row),
                    k: DEPTH.min(cells - at),
                    n: COLUMNS.min(inward - column),
                };
                let left = Left {
                    start: dy[at * out + row..].as_ptr(),
                    row: 1,
                    column: out,
                };
                let right = panels.part(at, sizes.k, column);
                // SAFETY: the left-hand matrix is some columns of dy turned, the right-hand one was packed for this k, and
                // each piece has its own part, each block its own rows and columns of it
                unsafe {
                    let to = place.at((i * out + row) * inward + column);
                    product(sizes, left, right.as_ptr(), (to, inward), update);
                }
                update = Update::Add;
            }
        });
    (sum::parts(&sums, out * inward), sum::columns(dy, out))
}

/// A field [cells, n] as right-hand matrices of [`DEPTH`] cells each, in panels.
struct Panels {
    values: Scratch,
    n: usize,
}

impl Panels {
    fn new(x: &[f32], n: usize) -> Self {
        let cells = x.len() / n;
        let length = packed_length(DEPTH, n);
        let mut values = Scratch::new(cells.div_ceil(DEPTH) * length);
        let each = values
            .par_chunks_mut(length.max(1))
            .zip(x.par_chunks(DEPTH * n));
        each.for_each(|(to, x)| pack_rows(x.len() / n, n, to, x));
        Self { values, n }
    }

    /// The matrix of `depth` rows that begins with the cell `cell`, a multiple of [`DEPTH`], from the column `column` on, a
    /// multiple of [`COLUMNS`].
    fn part(&self, cell: usize, depth: usize, column: usize) -> &[f32] {
        &self.values[cell / DEPTH * packed_length(DEPTH, self.n) + depth * column..]
    }
}
