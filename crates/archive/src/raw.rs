//! Values as stored, before unpacking.

use ndarray::ArrayD;

/// Stored values: float32 stays as it is, every other number is held as f64.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Raw {
    /// Stored as float32.
    Single(ArrayD<f32>),
    /// Stored as anything else.
    Double(ArrayD<f64>),
}

impl Raw {
    /// No values, of a given shape (some length is zero).
    pub(crate) fn empty(shape: &[usize]) -> Self {
        Self::Double(ArrayD::zeros(shape))
    }

    pub(crate) fn into_f64(self) -> ArrayD<f64> {
        match self {
            Self::Single(values) => values.mapv(f64::from),
            Self::Double(values) => values,
        }
    }
}
