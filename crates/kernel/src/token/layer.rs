//! Normalisation over the channels of single cells, scaled and shifted image by image.

use super::Pieces;
use crate::field::some;
use crate::memory::{Place, written};
use crate::processor::run;
use crate::sum;
use crate::vector::{fma, load_first, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

const EPSILON: f32 = 1e-6;

/// m = (1 + a) (x - mean) / sqrt(variance + 1e-6) + s, the moments being those of a cell's channels and a, s those of an
/// image, [images, channels].
///
/// # Reference
/// Ba, Kiros and Hinton (2016), arXiv:1607.06450; Peebles and Xie (2022), arXiv:2212.09748, section 3.2.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a> {
    pieces: Pieces,
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
}

impl<'a> Layer<'a> {
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn new(pieces: Pieces, x: &'a [f32], scale: &'a [f32], shift: &'a [f32]) -> Self {
        pieces.check(x, scale);
        pieces.check(x, shift);
        Self {
            pieces,
            x,
            scale,
            shift,
        }
    }

    /// The mean and one over the deviation of each cell: [images, cells, 2].
    pub(crate) fn moments(&self) -> Vec<f32> {
        let c = self.pieces.channels;
        let mut moments = vec![0.0; self.x.len() / c * 2];
        self.x
            .par_chunks(super::CELLS * c)
            .zip(moments.par_chunks_mut(super::CELLS * 2))
            .for_each(|(x, to)| run(Moments { x, c, to }));
        moments
    }

    /// The result m.
    pub(crate) fn apply(&self, moments: &[f32]) -> Vec<f32> {
        let (pieces, c) = (self.pieces, self.pieces.channels);
        assert_eq!(moments.len() * c, 2 * self.x.len(), "moments");
        // SAFETY: the pieces cover all cells
        unsafe {
            written(self.x.len(), |to| {
                (0..pieces.count()).into_par_iter().for_each(|i| {
                    let piece = pieces.piece(i);
                    let (at, channels) = (piece.at, piece.image * c..(piece.image + 1) * c);
                    run(Apply {
                        x: &self.x[at..at + piece.length],
                        moments: &moments[at / c * 2..(at + piece.length) / c * 2],
                        scale: &self.scale[channels.clone()],
                        shift: &self.shift[channels],
                        to: to.at(at),
                    });
                });
            })
        }
    }

    /// Turns the gradient `g` of m into that of x, plus `more`, and returns the gradients of scale and shift.
    pub(crate) fn backward(
        &self,
        moments: &[f32],
        g: &mut [f32],
        more: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (pieces, c) = (self.pieces, self.pieces.channels);
        assert_eq!([g.len(), more.len()], [self.x.len(); 2], "gradient");
        assert_eq!(moments.len() * c, 2 * self.x.len(), "moments");
        let place = Place::new(g);
        let mut partial = vec![0f32; pieces.count() * 2 * c];
        partial
            .par_chunks_exact_mut(2 * c)
            .enumerate()
            .for_each(|(i, to)| {
                let piece = pieces.piece(i);
                let (at, image) = (piece.at, piece.image);
                run(Backward {
                    x: &self.x[at..at + piece.length],
                    moments: &moments[at / c * 2..(at + piece.length) / c * 2],
                    scale: &self.scale[image * c..(image + 1) * c],
                    more: &more[at..at + piece.length],
                    // SAFETY: the pieces are disjoint
                    g: unsafe { place.part(at, piece.length) },
                    to,
                });
            });
        let sums = sum::pieces(&partial, pieces.each(), 2 * c);
        let part = |kind: usize| -> Vec<f32> {
            let of = |i: usize| sums[(2 * (i / c) + kind) * c + i % c] as f32;
            (0..pieces.images * c).map(of).collect()
        };
        (part(1), part(0))
    }
}

struct Moments<'a> {
    x: &'a [f32],
    c: usize,
    to: &'a mut [f32],
}

