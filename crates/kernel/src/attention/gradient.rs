//! The gradient of attention; the weights are computed again.

use super::{Head, ROWS, Turned, stride};
use crate::field::some;
use crate::memory::{Place, Scratch, written};
use crate::processor::run;
use crate::product::{Left, Sizes, Update, pack, packed_length, product};
use crate::vector::fma;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The gradient of `qkv`, given that of the result, `dy`.
///
/// # Panics
/// If the lengths do not fit.
pub(crate) fn backward(
    qkv: &[f32],
    dy: &[f32],
    [images, cells, channels]: [usize; 3],
    heads: usize,
) -> Vec<f32> {
    assert_eq!(
        (qkv.len(), 3 * dy.len()),
        (3 * images * cells * channels, qkv.len()),
        "gradient"
    );
    assert!(
        heads > 0 && channels.is_multiple_of(heads),
        "{heads} heads of {channels} channels"
    );
    // SAFETY: the heads cover all channels of the three parts
    unsafe {
        written(qkv.len(), |to| {
            (0..images * heads).into_par_iter().for_each(|i| {
                let qkv = &qkv[i / heads * cells * 3 * channels..][..cells * 3 * channels];
                let head = Head {
                    qkv,
                    cells,
                    channels,
                    d: channels / heads,
                    index: i % heads,
                };
                let dy = &dy[i / heads * cells * channels..][..cells * channels];
                run(Backward {
                    head,
                    dy,
                    at: i / heads * cells * 3 * channels,
                    to,
                });
            });
        })
    }
}

struct Backward<'a> {
    head: Head<'a>,
    dy: &'a [f32],
    at: usize,
    to: Place,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Head { cells, d, .. } = self.head;
        let keys = (
            self.head.packed(1, Turned::Yes),
            self.head.packed(1, Turned::No),
        );
        let values = self.head.packed(2, Turned::Yes);
        let stride = stride::<S>(cells);
        let (mut weights, mut slopes) = (Scratch::new(ROWS * stride), Scratch::new(ROWS * stride));
        let mut update = Update::Set;
        for first in (0..cells).step_by(ROWS) {
            let count = ROWS.min(cells - first);
            let weights = &mut weights[..count * stride];
            let slopes = &mut slopes[..count * stride];
            self.head.weights(simd, (first, count), &keys.0, weights);
            self.slopes(simd, (first, count), &values, weights, slopes);
            let sizes = Sizes {
                m: count,
                k: cells,
                n: d,
            };
            let left = Left {
                start: slopes.as_ptr(),
                row: stride,
                column: 1,
            };
            // SAFETY: the queries' gradients of these cells
            unsafe {
                product(
                    sizes,
                    left,
                    keys.1.as_ptr(),
                    self.part(0, first),
                    Update::Set,
                );
            }
            self.turned((first, count), (slopes, weights), stride, update);
            update = Update::Add;
        }
    }
}

impl Backward<'_> {
    /// Where the gradients of the queries (0), keys (1) or values (2) go, from cell `i` on.
    #[inline(always)]
    fn part(&self, part: usize, i: usize) -> (*mut f32, usize) {
        let at = self.at + self.head.at(part, i, 0);
        // SAFETY: within the gradient of this image
        (unsafe { self.to.at(at) }, 3 * self.head.channels)
    }

    /// The gradients of the scores: w (dw - sum of w dw) / sqrt(d), with dw = dy v'.
    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        simd: S,
        (first, count): (usize, usize),
        values: &[f32],
        weights: &[f32],
        to: &mut [f32],
    ) {
        let Head {
            cells,
            channels,
            d,
            index,
            ..
        } = self.head;
        let stride = to.len() / count;
        let start = self.dy[first * channels + index * d..].as_ptr();
        let left = Left {
            start,
            row: channels,
            column: 1,
        };
        let sizes = Sizes {
            m: count,
            k: d,
            n: cells,
        };
        // SAFETY: `count` rows of dy with d numbers of this head, the packed values, and the rows of `to`
        unsafe {
            product(
                sizes,
                left,
                values.as_ptr(),
                (to.as_mut_ptr(), stride),
                Update::Set,
            );
        }
        let scale = (d as f32).sqrt().recip();
        for (to, weights) in to
            .chunks_exact_mut(stride)
            .zip(weights.chunks_exact(stride))
        {
            let (to, weights) = (&mut to[..cells], &weights[..cells]);
            let mean = dot(simd, to, weights);
            for (to, w) in to.iter_mut().zip(weights) {
                *to = w * (*to - mean) * scale;
            }
        }
    }

    /// Adds what some cells give to the gradients of all keys and values.
    fn turned(
        &self,
        (first, count): (usize, usize),
        (slopes, weights): (&[f32], &[f32]),
        stride: usize,
        update: Update,
    ) {
        let Head {
            cells,
            channels,
            d,
            index,
            qkv,
        } = self.head;
        let sizes = Sizes {
            m: cells,
            k: count,
            n: d,
        };
        let mut right = Scratch::new(packed_length(count, d));
        pack(count, d, &mut right, |p, j| {
            qkv[self.head.at(0, first + p, j)]
        });
        let left = |start: &[f32]| Left {
            start: start.as_ptr(),
            row: 1,
            column: stride,
        };
        // SAFETY: the rows of slopes and weights turned, packed queries, and this head's gradients
        unsafe {
            product(sizes, left(slopes), right.as_ptr(), self.part(1, 0), update);
        }
        pack(count, d, &mut right, |p, j| {
            self.dy[(first + p) * channels + index * d + j]
        });
        // SAFETY: as above
        unsafe {
            product(
                sizes,
                left(weights),
                right.as_ptr(),
                self.part(2, 0),
                update,
            );
        }
    }
}

/// The sum of the products of two rows.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let mut sum = simd.splat_f32s(0.0);
    for (a, b) in a.chunks(S::F32_LANES).zip(b.chunks(S::F32_LANES)) {
        // zeros beyond the end
        sum = fma(
            simd,
            some(simd, a, 0, a.len()),
            some(simd, b, 0, b.len()),
            sum,
        );
    }
    simd.reduce_sum_f32s(sum)
}
