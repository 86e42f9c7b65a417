//! Conversions against exact Gaussian laws, against each other, and at the ends.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod families;

use foehn_interpolant::{Affine, Conversion, ConversionError, Ends, Known, Schedule, Target};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// One value of the state, of `x0` and of the mean and variance of `x1` and `x0`.
#[derive(Clone, Copy, Debug)]
struct Law {
    x: f64,
    x0: f64,
    m: f64,
    v: f64,
    m0: f64,
    v0: f64,
}

/// E[x0 | x], E[x1 | x], E[z | x] and the score of a Gaussian law along the path.
struct Exact {
    start: f64,
    data: f64,
    z: f64,
    score: f64,
}

fn exact(schedule: &dyn Schedule, known: Known, law: Law, t: f64) -> Exact {
    let c = schedule.at(t);
    let (m0, v0) = match known {
        _ if schedule.ends() == Ends::Mirror => (0.0, 0.0),
        Known::Start => (law.x0, 0.0),
        Known::GaussianStart => (0.0, 1.0),
        Known::Nothing => (law.m0, law.v0),
    };
    let variance = c.alpha * c.alpha * v0 + c.beta * c.beta * law.v + c.gamma * c.gamma;
    let score = -(law.x - c.alpha * m0 - c.beta * law.m) / variance;
    Exact {
        start: m0 - c.alpha * v0 * score,
        data: law.m - c.beta * law.v * score,
        z: -c.gamma * score,
        score,
    }
}

/// The conditional expectation of `target`, straight from its definition.
fn value(schedule: &dyn Schedule, e: &Exact, target: Target, t: f64) -> f64 {
    let c = schedule.at(t);
    let (noise, nu) = if schedule.ends().starts_from_noise() {
        (e.start, c.alpha)
    } else {
        (e.z, c.gamma)
    };
    let transport = c.d_alpha * e.start + c.d_beta * e.data;
    match target {
        // gamma' z without 0 times infinity
        Target::Velocity => transport - c.gamma_d_gamma * e.score,
        Target::Transport => transport,
        Target::Score => e.score,
        Target::Noise => noise,
        Target::Start => e.start,
        Target::Data => e.data,
        Target::AngularVelocity => c.beta * noise - nu * e.data,
        Target::Drift => {
            let sigma = schedule.factors(t).sigma.unwrap();
            transport + sigma.derivative(t).at(t) * t.sqrt() * e.z
        }
    }
}

type Case = (String, Box<dyn Schedule>, Known);

/// Every schedule with everything that may be known.
fn cases() -> Vec<Case> {
    let with = |known: Known, all: Vec<families::Named>| {
        all.into_iter()
            .map(move |(name, schedule)| (format!("{name}, {known:?}"), schedule, known))
    };
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(with(Known::Start, families::two_sided()));
    cases.extend(with(Known::GaussianStart, families::two_sided()));
    cases.extend(with(Known::GaussianStart, families::one_sided()));
    cases.extend(with(Known::Start, families::mirrors()));
    cases.extend(with(Known::Start, families::follmer()));
    cases.extend(with(Known::Start, families::noiseless()));
    cases.extend(with(Known::Nothing, families::noiseless()));
    cases.extend(with(Known::Nothing, families::one_sided()));
    cases.extend(with(Known::Nothing, families::two_sided()));
    cases
}

fn pairs() -> impl Iterator<Item = (Target, Target)> {
    Target::ALL
        .into_iter()
        .flat_map(|from| Target::ALL.map(|to| (from, to)))
}

/// Runs over every conversion that exists and counts them.
fn for_each(mut f: impl FnMut(&Case, &Conversion<&dyn Schedule>, Target, Target)) -> usize {
    let mut count = 0;
    for case in cases() {
        for (from, to) in pairs() {
            let schedule: &dyn Schedule = &*case.1;
            if let Ok(conversion) = Conversion::new(schedule, case.2, from, to) {
                f(&case, &conversion, from, to);
                count += 1;
            }
        }
    }
    count
}

