//! A labelled array: values, named dimensions, an explicit mask, attributes.

use ndarray::{ArrayD, Zip};
use thiserror::Error;

use crate::Attributes;

/// Values on named dimensions, with what is missing said explicitly.
///
/// `missing` holds only what the data *declares* missing (a fill value, a valid range). A NaN that nothing
/// declares stays a NaN in `values` with `missing == false`, for [`Field::undeclared_nan`] to find.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// CF name of the variable.
    pub name: String,
    /// Names of the dimensions, slowest first.
    pub dims: Vec<String>,
    /// The values, row-major; NaN where missing.
    pub values: ArrayD<f32>,
    /// True where a value is declared missing; `None` where nothing is.
    pub missing: Option<ArrayD<bool>>,
    /// Attributes such as `units` and `standard_name`.
    pub attributes: Attributes,
}

/// Why labels and values do not make a [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldError {
    /// The number of names differs from the number of axes.
    #[error("{name}: {} dimension names {dims:?} for values of shape {shape:?}", dims.len())]
    Dims {
        /// The variable.
        name: String,
        /// The names given.
        dims: Vec<String>,
        /// The shape of the values.
        shape: Vec<usize>,
    },
    /// The mask has another shape than the values.
    #[error("{name}: mask of shape {mask:?} for values of shape {shape:?}")]
    Mask {
        /// The variable.
        name: String,
        /// The shape of the mask.
        mask: Vec<usize>,
        /// The shape of the values.
        shape: Vec<usize>,
    },
}

impl Field {
    /// A field whose labels fit its values; values under the mask become NaN.
    ///
    /// # Errors
    /// [`FieldError`] where the names or the mask do not fit the shape.
    pub fn new(
        name: impl Into<String>,
        dims: Vec<String>,
        mut values: ArrayD<f32>,
        missing: Option<ArrayD<bool>>,
        attributes: Attributes,
    ) -> Result<Self, FieldError> {
        let name = name.into();
        let shape = values.shape().to_vec();
        if dims.len() != shape.len() {
            return Err(FieldError::Dims { name, dims, shape });
        }
        if let Some(mask) = &missing {
            if mask.shape() != shape {
                let mask = mask.shape().to_vec();
                return Err(FieldError::Mask { name, mask, shape });
            }
            Zip::from(&mut values).and(mask).for_each(|x, m| {
                if *m {
                    *x = f32::NAN;
                }
            });
        }
        Ok(Self {
            name,
            dims,
            values,
            missing,
            attributes,
        })
    }

    /// The axis that carries a dimension.
    pub fn axis(&self, dim: &str) -> Option<usize> {
        self.dims.iter().position(|name| name == dim)
    }

    /// The number of values declared missing.
    pub fn missing_count(&self) -> usize {
        self.missing
            .as_ref()
            .map_or(0, |mask| mask.iter().filter(|m| **m).count())
    }

    /// The position of the first NaN that nothing declares missing.
    ///
    /// ```
    /// use foehn_field::{Attributes, Field};
    /// use ndarray::arr1;
    ///
    /// let values = arr1(&[1.0, f32::NAN, f32::NAN]).into_dyn();
    /// let mask = arr1(&[false, true, false]).into_dyn();
    /// let field = Field::new("t", vec!["x".into()], values, Some(mask), Attributes::new())?;
    /// assert_eq!(field.undeclared_nan(), Some(vec![2]));
    /// # Ok::<(), foehn_field::FieldError>(())
    /// ```
    pub fn undeclared_nan(&self) -> Option<Vec<usize>> {
        let declared = |at: &ndarray::IxDyn| self.missing.as_ref().is_some_and(|mask| mask[at]);
        let mut cells = self.values.indexed_iter();
        let (at, _) = cells.find(|(at, x)| x.is_nan() && !declared(at))?;
        Some(ndarray::Dimension::slice(&at).to_vec())
    }
}
