//! 1x1 convolution: the same matrix for every cell.

use crate::memory::{Place, Scratch, written};
use crate::product::{Left, Sizes, Update, pack, packed_length, product};
use crate::sum;
use rayon::prelude::*;

/// Cells that a thread works on at once.
const CELLS: usize = 96;

/// Most pieces that the cells are shared out in for the gradient of the weights, and cells summed at once.
/// The same whatever the threads: they decide the order of the sums.
const PIECES: usize = 16;
const DEPTH: usize = 256;

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
    pack(inward, out, &mut right, |p, j| w[j * inward + p]);
    let begin = |first: usize, to: &mut [f32]| match more {
        None => to
            .chunks_exact_mut(out)
            .for_each(|row| row.copy_from_slice(bias)),
        Some(more) => {
            let rows = to
                .chunks_exact_mut(out)
                .zip(more[first * out..].chunks_exact(out));
            rows.for_each(|(row, more)| {
                for ((to, b), more) in row.iter_mut().zip(bias).zip(more) {
                    *to = b + more;
                }
            });
        }
    };
    rows(x, inward, &right, out, begin)
}

/// W' dy, plus `more`: [cells, in].
pub(crate) fn backward(dy: &[f32], w: &[f32], out: usize, more: Option<&[f32]>) -> Vec<f32> {
    let inward = w.len() / out;
    let mut right = Scratch::new(packed_length(out, inward));
    pack(out, inward, &mut right, |p, j| w[p * inward + j]);
    let begin = |first: usize, to: &mut [f32]| match more {
        None => to.fill(0.0),
        Some(more) => to.copy_from_slice(&more[first * inward..][..to.len()]),
    };
    rows(dy, out, &right, inward, begin)
}

/// x B + what `begin` writes, for x [cells, k] and B k x n in panels.
fn rows(
    x: &[f32],
    k: usize,
    right: &[f32],
    n: usize,
    begin: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let cells = x.len() / k;
    assert!(right.len() >= packed_length(k, n), "packed matrix");
    // SAFETY: the blocks cover all cells, and `begin` is given them as zeros; x and the result have `count`
    // rows, and the right-hand matrix is that of k and n
    unsafe {
        written(cells * n, |to| {
            (0..cells.div_ceil(CELLS)).into_par_iter().for_each(|i| {
                let (first, count) = (i * CELLS, CELLS.min(cells - i * CELLS));
                let to = to.cleared(first * n, count * n);
                begin(first, to);
                let sizes = Sizes { m: count, k, n };
                let left = Left {
                    start: x[first * k..][..count * k].as_ptr(),
                    row: k,
                    column: 1,
                };
                product(
                    sizes,
                    left,
                    right.as_ptr(),
                    (to.as_mut_ptr(), n),
                    Update::Add,
                );
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
    let piece = cells.div_ceil(PIECES).next_multiple_of(DEPTH).max(1);
    let pieces = cells.div_ceil(piece).max(1);
    let mut sums = Scratch::new(pieces * out * inward);
    sums.fill(0.0);
    let place = Place::new(&mut sums);
    (0..pieces).into_par_iter().for_each(|i| {
        let (first, last) = (i * piece, cells.min((i + 1) * piece));
        // SAFETY: each piece has its own part
        let to = unsafe { place.part(i * out * inward, out * inward) };
        let mut right = Scratch::new(packed_length(DEPTH, inward));
        for at in (first..last).step_by(DEPTH) {
            let count = DEPTH.min(last - at);
            let x = &x[at * inward..(at + count) * inward];
            pack(count, inward, &mut right, |p, j| x[p * inward + j]);
            let dy = &dy[at * out..(at + count) * out];
            let left = Left {
                start: dy.as_ptr(),
                row: 1,
                column: out,
            };
            let sizes = Sizes {
                m: out,
                k: count,
                n: inward,
            };
            // SAFETY: the left-hand matrix is dy turned, the right-hand one was packed for k and n
            unsafe {
                product(
                    sizes,
                    left,
                    right.as_ptr(),
                    (to.as_mut_ptr(), inward),
                    Update::Add,
                );
            }
        }
    });
    (sum::parts(&sums, out * inward), sum::columns(dy, out))
}
