//! How far two sets of features lie apart.

use crate::moments::Moments;
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{ArrayView1, ArrayView2};

/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistanceError {
    /// Features of two networks.
    #[error("the sets have {0} and {1} features: take both from one network")]
    Widths(usize, usize),
    /// A set too small.
    #[error("a set has {found} rows; at least {needed} are needed")]
    Rows {
        /// As many as there are.
        found: usize,
        /// As many as there should be.
        needed: usize,
    },
    /// A feature that is not a number.
    #[error("a feature is not a finite number")]
    NotFinite,
}

/// `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))`: the squared 2-Wasserstein distance between normal laws
/// of the moments of two sets. It is biased upward for small sets: compare sets of equal size.
///
/// ```
/// use foehn_restoration::{Moments, frechet_distance};
/// use ndarray::arr2;
/// // means 0 and 3, variances 2 and 8: 9 + 2 + 8 - 2 sqrt(16)
/// let (a, b) = (arr2(&[[-1f32], [1.0]]), arr2(&[[1f32], [5.0]]));
/// let distance = frechet_distance(&Moments::of(a.view()), &Moments::of(b.view()))?;
/// assert!((distance - 11.0).abs() < 1e-9);
/// # Ok::<(), foehn_restoration::DistanceError>(())
/// ```
///
/// # Errors
/// If the numbers of features differ, a set has fewer than two rows, or a feature is not finite.
///
/// # Reference
/// Dowson, Landau 1982, Journal of Multivariate Analysis 12, doi:10.1016/0047-259X(82)90077-X; Heusel et al. 2017,
/// arXiv:1706.08500.
pub fn frechet_distance(a: &Moments, b: &Moments) -> Result<f64, DistanceError> {
    same_width(a.mean().len(), b.mean().len())?;
    let covariance = |m: &Moments| {
        let (found, needed) = (m.count(), 2);
        m.covariance().ok_or(DistanceError::Rows { found, needed })
    };
    let (first, second) = (covariance(a)?, covariance(b)?);
    if !(finite(&first) && finite(&second)) {
        return Err(DistanceError::NotFinite);
    }
    let root = square_root(first.clone());
    let middle = &root * &second * &root;
    // rounding leaves it almost symmetric
    let middle = (&middle + middle.transpose()) * 0.5;
    let eigen = SymmetricEigen::new(middle).eigenvalues;
    let cross: f64 = eigen.iter().map(|l| l.max(0.0).sqrt()).sum();
    let means = (a.mean() - b.mean()).norm_squared();
    Ok(means + first.trace() + second.trace() - 2.0 * cross)
}

/// `E k(x, x') + E k(y, y') - 2 E k(x, y)`, `k(x, y) = (x.y / d + 1)^3`, over pairs of distinct rows: an unbiased
/// estimate, which may be negative, of a squared distance that is zero for equal laws.
///
/// # Shapes
/// (N, d) and (M, d). Cost and memory: N M products, one row at a time.
///
/// # Errors
/// As [`frechet_distance`].
///
/// # Reference
/// Bińkowski, Sutherland, Arbel, Gretton 2018, arXiv:1801.01401.
pub fn kernel_distance(x: ArrayView2<f32>, y: ArrayView2<f32>) -> Result<f64, DistanceError> {
    comparable(x, y)?;
    let cells = x.nrows() as f64 * y.nrows() as f64;
    Ok(within(x) + within(y) - 2.0 * sum(x, y) / cells)
}

/// As [`kernel_distance`] of sets whose rows belong together in pairs, such as pictures and what was made of them: pairs are
/// left out of the mean across the sets, which would otherwise be too near.
///
/// # Shapes
/// (N, d) both.
///
/// # Errors
/// As [`kernel_distance`], and if the numbers of rows differ.
///
/// # Reference
/// Gretton, Borgwardt, Rasch, Schölkopf, Smola 2012, Journal of Machine Learning Research 13, 723-773.
pub fn paired_kernel_distance(
    x: ArrayView2<f32>,
    y: ArrayView2<f32>,
) -> Result<f64, DistanceError> {
    comparable(x, y)?;
    if x.nrows() != y.nrows() {
        let (found, needed) = (y.nrows(), x.nrows());
        return Err(DistanceError::Rows { found, needed });
    }
    let n = x.nrows() as f64;
    let pairs = x.rows().into_iter().zip(y.rows());
    let pairs: f64 = pairs.map(|(x, y)| kernel(x.dot(&y), x.len())).sum();
    Ok(within(x) + within(y) - 2.0 * (sum(x, y) - pairs) / (n * (n - 1.0)))
}

fn comparable(x: ArrayView2<f32>, y: ArrayView2<f32>) -> Result<(), DistanceError> {
    same_width(x.ncols(), y.ncols())?;
    for set in [&x, &y] {
        let (found, needed) = (set.nrows(), 2);
        if found < needed {
            return Err(DistanceError::Rows { found, needed });
        }
        if set.iter().any(|v| !v.is_finite()) {
            return Err(DistanceError::NotFinite);
        }
    }
    Ok(())
}

