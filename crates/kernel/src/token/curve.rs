//! GELU, number by number.

use crate::memory::written;
use crate::processor::run;
use crate::vector::{fma, gate, load_first, store_first};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Numbers that a thread works on at once.
const LENGTH: usize = 16_384;

/// x / (1 + exp(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x^3).
///
/// # Reference
/// Hendrycks and Gimpel (2016), arXiv:1606.08415, section 2, the form with tanh.
pub(crate) fn gelu(x: &[f32]) -> Vec<f32> {
    // SAFETY: the pieces cover all numbers
    unsafe {
        written(x.len(), |to| {
            x.par_chunks(LENGTH).enumerate().for_each(|(i, x)| {
                run(Value {
                    x,
                    to: to.at(i * LENGTH),
                });
            });
        })
    }
}

/// `g` times the slope of GELU at `x`.
pub(crate) fn times_slope(g: &mut [f32], x: &[f32]) {
    assert_eq!(g.len(), x.len(), "gradient");
    g.par_chunks_mut(LENGTH)
        .zip(x.par_chunks(LENGTH))
        .for_each(|(g, x)| run(Product { x, g }));
}

/// 1 / (1 + exp(-2 u)), and 2 u'.
#[inline(always)]
fn share<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let twice = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
    let square = simd.mul_f32s(x, x);
    let [one, three] = [1.0, 3.0].map(|k| {
        let factor = simd.splat_f32s(k * 0.044_715 * twice);
        fma(simd, square, factor, simd.splat_f32s(twice))
    });
    (gate(simd, simd.mul_f32s(x, one)), three)
}

struct Value<'a> {
    x: &'a [f32],
    /// As many numbers as x, written by this thread alone.
    to: *mut f32,
}

impl WithSimd for Value<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (i, part) in self.x.chunks(S::F32_LANES).enumerate() {
            // SAFETY: the part has as many numbers as are read, and as many are written
            unsafe {
                let x = load_first(simd, part.as_ptr(), part.len());
                let y = simd.mul_f32s(x, share(simd, x).0);
                store_first(simd, self.to.add(i * S::F32_LANES), part.len(), y);
            }
        }
    }
}

struct Product<'a> {
    x: &'a [f32],
    g: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        for (x, g) in self.x.chunks(lanes).zip(self.g.chunks_mut(lanes)) {
            // SAFETY: both parts have as many numbers as are read and written
            unsafe {
                let x = load_first(simd, x.as_ptr(), x.len());
                let (s, rise) = share(simd, x);
                // s + x s (1 - s) 2 u'
                let xs = simd.mul_f32s(x, s);
                let bend = simd.mul_f32s(simd.sub_f32s(xs, simd.mul_f32s(xs, s)), rise);
                let slope = simd.add_f32s(s, bend);
                let v = load_first(simd, g.as_ptr(), g.len());
                store_first(simd, g.as_mut_ptr(), g.len(), simd.mul_f32s(v, slope));
            }
        }
    }
}
