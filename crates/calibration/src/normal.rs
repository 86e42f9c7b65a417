//! The normal and the logistic law: score, likelihood and their slopes.

use std::f64::consts::PI;

use crate::family::Slope;
use crate::special::{FRAC_1_SQRT_PI, cumulative, density, logistic, softplus};

/// `CRPS = s [z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)]`, z = (y - m)/s: Gneiting et al. (2005).
pub(crate) fn crps(m: f64, s: f64, y: f64) -> Slope {
    let z = (y - m) / s;
    let balance = -libm::erf(-z / std::f64::consts::SQRT_2);
    let edge = 2.0 * density(z) - FRAC_1_SQRT_PI;
    Slope::two(s * (z * balance + edge), -balance, edge)
}

/// `ln s + z^2/2 + ln(2 pi)/2`.
pub(crate) fn ignorance(m: f64, s: f64, y: f64) -> Slope {
    let z = (y - m) / s;
    let value = s.ln() + 0.5 * z * z + 0.5 * (2.0 * PI).ln();
    Slope::two(value, -z / s, (1.0 - z * z) / s)
}

pub(crate) fn normal_cdf(m: f64, s: f64, x: f64) -> f64 {
    cumulative((x - m) / s)
}

/// `CRPS = s [z - 2 ln F(z) - 1]`, F the standard logistic law: Gneiting and Raftery (2007) give the method.
pub(crate) fn logistic_crps(m: f64, s: f64, y: f64) -> Slope {
    let z = (y - m) / s;
    let balance = 2.0 * logistic(z) - 1.0;
    // z + 2 softplus(-z) = |z| + 2 ln(1 + e^-|z|): no large terms that cancel.
    let unit = z.abs() + 2.0 * (-z.abs()).exp().ln_1p() - 1.0;
    Slope::two(s * unit, -balance, unit - z * balance)
}

/// `ln s + z + 2 ln(1 + e^-z)`.
pub(crate) fn logistic_ignorance(m: f64, s: f64, y: f64) -> Slope {
    let z = (y - m) / s;
    let balance = 2.0 * logistic(z) - 1.0;
    let value = s.ln() + z + 2.0 * softplus(-z);
    Slope::two(value, -balance / s, (1.0 - z * balance) / s)
}