/// The mean over pairs of distinct rows of one set.
fn within(set: ArrayView2<f32>) -> f64 {
    let rows = set.rows().into_iter();
    let own: f64 = rows.map(|row| kernel(row.dot(&row), set.ncols())).sum();
    let n = set.nrows() as f64;
    (sum(set, set) - own) / (n * (n - 1.0))
}

fn kernel(product: f32, width: usize) -> f64 {
    (f64::from(product) / width as f64 + 1.0).powi(3)
}

fn sum(x: ArrayView2<f32>, y: ArrayView2<f32>) -> f64 {
    let row = |row: ArrayView1<f32>| {
        y.dot(&row)
            .iter()
            .map(|p| kernel(*p, y.ncols()))
            .sum::<f64>()
    };
    x.rows().into_iter().map(row).sum()
}

fn same_width(a: usize, b: usize) -> Result<(), DistanceError> {
    if a == b {
        Ok(())
    } else {
        Err(DistanceError::Widths(a, b))
    }
}

fn finite(matrix: &DMatrix<f64>) -> bool {
    matrix.iter().all(|v| v.is_finite())
}

/// Of a symmetric matrix without negative eigenvalues but for rounding.
fn square_root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let mut eigen = SymmetricEigen::new(matrix);
    eigen.eigenvalues.apply(|l| *l = l.max(0.0).sqrt());
    eigen.recompose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, arr2, s};

    fn rows(n: usize, shift: f32) -> Array2<f32> {
        Array2::from_shape_fn((n, 3), |(i, j)| {
            ((i * (2 * j + 3) + j * j) % 17) as f32 / 5.0 + shift
        })
    }

    #[test]
    fn moments_merge_as_if_they_were_one() {
        let all = rows(50, 0.3);
        let (first, rest) = (all.slice(s![..13, ..]), all.slice(s![13.., ..]));
        let merged = Moments::new(3)
            .merged(&Moments::of(first))
            .merged(&Moments::of(rest));
        let whole = Moments::of(all.view());
        assert_eq!(merged.count(), 50);
        assert!((merged.mean() - whole.mean()).norm() < 1e-12);
        assert!((merged.covariance().unwrap() - whole.covariance().unwrap()).norm() < 1e-12);
    }

    #[test]
    fn a_shift_costs_its_square_and_equal_sets_nothing() {
        let (a, b) = (
            Moments::of(rows(60, 0.0).view()),
            Moments::of(rows(60, 2.0).view()),
        );
        assert!(frechet_distance(&a, &a).unwrap().abs() < 1e-9);
        assert!((frechet_distance(&a, &b).unwrap() - 12.0).abs() < 1e-5);
    }

    #[test]
    fn the_kernel_distance_is_that_of_its_pairs() {
        let (x, y) = (
            arr2(&[[1f32, 0.0], [0.0, 2.0]]),
            arr2(&[[1f32, 1.0], [0.0, 0.0], [2.0, 0.0]]),
        );
        let k = |a: f64| (a / 2.0 + 1.0).powi(3);
        // within x: products 0; within y: 0, 2, 0; across: 1, 0, 2 and 2, 0, 0
        let wanted = k(0.0) + (2.0 * k(0.0) + k(2.0)) / 3.0
            - 2.0 * (k(1.0) + k(0.0) + k(2.0) + k(2.0) + 2.0 * k(0.0)) / 6.0;
        assert!((kernel_distance(x.view(), y.view()).unwrap() - wanted).abs() < 1e-12);
        // in pairs: a set is at no distance from itself, and across x and two rows of y products 0 and 2 remain
        assert_eq!(paired_kernel_distance(x.view(), x.view()).unwrap(), 0.0);
        let two = y.slice(s![..2, ..]);
        let wanted = k(0.0) + k(0.0) - (k(0.0) + k(2.0));
        assert!((paired_kernel_distance(x.view(), two).unwrap() - wanted).abs() < 1e-12);
        assert!(paired_kernel_distance(x.view(), y.view()).is_err());
    }

    #[test]
    fn sets_that_do_not_fit_are_refused() {
        let moments = Moments::of(rows(5, 0.0).view());
        let wide = Moments::of(Array2::zeros((5, 4)).view());
        assert_eq!(
            frechet_distance(&moments, &wide),
            Err(DistanceError::Widths(3, 4))
        );
        let one = Moments::of(rows(1, 0.0).view());
        assert!(matches!(
            frechet_distance(&moments, &one),
            Err(DistanceError::Rows { found: 1, .. })
        ));
        let nan = arr2(&[[f32::NAN], [1.0]]);
        assert_eq!(
            kernel_distance(nan.view(), nan.view()),
            Err(DistanceError::NotFinite)
        );
    }
}
