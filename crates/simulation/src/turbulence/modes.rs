//! The kept Fourier modes of a real field and where they lie in memory.

use rustfft::num_complex::Complex64;

/// Coefficients c(k) of f = sum c(k) exp(i k.x), |kx|, |ky| <= `k_max`, of which the half kx >= 0 is held.
///
/// Rows of constant ky = 0, 1, .., `k_max`, -`k_max`, .., -1 follow one another; in a row kx runs from
/// 0 to `k_max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modes {
    k_max: usize,
}

impl Modes {
    /// The modes that a quadratic product on `grid` points leaves free of aliases: 3 `k_max` < grid.
    pub fn new(grid: usize) -> Self {
        Self {
            k_max: (grid - 1) / 3,
        }
    }

    /// Highest wavenumber along an axis.
    pub fn k_max(self) -> usize {
        self.k_max
    }

    /// Length of a row.
    pub fn width(self) -> usize {
        self.k_max + 1
    }

    /// Number of rows.
    pub fn height(self) -> usize {
        2 * self.k_max + 1
    }

    /// Number of coefficients held.
    pub fn len(self) -> usize {
        self.width() * self.height()
    }

    /// Place of (kx, ky), kx >= 0.
    pub fn index(self, kx: usize, ky: i64) -> usize {
        ky.rem_euclid(self.height() as i64) as usize * self.width() + kx
    }

    /// (kx, ky) at every place, in order.
    pub fn waves(self) -> impl Iterator<Item = (f64, f64)> {
        let top = self.k_max as i64;
        let rows = (0..=top).chain(-top..0);
        rows.flat_map(move |ky| (0..=top).map(move |kx| (kx as f64, ky as f64)))
    }

    /// sum over all k of weight(kx, ky) Re(a conj b): the other half counts through kx > 0.
    pub fn inner(self, a: &[Complex64], b: &[Complex64], weight: impl Fn(f64, f64) -> f64) -> f64 {
        self.waves()
            .zip(a.iter().zip(b))
            .map(|((kx, ky), (a, b))| {
                let copies = if kx > 0.0 { 2.0 } else { 1.0 };
                copies * weight(kx, ky) * (a.re * b.re + a.im * b.im)
            })
            .sum()
    }
}
