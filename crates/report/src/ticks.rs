//! Where round numbers fall: multiples of 1, 2 or 5 times a power of ten, of degrees, or decades.

use crate::number::{decade, superscript};

/// One round step, kept as mantissa and power of ten so that its multiples are exact decimals.
#[derive(Clone, Copy)]
struct Step {
    mantissa: f64,
    exponent: i32,
}

impl Step {
    fn value(self) -> f64 {
        self.multiple(1.0)
    }

    fn multiple(self, i: f64) -> f64 {
        let power = 10.0_f64.powi(self.exponent.abs());
        if self.exponent < 0 {
            i * self.mantissa / power
        } else {
            i * self.mantissa * power
        }
    }

    fn range(self, low: f64, high: f64) -> (f64, f64) {
        let step = self.value();
        ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
    }

    fn count(self, low: f64, high: f64) -> f64 {
        let (first, last) = self.range(low, high);
        last - first + 1.0
    }

    fn ticks(self, low: f64, high: f64) -> Vec<f64> {
        let (first, last) = self.range(low, high);
        (0..=(last - first).max(-1.0) as i64)
            .map(|i| self.multiple(first + i as f64))
            .collect()
    }
}

/// Multiples of 1, 2 or 5 x 10^k within `low..=high`, their number as near to `target` as can be.
pub(crate) fn linear(low: f64, high: f64, target: usize) -> Vec<f64> {
    let target = target.max(2) as f64;
    let exponent = decade((high - low) / target);
    let candidates = (exponent - 1..=exponent + 1)
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|mantissa| Step { mantissa, exponent }));
    best(candidates, low, high, target)
}

/// Multiples of a step that divides the circle (or of 1, 2, 5 x 10^k below one degree).
pub(crate) fn degrees(low: f64, high: f64, target: usize) -> Vec<f64> {
    if high - low < 3.0 {
        return linear(low, high, target);
    }
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0];
    let candidates = steps.into_iter().map(|mantissa| Step {
        mantissa,
        exponent: 0,
    });
    best(candidates, low, high, target.max(2) as f64)
}

fn best(steps: impl Iterator<Item = Step>, low: f64, high: f64, target: f64) -> Vec<f64> {
    let cost = |s: &Step| match s.count(low, high) {
        n if n < 2.0 => f64::INFINITY,
        n => (n - target).abs(),
    };
    steps
        .min_by(|a, b| cost(a).total_cmp(&cost(b)))
        .map_or_else(Vec::new, |s| s.ticks(low, high))
}

/// Multiples of `step` within `low..=high`; none when there would be more than a thousand.
pub(crate) fn every(step: f64, low: f64, high: f64) -> Vec<f64> {
    let step = Step {
        mantissa: step,
        exponent: 0,
    };
    if step.count(low, high) > 1000.0 {
        Vec::new()
    } else {
        step.ticks(low, high)
    }
}

/// Ticks of a logarithmic axis: labelled values and the unlabelled ones between.
pub(crate) struct Logarithmic {
    pub major: Vec<(f64, String)>,
    pub minor: Vec<f64>,
}

/// Decades within `low..=high`, thinned to about `target`; 1, 2, 5 or round numbers in short ranges.
pub(crate) fn logarithmic(low: f64, high: f64, target: usize) -> Logarithmic {
    let inside = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
    let decades = decade(low)..=decade(high) + 1;
    let multiples = |factors: &'static [f64]| {
        let all = decades
            .clone()
            .flat_map(move |e| factors.iter().map(move |f| power(*f, e)));
        all.filter(inside).collect::<Vec<f64>>()
    };
    let exponents: Vec<i32> = decades
        .clone()
        .filter(|&e| inside(&power(1.0, e)))
        .collect();
    if exponents.len() >= 3 {
        let stride = exponents.len().div_ceil(target.max(2)) as i32;
        let major = exponents.iter().filter(|e| e.rem_euclid(stride) == 0);
        let major = major
            .map(|&e| (power(1.0, e), decade_label(e, &exponents)))
            .collect();
        let minor = if stride == 1 {
            multiples(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
        } else {
            multiples(&[1.0])
        };
        return Logarithmic { major, minor };
    }
    let mut major = multiples(&[1.0, 2.0, 5.0]);
    if major.len() < 3 {
        major = linear(low, high, target.min(5));
    }
    let minor = multiples(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    let major = major
        .iter()
        .map(|&v| (v, crate::number::short(v)))
        .collect();
    Logarithmic { major, minor }
}

fn power(factor: f64, exponent: i32) -> f64 {
    Step {
        mantissa: factor,
        exponent,
    }
    .value()
}

fn decade_label(e: i32, all: &[i32]) -> String {
    if all.iter().all(|e| (-2..=3).contains(e)) {
        crate::number::short(power(1.0, e))
    } else {
        format!("10{}", superscript(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn round_numbers_are_exact_decimals() {
        assert_eq!(linear(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(linear(-0.25, 0.35, 6), [-0.2, -0.1, 0.0, 0.1, 0.2, 0.3]);
        assert_eq!(
            linear(983.2, 1034.0, 6),
            [990.0, 1000.0, 1010.0, 1020.0, 1030.0]
        );
        assert_eq!(degrees(-81.25, 1.25, 4), [-80.0, -60.0, -40.0, -20.0, 0.0]);
        assert_eq!(
            every(24.0, 0.0, 120.0),
            [0.0, 24.0, 48.0, 72.0, 96.0, 120.0]
        );
        let log = logarithmic(3e-6, 2.0, 8);
        let labels: Vec<&str> = log.major.iter().map(|m| m.1.as_str()).collect();
        assert_eq!(labels, ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]);
        let short = logarithmic(1.2, 8.5, 5);
        assert_eq!(
            short.major.iter().map(|m| m.0).collect::<Vec<_>>(),
            [2.0, 4.0, 6.0, 8.0]
        );
    }

    proptest! {
        #[test]
        fn linear_ticks_are_inside_equal_and_about_as_many_as_asked(
            low in -1e4..1e4_f64, exponent in -6..6_i32, mantissa in 1.0..10.0_f64, target in 3..12_usize
        ) {
            let high = low + mantissa * 10.0_f64.powi(exponent);
            let ticks = linear(low, high, target);
            prop_assert!(ticks.len() >= 2 && ticks.len() <= 2 * target + 1, "{} of {target}", ticks.len());
            let step = ticks[1] - ticks[0];
            let slack = 1e-6 * step + 1e-11 * low.abs();
            prop_assert!(ticks[0] >= low - slack && ticks[ticks.len() - 1] <= high + slack);
            prop_assert!(ticks[0] - step < low + slack && ticks[ticks.len() - 1] + step > high - slack);
            for pair in ticks.windows(2) {
                prop_assert!((pair[1] - pair[0] - step).abs() <= slack);
            }
            let leading = format!("{step:.3e}");
            prop_assert!(["1.000e", "2.000e", "5.000e"].iter().any(|m| leading.starts_with(m)), "{leading}");
        }

        #[test]
        fn logarithmic_axes_always_have_two_labels_inside(
            low in -12.0..6.0_f64, span in 0.05..12.0_f64, target in 3..10_usize
        ) {
            let (low, high) = (10.0_f64.powf(low), 10.0_f64.powf(low + span));
            let ticks = logarithmic(low, high, target);
            prop_assert!(ticks.major.len() >= 2 && ticks.major.len() <= 2 * target + 3);
            for (v, _) in &ticks.major {
                prop_assert!(*v >= low * 0.999_999 && *v <= high * 1.000_001);
            }
        }
    }
}
