//! Modes of a limited area.

use std::f64::consts::PI;

use ndarray::{Array2, ArrayRef2};

/// Two-dimensional cosine transform (DCT-II, orthonormal) as two products with small matrices.
///
/// A limited area is not periodic: a Fourier transform would see the jump between opposite edges as
/// small scales. The cosine transform mirrors the field instead, so there is no jump and nothing to
/// detrend, and it keeps the variance exactly.
///
/// # Reference
/// Denis, Côté and Laprise (2002), Mon. Weather Rev. 130, 1812.
pub(crate) struct Cosine {
    along_y: Array2<f64>,
    along_x: Array2<f64>,
}

impl Cosine {
    pub(crate) fn new(shape: (usize, usize)) -> Self {
        Self {
            along_y: matrix(shape.0),
            along_x: matrix(shape.1),
        }
    }

    /// `F_mn^2 / (ny nx)`, whose sum is `mean f^2`, row-major in (m, n).
    pub(crate) fn power(&self, field: &ArrayRef2<f32>) -> Vec<f64> {
        let field = field.mapv(f64::from);
        let scale = 1.0 / field.len() as f64;
        let modes = self.along_y.dot(&field).dot(&self.along_x.t());
        modes.iter().map(|mode| mode * mode * scale).collect()
    }
}

/// `C_mj = sqrt((2 - [m = 0]) / n) cos(pi m (j + 1/2) / n)`.
fn matrix(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(m, j)| {
        let scale = if m == 0 { 1.0 } else { 2.0 } / n as f64;
        scale.sqrt() * (PI * m as f64 * (j as f64 + 0.5) / n as f64).cos()
    })
}
