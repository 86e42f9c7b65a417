//! The standard normal law to its far tails, and the incomplete gamma function.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::erfc_inv;
use statrs::function::gamma::{checked_gamma_lr, digamma, ln_gamma};

/// `1 / sqrt(pi)`.
pub(crate) const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;
/// From here `erfc(x) e^(x^2)` is its asymptotic series to the last digit.
const SERIES_FROM: f64 = 20.0;

/// `phi(z) = e^(-z^2/2) / sqrt(2 pi)`.
pub(crate) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// `Phi(z)`, to full relative precision in the lower tail.
pub(crate) fn cumulative(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// `Phi^-1(p)`; infinite at 0 and 1.
pub(crate) fn quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

/// `erfc(x) e^(x^2)`: near `1 / (x sqrt(pi))` for large x; infinite below about -26.
pub(crate) fn erfcx(x: f64) -> f64 {
    if x < SERIES_FROM {
        return libm::erfc(x) * (x * x).exp();
    }
    let w = 0.5 / (x * x);
    let series = 1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w * (1.0 - 9.0 * w))));
    FRAC_1_SQRT_PI / x * series
}

/// The hazard `phi(z) / (1 - Phi(z))`: near z for large z.
pub(crate) fn hazard(z: f64) -> f64 {
    if z < -10.0 {
        return density(z) / (1.0 - cumulative(z));
    }
    (2.0 / PI).sqrt() / erfcx(z / SQRT_2)
}

/// `hazard(z) - z`, without the cancellation of large z.
pub(crate) fn hazard_excess(z: f64) -> f64 {
    if z < 200.0 {
        return hazard(z) - z;
    }
    let w = 1.0 / (z * z);
    (1.0 - w * (2.0 - w * (10.0 - 74.0 * w))) / z
}

/// `P(k, x)`, the regularised lower incomplete gamma function: 0 for x <= 0.
pub(crate) fn gamma_cumulative(k: f64, x: f64) -> f64 {
    if x <= 0.0 || x.is_nan() {
        return 0.0;
    }
    if x == f64::INFINITY {
        return 1.0;
    }
    checked_gamma_lr(k, x).unwrap_or(f64::NAN).clamp(0.0, 1.0)
}

/// The density of the gamma law of shape k and scale 1.
pub(crate) fn gamma_density(k: f64, x: f64) -> f64 {
    ((k - 1.0) * x.ln() - x - ln_gamma(k)).exp()
}

/// `ln Gamma(k)` and its derivative.
pub(crate) fn ln_gamma_and_digamma(k: f64) -> (f64, f64) {
    (ln_gamma(k), digamma(k))
}

/// `ln (1 + e^x)`.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `1 / (1 + e^-x)`.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_the_normal_law_keep_their_digits() {
        // Phi(-10) and Phi(-37) of the printed tables of scipy.stats.norm.
        assert!((cumulative(-10.0) / 7.619_853_024_160_47e-24 - 1.0).abs() < 1e-13);
        assert!((cumulative(-37.0) / 5.725_571_222_524_577e-300 - 1.0).abs() < 1e-11);
        for z in [-6.0, -1.0, 0.0, 0.3, 5.0] {
            assert!((quantile(cumulative(z)) - z).abs() < 1e-9, "{z}");
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
    }

    #[test]
    fn series_join_the_direct_forms() {
        let below = SERIES_FROM * (1.0 - 1e-12);
        assert!((erfcx(below) / erfcx(SERIES_FROM) - 1.0).abs() < 1e-11);
        assert!((hazard_excess(199.999_999) / hazard_excess(200.000_001) - 1.0).abs() < 1e-7);
        assert!((hazard(-10.000_001) / hazard(-9.999_999) - 1.0).abs() < 1e-4);
        assert!(hazard(1e6) >= 1e6);
    }
}
