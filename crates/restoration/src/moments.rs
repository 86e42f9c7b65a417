//! Mean and covariance of features, added up piece by piece.

use nalgebra::{DMatrix, DVector};
use ndarray::ArrayView2;

/// Count, mean and scatter of rows; two of them merge into that of all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: usize,
    mean: DVector<f64>,
    /// Sum of `(x - mean)(x - mean)'`.
    scatter: DMatrix<f64>,
}

impl Moments {
    /// Of no rows of `width` features.
    pub fn new(width: usize) -> Self {
        Self {
            count: 0,
            mean: DVector::zeros(width),
            scatter: DMatrix::zeros(width, width),
        }
    }

    /// Of the rows of a table.
    ///
    /// # Shapes
    /// (N, features).
    pub fn of(rows: ArrayView2<f32>) -> Self {
        let mut moments = Self::new(rows.ncols());
        let count = rows.nrows();
        if count == 0 {
            return moments;
        }
        let x = DMatrix::from_fn(count, rows.ncols(), |i, j| f64::from(rows[[i, j]]));
        moments.count = count;
        moments.mean = x.row_mean().transpose();
        let mut centred = x;
        for mut row in centred.row_iter_mut() {
            row -= moments.mean.transpose();
        }
        moments.scatter = centred.transpose() * centred;
        moments
    }

    /// Of the rows of both, which have the same features.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        if other.count == 0 {
            return self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let between = &other.mean - &self.mean;
        self.scatter += &other.scatter + &between * between.transpose() * (n * m / (n + m));
        self.mean += between * (m / (n + m));
        self.count += other.count;
        self
    }

    /// Rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their mean.
    pub fn mean(&self) -> &DVector<f64> {
        &self.mean
    }

    /// Their covariance, ddof 1; `None` of fewer than two rows.
    pub fn covariance(&self) -> Option<DMatrix<f64>> {
        (self.count > 1).then(|| &self.scatter / (self.count - 1) as f64)
    }
}
