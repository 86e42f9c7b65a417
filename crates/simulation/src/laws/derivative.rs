//! Closed forms held against differences.

use super::gaussian_mixture::MixtureError;
use super::mixture_path::{MixturePath, PathPoint};

/// `f'(0)` by the central difference of tenth order with spacing h.
///
/// ```
/// use foehn_simulation::laws::derivative;
/// assert!((derivative(0.1, f64::exp) - 1.0).abs() < 1e-12);
/// ```
pub fn derivative(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let weights = [
        5.0 / 6.0,
        -5.0 / 21.0,
        5.0 / 84.0,
        -5.0 / 504.0,
        1.0 / 1260.0,
    ];
    let terms = weights.iter().zip(1..);
    let difference = |k: i32| f(f64::from(k) * h) - f(-f64::from(k) * h);
    terms.map(|(w, k)| w * difference(k)).sum::<f64>() / h
}

/// `(error of s, error of b)` of a path between mixtures at (t, x): s against the gradient of the
/// log-density, b against the continuity equation `d/dt log rho + div b + b . s = 0` (in parts of its terms).
///
/// # Errors
/// If `rho_t` has no density near t.
pub fn closed_form_errors(
    path: &MixturePath,
    point: impl Fn(f64) -> PathPoint,
    t: f64,
    x: &[f64],
) -> Result<(f64, f64), MixtureError> {
    // spacing for a density that varies over 0.3
    let h = 0.01;
    let at = path.at(point(t))?;
    let (b, s) = (at.velocity(x), at.score(x));
    let (mut worst, mut divergence) = (0f64, 0.0);
    for i in 0..x.len() {
        let moved = |h: f64| {
            let mut y = x.to_vec();
            y[i] += h;
            y
        };
        let slope = derivative(h, |h| at.law().log_density(&moved(h)));
        worst = worst.max((slope - s[i]).abs());
        divergence += derivative(h, |h| at.velocity(&moved(h))[i]);
    }
    let later = |h: f64| path.at(point(t + h)).map(|at| at.law().log_density(x));
    // the furthest of the times looked at
    later(5.0 * h / 4.0)?;
    let change = derivative(h / 4.0, |h| later(h).unwrap_or(f64::NAN));
    let scale = 1.0 + divergence.abs() + b.dot(&s).abs();
    Ok((worst, (change + divergence + b.dot(&s)).abs() / scale))
}
