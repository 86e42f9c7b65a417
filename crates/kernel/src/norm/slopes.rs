//! What the gradient of a norm does with a piece of a field.

use crate::field::{Activation, Curve, some};
use crate::vector::{fma, gate, load_first, store_first};
use pulp::{Simd, WithSimd};

/// g becomes the gradient before the nonlinearity; its sums, and those of its products with the normalised
/// field, go to `to`.
pub(super) struct Slopes<'a> {
    pub(super) activation: Activation<'a>,
    pub(super) standard: &'a [f32],
    pub(super) image: usize,
    pub(super) x: &'a [f32],
    pub(super) g: &'a mut [f32],
    pub(super) to: &'a mut [f32],
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.to.len() / 2;
        let Activation {
            scale,
            shift,
            keep,
            curve,
        } = self.activation;
        for first in (0..c).step_by(S::F32_LANES) {
            let n = S::F32_LANES.min(c - first);
            let at = self.image * c + first;
            let (a, d) = (some(simd, scale, at, n), some(simd, shift, at, n));
            let k = keep.map_or(simd.splat_f32s(1.0), |keep| some(simd, keep, at, n));
            let slope = some(simd, self.standard, 2 * self.image * c + first, n);
            let offset = some(simd, self.standard, (2 * self.image + 1) * c + first, n);
            let (mut sum, mut product) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            for (x, g) in self.x.chunks_exact(c).zip(self.g.chunks_exact_mut(c)) {
                let x = some(simd, x, first, n);
                let g = &mut g[first..first + n];
                // SAFETY: g holds n numbers
                let mut v = simd.mul_f32s(k, unsafe { load_first(simd, g.as_ptr(), n) });
                if curve == Curve::Silu {
                    let y = fma(simd, x, a, d);
                    let s = gate(simd, y);
                    let ys = simd.mul_f32s(y, s);
                    // s + y s (1 - s)
                    let derivative = simd.sub_f32s(simd.add_f32s(s, ys), simd.mul_f32s(ys, s));
                    v = simd.mul_f32s(v, derivative);
                }
                sum = simd.add_f32s(sum, v);
                product = fma(simd, v, fma(simd, x, slope, offset), product);
                // SAFETY: g holds n numbers
                unsafe { store_first(simd, g.as_mut_ptr(), n, v) };
            }
            // SAFETY: both halves hold c numbers
            unsafe {
                store_first(simd, self.to.as_mut_ptr().add(first), n, sum);
                store_first(simd, self.to.as_mut_ptr().add(c + first), n, product);
            }
        }
    }
}

/// g becomes the gradient of x: p g + q x + r, and what is added.
pub(super) struct Combine<'a> {
    pub(super) factors: &'a [f32],
    pub(super) x: &'a [f32],
    pub(super) g: &'a mut [f32],
    pub(super) more: Option<&'a [f32]>,
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.factors.len() / 3;
        for at in (0..self.x.len()).step_by(c) {
            for first in (0..c).step_by(S::F32_LANES) {
                let n = S::F32_LANES.min(c - first);
                let factor = |i: usize| some(simd, self.factors, i * c + first, n);
                let g = &mut self.g[at + first..at + first + n];
                // SAFETY: g holds n numbers
                let v = unsafe { load_first(simd, g.as_ptr(), n) };
                let rest = fma(
                    simd,
                    some(simd, self.x, at + first, n),
                    factor(1),
                    factor(2),
                );
                let mut v = fma(simd, v, factor(0), rest);
                if let Some(more) = self.more {
                    v = simd.add_f32s(v, some(simd, more, at + first, n));
                }
                // SAFETY: as above
                unsafe { store_first(simd, g.as_mut_ptr(), n, v) };
            }
        }
    }
}
