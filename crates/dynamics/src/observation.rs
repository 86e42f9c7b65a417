//! Linear observations of a state.

use burn::tensor::{Device, Tensor, TensorData};

/// `y = A x + N(0, diag R)`: cells seen through a mask, averages, point samples, or any matrix.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::LinearObservation;
/// let device = Device::flex();
/// let x = Tensor::<2>::from_floats([[1.0, 2.0, 4.0, 8.0]], &device);
/// let mean = LinearObservation::averages(&[vec![0, 1], vec![2, 3]], 4, 0.1)?;
/// assert_eq!(mean.apply(x.clone()).into_data().try_to_vec::<f32>()?, [1.5, 6.0]);
/// // a 2 x 2 field seen half-way between its rows, above the first column
/// let point = LinearObservation::points(&[[0.5, 0.0]], [2, 2], 0.1)?;
/// assert_eq!(point.apply(x).into_data().try_to_vec::<f32>()?, [2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinearObservation {
    /// A, row by row: (m, N).
    matrix: Vec<f64>,
    values: usize,
    variance: Vec<f64>,
}

/// Why an observation was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ObservationError {
    /// A cell or place outside the state.
    #[error("observation {row} looks at cell {cell} of a state of {values} values")]
    Outside {
        /// The observation.
        row: usize,
        /// What it looks at.
        cell: usize,
        /// Values in a state.
        values: usize,
    },
    /// An observation of nothing.
    #[error("observation {0} looks at no cell")]
    Empty(usize),
    /// An error variance that is none.
    #[error("the error variance must be positive and finite, not {0}")]
    Variance(f64),
    /// More or fewer values than observations.
    #[error("{found} values were observed where the operator makes {rows}")]
    Count {
        /// Values given.
        found: usize,
        /// Observations.
        rows: usize,
    },
    /// A matrix that does not fit.
    #[error("a matrix of {found} entries cannot map {values} values to {rows} observations")]
    Shape {
        /// Entries given.
        found: usize,
        /// Values in a state.
        values: usize,
        /// Observations, by their variances.
        rows: usize,
    },
}

impl LinearObservation {
    /// The rows of `matrix` (m x N, row by row) with one error variance each.
    ///
    /// # Errors
    /// If the sizes do not fit or a variance is not positive.
    pub fn new(
        matrix: Vec<f64>,
        values: usize,
        variance: Vec<f64>,
    ) -> Result<Self, ObservationError> {
        if let Some(bad) = variance.iter().find(|v| !(**v > 0.0 && v.is_finite())) {
            return Err(ObservationError::Variance(*bad));
        }
        let rows = variance.len();
        if matrix.len() != rows * values {
            let found = matrix.len();
            return Err(ObservationError::Shape {
                found,
                values,
                rows,
            });
        }
        Ok(Self {
            matrix,
            values,
            variance,
        })
    }

    /// The cells `seen`, each with error `variance`.
    ///
    /// # Errors
    /// If a cell is outside the state of `values` values, or the variance not positive.
    pub fn mask(seen: &[usize], values: usize, variance: f64) -> Result<Self, ObservationError> {
        let rows: Vec<_> = seen.iter().map(|&cell| vec![(cell, 1.0)]).collect();
        Self::sparse(&rows, values, variance)
    }

    /// The means over groups of cells.
    ///
    /// # Errors
    /// As [`LinearObservation::mask`], and if a group is empty.
    pub fn averages(
        groups: &[Vec<usize>],
        values: usize,
        variance: f64,
    ) -> Result<Self, ObservationError> {
        let mean = |group: &Vec<usize>| {
            let weight = 1.0 / group.len() as f64;
            group.iter().map(|&cell| (cell, weight)).collect()
        };
        let rows: Vec<_> = groups.iter().map(mean).collect();
        Self::sparse(&rows, values, variance)
    }

