//! Precipitation of known law: the censored, shifted gamma regression against the forecast that knows the truth.

mod real;
mod synthetic;

use foehn_calibration::{Columns, Law, Method, Table};
use foehn_noise::{Key, Purpose};
use ndarray::Array2;
use synthetic::DAY;

const MEMBERS: usize = 20;

/// Rain that is zero with chance `1 - p`, else gamma: a law that is not censored and shifted, so that the family is wrong
/// by a little. Signal z; `p = 1/(1 + e^-z)`, shape 0.8, mean `2 e^(0.6 z)` mm.
struct Rain {
    chance: f64,
    mean: f64,
}

const SHAPE: f64 = 0.8;

impl Rain {
    fn of(signal: f64) -> Self {
        Self {
            chance: 1.0 / (1.0 + (-signal).exp()),
            mean: 2.0 * (0.6 * signal).exp(),
        }
    }

    /// The quantile of level u: gamma by a law without shift.
    fn quantile(&self, u: f64) -> f64 {
        if u <= 1.0 - self.chance {
            return 0.0;
        }
        let wet = (u - (1.0 - self.chance)) / self.chance;
        let law = Law::CensoredShiftedGamma {
            mean: self.mean,
            deviation: self.mean / SHAPE.sqrt(),
            shift: 0.0,
        };
        law.quantile(wet.min(1.0 - 1e-15))
    }

    /// CRPS of the true law, as members at 2000 equidistant levels.
    fn crps(&self, y: f64) -> f64 {
        let points: Vec<f64> = (0..2000)
            .map(|i| self.quantile((f64::from(i) + 0.5) / 2000.0))
            .collect();
        Law::of_members(&points).expect("law").crps(y)
    }
}

/// Members that are too wet (times 1.5) and too sure: their signal is the truth's plus one common error.
fn table(dates: usize, seed: u64) -> (Table, Vec<Rain>) {
    let mut truth = Vec::new();
    let mut members = Array2::zeros((dates, MEMBERS));
    let mut observations = Vec::new();
    for date in 0..dates {
        let key = Key::new(seed, Purpose::Simulate).init(date as i64);
        let (mut z, mut u) = ([0.0; 2], [0.0; MEMBERS + 1]);
        key.step(0).normals_f64(&mut z);
        key.step(1).uniforms(&mut u);
        let rain = Rain::of(z[0]);
        observations.push(rain.quantile(u[0]));
        for m in 0..MEMBERS {
            members[[date, m]] = 1.5 * rain.quantile(u[m + 1]);
        }
        truth.push(rain);
    }
    let columns = Columns {
        units: "mm".into(),
        observation_units: "mm".into(),
        calendar: foehn_field::Calendar::ProlepticGregorian,
        stations: vec![synthetic::station(0)],
        covariate_names: Vec::new(),
        dates: (0..dates).map(|i| i as i64 * DAY).collect(),
        leads: vec![0; dates],
        station: vec![0; dates],
        members,
        observations,
        covariates: Array2::zeros((dates, 0)),
    };
    (Table::new(columns).expect("a table"), truth)
}

#[test]
fn gamma_emos_comes_near_the_truth() {
    let (train, _) = table(1500, 21);
    let (test, truth) = table(1000, 22);
    let exact = test
        .cases()
        .zip(&truth)
        .map(|(case, rain)| rain.crps(case.observation))
        .sum::<f64>()
        / test.len() as f64;
    let crps = |line: &str| {
        let fitted = real::method(line).fit(&train).expect(line);
        let score = real::score(&fitted, &test);
        println!(
            "{line:100} CRPS {:.4} covered {:.3}",
            score.crps, score.covered
        );
        score.crps
    };
    println!("the true law: CRPS {exact:.4}");
    let raw = crps(r#"name = "raw""#);
    let climatology = crps(r#"name = "climatology", half_window = 400.0"#);
    crps(r#"name = "isotonic""#);
    crps(r#"name = "quantile_mapping""#);
    crps(r#"name = "member_by_member""#);
    crps(r#"name = "emos", family = "truncated_normal""#);
    let gamma = r#"name = "emos", family = "censored_shifted_gamma""#;
    crps(gamma);
    let terms = r#"location = ["mean", "dry"], scale = ["log_mean", "dry"]"#;
    let best = crps(&format!("{gamma}, {terms}"));
    let likelihood = crps(&format!(r#"{gamma}, objective = "likelihood", {terms}"#));
    // 20 members tell the signal with an error, and the family is not the truth's: 4 % above what cannot be beaten.
    assert!(best < 1.04 * exact && best > 0.99 * exact, "{best} {exact}");
    assert!(likelihood < 1.06 * exact, "{likelihood} {exact}");
    assert!(best < 0.97 * raw && best < 0.9 * climatology);
}

#[test]
fn gamma_emos_fits_its_own_law() {
    // Observations drawn from the family itself, with a mean and spread that the members tell exactly.
    let rows = 4000;
    let law = |signal: f64| Law::CensoredShiftedGamma {
        mean: 2.0 + signal,
        deviation: 1.5 * (2.0 + signal).sqrt(),
        shift: 0.8,
    };
    let mut u = vec![0.0; 2 * rows];
    Key::new(23, Purpose::Simulate).uniforms(&mut u);
    let signal: Vec<f64> = u[..rows].iter().map(|u| 6.0 * u).collect();
    let (mut sum, mut observations) = (0.0, Vec::new());
    for (signal, u) in signal.iter().zip(&u[rows..]) {
        let y = law(*signal).quantile(*u);
        sum += law(*signal).crps(y);
        observations.push(y);
    }
    let columns = Columns {
        observations,
        members: Array2::from_shape_fn((rows, 2), |(i, _)| 2.0 + signal[i]),
        ..table(rows, 1).0.columns().clone()
    };
    let table = Table::new(columns).expect("a table");
    let line = r#"name = "emos", family = "censored_shifted_gamma", location = ["mean"], scale = ["log_mean"]"#;
    let fitted: foehn_calibration::Fitted = real::method(line).fit(&table).expect("fits");
    let score = real::score(&fitted, &table);
    let exact = sum / rows as f64;
    // In sample: at most what the truth has, and hardly less.
    println!("fitted {:.5}, exact {exact:.5}", score.crps);
    assert!(
        score.crps < exact * 1.001 && score.crps > exact * 0.99,
        "{} {exact}",
        score.crps
    );
    assert!(matches!(fitted.method(), Method::Emos(_)));
}
