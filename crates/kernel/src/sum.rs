//! Sums over cells, in an order that no number of threads changes.

use crate::field::some;
use crate::processor::run;
use crate::vector::store_first;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Cells that are summed at once.
const CELLS: usize = 512;

/// The sum of each column of [cells, c].
pub(crate) fn columns(values: &[f32], c: usize) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = values
        .par_chunks(CELLS * c)
        .map(|from| {
            let mut to = vec![0.0; c];
            run(Columns { from, to: &mut to });
            to
        })
        .collect();
    let of = |k: usize| parts.iter().map(|part| f64::from(part[k])).sum::<f64>() as f32;
    (0..c).map(of).collect()
}

struct Columns<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // several vectors side by side: whole lines of the cache
        const TOGETHER: usize = 4;
        let (c, lanes) = (self.to.len(), S::F32_LANES);
        for first in (0..c).step_by(TOGETHER * lanes) {
            let mut sums = [simd.splat_f32s(0.0); TOGETHER];
            let parts: [_; TOGETHER] = std::array::from_fn(|i| {
                let at = (first + i * lanes).min(c);
                (at, lanes.min(c - at))
            });
            for cell in self.from.chunks_exact(c) {
                for (sum, (at, n)) in sums.iter_mut().zip(parts) {
                    *sum = simd.add_f32s(*sum, some(simd, cell, at, n));
                }
            }
            for (sum, (at, n)) in sums.into_iter().zip(parts) {
                // SAFETY: n numbers are left
                unsafe { store_first(simd, self.to.as_mut_ptr().add(at), n, sum) };
            }
        }
    }
}

/// `parts` added in order, entry by entry: what is summed lies in pieces of `length` numbers.
pub(crate) fn parts(parts: &[f32], length: usize) -> Vec<f32> {
    let mut sum = parts[..length].to_vec();
    for part in parts[length..].chunks_exact(length) {
        for (sum, value) in sum.iter_mut().zip(part) {
            *sum += value;
        }
    }
    sum
}

/// The `count` pieces of each image added in order: [images, length].
pub(crate) fn pieces(partial: &[f32], count: usize, length: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(partial.len() / count.max(1));
    for image in partial.chunks_exact(count * length) {
        let at = sums.len();
        sums.resize(at + length, 0.0);
        for piece in image.chunks_exact(length) {
            for (sum, value) in sums[at..].iter_mut().zip(piece) {
                *sum += f64::from(*value);
            }
        }
    }
    sums
}
