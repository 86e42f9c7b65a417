//! Means and deviations.

use super::CELLS;
use crate::field::{Field, some};
use crate::processor::run;
use crate::vector::{fma, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

const EPSILON: f64 = 1e-5;

/// Mean and 1 / sqrt(variance + 1e-5) of each image and group: [images, groups, 2].
///
/// Sums run over deviations from a chunk's first cell, so that a large mean costs no digits.
///
/// # Reference
/// Chan, Golub and `LeVeque` (1983), Am. Stat. 37, 242, for the merging of variances.
pub(crate) fn moments(x: Field, groups: usize) -> Vec<f32> {
    let (c, cells) = (x.channels, x.cells());
    let chunks = cells.div_ceil(CELLS);
    let mut partial = vec![0f32; x.images() * chunks * 2 * c];
    partial
        .par_chunks_exact_mut(2 * c)
        .enumerate()
        .for_each(|(i, to)| {
            let (image, first) = (i / chunks, i % chunks * CELLS);
            let count = CELLS.min(cells - first);
            let from = &x.values[(image * cells + first) * c..][..count * c];
            run(Deviations { from, to });
        });
    let mut result = Vec::with_capacity(2 * x.images() * groups);
    let width = c / groups;
    for (image, partial) in partial.chunks_exact(chunks * 2 * c).enumerate() {
        for group in 0..groups {
            let (mut n, mut mean, mut square) = (0.0f64, 0.0f64, 0.0f64);
            for (chunk, sums) in partial.chunks_exact(2 * c).enumerate() {
                let first = chunk * CELLS;
                let count = CELLS.min(cells - first) as f64;
                for channel in group * width..(group + 1) * width {
                    let origin = x.values[(image * cells + first) * c + channel];
                    let deviation = f64::from(sums[channel]) / count;
                    let other = f64::from(origin) + deviation;
                    let spread = f64::from(sums[c + channel]) - count * deviation * deviation;
                    let (total, apart) = (n + count, other - mean);
                    mean += apart * count / total;
                    square += spread + apart * apart * n * count / total;
                    n = total;
                }
            }
            let variance = (square / n.max(1.0)).max(0.0);
            result.extend([mean as f32, (variance + EPSILON).sqrt().recip() as f32]);
        }
    }
    result
}

/// Sums and sums of squares of the differences from the first cell.
struct Deviations<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Deviations<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.to.len() / 2;
        for first in (0..c).step_by(S::F32_LANES) {
            let n = S::F32_LANES.min(c - first);
            let origin = some(simd, self.from, first, n);
            let (mut sum, mut square) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            for cell in self.from.chunks_exact(c) {
                let d = simd.sub_f32s(some(simd, cell, first, n), origin);
                sum = simd.add_f32s(sum, d);
                square = fma(simd, d, d, square);
            }
            // SAFETY: both halves hold c numbers
            unsafe {
                store_first(simd, self.to.as_mut_ptr().add(first), n, sum);
                store_first(simd, self.to.as_mut_ptr().add(c + first), n, square);
            }
        }
    }
}
