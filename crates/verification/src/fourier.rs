//! Modes of a doubly periodic square.

use std::sync::Arc;

use ndarray::ArrayRef2;
use rustfft::{Fft, FftPlanner, num_complex::Complex};

/// Two-dimensional discrete Fourier transform of an n by n field.
pub(crate) struct Fourier {
    n: usize,
    fft: Arc<dyn Fft<f64>>,
}

impl Fourier {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            n,
            fft: FftPlanner::new().plan_fft_forward(n),
        }
    }

    /// `|w_k|^2` with `w_k = n^-2 sum_x w(x) exp(-i k x)`, so that their sum is `mean w^2`.
    ///
    /// The order is (kx, ky): transposed, which no isotropic sum sees.
    pub(crate) fn power(&self, field: &ArrayRef2<f32>) -> Vec<f64> {
        let n = self.n;
        let mut modes: Vec<Complex<f64>> =
            field.iter().map(|&w| Complex::from(f64::from(w))).collect();
        self.fft.process(&mut modes);
        let mut columns: Vec<Complex<f64>> =
            (0..n * n).map(|i| modes[(i % n) * n + i / n]).collect();
        self.fft.process(&mut columns);
        let scale = ((n * n) as f64).powi(-2);
        columns.iter().map(|mode| mode.norm_sqr() * scale).collect()
    }

    /// Signed whole wavenumber of the i-th mode along one axis.
    pub(crate) fn wavenumber(&self, i: usize) -> f64 {
        if 2 * i <= self.n {
            i as f64
        } else {
            i as f64 - self.n as f64
        }
    }
}
