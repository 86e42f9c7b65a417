//! A last correction of levels, from transforms of dates that no network had seen.

use serde::Serialize;
use std::collections::BTreeMap;

/// Polynomials of the density.
const DEGREES: usize = 6;
/// Dates that a correction needs.
///
/// Transforms come from fits without a quarter of the n dates, whose p parameters make squared errors larger by the part
/// `(p/0.75 - p)/n = p/(3n)` than those of the fit that is corrected. An inflation d of a normal variance moves the second
/// coefficient by `E[(z^2 - 1) e_2(Phi(z))]/2 d = 0.616 d`, which no shrinkage takes for chance; chance itself has the
/// variance 1/n. With ten parameters the square of the first is `(0.616 * 10/3)^2/n = 4.2/n` of the second: 4 % with a
/// hundred dates, 16 % with 27.
const DATES: f64 = 100.0;
/// The density is nowhere less.
const LEAST: f64 = 0.2;

/// The law of probability integral transforms, `r(u) = 1 + sum_k c_k e_k(u)`, `e_k` the orthonormal polynomials of
/// `[0, 1]` (Legendre's), k from 1 to 6.
///
/// `c_k` is the mean over dates of the mean of `e_k` over the cases of a date, times `max(0, 1 - v/c_k^2)`, v the variance
/// of that mean: what may as well be chance is not corrected, and nothing with fewer than a hundred dates.
///
/// # Reference
/// Efron and Morris (1973), J. Am. Stat. Assoc. 68, 117, for the shrinkage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Recalibration {
    coefficients: [f64; DEGREES],
}

/// Legendre polynomials of degree 0 to `DEGREES + 1` at x in [-1, 1].
fn legendre(x: f64) -> [f64; DEGREES + 2] {
    let mut p = [1.0; DEGREES + 2];
    p[1] = x;
    for n in 1..=DEGREES {
        let k = n as f64;
        p[n + 1] = ((2.0 * k + 1.0) * x * p[n] - k * p[n - 1]) / (k + 1.0);
    }
    p
}

fn root(k: usize) -> f64 {
    (2.0 * k as f64 + 1.0).sqrt()
}

impl Recalibration {
    /// No correction.
    pub(crate) const NONE: Self = Self {
        coefficients: [0.0; DEGREES],
    };

    /// Whether levels stay as they are.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// From pairs of a date and a transform.
    pub(crate) fn fit(transforms: &[(i64, f64)]) -> Self {
        let mut by_date: BTreeMap<i64, ([f64; DEGREES], f64)> = BTreeMap::new();
        for (date, u) in transforms {
            let p = legendre(2.0 * u - 1.0);
            let (sums, count) = by_date.entry(*date).or_default();
            for k in 1..=DEGREES {
                sums[k - 1] += root(k) * p[k];
            }
            *count += 1.0;
        }
        let dates = by_date.len() as f64;
        if dates < DATES {
            return Self::NONE;
        }
        let mut fitted = Self {
            coefficients: std::array::from_fn(|k| {
                let means = by_date.values().map(|(sums, count)| sums[k] / count);
                let mean = means.clone().sum::<f64>() / dates;
                let variance =
                    means.map(|x| (x - mean).powi(2)).sum::<f64>() / (dates - 1.0) / dates;
                mean * (1.0 - variance / (mean * mean).max(f64::MIN_POSITIVE)).max(0.0)
            }),
        };
        fitted.keep_positive();
        fitted
    }

    fn keep_positive(&mut self) {
        let least = (0..=200)
            .map(|i| self.density(f64::from(i) / 200.0))
            .fold(f64::INFINITY, f64::min);
        if least < LEAST {
            let part = (1.0 - LEAST) / (1.0 - least);
            self.coefficients.iter_mut().for_each(|c| *c *= part);
        }
    }

    fn density(&self, u: f64) -> f64 {
        let p = legendre(2.0 * u - 1.0);
        let waves = self.coefficients.iter().enumerate();
        1.0 + waves.map(|(k, c)| c * root(k + 1) * p[k + 1]).sum::<f64>()
    }

    /// `R(u) = int_0^u r`: the share of transforms up to u.
    fn cumulative(&self, u: f64) -> f64 {
        let p = legendre(2.0 * u - 1.0);
        let waves = self.coefficients.iter().enumerate();
        u + waves
            .map(|(k, c)| c * (p[k + 2] - p[k]) / (2.0 * root(k + 1)))
            .sum::<f64>()
    }

    /// The u with `R(u) = level`: the level to ask of the law for one that is reached so often.
    pub(crate) fn level(&self, level: f64) -> f64 {
        if self.coefficients == [0.0; DEGREES] {
            return level;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.cumulative(middle) < level {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `R(u) = u + a u (1 - u)`, the transforms of a forecast that is too high: levels are found back within what 4000
    /// draws tell, 4 sigma of sqrt(u (1 - u) / n).
    #[test]
    fn levels_of_a_known_law_of_transforms() {
        let a = 0.3;
        let draw = |v: f64| {
            // The root of u + a u (1 - u) = v in [0, 1].
            let b = 1.0 + a;
            (b - (b * b - 4.0 * a * v).sqrt()) / (2.0 * a)
        };
        let n = 4000;
        let transforms: Vec<(i64, f64)> = (0..n)
            .map(|i| (i, draw((i as f64 * 0.618_033_988_749_895).fract())))
            .collect();
        let fitted = Recalibration::fit(&transforms);
        for level in [0.05, 0.3, 0.5, 0.8, 0.95] {
            let sigma = (level * (1.0 - level) / n as f64).sqrt();
            let found = fitted.level(level);
            assert!((found - draw(level)).abs() < 4.0 * sigma, "{level} {found}");
        }
    }

    #[test]
    fn even_transforms_change_nothing() {
        let even: Vec<(i64, f64)> = (0..500).map(|i| (i, (i as f64 + 0.5) / 500.0)).collect();
        for level in [0.01, 0.5, 0.9] {
            assert!((Recalibration::fit(&even).level(level) - level).abs() < 1e-3);
        }
        assert_eq!(Recalibration::fit(&[(0, 0.9)]), Recalibration::NONE);
    }
}
