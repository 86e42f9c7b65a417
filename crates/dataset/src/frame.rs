//! One state of the series as it was observed.

use ndarray::Array3;

/// All variables at one time.
///
/// # Shapes
/// (variables, ny, nx).
///
/// # Units
/// Those of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The values; NaN where missing.
    pub values: Array3<f32>,
    /// True where missing; `None` where nothing is.
    pub missing: Option<Array3<bool>>,
}
