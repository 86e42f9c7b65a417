//! The censored, shifted gamma law `max(0, G - delta)`: score, likelihood and their slopes.
//!
//! G has mean m, standard deviation s: shape `k = (m/s)^2`, scale `b = s^2/m`. The mass
//! `P(k, delta/b)` at zero makes it a law of precipitation. Scheuerer and Hamill (2015), Mon. Weather
//! Rev. 143, 4578.

use statrs::function::beta::ln_beta;

use crate::family::Slope;
use crate::special::{gamma_cumulative, gamma_density, ln_gamma_and_digamma};

/// Relative step of the central difference in the shape; the error of the slope is of its square.
const SHAPE_STEP: f64 = 1e-5;
/// Above this shape the law is normal to six digits, and the incomplete gamma function slow.
const LARGEST_SHAPE: f64 = 1e6;

/// Shape and scale of the gamma law: the mean is m also where the shape is bounded.
fn shape_and_scale(m: f64, s: f64) -> (f64, f64) {
    let k = (m / s).powi(2).min(LARGEST_SHAPE);
    (k, m / k)
}

/// Slopes of shape and scale, each along m and along s.
fn slopes_of_shape_and_scale(m: f64, s: f64) -> ([f64; 2], [f64; 2]) {
    let (k, b) = shape_and_scale(m, s);
    if k >= LARGEST_SHAPE {
        ([0.0, 0.0], [1.0 / k, 0.0])
    } else {
        ([2.0 * k / m, -2.0 * k / s], [-b / m, 2.0 * b / s])
    }
}

/// The score in units of the scale, with `u = (max(y, 0) + delta)/b` and `c = delta/b`:
/// `u (2 F_k(u) - 1) - c F_k(c)^2 + k [1 + 2 F_k(c) F_k+1(c) - F_k(c)^2 - 2 F_k+1(u)]` less
/// `(k/pi) B(1/2, k + 1/2) [1 - F_2k(2c)]`.
fn unit_crps(k: f64, u: f64, c: f64) -> f64 {
    let (f_u, f_c) = (gamma_cumulative(k, u), gamma_cumulative(k, c));
    let (g_u, g_c) = (gamma_cumulative(k + 1.0, u), gamma_cumulative(k + 1.0, c));
    let beta = (ln_beta(0.5, k + 0.5)).exp() / std::f64::consts::PI;
    u * (2.0 * f_u - 1.0) - c * f_c * f_c + k * (1.0 + 2.0 * f_c * g_c - f_c * f_c - 2.0 * g_u)
        - k * beta * (1.0 - gamma_cumulative(2.0 * k, 2.0 * c))
}

/// Slope of [`unit_crps`] along u and along c.
fn unit_slopes(k: f64, u: f64, c: f64) -> (f64, f64) {
    let f_c = gamma_cumulative(k, c);
    // d/du: 2 F_k(u) - 1 + 2 u f_k(u) - 2 k f_k+1(u), and u f_k(u) = k f_k+1(u).
    (2.0 * gamma_cumulative(k, u) - 1.0, -f_c * f_c)
}

pub(crate) fn crps(m: f64, s: f64, delta: f64, y: f64) -> Slope {
    if y < 0.0 {
        let zero = crps(m, s, delta, 0.0);
        return Slope {
            value: zero.value - y,
            ..zero
        };
    }
    let (k, b) = shape_and_scale(m, s);
    let (u, c) = ((y + delta) / b, delta / b);
    let value = unit_crps(k, u, c);
    let (along_u, along_c) = unit_slopes(k, u, c);
    let step = SHAPE_STEP * k;
    let along_k = (unit_crps(k + step, u, c) - unit_crps(k - step, u, c)) / (2.0 * step);
    // The score is b U(k, u, c): its slope along b holds the dependence of u and c.
    let along_b = value - u * along_u - c * along_c;
    let ([k_m, k_s], [b_m, b_s]) = slopes_of_shape_and_scale(m, s);
    Slope {
        value: b * value,
        location: b * along_k * k_m + along_b * b_m,
        scale: b * along_k * k_s + along_b * b_s,
        shift: along_u + along_c,
    }
}

