//! Gaussian random fields on the torus.

use super::mixture_path::PathPoint;
use ndarray::{Array2, Axis};
use rustfft::{FftPlanner, num_complex::Complex64};

/// Oracle O6: a Gaussian field on the torus [0, 2 pi)^2, n x n cells, with a Matérn spectrum.
///
/// Mode k has variance `P(k)` proportional to `(2 nu / l^2 + |k|^2)^-(nu + 1)`, smoothness nu and length
/// l; cells have variance 1. `E(k)` sums `P` over the integer shell `k - 1/2 <= |k| < k + 1/2`.
///
/// # Reference
/// Rasmussen, Williams 2006, Gaussian Processes for Machine Learning, equation 4.15.
///
/// ```
/// use foehn_simulation::laws::MaternField;
/// let field = MaternField::new(32, 3.0, 1.0);
/// // steep: the exponent tends to -2 nu - 1 = -7
/// let e = field.spectrum();
/// assert!((e[15] / e[7]).log2() < -5.0);
/// ```
#[derive(Clone, Debug)]
pub struct MaternField {
    n: usize,
    /// `P(k)` at `[ky, kx]` in the order of the transform, adding up to 1.
    power: Array2<f64>,
}

impl MaternField {
    /// The field on n x n cells.
    pub fn new(n: usize, smoothness: f64, length: f64) -> Self {
        let floor = 2.0 * smoothness / (length * length);
        let mut power = Array2::from_shape_fn((n, n), |(j, i)| {
            let square = wave_number(i, n).powi(2) + wave_number(j, n).powi(2);
            (floor + square).powf(-(smoothness + 1.0))
        });
        let total = power.sum();
        power /= total;
        Self { n, power }
    }

    /// Cells along one axis.
    pub fn size(&self) -> usize {
        self.n
    }

    /// `P(k)` at `[ky, kx]`, in the order of the discrete Fourier transform.
    pub fn power(&self) -> &Array2<f64> {
        &self.power
    }

    /// One draw from n x n standard normal numbers: `S^(1/2) w`.
    pub fn colour(&self, white: &Array2<f64>) -> Array2<f64> {
        let cells = (self.n * self.n) as f64;
        self.filter(white, |p| (p * cells).sqrt())
    }

    /// The field with mode k multiplied by `f(P(k))`.
    pub fn filter(&self, x: &Array2<f64>, f: impl Fn(f64) -> f64) -> Array2<f64> {
        let mut modes = transform(x.mapv(|x| Complex64::new(x, 0.0)), Direction::Forward);
        modes.zip_mut_with(&self.power, |mode, &p| *mode *= f(p));
        transform(modes, Direction::Inverse).mapv(|c| c.re)
    }

    /// The exact velocity `b(t, x)` of `alpha x0 + beta x1 + gamma z` for white x0 and z and x1 from the
    /// field: mode k times `(alpha alpha' + beta beta' c P + gamma gamma') / (alpha^2 + beta^2 c P +
    /// gamma^2)`, c = n^2.
    pub fn velocity(&self, point: PathPoint, x: &Array2<f64>) -> Array2<f64> {
        let cells = (self.n * self.n) as f64;
        self.filter(x, |p| {
            let (rate, variance) = rates(point, 1.0, p * cells);
            rate / variance
        })
    }

    /// The exact velocity where x0 and z have the field's own spectrum: the same factor for every mode.
    pub fn matched_velocity(&self, point: PathPoint, x: &Array2<f64>) -> Array2<f64> {
        let (rate, variance) = rates(point, 1.0, 1.0);
        x * (rate / variance)
    }

    /// The exact score for white x0 and z.
    pub fn score(&self, point: PathPoint, x: &Array2<f64>) -> Array2<f64> {
        let cells = (self.n * self.n) as f64;
        self.filter(x, |p| -1.0 / rates(point, 1.0, p * cells).1)
    }

    /// `E(k)` for k = 1..=n/2, as it is.
    pub fn spectrum(&self) -> Vec<f64> {
        self.shells(&self.power)
    }

    /// `E(k)` of one field, whose mean over draws is [`MaternField::spectrum`].
    pub fn spectrum_of(&self, x: &Array2<f64>) -> Vec<f64> {
        let cells = (self.n * self.n) as f64;
        let modes = transform(x.mapv(|x| Complex64::new(x, 0.0)), Direction::Forward);
        self.shells(&modes.mapv(|c| c.norm_sqr() / (cells * cells)))
    }

    /// Mean over the shells of `|log10 E / E_true|`.
    pub fn spectral_error(&self, measured: &[f64]) -> f64 {
        let exact = self.spectrum();
        let errors = measured
            .iter()
            .zip(&exact)
            .map(|(e, x)| (e / x).log10().abs());
        errors.sum::<f64>() / exact.len() as f64
    }

    /// Sums over the integer shells k = 1..=n/2 of the variances of the modes, `[ky, kx]`.
    pub fn shells(&self, power: &Array2<f64>) -> Vec<f64> {
        let mut shells = vec![0.0; self.n / 2 + 1];
        for ((j, i), p) in power.indexed_iter() {
            let k = wave_number(i, self.n).hypot(wave_number(j, self.n));
            if let Some(shell) = shells.get_mut((k + 0.5) as usize) {
                *shell += p;
            }
        }
        shells.split_off(1)
    }
}

/// `(half the derivative of the variance, the variance)` of one mode of the path.
fn rates(point: PathPoint, start: f64, end: f64) -> (f64, f64) {
    let p = point;
    let rate = p.alpha * p.d_alpha * start + p.beta * p.d_beta * end + p.gamma_d_gamma * start;
    let variance = p.alpha * p.alpha * start + p.beta * p.beta * end + p.gamma_square * start;
    (rate, variance)
}

fn wave_number(i: usize, n: usize) -> f64 {
    if 2 * i > n {
        i as f64 - n as f64
    } else {
        i as f64
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Inverse,
}

/// The discrete Fourier transform of a square, the inverse one with its 1/n^2.
fn transform(mut x: Array2<Complex64>, direction: Direction) -> Array2<Complex64> {
    let n = x.nrows();
    let mut planner = FftPlanner::new();
    let fft = match direction {
        Direction::Forward => planner.plan_fft_forward(n),
        Direction::Inverse => planner.plan_fft_inverse(n),
    };
    let mut line = vec![Complex64::default(); n];
    for axis in [Axis(0), Axis(1)] {
        for mut lane in x.lanes_mut(axis) {
            line.iter_mut().zip(&lane).for_each(|(a, b)| *a = *b);
            fft.process(&mut line);
            lane.iter_mut().zip(&line).for_each(|(a, b)| *a = *b);
        }
    }
    if direction == Direction::Inverse {
        let cells = (n * n) as f64;
        x.mapv_inplace(|c| c / cells);
    }
    x
}