impl WithSimd for Moments<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.c;
        for (cell, to) in self.x.chunks_exact(c).zip(self.to.chunks_exact_mut(2)) {
            let mut sum = simd.splat_f32s(0.0);
            for first in (0..c).step_by(S::F32_LANES) {
                sum = simd.add_f32s(sum, some(simd, cell, first, S::F32_LANES.min(c - first)));
            }
            let mean = simd.reduce_sum_f32s(sum) / c as f32;
            // the numbers beyond the last channel must not count
            let (whole, rest) = cell.split_at(c - c % S::F32_LANES);
            let (mut squares, middle) = (simd.splat_f32s(0.0), simd.splat_f32s(mean));
            for part in whole.chunks_exact(S::F32_LANES) {
                let d = simd.sub_f32s(some(simd, part, 0, S::F32_LANES), middle);
                squares = fma(simd, d, d, squares);
            }
            let rest = rest.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>();
            let variance = (simd.reduce_sum_f32s(squares) + rest) / c as f32;
            to[0] = mean;
            to[1] = (variance + EPSILON).sqrt().recip();
        }
    }
}

struct Apply<'a> {
    x: &'a [f32],
    moments: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    /// As many numbers as x, written by this thread alone.
    to: *mut f32,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (c, one) = (self.scale.len(), simd.splat_f32s(1.0));
        let cells = self.x.chunks_exact(c).zip(self.moments.chunks_exact(2));
        for (i, (cell, moments)) in cells.enumerate() {
            let (mean, rate) = (simd.splat_f32s(moments[0]), simd.splat_f32s(moments[1]));
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let x = simd.sub_f32s(some(simd, cell, first, n), mean);
                let a = simd.add_f32s(one, some(simd, self.scale, first, n));
                let x = simd.mul_f32s(x, rate);
                let y = fma(simd, x, a, some(simd, self.shift, first, n));
                // SAFETY: cell i of the piece, n numbers from `first` on
                unsafe { store_first(simd, self.to.add(i * c + first), n, y) };
            }
        }
    }
}

/// The sums of g, and of its products with the normalised x, go to `to`.
struct Backward<'a> {
    x: &'a [f32],
    moments: &'a [f32],
    scale: &'a [f32],
    more: &'a [f32],
    g: &'a mut [f32],
    to: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (c, one) = (self.scale.len(), simd.splat_f32s(1.0));
        let (sums, products) = self.to.split_at_mut(c);
        let cells = self.x.chunks_exact(c).zip(self.moments.chunks_exact(2));
        let gradients = self.g.chunks_exact_mut(c).zip(self.more.chunks_exact(c));
        for ((cell, moments), (g, more)) in cells.zip(gradients) {
            let (mean, rate) = (simd.splat_f32s(moments[0]), simd.splat_f32s(moments[1]));
            let normal = |first: usize, n: usize| {
                simd.mul_f32s(simd.sub_f32s(some(simd, cell, first, n), mean), rate)
            };
            let (mut first_sum, mut second_sum) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let (x, g) = (normal(first, n), some(simd, g, first, n));
                let a = simd.add_f32s(one, some(simd, self.scale, first, n));
                let (scaled, product) = (simd.mul_f32s(g, a), simd.mul_f32s(g, x));
                // beyond the last channel g is zero
                first_sum = simd.add_f32s(first_sum, scaled);
                second_sum = fma(simd, scaled, x, second_sum);
                let sum = simd.add_f32s(some(simd, sums, first, n), g);
                let product = simd.add_f32s(some(simd, products, first, n), product);
                // SAFETY: n numbers from `first` on, of c
                unsafe {
                    store_first(simd, sums.as_mut_ptr().add(first), n, sum);
                    store_first(simd, products.as_mut_ptr().add(first), n, product);
                }
            }
            let count = c as f32;
            let first_mean = simd.splat_f32s(simd.reduce_sum_f32s(first_sum) / count);
            let second_mean = simd.splat_f32s(simd.reduce_sum_f32s(second_sum) / count);
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let x = normal(first, n);
                let a = simd.add_f32s(one, some(simd, self.scale, first, n));
                let part = &mut g[first..first + n];
                // SAFETY: the part holds n numbers
                let v = unsafe { load_first(simd, part.as_ptr(), n) };
                let v = simd.sub_f32s(simd.mul_f32s(v, a), first_mean);
                let v = simd.sub_f32s(v, simd.mul_f32s(x, second_mean));
                let v = fma(simd, v, rate, some(simd, more, first, n));
                // SAFETY: the part holds n numbers
                unsafe { store_first(simd, part.as_mut_ptr(), n, v) };
            }
        }
    }
}
