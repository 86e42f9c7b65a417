//! A branch added to what it branched off, channel by channel.

use super::Pieces;
use crate::field::some;
use crate::memory::written;
use crate::processor::run;
use crate::sum;
use crate::vector::{fma, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// x + k o, k being [images, channels].
#[derive(Clone, Copy)]
pub(crate) struct Gated<'a> {
    pieces: Pieces,
    branch: &'a [f32],
    gate: &'a [f32],
}

impl<'a> Gated<'a> {
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn new(pieces: Pieces, branch: &'a [f32], gate: &'a [f32]) -> Self {
        pieces.check(branch, gate);
        Self {
            pieces,
            branch,
            gate,
        }
    }

    /// The sum.
    pub(crate) fn added_to(&self, x: &[f32]) -> Vec<f32> {
        let (pieces, c) = (self.pieces, self.pieces.channels);
        assert_eq!(x.len(), self.branch.len(), "field");
        // SAFETY: the pieces cover all cells
        unsafe {
            written(x.len(), |to| {
                (0..pieces.count()).into_par_iter().for_each(|i| {
                    let piece = pieces.piece(i);
                    let all = piece.at..piece.at + piece.length;
                    run(Add {
                        x: &x[all.clone()],
                        branch: &self.branch[all],
                        gate: &self.gate[piece.image * c..(piece.image + 1) * c],
                        to: to.at(piece.at),
                    });
                });
            })
        }
    }

    /// The gradients of the branch and of the gate, given that of the sum.
    pub(crate) fn backward(&self, dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (pieces, c) = (self.pieces, self.pieces.channels);
        assert_eq!(dy.len(), self.branch.len(), "gradient");
        let mut partial = vec![0f32; pieces.count() * c];
        // SAFETY: the pieces cover all cells
        let branch = unsafe {
            written(dy.len(), |to| {
                partial
                    .par_chunks_exact_mut(c)
                    .enumerate()
                    .for_each(|(i, sum)| {
                        let piece = pieces.piece(i);
                        let all = piece.at..piece.at + piece.length;
                        run(Backward {
                            dy: &dy[all.clone()],
                            branch: &self.branch[all],
                            gate: &self.gate[piece.image * c..(piece.image + 1) * c],
                            to: to.at(piece.at),
                            sum,
                        });
                    });
            })
        };
        let sums = sum::pieces(&partial, pieces.each(), c);
        (branch, sums.into_iter().map(|sum| sum as f32).collect())
    }
}

struct Add<'a> {
    x: &'a [f32],
    branch: &'a [f32],
    gate: &'a [f32],
    /// As many numbers as x, written by this thread alone.
    to: *mut f32,
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.gate.len();
        let cells = self.x.chunks_exact(c).zip(self.branch.chunks_exact(c));
        for (i, (x, branch)) in cells.enumerate() {
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let [x, o, k] = [x, branch, self.gate].map(|v| some(simd, v, first, n));
                // SAFETY: cell i of the piece, n numbers from `first` on
                unsafe { store_first(simd, self.to.add(i * c + first), n, fma(simd, o, k, x)) };
            }
        }
    }
}

/// The sums of the products of gradient and branch go to `sum`.
struct Backward<'a> {
    dy: &'a [f32],
    branch: &'a [f32],
    gate: &'a [f32],
    /// As many numbers as dy, written by this thread alone.
    to: *mut f32,
    sum: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.gate.len();
        let cells = self.dy.chunks_exact(c).zip(self.branch.chunks_exact(c));
        for (i, (dy, branch)) in cells.enumerate() {
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let [g, o, k] = [dy, branch, self.gate].map(|v| some(simd, v, first, n));
                let sum = fma(simd, g, o, some(simd, self.sum, first, n));
                // SAFETY: n numbers from `first` on, of c and of cell i of the piece
                unsafe {
                    store_first(simd, self.sum.as_mut_ptr().add(first), n, sum);
                    store_first(simd, self.to.add(i * c + first), n, simd.mul_f32s(g, k));
                }
            }
        }
    }
}
