//! The closed forms against numerical integration and finite differences, and far out in the tails.

use foehn_calibration::{Family, Law, Objective};

const FAMILIES: [Family; 4] = [
    Family::Normal,
    Family::TruncatedNormal,
    Family::Logistic,
    Family::CensoredShiftedGamma,
];
/// Location, scale, shift; all allowed in every family.
const PARAMETERS: [[f64; 3]; 7] = [
    [2.0, 1.0, 0.5],
    [0.3, 2.0, 0.1],
    [8.0, 0.5, 1.0],
    [1.0, 1.0, 0.0],
    [0.05, 0.4, 0.02],
    [30.0, 11.0, 7.0],
    [1.0, 9.0, 0.3],
];
const OBSERVATIONS: [f64; 7] = [0.0, 1e-3, 0.4, 1.9, 3.0, 12.0, 40.0];

/// `int (F - 1[x >= y])^2`, Simpson's rule on pieces that end at the kinks.
fn integrated_crps(law: &Law, y: f64) -> f64 {
    let (low, high) = (law.quantile(1e-13).min(y), law.quantile(1.0 - 1e-13).max(y));
    let mut knots = vec![low, y, high, 0.0f64.clamp(low, high)];
    // The gamma density may be infinite at its start: finer and finer towards it.
    knots.extend((0..60).map(|i| low + (high - low) * 0.5f64.powi(i)));
    knots.sort_by(f64::total_cmp);
    let square = |x: f64| {
        let f = law.cdf(x);
        if x > y { (1.0 - f) * (1.0 - f) } else { f * f }
    };
    let piece = |a: f64, b: f64| {
        const N: usize = 600;
        let inset = (b - a) * 1e-12;
        let (a, b) = (a + inset, b - inset);
        let h = (b - a) / N as f64;
        let inner: f64 = (1..N)
            .map(|i| square(a + i as f64 * h) * if i % 2 == 1 { 4.0 } else { 2.0 })
            .sum();
        (square(a) + square(b) + inner) * h / 3.0
    };
    knots
        .windows(2)
        .filter(|k| k[1] > k[0])
        .map(|k| piece(k[0], k[1]))
        .sum()
}

#[test]
fn crps_is_the_integral() {
    const TOLERANCE: f64 = 2e-7;
    for family in FAMILIES {
        for [m, s, d] in PARAMETERS {
            let law = family.law(m, s, d);
            for y in OBSERVATIONS {
                let (closed, integral) = (law.crps(y), integrated_crps(&law, y));
                let off = (closed - integral).abs() / (1e-3 + integral);
                assert!(
                    off < TOLERANCE,
                    "{law:?} at {y}: {closed} against {integral}"
                );
            }
        }
    }
}

#[test]
fn slopes_are_those_of_finite_differences() {
    const TOLERANCE: f64 = 2e-6;
    for family in FAMILIES {
        for objective in [Objective::Crps, Objective::Likelihood] {
            for at in PARAMETERS {
                for y in OBSERVATIONS {
                    let slope = family.slope(objective, at, y);
                    // A dry case where the law has no atom: the likelihood is zero or infinite.
                    if !slope.value.is_finite() || (at[2] == 0.0 && y == 0.0) {
                        continue;
                    }
                    let shifts = family == Family::CensoredShiftedGamma && at[2] > 0.0;
                    let analytic = [slope.location, slope.scale, slope.shift];
                    for i in 0..if shifts { 3 } else { 2 } {
                        let h = 1e-5 * at[i].abs().max(0.01);
                        let value = |sign: f64| {
                            let mut to = at;
                            to[i] += sign * h;
                            family.slope(objective, to, y).value
                        };
                        let numeric = (8.0 * (value(1.0) - value(-1.0)) - value(2.0) + value(-2.0))
                            / (12.0 * h);
                        let off = (analytic[i] - numeric).abs() / (1.0 + numeric.abs());
                        assert!(
                            off < TOLERANCE,
                            "{family:?} {objective:?} {at:?} {y} {i}: {} {numeric}",
                            analytic[i]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn quantile_inverts_cdf() {
    const TOLERANCE: f64 = 1e-9;
    for family in FAMILIES {
        for [m, s, d] in PARAMETERS {
            let law = family.law(m, s, d);
            for p in [1e-9, 1e-4, 0.01, 0.3, 0.5, 0.9, 0.999, 1.0 - 1e-9] {
                let x = law.quantile(p);
                let atom = law.cdf(0.0);
                if family == Family::CensoredShiftedGamma && p <= atom {
                    assert_eq!(x, 0.0);
                } else {
                    assert!(
                        (law.cdf(x) - p).abs() < TOLERANCE * p.max(1e-3),
                        "{law:?} {p} {x}"
                    );
                }
            }
            let mean = (0..20_000)
                .map(|i| law.quantile((f64::from(i) + 0.5) / 20_000.0))
                .sum::<f64>()
                / 20_000.0;
            assert!(
                (mean / law.mean() - 1.0).abs() < 2e-2,
                "{law:?}: {mean} {}",
                law.mean()
            );
        }
    }
}

#[test]
fn nothing_overflows() {
    for family in FAMILIES {
        for m in [-1e6, -300.0, -20.0, 1e-6, 1.0, 300.0, 1e6] {
            if family == Family::CensoredShiftedGamma && m <= 0.0 {
                continue;
            }
            for s in [1e-6, 1e-2, 1.0, 1e4] {
                for y in [0.0, 1e-9, 5.0, 1e8] {
                    let slope = family.slope(Objective::Crps, [m, s, 0.1], y);
                    let finite = [slope.value, slope.location, slope.scale, slope.shift]
                        .iter()
                        .all(|x| x.is_finite());
                    assert!(finite, "{family:?} {m} {s} {y}: {slope:?}");
                    let rounding = 1e-9 * (m.abs() + s + y);
                    assert!(
                        slope.value >= -rounding,
                        "{family:?} {m} {s} {y}: {slope:?}"
                    );
                    let law = family.law(m, s, 0.1);
                    let p = law.cdf(y);
                    assert!((0.0..=1.0).contains(&p), "{law:?} {y}: {p}");
                    assert!(law.quantile(0.5).is_finite(), "{law:?}");
                }
            }
        }
    }
}

#[test]
fn far_truncation_is_an_exponential_law() {
    // Far in the tail the excess over zero is exponential with mean s^2/|m|: CRPS(0) = mean/2.
    let law = Law::TruncatedNormal {
        location: -1e6,
        scale: 1.0,
    };
    assert!(
        (law.crps(0.0) / 0.5e-6 - 1.0).abs() < 1e-9,
        "{}",
        law.crps(0.0)
    );
    assert!((law.mean() / 1e-6 - 1.0).abs() < 1e-9);
    assert!((law.quantile(0.5) / (1e-6 * 2.0f64.ln()) - 1.0).abs() < 1e-9);
}
