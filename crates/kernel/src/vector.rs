//! Vectors in and out of memory, and functions of them.

use pulp::Simd;

/// The numbers at `p`.
///
/// # Safety
/// A whole vector of numbers must be readable at `p`.
#[inline(always)]
pub(crate) unsafe fn load<S: Simd>(_: S, p: *const f32) -> S::f32s {
    // SAFETY: readable by contract; any bits are a vector of f32
    unsafe { p.cast::<S::f32s>().read_unaligned() }
}

/// Writes a whole vector.
///
/// # Safety
/// A whole vector of numbers must be writable at `p`.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd>(_: S, p: *mut f32, v: S::f32s) {
    // SAFETY: writable by contract
    unsafe { p.cast::<S::f32s>().write_unaligned(v) }
}

/// The first `count` numbers at `p`, then zeros.
///
/// # Safety
/// `count` numbers, or a whole vector if that is less, must be readable at `p`.
#[inline(always)]
pub(crate) unsafe fn load_first<S: Simd>(simd: S, p: *const f32, count: usize) -> S::f32s {
    if count >= S::F32_LANES {
        // SAFETY: a whole vector is readable
        return unsafe { load(simd, p) };
    }
    // SAFETY: `count` numbers are readable by contract
    simd.partial_load_f32s(unsafe { std::slice::from_raw_parts(p, count) })
}

/// Writes the first `count` numbers of `v`.
///
/// # Safety
/// `count` numbers, or a whole vector if that is less, must be writable at `p`, and nobody else may use them.
#[inline(always)]
pub(crate) unsafe fn store_first<S: Simd>(simd: S, p: *mut f32, count: usize, v: S::f32s) {
    if count >= S::F32_LANES {
        // SAFETY: a whole vector is writable
        unsafe { store(simd, p, v) };
        return;
    }
    let values: [f32; 16] = {
        let mut all = [0.0; 16];
        // SAFETY: no vector is longer than 16 numbers
        unsafe { store(simd, all.as_mut_ptr(), v) };
        all
    };
    // SAFETY: `count` numbers are writable by contract and do not overlap a local
    unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), p, count) };
}

/// a b + c.
#[inline(always)]
pub(crate) fn fma<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(a, b, c)
}

/// exp(x) to 2 units in the last place, within exp(-86.6) and exp(87.3).
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // x = (n + f) ln 2 with |f| <= 1/2; adding 1.5 2^23 leaves n in the lowest bits
    let magic = simd.splat_f32s(12_582_912.0);
    let t = simd.mul_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E));
    let t = simd.max_f32s(
        simd.min_f32s(t, simd.splat_f32s(126.0)),
        simd.splat_f32s(-125.0),
    );
    let shifted = simd.add_f32s(t, magic);
    let n = simd.sub_f32s(shifted, magic);
    let x = simd.max_f32s(
        simd.min_f32s(x, simd.splat_f32s(87.3)),
        simd.splat_f32s(-86.6),
    );
    // ln 2 in two parts, the first with few bits, so that n times it is exact
    let f = fma(simd, n, simd.splat_f32s(-355.0 / 512.0), x);
    let f = fma(simd, n, simd.splat_f32s(2.121_944_4e-4), f);
    let terms = [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let mut p = simd.splat_f32s(1.0 / 5040.0);
    for term in terms {
        p = fma(simd, p, f, simd.splat_f32s(term));
    }
    let n = simd.transmute_u32s_f32s(shifted);
    let scale = simd.wrapping_dyn_shl_u32s(n, simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), scale))
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
pub(crate) fn gate<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let e = exp(simd, simd.sub_f32s(simd.splat_f32s(0.0), x));
    simd.div_f32s(one, simd.add_f32s(one, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor::run;
    use pulp::WithSimd;

    struct Gates<'a>(&'a [f32], &'a mut [f32]);
    impl WithSimd for Gates<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for (x, y) in self
                .0
                .chunks(S::F32_LANES)
                .zip(self.1.chunks_mut(S::F32_LANES))
            {
                simd.partial_store_f32s(y, gate(simd, simd.partial_load_f32s(x)));
            }
        }
    }

    #[test]
    fn the_gate_is_the_logistic_function() {
        let x: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.025).collect();
        let mut y = vec![0.0; x.len()];
        run(Gates(&x, &mut y));
        for (x, y) in x.iter().zip(y) {
            let wanted = 1.0 / (1.0 + (-f64::from(*x)).exp());
            let error = (f64::from(y) - wanted).abs();
            assert!(error <= 4e-7 * wanted + 1e-37, "{x}: {y} is not {wanted}");
        }
    }
}
