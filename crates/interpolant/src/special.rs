//! Elementary quotients that are 0/0 at the origin, with their derivatives.

/// `sin(x) / x`.
pub(crate) fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-4 {
        1.0 - x * x / 6.0
    } else {
        x.sin() / x
    }
}

/// `d/dx (sin(x) / x)`.
pub(crate) fn d_sinc(x: f64) -> f64 {
    if x.abs() < 0.5 {
        odd_series(x, -1.0)
    } else {
        (x * x.cos() - x.sin()) / (x * x)
    }
}

/// `sinh(x) / x`.
pub(crate) fn sinhc(x: f64) -> f64 {
    if x.abs() < 1e-4 {
        1.0 + x * x / 6.0
    } else {
        x.sinh() / x
    }
}

/// `d/dx (sinh(x) / x)`.
pub(crate) fn d_sinhc(x: f64) -> f64 {
    if x.abs() < 0.5 {
        odd_series(x, 1.0)
    } else {
        (x * x.cosh() - x.sinh()) / (x * x)
    }
}

/// `(1 - e^-x) / x`.
pub(crate) fn decay(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { -(-x).exp_m1() / x }
}

/// `d/dx ((1 - e^-x) / x)`.
pub(crate) fn d_decay(x: f64) -> f64 {
    if x.abs() >= 0.5 {
        return ((-x).exp() * (1.0 + x) - 1.0) / (x * x);
    }
    // sum over k >= 1 of k (-1)^k x^(k-1) / (k+1)!
    let (mut power, mut sum) = (-0.5, 0.0);
    for k in 1..16 {
        let k = f64::from(k);
        sum += k * power;
        power *= -x / (k + 2.0);
    }
    sum
}

/// `sum over k >= 1 of 2 k sign^k x^(2k-1) / (2k+1)!`, the derivative of sinc (sign -1) and sinhc (+1).
fn odd_series(x: f64, sign: f64) -> f64 {
    let (mut power, mut sum) = (sign * x / 6.0, 0.0);
    for k in 1..10 {
        let k = 2.0 * f64::from(k);
        sum += k * power;
        power *= sign * x * x / ((k + 2.0) * (k + 3.0));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_meet_the_closed_forms() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
        for x in [0.499_999_999_9, 0.5] {
            near(d_sinc(x), (x * x.cos() - x.sin()) / (x * x));
            near(d_sinhc(x), (x * x.cosh() - x.sinh()) / (x * x));
            near(d_decay(x), ((-x).exp() * (1.0 + x) - 1.0) / (x * x));
        }
        assert_eq!((sinc(0.0), sinhc(0.0), decay(0.0)), (1.0, 1.0, 1.0));
        assert_eq!((d_sinc(0.0), d_sinhc(0.0), d_decay(0.0)), (0.0, 0.0, -0.5));
    }
}
