//! Attention between all cells of an image, head by head, without keeping the weights.

mod gradient;

pub(crate) use gradient::backward;

use crate::field::some;
use crate::memory::{Place, Scratch, written};
use crate::processor::run;
use crate::product::{Left, Sizes, Update, pack, packed_length, product};
use crate::vector::{exp, fma, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Rows of the weights that are held at once.
const ROWS: usize = 96;

/// Numbers from one row of the weights to the next: whole vectors, and one more, because columns of rows that lie a power of
/// two apart meet in few lines of the cache.
fn stride<S: Simd>(cells: usize) -> usize {
    cells.next_multiple_of(S::F32_LANES) + S::F32_LANES
}

/// softmax(q k' / sqrt(d)) v for each head, d channels a head.
///
/// # Shapes
/// `qkv` [images, cells, 3, heads, d] to [images, cells, heads, d].
///
/// # Panics
/// If the lengths do not fit.
pub(crate) fn forward(
    qkv: &[f32],
    [images, cells, channels]: [usize; 3],
    heads: usize,
) -> Vec<f32> {
    assert_eq!(
        qkv.len(),
        images * cells * 3 * channels,
        "queries, keys and values"
    );
    assert_eq!(channels % heads, 0, "heads");
    // SAFETY: the heads cover all channels
    unsafe {
        written(images * cells * channels, |to| {
            (0..images * heads).into_par_iter().for_each(|i| {
                let qkv = &qkv[i / heads * cells * 3 * channels..][..cells * 3 * channels];
                let head = Head {
                    qkv,
                    cells,
                    channels,
                    d: channels / heads,
                    index: i % heads,
                };
                run(Forward {
                    head,
                    at: i / heads * cells * channels,
                    to,
                });
            });
        })
    }
}

/// One head of one image.
#[derive(Clone, Copy)]
struct Head<'a> {
    qkv: &'a [f32],
    cells: usize,
    channels: usize,
    d: usize,
    index: usize,
}

impl Head<'_> {
    /// Entry `k` of the query (0), key (1) or value (2) of cell `i`.
    #[inline(always)]
    fn at(&self, part: usize, i: usize, k: usize) -> usize {
        (3 * i + part) * self.channels + self.index * self.d + k
    }

    /// Query (0), key (1) or value (2) of all cells, [cells, d] in panels, or turned: [d, cells].
    fn packed(&self, part: usize, turned: Turned) -> Scratch {
        let (k, n) = match turned {
            Turned::No => (self.cells, self.d),
            Turned::Yes => (self.d, self.cells),
        };
        let mut panels = Scratch::new(packed_length(k, n));
        match turned {
            Turned::No => pack(k, n, &mut panels, |p, j| self.qkv[self.at(part, p, j)]),
            Turned::Yes => pack(k, n, &mut panels, |p, j| self.qkv[self.at(part, j, p)]),
        }
        panels
    }

    /// The weights of `count` cells from `first` on: [count, cells], rows `stride` numbers apart.
    #[inline(always)]
    fn weights<S: Simd>(
        &self,
        simd: S,
        (first, count): (usize, usize),
        keys: &[f32],
        to: &mut [f32],
    ) {
        let stride = to.len() / count;
        let start = self.qkv[self.at(0, first, 0)..].as_ptr();
        let left = Left {
            start,
            row: 3 * self.channels,
            column: 1,
        };
        let sizes = Sizes {
            m: count,
            k: self.d,
            n: self.cells,
        };
        // SAFETY: `count` queries of d numbers, the packed keys, and as many rows of `to`
        unsafe {
            product(
                sizes,
                left,
                keys.as_ptr(),
                (to.as_mut_ptr(), stride),
                Update::Set,
            );
        }
        let scale = (self.d as f32).sqrt().recip();
        for row in to.chunks_exact_mut(stride) {
            softmax(simd, &mut row[..self.cells], scale);
        }
    }
}

#[derive(Clone, Copy)]
enum Turned {
    No,
    Yes,
}

/// exp(scale x - greatest) over its sum; not a number where a score is none or has overflowed.
#[inline(always)]
fn softmax<S: Simd>(simd: S, row: &mut [f32], scale: f32) {
    let lanes = S::F32_LANES;
    let (whole, rest) = row.split_at(row.len() / lanes * lanes);
    let (mut greatest, mut doubt) = (simd.splat_f32s(f32::MIN), simd.splat_f32s(0.0));
    for part in whole.chunks_exact(lanes) {
        let x = some(simd, part, 0, lanes);
        greatest = simd.max_f32s(greatest, x);
        // the maximum would pass over what is not a number
        doubt = fma(simd, x, simd.splat_f32s(0.0), doubt);
    }
    let greatest = rest
        .iter()
        .copied()
        .fold(simd.reduce_max_f32s(greatest), f32::max);
    let doubt = simd.reduce_sum_f32s(doubt) + rest.iter().map(|x| x * 0.0).sum::<f32>();
    if doubt.is_nan() {
        row.fill(f32::NAN);
        return;
    }
    let (factor, shift) = (simd.splat_f32s(scale), simd.splat_f32s(-scale * greatest));
    let mut sums = simd.splat_f32s(0.0);
    let mut sum = 0.0;
    for part in row.chunks_mut(lanes) {
        let n = part.len();
        let e = exp(simd, fma(simd, some(simd, part, 0, n), factor, shift));
        // SAFETY: the part holds n numbers
        unsafe { store_first(simd, part.as_mut_ptr(), n, e) };
        if n == lanes {
            sums = simd.add_f32s(sums, e);
        } else {
            sum = part.iter().sum::<f32>();
        }
    }
    let rate = 1.0 / (sum + simd.reduce_sum_f32s(sums));
    for value in row {
        *value *= rate;
    }
}

struct Forward<'a> {
    head: Head<'a>,
    at: usize,
    to: Place,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Head {
            cells, channels, d, ..
        } = self.head;
        let (keys, values) = (
            self.head.packed(1, Turned::Yes),
            self.head.packed(2, Turned::No),
        );
        let stride = stride::<S>(cells);
        let mut weights = Scratch::new(ROWS * stride);
        for first in (0..cells).step_by(ROWS) {
            let count = ROWS.min(cells - first);
            let weights = &mut weights[..count * stride];
            self.head.weights(simd, (first, count), &keys, weights);
            let left = Left {
                start: weights.as_ptr(),
                row: stride,
                column: 1,
            };
            let sizes = Sizes {
                m: count,
                k: cells,
                n: d,
            };
            // SAFETY: this head's channels of the rows of this image, written by this thread alone
            unsafe {
                let to = self.to.at(self.at + first * channels + self.head.index * d);
                product(sizes, left, values.as_ptr(), (to, channels), Update::Set);
            }
        }
    }
}
