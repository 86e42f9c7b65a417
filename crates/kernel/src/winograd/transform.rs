//! The matrices of F(4x4, 3x3), one axis at a time; the points are 0, 1, -1, 2, -2 and infinity.

use crate::vector::fma;
use pulp::Simd;

// No closures and no array methods here: what is not inlined loses the features of the processor.

/// k x + y.
#[inline(always)]
fn times<S: Simd>(simd: S, k: f32, x: S::f32s, y: S::f32s) -> S::f32s {
    fma(simd, simd.splat_f32s(k), x, y)
}

/// k x.
#[inline(always)]
fn scaled<S: Simd>(simd: S, k: f32, x: S::f32s) -> S::f32s {
    simd.mul_f32s(simd.splat_f32s(k), x)
}

/// Entry `i` of every one of N columns.
#[inline(always)]
pub(super) fn across<S: Simd, const M: usize, const N: usize>(
    simd: S,
    columns: &[[S::f32s; M]; N],
    i: usize,
) -> [S::f32s; N] {
    let mut row = [simd.splat_f32s(0.0); N];
    for (row, column) in row.iter_mut().zip(columns) {
        *row = column[i];
    }
    row
}

/// B' d.
#[inline(always)]
pub(super) fn input<S: Simd>(simd: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
    let (a, b) = (times(simd, -4.0, d[2], d[4]), times(simd, -4.0, d[1], d[3]));
    let (c, e) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
    [
        times(simd, 4.0, d[0], times(simd, -5.0, d[2], d[4])),
        simd.add_f32s(a, b),
        simd.sub_f32s(a, b),
        times(simd, 2.0, e, c),
        times(simd, -2.0, e, c),
        times(simd, 4.0, d[1], times(simd, -5.0, d[3], d[5])),
    ]
}

/// A' m.
#[inline(always)]
pub(super) fn output<S: Simd>(simd: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
    let (p, q) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (r, u) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(m[0], simd.add_f32s(p, r)),
        times(simd, 2.0, u, q),
        times(simd, 4.0, r, p),
        simd.add_f32s(times(simd, 8.0, u, q), m[5]),
    ]
}

/// A y, the adjoint of [`output`].
#[inline(always)]
pub(super) fn spread<S: Simd>(simd: S, y: [S::f32s; 4]) -> [S::f32s; 6] {
    let (even, odd) = (simd.add_f32s(y[0], y[2]), simd.add_f32s(y[1], y[3]));
    let (far, twice) = (times(simd, 4.0, y[2], y[0]), times(simd, 4.0, y[3], y[1]));
    [
        y[0],
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        times(simd, 2.0, twice, far),
        times(simd, -2.0, twice, far),
        y[3],
    ]
}

/// G g.
#[inline(always)]
pub(super) fn weight<S: Simd>(simd: S, g: [S::f32s; 3]) -> [S::f32s; 6] {
    let even = simd.add_f32s(g[0], g[2]);
    let far = times(simd, 4.0, g[2], g[0]);
    [
        scaled(simd, 0.25, g[0]),
        scaled(simd, -1.0 / 6.0, simd.add_f32s(even, g[1])),
        scaled(simd, -1.0 / 6.0, simd.sub_f32s(even, g[1])),
        scaled(simd, 1.0 / 24.0, times(simd, 2.0, g[1], far)),
        scaled(simd, 1.0 / 24.0, times(simd, -2.0, g[1], far)),
        g[2],
    ]
}

/// G' u, the adjoint of [`weight`].
#[inline(always)]
pub(super) fn gather<S: Simd>(simd: S, u: [S::f32s; 6]) -> [S::f32s; 3] {
    let (near, slope) = (simd.add_f32s(u[1], u[2]), simd.sub_f32s(u[2], u[1]));
    let (far, steep) = (simd.add_f32s(u[3], u[4]), simd.sub_f32s(u[3], u[4]));
    let near = scaled(simd, -1.0 / 6.0, near);
    [
        times(simd, 1.0 / 24.0, far, times(simd, 0.25, u[0], near)),
        times(simd, 1.0 / 12.0, steep, scaled(simd, 1.0 / 6.0, slope)),
        simd.add_f32s(times(simd, 1.0 / 6.0, far, near), u[5]),
    ]
}