/// `-ln f_k(u) + ln b` for rain, `-ln F_k(c)` for none.
pub(crate) fn ignorance(m: f64, s: f64, delta: f64, y: f64) -> Slope {
    let (k, b) = shape_and_scale(m, s);
    let (along_k, along_b, along_delta, value);
    if y > 0.0 {
        let u = (y + delta) / b;
        let (ln_gamma, digamma) = ln_gamma_and_digamma(k);
        value = b.ln() - (k - 1.0) * u.ln() + u + ln_gamma;
        along_k = digamma - u.ln();
        let along_u = 1.0 - (k - 1.0) / u;
        (along_b, along_delta) = ((1.0 - u * along_u) / b, along_u / b);
    } else if y == 0.0 {
        let c = delta / b;
        let log_mass = |k: f64| gamma_cumulative(k, c).max(f64::MIN_POSITIVE).ln();
        let step = SHAPE_STEP * k;
        value = -log_mass(k);
        along_k = -(log_mass(k + step) - log_mass(k - step)) / (2.0 * step);
        let along_c = -gamma_density(k, c) / gamma_cumulative(k, c).max(f64::MIN_POSITIVE);
        (along_b, along_delta) = (-along_c * c / b, along_c / b);
    } else {
        return Slope::two(f64::INFINITY, 0.0, 0.0);
    }
    let ([k_m, k_s], [b_m, b_s]) = slopes_of_shape_and_scale(m, s);
    Slope {
        value,
        location: along_k * k_m + along_b * b_m,
        scale: along_k * k_s + along_b * b_s,
        shift: along_delta,
    }
}

/// `F_k((x + delta)/b)` for x >= 0, else 0.
pub(crate) fn cdf(m: f64, s: f64, delta: f64, x: f64) -> f64 {
    if x < 0.0 {
        return 0.0;
    }
    let (k, b) = shape_and_scale(m, s);
    gamma_cumulative(k, (x + delta) / b)
}

/// The least x >= 0 with `cdf(x) >= p`: Newton's method between bounds, halved where it leaves them.
pub(crate) fn quantile(m: f64, s: f64, delta: f64, p: f64) -> f64 {
    /// Two digits less than f64 has.
    const PRECISION: f64 = 1e-14;
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let (k, b) = shape_and_scale(m, s);
    if p <= gamma_cumulative(k, delta / b) {
        return 0.0;
    }
    let (mut low, mut high) = (delta / b, (m + delta + 4.0 * s) / b);
    while gamma_cumulative(k, high) < p && high < f64::MAX / 4.0 {
        (low, high) = (high, 2.0 * high);
    }
    let mut u = k.clamp(low, high);
    for _ in 0..200 {
        let excess = gamma_cumulative(k, u) - p;
        if excess < 0.0 {
            low = u;
        } else {
            high = u;
        }
        if high - low <= PRECISION * high {
            break;
        }
        let newton = u - excess / gamma_density(k, u);
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (next - u).abs() <= PRECISION * u {
            u = next;
            break;
        }
        u = next;
    }
    (u * b - delta).max(0.0)
}

/// `k b (1 - F_k+1(c)) - delta (1 - F_k(c))`.
pub(crate) fn mean(m: f64, s: f64, delta: f64) -> f64 {
    let (k, b) = shape_and_scale(m, s);
    let c = delta / b;
    k * b * (1.0 - gamma_cumulative(k + 1.0, c)) - delta * (1.0 - gamma_cumulative(k, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shape 1e8 is bounded: the law keeps its mean, and the slopes are those of the bounded law.
    #[test]
    fn a_sharp_law_keeps_its_mean() {
        let (m, s, delta) = (1e4, 1.0, 3.0);
        // The median of a gamma law of shape k is its mean but for 1/(3 k).
        for found in [quantile(m, s, delta, 0.5), mean(m, s, delta)] {
            assert!((found - (m - delta)).abs() < 1e-6 * m, "{found}");
        }
        let at = crps(m, s, delta, m + 20.0);
        let h = 1e-2;
        let slope = (crps(m + h, s, delta, m + 20.0).value - crps(m - h, s, delta, m + 20.0).value)
            / (2.0 * h);
        assert!(
            (at.location - slope).abs() < 1e-3,
            "{} {slope}",
            at.location
        );
        assert_eq!(at.scale, 0.0);
    }
}
