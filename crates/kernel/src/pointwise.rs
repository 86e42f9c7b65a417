//! 1x1 convolution: the same matrix for every cell.

use crate::memory::{Place, Scratch, written};
use crate::processor::run;
use crate::product::{Left, Sizes, Update, pack, packed_length, product};
use crate::sum;
use pulp::{Simd, WithSimd};
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
    // SAFETY: the blocks cover all cells, and `begin` is given them as zeros
    unsafe {
        written(cells * n, |to| {
            (0..cells.div_ceil(CELLS)).into_par_iter().for_each(|i| {
                let (first, count) = (i * CELLS, CELLS.min(cells - i * CELLS));
                let to = to.cleared(first * n, count * n);
                begin(first, to);
                run(Rows {
                    x: &x[first * k..(first + count) * k],
                    k,
                    right,
                    n,
                    to,
                });
            });
        })
    }
}

struct Rows<'a> {
    x: &'a [f32],
    k: usize,
    right: &'a [f32],
    n: usize,
    to: &'a mut [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let left = Left {
            start: self.x.as_ptr(),
            row: self.k,
            column: 1,
        };
        let sizes = Sizes {
            m: self.x.len() / self.k,
            k: self.k,
            n: self.n,
        };
        let to = (self.to.as_mut_ptr(), self.n);
        // SAFETY: x and the result have m rows, and the right-hand matrix was packed for k and n
        unsafe { product(simd, sizes, left, self.right.as_ptr(), to, Update::Add) };
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
            run(Outer {
                dy: &dy[at * out..(at + count) * out],
                out,
                right: &right,
                inward,
                to,
            });
        }
    });
    (sum::parts(&sums, out * inward), sum::columns(dy, out))
}

struct Outer<'a> {
    dy: &'a [f32],
    out: usize,
    right: &'a [f32],
    inward: usize,
    to: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let left = Left {
            start: self.dy.as_ptr(),
            row: 1,
            column: self.out,
        };
        let sizes = Sizes {
            m: self.out,
            k: self.dy.len() / self.out,
            n: self.inward,
        };
        let to = (self.to.as_mut_ptr(), self.inward);
        // SAFETY: the left-hand matrix is dy turned, the right-hand one was packed for k and n
        unsafe { product(simd, sizes, left, self.right.as_ptr(), to, Update::Add) };
    }
}
