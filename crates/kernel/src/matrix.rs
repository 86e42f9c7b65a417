//! Products of whole matrices.

use crate::memory::Scratch;
use crate::product::{Left, Sizes, Update, pack_rows, packed_length, product};
use rayon::prelude::*;

/// Rows that a thread takes at once.
const ROWS: usize = 96;
/// Terms of a sum for which a panel stays in the second cache.
const DEPTH: usize = 384;

/// C = A B, the rows of C shared among the threads of the pool.
///
/// The inner loop is that of all the products of this crate: what it reaches on large matrices is the rate that
/// the operations are measured by. Results do not depend on the number of threads.
///
/// # Shapes
/// All row by row: `a` is [m, k], `b` is [k, n], and the result is [m, n]; `None` if lengths do not fit.
///
/// ```
/// let c = foehn_kernel::multiply(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], [2, 2, 2]);
/// assert_eq!(c, Some(vec![19.0, 22.0, 43.0, 50.0]));
/// ```
pub fn multiply(a: &[f32], b: &[f32], [m, k, n]: [usize; 3]) -> Option<Vec<f32>> {
    if a.len() != m * k || b.len() != k * n {
        return None;
    }
    let mut c = vec![0.0; m * n];
    if n == 0 {
        return Some(c);
    }
    let mut packed = Scratch::new(packed_length(DEPTH.min(k), n));
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        pack_rows(depth, n, &mut packed, &b[first * n..]);
        let panels: &[f32] = &packed;
        c.par_chunks_mut(ROWS * n).enumerate().for_each(|(i, c)| {
            let sizes = Sizes {
                m: c.len() / n,
                k: depth,
                n,
            };
            let left = Left {
                start: a[i * ROWS * k + first..].as_ptr(),
                row: k,
                column: 1,
            };
            let to = (c.as_mut_ptr(), n);
            // SAFETY: A has these rows and columns from `start` on, `panels` was packed with the same sizes, and
            // the chunk of C is this closure's alone
            unsafe { product(sizes, left, panels.as_ptr(), to, Update::Add) };
        });
    }
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers are summed without rounding.
    #[test]
    fn products_are_exact_for_whole_numbers() {
        for [m, k, n] in [
            [1, 1, 1],
            [7, 5, 3],
            [200, 400, 130],
            [97, 800, 65],
            [3, 0, 2],
        ] {
            if cfg!(miri) && m * k * n > 1000 {
                continue;
            }
            let a: Vec<f32> = (0..m * k).map(|i| (i % 7) as f32 - 3.0).collect();
            let b: Vec<f32> = (0..k * n).map(|i| (i % 5) as f32 - 2.0).collect();
            let c = multiply(&a, &b, [m, k, n]).unwrap();
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let wanted: f32 = (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum();
                assert_eq!(c[i * n + j], wanted);
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        assert_eq!(multiply(&[1.0; 5], &[1.0; 6], [2, 3, 2]), None);
        assert_eq!(multiply(&[1.0; 6], &[1.0; 5], [2, 3, 2]), None);
    }
}
