//! Fields on a regular grid from their Fourier modes, and back.

use std::sync::Arc;

use ndarray::ArrayRef2;
use rustfft::{Fft, FftPlanner, num_complex::Complex64};

use super::modes::Modes;

/// Complex transforms of a square grid, for states that are loaded or saved.
pub struct Plane {
    size: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    values: Vec<Complex64>,
    turned: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Plane {
    /// Plans transforms of `size` x `size` points.
    pub fn new(size: usize) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(size),
            planner.plan_fft_inverse(size),
        );
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        let zeros = |n| vec![Complex64::default(); n];
        Self {
            size,
            forward,
            inverse,
            values: zeros(size * size),
            turned: zeros(size * size),
            scratch: zeros(scratch),
        }
    }

    /// The field at the grid points, (y, x) row by row, from the modes that the grid resolves.
    pub fn synthesise(&mut self, modes: Modes, w: &[Complex64]) -> impl Iterator<Item = f64> {
        let top = (modes.k_max().min((self.size - 1) / 2)) as i64;
        self.values.fill(Complex64::default());
        for kx in 0..=top {
            for ky in -top..=top {
                let c = w[modes.index(kx as usize, ky)];
                let (at, mirrored) = (self.place(kx, ky), self.place(-kx, -ky));
                self.values[at] = c;
                self.values[mirrored] = c.conj();
            }
        }
        self.inverse
            .process_with_scratch(&mut self.values, &mut self.scratch);
        self.turn();
        self.inverse
            .process_with_scratch(&mut self.values, &mut self.scratch);
        self.values.iter().map(|value| value.re)
    }

    /// The modes of a field given at the grid points, (y, x).
    pub fn analyse(&mut self, modes: Modes, field: &ArrayRef2<f64>, w: &mut [Complex64]) {
        for (value, &point) in self.values.iter_mut().zip(field) {
            *value = Complex64::new(point, 0.0);
        }
        self.forward
            .process_with_scratch(&mut self.values, &mut self.scratch);
        self.turn();
        self.forward
            .process_with_scratch(&mut self.values, &mut self.scratch);
        let scale = 1.0 / (self.size * self.size) as f64;
        let top = modes.k_max() as i64;
        for kx in 0..=top {
            for ky in -top..=top {
                let (at, mirrored) = (self.place(kx, ky), self.place(-kx, -ky));
                // averaged with its mirror so that the modes of kx = 0 are exactly those of a real field
                let c = (self.values[at] + self.values[mirrored].conj()) * (0.5 * scale);
                w[modes.index(kx as usize, ky)] = c;
            }
        }
    }

    fn place(&self, kx: i64, ky: i64) -> usize {
        let size = self.size as i64;
        (kx.rem_euclid(size) * size + ky.rem_euclid(size)) as usize
    }

    fn turn(&mut self) {
        for (row, line) in self.values.chunks_exact(self.size).enumerate() {
            for (column, value) in line.iter().enumerate() {
                self.turned[column * self.size + row] = *value;
            }
        }
        std::mem::swap(&mut self.values, &mut self.turned);
    }
}
