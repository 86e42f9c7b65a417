//! Columns in units of their standard deviation.

use crate::error::GenerationError;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Steps of single precision that a column must vary by.
const RESOLVED: f64 = 1e3;

/// `x -> (x - mean) / deviation`, column by column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// (d), in the units of the columns.
    pub mean: Vec<f64>,
    /// (d), positive.
    pub deviation: Vec<f64>,
}

impl Scaling {
    /// Mean and standard deviation (ddof 0) of each column over the rows of all `tables`; the tables are
    /// `what`, for errors.
    ///
    /// # Shapes
    /// `tables`: (N, d) each.
    ///
    /// # Errors
    /// If there are no rows, a value is not finite, or a column does not vary.
    pub fn fit(what: &'static str, tables: &[&Array2<f32>]) -> Result<Self, GenerationError> {
        let columns = tables.first().map_or(0, |table| table.ncols());
        let rows: usize = tables.iter().map(|table| table.nrows()).sum();
        for (of, found) in [("rows", rows), ("columns", columns)] {
            if found == 0 {
                let needed = 1;
                return Err(GenerationError::Size {
                    what,
                    of,
                    found,
                    needed,
                });
            }
        }
        for table in tables {
            finite(what, table)?;
        }
        let mut scaling = Self {
            mean: Vec::new(),
            deviation: Vec::new(),
        };
        for column in 0..columns {
            let values = || {
                tables
                    .iter()
                    .flat_map(|t| t.column(column).into_iter().copied())
            };
            let mean = values().map(f64::from).sum::<f64>() / rows as f64;
            let square = values().map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>();
            let deviation = (square / rows as f64).sqrt();
            let value = mean as f32;
            if deviation <= 1e-12 * mean.abs() {
                return Err(GenerationError::Constant {
                    what,
                    column,
                    value,
                });
            }
            if deviation < RESOLVED * f64::from(f32::EPSILON) * mean.abs() {
                return Err(GenerationError::Unresolved {
                    what,
                    column,
                    value,
                    deviation,
                });
            }
            scaling.mean.push(mean);
            scaling.deviation.push(deviation);
        }
        Ok(scaling)
    }

    /// Of `columns` columns, nothing changed.
    pub fn identity(columns: usize) -> Self {
        Self {
            mean: vec![0.0; columns],
            deviation: vec![1.0; columns],
        }
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// `sum ln deviation`, nats: what a log-density per scaled unit loses per original unit.
    pub fn log_volume(&self) -> f64 {
        self.deviation.iter().map(|d| d.ln()).sum()
    }

    /// A table in scaled units.
    ///
    /// # Shapes
    /// (N, d) to (N, d).
    pub fn scale(&self, table: &Array2<f32>) -> Array2<f32> {
        let scale = |j: usize, x: f32| (f64::from(x) - self.mean[j]) / self.deviation[j];
        Array2::from_shape_fn(table.dim(), |(i, j)| scale(j, table[[i, j]]) as f32)
    }

    /// A table of scaled states in the units of the columns.
    ///
    /// # Shapes
    /// (N, d) to (N, d).
    pub fn unscale(&self, table: &Array2<f32>) -> Array2<f32> {
        let unscale = |j: usize, x: f32| f64::from(x) * self.deviation[j] + self.mean[j];
        Array2::from_shape_fn(table.dim(), |(i, j)| unscale(j, table[[i, j]]) as f32)
    }
}

/// Refuses a table with a value that is not finite; the table is `what`, for the error.
///
/// # Errors
/// The first such value.
pub fn finite(what: &str, table: &Array2<f32>) -> Result<(), GenerationError> {
    let mut cells = table.indexed_iter();
    match cells.find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), &value)) => Err(GenerationError::NotFinite {
            what: what.to_owned(),
            row,
            column,
            value,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn scaled_columns_have_mean_0_and_deviation_1_and_come_back() {
        let table = arr2(&[[1.0, 10.0], [3.0, 40.0], [5.0, 10.0]]);
        let scaling = Scaling::fit("data", &[&table]).unwrap();
        assert_eq!(scaling.mean, [3.0, 20.0]);
        assert_eq!(scaling.deviation, [(8.0f64 / 3.0).sqrt(), 200f64.sqrt()]);
        let scaled = scaling.scale(&table);
        assert!(scaled.sum().abs() < 1e-5);
        assert!((scaled.mapv(|x| x * x).sum() - 6.0).abs() < 1e-5);
        let back = scaling.unscale(&scaled);
        assert!((back - table).iter().all(|d| d.abs() < 1e-5));
    }

    #[test]
    fn values_that_cannot_be_learnt_from_are_named() {
        let refuse = |table: Array2<f32>| Scaling::fit("data", &[&table]).unwrap_err().to_string();
        assert!(refuse(Array2::zeros((0, 2))).contains("data has 0 rows"));
        assert!(refuse(arr2(&[[1.0, 2.0], [2.0, f32::NAN]])).contains("row 1, column 1 is NaN"));
        let late = refuse(arr2(&[[1.7e9], [1.7e9 + 5e3]]));
        assert!(late.contains("subtract"), "{late}");
        assert!(refuse(arr2(&[[1.0, 2.0], [2.0, 2.0]])).contains("column 1 is 2 in every row"));
    }
}