fn largest(c: Affine) -> f64 {
    c.prediction.abs().max(c.x.abs()).max(c.x0.abs())
}

#[test]
fn conversions_hold_for_gaussian_laws() {
    let law = Law {
        x: 0.7,
        x0: -0.4,
        m: 0.9,
        v: 0.3,
        m0: -0.2,
        v0: 1.6,
    };
    let times = [
        1e-7,
        1e-3,
        0.1,
        0.3,
        0.499,
        0.5,
        0.62,
        0.9,
        0.999,
        1.0 - 1e-7,
    ];
    let count = for_each(|(name, schedule, known), conversion, from, to| {
        for t in times {
            let e = exact(&**schedule, *known, law, t);
            let (input, output) = (
                value(&**schedule, &e, from, t),
                value(&**schedule, &e, to, t),
            );
            let c = conversion.at(t).unwrap();
            let terms = [c.prediction * input, c.x * law.x, c.x0 * law.x0];
            // rounding is relative to the largest of the terms that are added
            let scale = 1.0 + terms.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            let error = (terms.iter().sum::<f64>() - output).abs() / scale;
            assert!(
                error < 1e-11,
                "{name}: {from:?} to {to:?} at {t}: {c:?}, {input} to {output}"
            );
        }
    });
    assert!(count > 1000, "{count} conversions");
}

#[test]
fn conversions_are_finite_at_the_ends_where_the_limit_exists() {
    const NEAR: f64 = 1e-10;
    for_each(|(name, _, _), conversion, from, to| {
        for (end, near) in [(0.0, NEAR), (1.0, 1.0 - NEAR)] {
            let beside = conversion.at(near).unwrap();
            match conversion.at(end) {
                Ok(limit) => {
                    let change = [
                        limit.prediction - beside.prediction,
                        limit.x - beside.x,
                        limit.x0 - beside.x0,
                    ];
                    let change = change.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                    assert!(
                        change < 1e-3 * (1.0 + largest(limit)),
                        "{name}: {from:?} to {to:?} at {end}: {limit:?}, beside {beside:?}"
                    );
                }
                Err(ConversionError::Diverges { .. }) => assert!(
                    largest(beside) > 3e3,
                    "{name}: {from:?} to {to:?} at {end}: beside {beside:?}"
                ),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    });
}

#[test]
fn conversions_are_inverse_to_each_other() {
    let all = cases();
    let mut both_ways = Vec::new();
    for (name, schedule, known) in &all {
        let of = |from, to| Conversion::new(&**schedule, *known, from, to).ok();
        for (from, to) in pairs() {
            if let (true, Some(there)) = (from != to, of(from, to))
                && let Some(back) = of(to, from)
            {
                both_ways.push((name, from, to, there, back));
            }
        }
    }
    assert!(both_ways.len() > 700, "{} pairs", both_ways.len());
    let number = -3f64..3.0;
    let draws = (1e-6f64..0.999_999, number.clone(), number.clone(), number);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(256));
    let outcome = runner.run(&draws, |(t, x, x0, u)| {
        for (name, from, to, there, back) in &both_ways {
            let (c, d) = (there.at(t).unwrap(), back.at(t).unwrap());
            let out = c.prediction * u + c.x * x + c.x0 * x0;
            let again = d.prediction * out + d.x * x + d.x0 * x0;
            // the largest number that is added up on the way
            let large = |values: [f64; 4]| values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            let middle = large([c.prediction * u, c.x * x, c.x0 * x0, 0.0]);
            let last = large([d.prediction * middle, d.x * x, d.x0 * x0, 1.0]);
            prop_assert!(
                (again - u).abs() <= 1e-12 * last,
                "{name}: {from:?} to {to:?} and back at {t}: {u}, {again}"
            );
        }
        Ok(())
    });
    outcome.unwrap();
}