    /// A field of `[ny, nx]` cells at places (y, x) in units of cells, interpolated between the four
    /// nearest cell centres; the centre of cell (j, i) is at (j, i).
    ///
    /// # Errors
    /// If a place is outside `[0, ny - 1] x [0, nx - 1]`, or the variance not positive.
    pub fn points(
        places: &[[f64; 2]],
        [ny, nx]: [usize; 2],
        variance: f64,
    ) -> Result<Self, ObservationError> {
        let row = |&[y, x]: &[f64; 2]| {
            let (j, i) = (y.floor().max(0.0), x.floor().max(0.0));
            let corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)];
            let weight = |at: f64| 1.0 - at.abs();
            corners
                .map(|(a, b)| (j + a, i + b))
                .map(|(j, i)| ([j, i], weight(y - j) * weight(x - i)))
                .into_iter()
                .filter(|(_, w)| *w != 0.0)
                .map(|([j, i], w)| {
                    let inside = j >= 0.0 && i >= 0.0 && i < nx as f64 && w > 0.0;
                    let cell = (j as usize) * nx + i as usize;
                    (if inside { cell } else { usize::MAX }, w)
                })
                .collect()
        };
        let rows: Vec<Vec<(usize, f64)>> = places.iter().map(row).collect();
        Self::sparse(&rows, ny * nx, variance)
    }

    /// Rows given by their cells and weights.
    ///
    /// # Errors
    /// As [`LinearObservation::averages`].
    pub fn sparse(
        rows: &[Vec<(usize, f64)>],
        values: usize,
        variance: f64,
    ) -> Result<Self, ObservationError> {
        let mut matrix = vec![0.0; rows.len() * values];
        for (row, cells) in rows.iter().enumerate() {
            if cells.is_empty() {
                return Err(ObservationError::Empty(row));
            }
            for &(cell, weight) in cells {
                if cell >= values {
                    return Err(ObservationError::Outside { row, cell, values });
                }
                matrix[row * values + cell] += weight;
            }
        }
        Self::new(matrix, values, vec![variance; rows.len()])
    }

    /// The number of observations, m.
    pub fn count(&self) -> usize {
        self.variance.len()
    }

    /// `A x`.
    ///
    /// # Shapes
    /// `x`: [B, ...] of N values each; result: [B, m].
    pub fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<2> {
        let batch = x.dims()[0];
        let matrix = self.tensor(&x.device(), x.dtype());
        x.reshape([batch, self.values]).matmul(matrix.transpose())
    }

    /// `A^T w` in the shape of `like`.
    ///
    /// # Shapes
    /// `w`: [B, m]; `like` and result: [B, ...].
    pub fn transpose<const D: usize>(&self, w: Tensor<2>, like: &Tensor<D>) -> Tensor<D> {
        let matrix = self.tensor(&w.device(), w.dtype());
        w.matmul(matrix).reshape(like.dims())
    }

    /// The error variances.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// `A A^T`, row by row.
    pub(crate) fn gram(&self) -> Vec<f64> {
        let rows: Vec<&[f64]> = self.matrix.chunks(self.values.max(1)).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        rows.iter()
            .flat_map(|a| rows.iter().map(move |b| dot(a, b)))
            .collect()
    }

    /// Values in a state, N.
    pub(crate) fn values(&self) -> usize {
        self.values
    }

    /// A: [m, N].
    pub(crate) fn tensor(&self, device: &Device, dtype: burn::tensor::DType) -> Tensor<2> {
        let shape = [self.count(), self.values];
        let data = TensorData::new(self.matrix.clone(), shape).convert_dtype(dtype);
        Tensor::from_data(data, (device, dtype))
    }
}

/// `S^-1 r` by elimination with pivots; S (m x m, row by row) is symmetric and positive definite up to
/// the error of a learnt Jacobian.
pub(crate) fn solve(mut s: Vec<f64>, mut r: Vec<f64>) -> Vec<f64> {
    let m = r.len();
    for k in 0..m {
        let size = |i: &usize| s[i * m + k].abs();
        let pivot = (k..m)
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .unwrap_or(k);
        if pivot != k {
            for j in 0..m {
                s.swap(k * m + j, pivot * m + j);
            }
            r.swap(k, pivot);
        }
        for i in k + 1..m {
            let factor = s[i * m + k] / s[k * m + k];
            for j in k..m {
                s[i * m + j] -= factor * s[k * m + j];
            }
            r[i] -= factor * r[k];
        }
    }
    for k in (0..m).rev() {
        let known: f64 = (k + 1..m).map(|j| s[k * m + j] * r[j]).sum();
        r[k] = (r[k] - known) / s[k * m + k];
    }
    r
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_observations_are_refused() {
        use ObservationError::{Empty, Outside, Shape, Variance};
        let refused = |result: Result<LinearObservation, ObservationError>| result.unwrap_err();
        assert_eq!(
            refused(LinearObservation::mask(&[1, 4], 4, 1.0)),
            Outside {
                row: 1,
                cell: 4,
                values: 4
            }
        );
        assert_eq!(
            refused(LinearObservation::averages(&[vec![]], 4, 1.0)),
            Empty(0)
        );
        assert_eq!(
            refused(LinearObservation::mask(&[1], 4, 0.0)),
            Variance(0.0)
        );
        let shape = LinearObservation::new(vec![1.0; 3], 2, vec![1.0]);
        assert!(matches!(refused(shape), Shape { found: 3, .. }));
        for place in [[-0.1, 0.0], [0.0, 1.2], [1.1, 0.0], [f64::NAN, 0.0]] {
            let at = LinearObservation::points(&[place], [2, 2], 1.0);
            assert!(at.is_err(), "{place:?}");
        }
        assert!(LinearObservation::points(&[[1.0, 1.0]], [2, 2], 1.0).is_ok());
    }

    #[test]
    fn solve_inverts() {
        let x = solve(
            vec![0.0, 2.0, 1.0, 4.0, 1.0, 0.0, 1.0, 0.0, 3.0],
            vec![7.0, 6.0, 10.0],
        );
        for (x, exact) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - exact).abs() < 1e-14);
        }
    }
}
