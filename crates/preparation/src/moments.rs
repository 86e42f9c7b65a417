//! Mean and variance of each cell over time, of values and of their tendencies.

use foehn_field::Instant;
use ndarray::{Array2, ArrayView3};
use rayon::prelude::*;

/// Cells that stay in a thread's cache while it goes through the states.
const CELLS: usize = 2048;
/// Parts of so many cells that a thread takes at least: less is done sooner than handed over.
const PARTS: usize = 8;

/// Sums of one cell. Values are counted from the first known one, so that squares lose no digits.
#[derive(Debug, Clone, Copy)]
struct Cell {
    origin: f32,
    before: f32,
    sum: f64,
    square: f64,
    steps: f64,
    steps_square: f64,
    count: u32,
    pairs: u32,
}

const EMPTY: Cell = Cell {
    origin: f32::NAN,
    before: f32::NAN,
    sum: 0.0,
    square: 0.0,
    steps: 0.0,
    steps_square: 0.0,
    count: 0,
    pairs: 0,
};

/// Sums of one variable over the states taken up so far, in the order of time.
#[derive(Debug)]
pub(crate) struct Moments {
    shape: (usize, usize),
    cells: Vec<Cell>,
    last: Option<Instant>,
    step: i64,
}

impl Moments {
    /// Bytes a cell.
    pub(crate) const BYTES: usize = size_of::<Cell>();

    pub(crate) fn new(shape: (usize, usize), step: i64) -> Self {
        Self {
            shape,
            cells: vec![EMPTY; shape.0 * shape.1],
            last: None,
            step,
        }
    }

    /// Takes up states; a pair that is not one step apart makes no tendency.
    pub(crate) fn add(&mut self, states: &ArrayView3<'_, f32>, instants: &[Instant]) {
        let Some(values) = states.as_slice() else {
            return;
        };
        let (step, mut last) = (self.step, self.last);
        let follows: Vec<bool> = instants
            .iter()
            .map(|t| {
                last.replace(*t)
                    .is_some_and(|before| t.since(before) == step)
            })
            .collect();
        self.last = last;
        let cells = self.cells.len();
        self.cells
            .par_chunks_mut(CELLS)
            .with_min_len(PARTS)
            .enumerate()
            .for_each(|(part, here)| {
                for (state, follows) in values.chunks_exact(cells).zip(&follows) {
                    let state = &state[part * CELLS..][..here.len()];
                    for (cell, &x) in here.iter_mut().zip(state) {
                        cell.add(x, *follows);
                    }
                }
            });
    }

    pub(crate) fn mean(&self) -> Array2<f32> {
        self.each(|c| f64::from(c.origin) + c.sum / f64::from(c.count))
    }

    pub(crate) fn standard_deviation(&self) -> Array2<f32> {
        self.each(|c| deviation(c.sum, c.square, c.count))
    }

    pub(crate) fn tendency_mean(&self) -> Array2<f32> {
        self.each(|c| c.steps / f64::from(c.pairs))
    }

    pub(crate) fn tendency_standard_deviation(&self) -> Array2<f32> {
        self.each(|c| deviation(c.steps, c.steps_square, c.pairs))
    }

    fn each(&self, value: impl Fn(&Cell) -> f64) -> Array2<f32> {
        Array2::from_shape_fn(self.shape, |(j, i)| {
            value(&self.cells[j * self.shape.1 + i]) as f32
        })
    }
}

impl Cell {
    #[inline]
    fn add(&mut self, x: f32, follows: bool) {
        if !x.is_nan() {
            if self.count == 0 {
                self.origin = x;
            }
            let d = f64::from(x) - f64::from(self.origin);
            self.sum += d;
            self.square += d * d;
            self.count += 1;
            if follows && !self.before.is_nan() {
                let d = f64::from(x) - f64::from(self.before);
                self.steps += d;
                self.steps_square += d * d;
                self.pairs += 1;
            }
        }
        self.before = x;
    }
}

/// sqrt(E[d^2] - E[d]^2), NaN where nothing is known.
fn deviation(sum: f64, square: f64, count: u32) -> f64 {
    let (n, mean) = (f64::from(count), sum / f64::from(count));
    // rounding may leave less than nothing of a constant; NaN stays
    let variance = square / n - mean * mean;
    if variance < 0.0 { 0.0 } else { variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn moments_of_five_states_with_a_gap_and_a_hole() {
        let x = [
            [1e6, 2.0],
            [1e6 + 3.0, f32::NAN],
            [1e6 + 5.0, 4.0],
            [1e6 + 1.0, 8.0],
            [1e6, 8.0],
        ];
        let states = Array3::from_shape_fn((5, 1, 2), |(t, _, i)| x[t][i]);
        let instants = [0, 10, 20, 30, 50].map(Instant);
        let mut moments = Moments::new((1, 2), 10);
        moments.add(&states.slice(ndarray::s![..2, .., ..]), &instants[..2]);
        moments.add(&states.slice(ndarray::s![2.., .., ..]), &instants[2..]);
        let first = |of: Array2<f32>| of[[0, 0]];
        assert_eq!(first(moments.mean()), 1e6 + 1.8);
        // of 0 3 5 1 0: squares 35 / 5 - 1.8^2 = 3.76
        assert_eq!(first(moments.standard_deviation()), 3.76f64.sqrt() as f32);
        // 3, 2, -4: the last pair is two steps apart
        assert_eq!(first(moments.tendency_mean()), (1.0 / 3.0) as f32);
        assert_eq!(
            first(moments.tendency_standard_deviation()),
            (29.0f64 / 3.0 - 1.0 / 9.0).sqrt() as f32
        );
        assert_eq!(
            (moments.mean()[[0, 1]], moments.tendency_mean()[[0, 1]]),
            (5.5, 4.0)
        );
    }
}
