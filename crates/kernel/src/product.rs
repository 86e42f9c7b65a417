//! Matrix products with the right-hand matrix in panels.

use crate::processor::{lanes, panel_vectors, run};
use crate::vector::{fma, load, load_first, store, store_first};
use pulp::{Simd, WithSimd};

/// Rows of the result that stay in registers.
const ROWS: usize = 6;

/// What becomes of the numbers that were in the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    Set,
    Add,
}

/// A left-hand matrix: entry (i, p) lies `i row + p column` numbers on.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) start: *const f32,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// The sizes of a product of m x k and k x n.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

/// The columns of a panel.
pub(crate) fn panel_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            panel_vectors::<S>() * S::F32_LANES
        }
    }
    run(Width)
}

/// The length of a right-hand matrix k x n in panels: columns rounded up to whole vectors.
pub(crate) fn packed_length(k: usize, n: usize) -> usize {
    k * n.next_multiple_of(lanes())
}

/// `matrix`(p, j) in panels, written to `to`.
pub(crate) fn pack(k: usize, n: usize, to: &mut [f32], matrix: impl Fn(usize, usize) -> f32) {
    let (width, whole) = (panel_width(), n.next_multiple_of(lanes()));
    assert!(to.len() >= k * whole);
    for first in (0..whole).step_by(width) {
        let count = width.min(whole - first);
        let panel = &mut to[first * k..][..k * count];
        for (p, row) in panel.chunks_exact_mut(count).enumerate() {
            for (j, value) in (first..).zip(row) {
                *value = if j < n { matrix(p, j) } else { 0.0 };
            }
        }
    }
}

/// As [`pack`] for a matrix as it lies, [k, n].
pub(crate) fn pack_rows(k: usize, n: usize, to: &mut [f32], rows: &[f32]) {
    let (width, whole) = (panel_width(), n.next_multiple_of(lanes()));
    assert!(to.len() >= k * whole && rows.len() >= k * n);
    for first in (0..whole).step_by(width) {
        let (count, valid) = (width.min(whole - first), width.min(n - first));
        let panel = &mut to[first * k..][..k * count];
        for (row, from) in panel.chunks_exact_mut(count).zip(rows.chunks_exact(n)) {
            row[..valid].copy_from_slice(&from[first..first + valid]);
            row[valid..].fill(0.0);
        }
    }
}

/// As [`pack`] for the matrix whose columns are the rows of `turned`, [n, k].
pub(crate) fn pack_turned(k: usize, n: usize, to: &mut [f32], turned: &[f32]) {
    /// Rows that are packed at once: read as they lie, and written within the nearest cache.
    const TOGETHER: usize = 64;
    let (width, whole) = (panel_width(), n.next_multiple_of(lanes()));
    assert!(to.len() >= k * whole && turned.len() >= k * n);
    for first in (0..whole).step_by(width) {
        let count = width.min(whole - first);
        let panel = &mut to[first * k..][..k * count];
        for (block, rows) in panel.chunks_mut(TOGETHER * count).enumerate() {
            for j in 0..count {
                let rows = rows.chunks_exact_mut(count);
                if first + j < n {
                    let column = &turned[(first + j) * k + block * TOGETHER..];
                    rows.zip(column).for_each(|(row, value)| row[j] = *value);
                } else {
                    rows.for_each(|row| row[j] = 0.0);
                }
            }
        }
    }
}

/// C = A B or C += A B.
///
/// A function of its own rather than a part of its callers, which would all repeat its many loops.
///
/// # Safety
/// A must be readable, B must be `packed_length(k, n)` numbers in panels, and the rows of C, `c_row` numbers
/// apart, must be writable by this thread alone for n numbers each.
pub(crate) unsafe fn product(
    sizes: Sizes,
    a: Left,
    b: *const f32,
    c: (*mut f32, usize),
    update: Update,
) {
    run(Product {
        sizes,
        a,
        b,
        c,
        update,
    });
}

/// Only made by [`product`], whose contract it relies on.
struct Product {
    sizes: Sizes,
    a: Left,
    b: *const f32,
    c: (*mut f32, usize),
    update: Update,
}

