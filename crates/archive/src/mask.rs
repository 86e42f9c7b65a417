//! Where values are missing.

use ndarray::ArrayD;

/// Where values are missing, in the order of rows; without memory until one is.
#[derive(Debug)]
pub(crate) struct Mask {
    cells: Vec<bool>,
    count: usize,
}

impl Mask {
    pub(crate) fn of(count: usize) -> Self {
        let cells = Vec::new();
        Self { cells, count }
    }

    pub(crate) fn set(&mut self, place: usize) {
        if self.cells.is_empty() {
            self.cells = vec![false; self.count];
        }
        self.cells[place] = true;
    }

    /// The values with their mask, where any is missing.
    pub(crate) fn over(self, values: ArrayD<f32>) -> (ArrayD<f32>, Option<ArrayD<bool>>) {
        let mask = ArrayD::from_shape_vec(values.shape(), self.cells);
        (values, mask.ok().filter(|mask| !mask.is_empty()))
    }
}
