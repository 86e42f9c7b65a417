//! The interpolant of `foehn postprocess` on laws that are known.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_calibration::{Columns, Emos, Law, Method, Station, Table, Term};
use foehn_compute::Workers;
use foehn_field::Calendar;
use foehn_noise::{Key, Purpose};
use foehn_pipelines::{
    Base, Bases, DistributionalConfig, FlowDynamics, FlowStarts, InterpolantConfig, Learnt,
    Predictions,
};
use ndarray::Array2;

const DAY: i64 = 86_400;
const DATES: usize = 3500;
const TRAINED: usize = 2500;

/// Two members and an observation a day, `y = mean + residual(u, mean)`, u uniform and a new one every day.
fn table(residual: impl Fn(f64, f64) -> f64) -> Table {
    let draws = |row: usize| {
        let (mut z, mut u) = ([0.0; 3], [0.0]);
        let key = Key::new(5, Purpose::Simulate).init(row as i64);
        key.normals_f64(&mut z);
        key.step(1).uniforms(&mut u);
        let members = [3.0 * z[0] + z[1], 3.0 * z[0] + z[2]];
        (members, u[0])
    };
    let mean = |members: [f64; 2]| f64::midpoint(members[0], members[1]);
    Table::new(Columns {
        units: "K".into(),
        observation_units: "K".into(),
        calendar: Calendar::ProlepticGregorian,
        stations: vec![Station {
            name: "A".into(),
            latitude: 47.0,
            longitude: 11.0,
            altitude: None,
            model_altitude: None,
        }],
        covariate_names: vec![],
        dates: (0..DATES).map(|row| row as i64 * DAY).collect(),
        leads: vec![0; DATES],
        station: vec![0; DATES],
        members: Array2::from_shape_fn((DATES, 2), |(row, m)| draws(row).0[m]),
        observations: (0..DATES)
            .map(|row| {
                let (members, u) = draws(row);
                mean(members) + residual(u, mean(members))
            })
            .collect(),
        covariates: Array2::zeros((DATES, 0)),
    })
    .unwrap()
}

/// Mean CRPS of the exact law, of the interpolant's untrained base, and of the interpolant, on the last thousand dates.
fn compare(residual: impl Fn(f64, f64) -> f64, method: &InterpolantConfig) -> [f64; 3] {
    let table = table(&residual);
    let first = table.filter(|case| case.date < TRAINED as i64 * DAY);
    let last = table.filter(|case| case.date >= TRAINED as i64 * DAY);
    let workers = Workers::new(2).unwrap();
    let score = |predictions: Predictions| {
        let each = last.cases().zip(predictions);
        let crps = each.map(|(case, p)| p.unwrap().law.crps(case.observation));
        crps.sum::<f64>() / last.len() as f64
    };
    let exact = last.cases().map(|case| {
        let mean = case.mean_and_deviation().unwrap().0;
        let values: Vec<f64> = (0..1000)
            .map(|i| mean + residual((f64::from(i) + 0.5) / 1000.0, mean))
            .collect();
        Law::of_members(&values).unwrap().crps(case.observation)
    });
    let exact = exact.sum::<f64>() / last.len() as f64;
    let Base::Emos(base) = method.base.0[0].clone() else {
        panic!("the base of these is EMOS")
    };
    let base = Method::Emos(base).fit(&first).unwrap();
    let base = score(last.cases().map(|case| base.predict(&case)).collect());
    let fitted = method.fit(&first, 1, &workers).unwrap();
    [
        exact,
        base,
        score(fitted.predictions(&last, &workers).unwrap()),
    ]
}

/// Exponential residuals of standard deviation 2: their normal law is 3 % worse; 2 % of the exact CRPS is left for
/// learning from 2500 cases.
#[test]
fn skewed_residuals_are_learnt() {
    let method = InterpolantConfig {
        terms: vec![Term::Mean],
        ..InterpolantConfig::default()
    };
    let [exact, base, learnt] = compare(|u, _| -2.0 * (1.0 - u).ln() - 2.0, &method);
    println!("exact {exact:.4} base {base:.4} interpolant {learnt:.4}");
    assert!(base > 1.02 * exact, "{base} {exact}");
    assert!(learnt < 1.02 * exact, "{learnt} {exact}");
}

/// A bias that no line follows, `mean^2 / 9`, beside normal noise of deviation 1.
#[test]
fn a_bent_bias_is_learnt() {
    let normal = Law::Normal {
        location: 0.0,
        scale: 1.0,
    };
    let residual = |u: f64, mean: f64| normal.quantile(u) + mean * mean / 9.0;
    let [exact, base, learnt] = compare(residual, &InterpolantConfig::default());
    println!("exact {exact:.4} base {base:.4} interpolant {learnt:.4}");
    assert!(base > 1.3 * exact, "{base} {exact}");
    assert!(learnt < 1.05 * exact, "{learnt} {exact}");
}

/// Where EMOS is the law already, little may be lost: 1 % of its CRPS.
#[test]
fn nothing_is_made_of_nothing() {
    let normal = Law::Normal {
        location: 0.0,
        scale: 1.0,
    };
    let [_, base, learnt] = compare(|u, _| normal.quantile(u), &InterpolantConfig::default());
    println!("base {base:.4} interpolant {learnt:.4}");
    assert!(learnt < 1.01 * base, "{learnt} {base}");
}