impl WithSimd for Product {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            sizes,
            a,
            b,
            c: (c, c_row),
            update,
        } = self;
        let lanes = S::F32_LANES;
        let width = panel_vectors::<S>() * lanes;
        let whole = sizes.n.next_multiple_of(lanes);
        let mut first = 0;
        while first < whole {
            let count = width.min(whole - first);
            let valid = sizes.n.min(first + count) - first;
            // SAFETY: the panel begins first * k numbers on and is k * count long; its columns are those of C
            unsafe {
                let (b, c) = (b.add(first * sizes.k), c.add(first));
                let sizes = Sizes { n: valid, ..sizes };
                match count / lanes {
                    1 => panel::<S, 1>(simd, sizes, a, b, (c, c_row), update),
                    2 => panel::<S, 2>(simd, sizes, a, b, (c, c_row), update),
                    3 => panel::<S, 3>(simd, sizes, a, b, (c, c_row), update),
                    _ => panel::<S, 4>(simd, sizes, a, b, (c, c_row), update),
                }
            }
            first += count;
        }
    }
}

/// # Safety
/// As [`product`], for one panel of V vectors.
#[inline(always)]
unsafe fn panel<S: Simd, const V: usize>(
    simd: S,
    sizes: Sizes,
    a: Left,
    b: *const f32,
    (c, c_row): (*mut f32, usize),
    update: Update,
) {
    let mut i = 0;
    while i < sizes.m {
        // SAFETY: rows i to i + ROWS, or to m, of A and C
        unsafe {
            let a = Left {
                start: a.start.add(i * a.row),
                ..a
            };
            let c = (c.add(i * c_row), c_row);
            match sizes.m - i {
                1 => tile::<S, 1, V>(simd, sizes, a, b, c, update),
                2 => tile::<S, 2, V>(simd, sizes, a, b, c, update),
                3 => tile::<S, 3, V>(simd, sizes, a, b, c, update),
                4 => tile::<S, 4, V>(simd, sizes, a, b, c, update),
                5 => tile::<S, 5, V>(simd, sizes, a, b, c, update),
                _ => tile::<S, ROWS, V>(simd, sizes, a, b, c, update),
            }
        }
        i += ROWS;
    }
}

/// R rows of one panel. Every sum runs over p in order, whatever R, so a row's result does not depend on
/// the rows around it.
///
/// # Safety
/// As [`product`], for R rows and one panel of V vectors.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sizes: Sizes,
    a: Left,
    b: *const f32,
    (c, c_row): (*mut f32, usize),
    update: Update,
) {
    let lanes = S::F32_LANES;
    let zero = simd.splat_f32s(0.0);
    let mut sum = [[zero; V]; R];
    let (mut ap, mut bp) = (a.start, b);
    // SAFETY: p runs over the k columns of A and rows of B; C as in the contract
    unsafe {
        for _ in 0..sizes.k {
            let mut right = [zero; V];
            for (v, right) in right.iter_mut().enumerate() {
                *right = load(simd, bp.add(v * lanes));
            }
            for (i, sum) in sum.iter_mut().enumerate() {
                let left = simd.splat_f32s(*ap.add(i * a.row));
                for (sum, right) in sum.iter_mut().zip(&right) {
                    *sum = fma(simd, left, *right, *sum);
                }
            }
            ap = ap.wrapping_add(a.column);
            bp = bp.add(V * lanes);
        }
        for (i, sum) in sum.iter().enumerate() {
            let row = c.add(i * c_row);
            for (v, sum) in sum.iter().enumerate() {
                let (to, count) = (row.add(v * lanes), sizes.n - (v * lanes).min(sizes.n));
                if count >= lanes {
                    let sum = match update {
                        Update::Set => *sum,
                        Update::Add => simd.add_f32s(*sum, load(simd, to)),
                    };
                    store(simd, to, sum);
                } else {
                    let sum = match update {
                        Update::Set => *sum,
                        Update::Add => simd.add_f32s(*sum, load_first(simd, to, count)),
                    };
                    store_first(simd, to, count, sum);
                }
            }
        }
    }
}
