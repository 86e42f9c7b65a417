//! Symmetric positive definite matrices by their Cholesky factor.

use ndarray::{Array1, Array2};

/// `A = L L^T`.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    lower: Array2<f64>,
}

impl Cholesky {
    /// The factor of `a`, or none if `a` is not positive definite.
    pub fn new(a: &Array2<f64>) -> Option<Self> {
        let n = a.nrows();
        let mut lower = Array2::<f64>::zeros((n, n));
        for i in 0..n {
            for j in 0..=i {
                let known = (0..j).map(|k| lower[[i, k]] * lower[[j, k]]).sum::<f64>();
                let rest = a[[i, j]] - known;
                if i != j {
                    lower[[i, j]] = rest / lower[[j, j]];
                } else if rest > 0.0 {
                    lower[[i, i]] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Self { lower })
    }

    /// `A^-1 y`.
    pub fn solve(&self, mut y: Array1<f64>) -> Array1<f64> {
        let (n, l) = (y.len(), &self.lower);
        for i in 0..n {
            let known: f64 = (0..i).map(|k| l[[i, k]] * y[k]).sum();
            y[i] = (y[i] - known) / l[[i, i]];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| l[[k, i]] * y[k]).sum();
            y[i] = (y[i] - known) / l[[i, i]];
        }
        y
    }

    /// `A^-1`.
    pub fn inverse(&self) -> Array2<f64> {
        let n = self.lower.nrows();
        let mut inverse = Array2::eye(n);
        for mut column in inverse.columns_mut() {
            let solved = self.solve(column.to_owned());
            column.assign(&solved);
        }
        inverse
    }

    /// `L x`.
    pub fn multiply(&self, x: &Array1<f64>) -> Array1<f64> {
        self.lower.dot(x)
    }

    /// `log det A`.
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diag().iter().map(|l| l.ln()).sum::<f64>()
    }
}
