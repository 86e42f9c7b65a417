//! The normal law truncated at zero: score, likelihood and their slopes.
//!
//! With `a = -m/s`, `Q = 1 - Phi` and the survival `R = Q(z)/Q(a)`, the score is
//! `y - 2 int_0^y R + int_0^inf R^2`. Everything is written in the hazard `h = phi/Q`, which neither
//! overflows nor vanishes however far zero lies in the tail. Equal to the form of Thorarinsdottir and
//! Gneiting (2010), J. R. Stat. Soc. A 173, 371.

use std::f64::consts::{PI, SQRT_2};

use crate::family::Slope;
use crate::special::{FRAC_1_SQRT_PI, cumulative, erfcx, hazard, hazard_excess, quantile};

/// `Q(z) / Q(a)` for z >= a.
pub(crate) fn survival(a: f64, z: f64) -> f64 {
    if a < 0.0 {
        return cumulative(-z) / cumulative(-a);
    }
    (-0.5 * (z - a) * (z + a)).exp() * erfcx(z / SQRT_2) / erfcx(a / SQRT_2)
}

/// `K(a) = int_a^inf (Q/Q(a))^2`, from 1/(2a) for large a to -a for very negative a.
fn square_integral(a: f64) -> f64 {
    if a > 1e4 {
        return 0.5 / a * (1.0 - 1.5 / (a * a));
    }
    let ratio = if a < 0.0 {
        cumulative(-SQRT_2 * a) / cumulative(-a).powi(2)
    } else {
        2.0 * erfcx(a) / erfcx(a / SQRT_2).powi(2)
    };
    hazard_excess(a) + hazard(a) - FRAC_1_SQRT_PI * ratio
}

/// The score of an observation y; below zero it is that of zero plus the distance.
pub(crate) fn crps(m: f64, s: f64, y: f64) -> Slope {
    if y < 0.0 {
        let zero = crps(m, s, 0.0);
        return Slope {
            value: zero.value - y,
            ..zero
        };
    }
    let (a, z) = (-m / s, (y - m) / s);
    let (excess_a, excess_z, r) = (hazard_excess(a), hazard_excess(z), survival(a, z));
    // z may be far beyond where R vanishes: infinite times zero.
    let tail = if r == 0.0 { 0.0 } else { r * excess_z };
    let (j, k) = (excess_a - tail, square_integral(a));
    let j_a = hazard(a) * j - 1.0;
    let k_a = 2.0 * hazard(a) * k - 1.0;
    Slope::two(
        y - 2.0 * s * j + s * k,
        2.0 * (j_a + r) - k_a,
        -2.0 * j + k + 2.0 * (a * j_a + z * r) - a * k_a,
    )
}

/// `ln s + z^2/2 + ln(2 pi)/2 + ln Q(a)`.
pub(crate) fn ignorance(m: f64, s: f64, y: f64) -> Slope {
    if y < 0.0 {
        return Slope::two(f64::INFINITY, 0.0, 0.0);
    }
    let (a, z) = (-m / s, (y - m) / s);
    // z^2/2 + ln Q(a) = (z^2 - a^2)/2 + ln(erfcx(a/sqrt 2)/2): y/s^2 (y/2 - m) where a is large.
    let value = if a < 0.0 {
        0.5 * z * z + cumulative(-a).ln()
    } else {
        0.5 * (z - a) * (z + a) + (0.5 * erfcx(a / SQRT_2)).ln()
    };
    let h = hazard(a);
    Slope::two(
        s.ln() + value + 0.5 * (2.0 * PI).ln(),
        (-z + h) / s,
        (1.0 - z * z + a * h) / s,
    )
}

pub(crate) fn cdf(m: f64, s: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    1.0 - survival(-m / s, (x - m) / s)
}

/// Solves `Q(z) = (1 - p) Q(a)`.
pub(crate) fn truncated_quantile(m: f64, s: f64, p: f64) -> f64 {
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let a = -m / s;
    if a < 5.0 {
        return (m - s * quantile((1.0 - p) * cumulative(-a))).max(0.0);
    }
    // Newton on ln R along w = z - a, nearly straight out here; starts at the exponential law.
    let target = (-p).ln_1p();
    let mut w = -target / hazard(a);
    for _ in 0..50 {
        let ratio = erfcx((a + w) / SQRT_2) / erfcx(a / SQRT_2);
        let log_r = -0.5 * w * (w + 2.0 * a) + ratio.ln();
        let step = (log_r - target) / hazard(a + w);
        w += step;
        if step.abs() <= 1e-15 * w.abs() {
            break;
        }
    }
    s * w.max(0.0)
}

/// `m + s h(a)`.
pub(crate) fn mean(m: f64, s: f64) -> f64 {
    s * hazard_excess(-m / s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::density;

    #[test]
    fn forms_join_where_they_change() {
        for a in [0.0, 5.0, 200.0, 1e4] {
            let (below, above) = (a - 1e-7, a + 1e-7);
            let close = |f: fn(f64) -> f64| (f(below) / f(above) - 1.0).abs() < 1e-6;
            assert!(close(square_integral), "{a}");
            assert!(close(|a| truncated_quantile(-a, 1.0, 0.7)), "{a}");
        }
        assert!((density(0.0) - hazard(0.0) / 2.0).abs() < 1e-15);
    }
}
