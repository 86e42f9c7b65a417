//! Where training pairs come from.

use crate::error::GenerationError;
use foehn_noise::{Key, Purpose};
use ndarray::{Array2, Axis};
use std::ops::Range;

/// Rows for one batch, in the units of the model (scaled).
///
/// # Shapes
/// `x1`: (B, d); `x0`: (B, d) where starts are data; `condition`: (B, c) where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// What is wanted.
    pub x1: Array2<f32>,
    /// What there is, row by row beside `x1`.
    pub x0: Option<Array2<f32>>,
    /// What is known, row by row beside `x1`.
    pub condition: Option<Array2<f32>>,
}

/// Hands out batches, named by seed and step.
pub trait Source: Sync {
    /// `count` rows for step `step`; the same for the same seed and step.
    fn rows(&self, seed: u64, step: usize, count: usize) -> Rows;
}

impl<F: Fn(u64, usize, usize) -> Rows + Sync> Source for F {
    fn rows(&self, seed: u64, step: usize, count: usize) -> Rows {
        self(seed, step, count)
    }
}

/// How the rows of the starts belong to those of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Row i to row i.
    Given,
    /// Not at all: a random start for each row of the data.
    None,
}

/// Tables in memory, visited in a new random order every epoch.
#[derive(Clone, Debug)]
pub struct Tables {
    x1: Array2<f32>,
    x0: Option<Array2<f32>>,
    condition: Option<Array2<f32>>,
    pairing: Pairing,
}

impl Tables {
    /// Scaled tables.
    ///
    /// # Shapes
    /// `x1`: (N, d); `x0`: (N0, d), N0 = N where pairs are given; `condition`: (N, c).
    ///
    /// # Errors
    /// If a table has another number of rows or columns than it must have.
    pub fn new(
        x1: Array2<f32>,
        x0: Option<Array2<f32>>,
        condition: Option<Array2<f32>>,
        pairing: Pairing,
    ) -> Result<Self, GenerationError> {
        for (what, table) in [
            ("the table of data", Some(&x1)),
            ("the table of starts", x0.as_ref()),
            ("the table of conditions", condition.as_ref()),
        ] {
            if table.is_some_and(|table| table.nrows() == 0) {
                let (of, found, needed) = ("rows", 0, 1);
                return Err(GenerationError::Size {
                    what,
                    of,
                    found,
                    needed,
                });
            }
        }
        let equal = |what, of, found: usize, needed: usize| {
            if found == needed {
                Ok(())
            } else {
                Err(GenerationError::Size {
                    what,
                    of,
                    found,
                    needed,
                })
            }
        };
        if let Some(x0) = &x0 {
            equal("the table of starts", "columns", x0.ncols(), x1.ncols())?;
            if pairing == Pairing::Given {
                equal("the table of starts", "rows", x0.nrows(), x1.nrows())?;
            }
        }
        if let Some(condition) = &condition {
            equal(
                "the table of conditions",
                "rows",
                condition.nrows(),
                x1.nrows(),
            )?;
        }
        Ok(Self {
            x1,
            x0,
            condition,
            pairing,
        })
    }

    /// Rows of the data.
    pub fn count(&self) -> usize {
        self.x1.nrows()
    }

    /// The data.
    pub fn x1(&self) -> &Array2<f32> {
        &self.x1
    }

    /// What is known, row by row beside the data.
    pub fn condition(&self) -> Option<&Array2<f32>> {
        self.condition.as_ref()
    }
}

impl Source for Tables {
    fn rows(&self, seed: u64, step: usize, count: usize) -> Rows {
        let key = Key::new(seed, Purpose::Shuffle);
        let rows = shuffled(key, self.count(), step * count, count);
        let pick = |table: &Array2<f32>, rows: &[usize]| table.select(Axis(0), rows);
        let x0 = self.x0.as_ref().map(|x0| match self.pairing {
            Pairing::Given => pick(x0, &rows),
            // a stream of its own, so that the two orders know nothing of each other
            Pairing::None => pick(
                x0,
                &shuffled(key.member(1), x0.nrows(), step * count, count),
            ),
        });
        Rows {
            x1: pick(&self.x1, &rows),
            x0,
            condition: self.condition.as_ref().map(|table| pick(table, &rows)),
        }
    }
}

/// Places `from..from + count` of the endless sequence of shuffled `0..n`.
fn shuffled(key: Key, n: usize, from: usize, count: usize) -> Vec<usize> {
    let mut places = Vec::with_capacity(count);
    let mut epoch = from / n;
    let mut skip = from % n;
    while places.len() < count {
        let order = key.init(epoch as i64).permutation(n);
        places.extend(order.into_iter().skip(skip).take(count - places.len()));
        (epoch, skip) = (epoch + 1, 0);
    }
    places
}

/// Samples `part` of a table that is repeated without end: sample i has row i modulo N.
///
/// # Shapes
/// (N, d), N at least 1, to (length of the part, d).
pub fn repeated(table: &Array2<f32>, part: Range<usize>) -> Array2<f32> {
    let rows: Vec<usize> = part.map(|i| i % table.nrows().max(1)).collect();
    table.select(Axis(0), &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_visits_every_row_once_and_pairs_stay_together() {
        let x1 = Array2::from_shape_fn((10, 2), |(i, j)| (10 * i + j) as f32);
        let x0 = x1.mapv(|x| -x);
        let given = Tables::new(x1.clone(), Some(x0.clone()), None, Pairing::Given).unwrap();
        let mut seen = Vec::new();
        for step in 0..5 {
            let rows = given.rows(7, step, 4);
            assert_eq!(rows.x0.unwrap(), rows.x1.mapv(|x| -x));
            seen.extend(rows.x1.column(0).iter().map(|x| (x / 10.0) as usize));
        }
        for epoch in seen.chunks(10) {
            let mut epoch = epoch.to_vec();
            epoch.sort_unstable();
            assert_eq!(epoch, (0..10).collect::<Vec<_>>());
        }
        let free = Tables::new(x1, Some(x0), None, Pairing::None).unwrap();
        let rows = free.rows(7, 0, 10);
        assert_ne!(rows.x0.unwrap(), rows.x1.mapv(|x| -x));
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let table = |rows, columns| Array2::zeros((rows, columns));
        let new = |x0, condition, pairing| Tables::new(table(4, 2), x0, condition, pairing);
        assert!(new(Some(table(4, 3)), None, Pairing::None).is_err());
        assert!(new(Some(table(5, 2)), None, Pairing::Given).is_err());
        assert!(new(Some(table(5, 2)), None, Pairing::None).is_ok());
        assert!(new(None, Some(table(3, 1)), Pairing::None).is_err());
        assert!(new(Some(table(0, 2)), None, Pairing::None).is_err());
        assert_eq!(
            repeated(&Array2::eye(2), 1..4),
            ndarray::arr2(&[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
        );
    }
}