/// Skewed residuals and a single step of training, which is not surely better: the base with levels that are corrected, as
/// is said; with fewer than a hundred dates they are not.
#[test]
fn corrected_levels_are_said() {
    let all = table(|u, _| -2.0 * (1.0 - u).ln() - 2.0);
    let workers = Workers::new(2).unwrap();
    let method = InterpolantConfig {
        steps: 1,
        ..InterpolantConfig::default()
    };
    for (dates, corrected) in [(400, true), (90, false)] {
        let some = all.filter(|case| case.date < dates * DAY);
        let fitted = method.fit(&some, 3, &workers).unwrap();
        assert_eq!(fitted.step(), 0);
        let said = fitted.said();
        assert_eq!(said.contains("levels corrected"), corrected, "{said}");
        let base = Method::Emos(Emos::default()).fit(&some).unwrap();
        let own = fitted.predictions(&some, &workers).unwrap();
        for (case, forecast) in some.cases().zip(own) {
            let same = forecast.unwrap().law == base.predict(&case).unwrap().law;
            assert_eq!(same, !corrected);
        }
    }
}

/// The same forecasts to the last bit on one worker and on two, by every method that learns and has learnt something.
#[test]
fn workers_change_nothing() {
    let table = table(|u, _| -2.0 * (1.0 - u).ln() - 2.0).filter(|case| case.date < 400 * DAY);
    let bare = Emos {
        location: vec![],
        scale: vec![],
        ..Emos::default()
    };
    let network = DistributionalConfig {
        base: bare.clone(),
        networks: 2,
        blocks: 2,
        steps: 60,
        learning_rate: 0.02,
        embedding: 2,
        terms: vec![Term::Mean],
        ..DistributionalConfig::default()
    };
    let flow = |dynamics, starts| InterpolantConfig {
        base: Bases::from(bare.clone()),
        networks: 2,
        blocks: 2,
        steps: 60,
        learning_rate: 0.02,
        terms: vec![Term::Mean],
        draws: 8,
        dynamics,
        starts,
        ..InterpolantConfig::default()
    };
    let of_two = InterpolantConfig {
        base: Bases(vec![Base::Distributional(Box::new(network.clone()))]),
        ..flow(FlowDynamics::Flow, FlowStarts::Base)
    };
    assert!(of_two.check().unwrap_err().contains("at least 3 blocks"));
    let (base, members, mean) = (FlowStarts::Base, FlowStarts::Members, FlowStarts::Mean);
    let mut methods = vec![
        Learnt::Distributional(network.clone()),
        Learnt::Interpolant(InterpolantConfig {
            blocks: 3,
            networks: 3,
            base: Bases(vec![
                Base::Emos(bare.clone()),
                Base::Distributional(Box::new(network)),
            ]),
            ..flow(FlowDynamics::Flow, base)
        }),
    ];
    for (dynamics, starts) in [
        (FlowDynamics::Flow, base),
        (FlowDynamics::Flow, members),
        (FlowDynamics::Sde, base),
        (FlowDynamics::Sde, members),
        (FlowDynamics::Follmer, base),
        (FlowDynamics::Follmer, members),
        (FlowDynamics::Follmer, mean),
    ] {
        methods.push(Learnt::Interpolant(flow(dynamics, starts)));
    }
    let base = Method::Emos(bare).fit(&table).unwrap();
    for method in methods {
        let forecasts = |count: usize| {
            let workers = Workers::new(count).unwrap();
            let fitted = method.fit(&table, 3, &workers).unwrap();
            fitted.predictions(&table, &workers).unwrap()
        };
        let mut learnt = 0;
        for ((one, two), case) in forecasts(1)
            .into_iter()
            .zip(forecasts(2))
            .zip(table.cases())
        {
            let one = one.unwrap().law;
            learnt += usize::from(one != base.predict(&case).unwrap().law);
            assert_eq!(one, two.unwrap().law);
        }
        assert_eq!(learnt, table.len(), "{method:?}");
    }
}

/// Residuals whose spread follows the mean: a network that moves the scale is as good as the flow.
#[test]
fn a_distributional_network_learns_a_spread() {
    let normal = Law::Normal {
        location: 0.0,
        scale: 1.0,
    };
    let residual = |u: f64, mean: f64| normal.quantile(u) * (1.0 + mean.abs());
    let table = table(residual);
    let first = table.filter(|case| case.date < TRAINED as i64 * DAY);
    let last = table.filter(|case| case.date >= TRAINED as i64 * DAY);
    let workers = Workers::new(2).unwrap();
    let mean = |predictions: Predictions| {
        let each = last.cases().zip(predictions);
        each.map(|(case, p)| p.unwrap().law.crps(case.observation))
            .sum::<f64>()
            / last.len() as f64
    };
    let exact = last.cases().map(|case| {
        let mean = case.mean_and_deviation().unwrap().0;
        let law = Law::Normal {
            location: mean,
            scale: 1.0 + mean.abs(),
        };
        law.crps(case.observation)
    });
    let exact = exact.sum::<f64>() / last.len() as f64;
    let method = DistributionalConfig {
        terms: vec![Term::Mean],
        ..DistributionalConfig::default()
    };
    let base = Method::Emos(method.base.clone()).fit(&first).unwrap();
    let base = mean(last.cases().map(|case| base.predict(&case)).collect());
    let fitted = method.fit(&first, 1, &workers).unwrap();
    let learnt = mean(fitted.predictions(&last, &workers).unwrap());
    println!("exact {exact:.4} base {base:.4} network {learnt:.4}");
    assert!(base > 1.03 * exact, "{base} {exact}");
    assert!(learnt < 1.02 * exact, "{learnt} {exact}");
}
