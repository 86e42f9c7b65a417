//! Quadratic means of a flow.

use ndarray::{ArrayRef2, Zip};
use rustfft::num_complex::Complex64;

use super::modes::Modes;

/// Means over the square of quadratic quantities, with the customary 1/2.
///
/// Advection conserves energy and enstrophy, not palinstrophy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// <|u|^2>/2.
    pub energy: f64,
    /// <w^2>/2.
    pub enstrophy: f64,
    /// <|grad w|^2>/2.
    pub palinstrophy: f64,
}

impl Moments {
    /// By Parseval's identity from the vorticity modes.
    pub(super) fn of(modes: Modes, w: &[Complex64]) -> Self {
        let half =
            |weight: fn(f64) -> f64| 0.5 * modes.inner(w, w, |kx, ky| weight(kx * kx + ky * ky));
        Self {
            energy: half(|k2| if k2 > 0.0 { 1.0 / k2 } else { 0.0 }),
            enstrophy: half(|_| 1.0),
            palinstrophy: half(|k2| k2),
        }
    }
}

/// Correlation over space of two fields, sum a b / sqrt(sum a^2 sum b^2), their means removed.
///
/// # Shapes
/// Both `(y, x)`, of equal size; NaN where one of them is constant.
pub fn pattern_correlation(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> f64 {
    let mean = |field: &ArrayRef2<f32>| {
        field.iter().map(|&v| f64::from(v)).sum::<f64>() / field.len() as f64
    };
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    Zip::from(a).and(b).for_each(|&a, &b| {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    });
    ab / (aa * bb).sqrt()
}
