//! Where inside (0, 1) a function vanishes.

use crate::schedule::Schedule;

/// Intervals of the first search; an even number, so that `t = 1/2` is looked at.
const INTERVALS: usize = 512;
/// Halvings of an interval, to the last digit.
const HALVINGS: usize = 60;
/// A function that touches zero without crossing it comes this near, relative to its largest value.
const TOUCHES: f64 = 1e-11;

/// Where a function vanishes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Zero {
    /// Nowhere in (0, 1).
    None,
    /// On all of (0, 1).
    Everywhere,
    /// First there; of a stretch of zeros, its last point.
    At(f64),
}

/// Whether `gamma` is zero throughout.
pub(super) fn is_noiseless(schedule: &impl Schedule) -> bool {
    (1..INTERVALS).all(|k| schedule.at(k as f64 / INTERVALS as f64).gamma == 0.0)
}

/// The first zero of `f` in (0, 1), found by a change of sign, a stretch of exact zeros, or a minimum of
/// the modulus that touches zero.
pub(super) fn first_zero(f: impl Fn(f64) -> f64) -> Zero {
    let at = |k: usize| k as f64 / INTERVALS as f64;
    let values: Vec<f64> = (1..INTERVALS).map(|k| f(at(k))).collect();
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest == 0.0 {
        return Zero::Everywhere;
    }
    for (i, &v) in values.iter().enumerate() {
        let t = at(i + 1);
        if v == 0.0 || v.is_nan() {
            return Zero::At(end_of_zeros(&f, &values, i));
        }
        let Some(&next) = values.get(i + 1) else {
            break;
        };
        if v * next < 0.0 {
            let low = bisect([t, at(i + 2)], |t| f(t) * v > 0.0);
            return Zero::At(low);
        }
        if i > 0 && v.abs() <= values[i - 1].abs() && v.abs() <= next.abs() {
            let low = least_modulus(&f, [at(i), at(i + 2)]);
            if f(low).abs() <= TOUCHES * largest {
                return Zero::At(low);
            }
        }
    }
    Zero::None
}

/// The end of the stretch of zeros that holds the grid point `i`.
fn end_of_zeros(f: &impl Fn(f64) -> f64, values: &[f64], i: usize) -> f64 {
    let at = |i: usize| (i + 1) as f64 / INTERVALS as f64;
    let vanishes = |v: f64| v == 0.0 || v.is_nan();
    let last = (i..values.len())
        .take_while(|&j| vanishes(values[j]))
        .last()
        .unwrap_or(i);
    if last + 1 == values.len() || last == i {
        return at(last);
    }
    bisect([at(last), at(last + 1)], |t| vanishes(f(t)))
}

/// The last point of [low, high] with the property, which holds at `low` and not at `high`.
fn bisect([mut low, mut high]: [f64; 2], holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The place of the least `|f|` in [low, high], by golden section.
fn least_modulus(f: &impl Fn(f64) -> f64, [mut low, mut high]: [f64; 2]) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..HALVINGS {
        let width = ratio * (high - low);
        let (left, right) = (high - width, low + width);
        if f(left).abs() <= f(right).abs() {
            high = right;
        } else {
            low = left;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_touches_and_stretches_are_found() {
        let near = |zero: Zero, t: f64| {
            assert!(
                matches!(zero, Zero::At(found) if (found - t).abs() < 1e-7),
                "{zero:?}"
            );
        };
        near(first_zero(|t| t - 0.3), 0.3);
        near(first_zero(|t| (t - 0.123_456).powi(2)), 0.123_456);
        near(first_zero(|t| (t - 0.4).max(0.0)), 0.4);
        near(first_zero(|t| t - 0.5), 0.5);
        assert_eq!(first_zero(|_| 0.0), Zero::Everywhere);
        assert_eq!(first_zero(|t| 1.0 + (9.0 * t).sin() * 0.999), Zero::None);
    }
}
