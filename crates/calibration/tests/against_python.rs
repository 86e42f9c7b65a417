//! Scores and fits against scoringrules and scipy.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists.

mod real;

use std::io::Write;
use std::process::{Command, Stdio};

use foehn_calibration::{Case, Family, Table};
use foehn_noise::{Key, Purpose};
use foehn_verification::{Estimator, diebold_mariano, energy_score, variogram_score};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

/// What the script answers; `None`, with a line that says so, where no interpreter is named.
fn python(given: &Value) -> Option<Value> {
    let Ok(interpreter) = std::env::var("FOEHN_PYTHON") else {
        eprintln!("SKIPPED: FOEHN_PYTHON names no interpreter, so nothing is compared with it");
        return None;
    };
    let mut child = Command::new(interpreter)
        .args(["-c", include_str!("against_python.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("FOEHN_PYTHON starts");
    let mut input = child.stdin.take().expect("stdin");
    input
        .write_all(given.to_string().as_bytes())
        .expect("python reads");
    drop(input);
    let output = child.wait_with_output().expect("python ends");
    assert!(
        output.status.success(),
        "python failed; are tests/requirements.txt installed?"
    );
    Some(serde_json::from_slice(&output.stdout).expect("json"))
}

#[test]
fn crps_of_laws_is_that_of_scoringrules() {
    const TOLERANCE: f64 = 1e-9;
    let parameters = [
        [2.0, 1.0, 0.5],
        [0.3, 2.0, 0.1],
        [8.0, 0.5, 1.0],
        [30.0, 11.0, 7.0],
        [1.0, 9.0, 0.3],
    ];
    let observations = [0.0, 0.4, 1.9, 3.0, 12.0, 40.0];
    let given = json!({ "what": "laws", "parameters": parameters, "observations": observations });
    let Some(theirs) = python(&given) else { return };
    for (name, family) in [
        ("normal", Family::Normal),
        ("truncated_normal", Family::TruncatedNormal),
        ("logistic", Family::Logistic),
        ("censored_shifted_gamma", Family::CensoredShiftedGamma),
    ] {
        let mut expected = theirs[name].as_array().expect("list").iter();
        for [m, s, d] in parameters {
            for y in observations {
                let expected = expected.next().and_then(Value::as_f64).expect("number");
                let ours = family.law(m, s, d).crps(y);
                let off = (ours - expected).abs() / (1.0 + expected);
                assert!(
                    off < TOLERANCE,
                    "{name} {m} {s} {d} {y}: {ours} against {expected}"
                );
            }
        }
    }
}

#[test]
fn multivariate_scores_are_those_of_scoringrules() {
    const TOLERANCE: f64 = 1e-9;
    let key = Key::new(5, Purpose::Sample);
    let (mut x, mut y) = (vec![0.0; 60], vec![0.0; 5]);
    key.step(1).normals_f64(&mut x);
    key.step(2).normals_f64(&mut y);
    let x = Array2::from_shape_vec((12, 5), x).expect("shape");
    let y = Array1::from_vec(y);
    let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    let given = json!({ "what": "multivariate", "members": rows, "truth": y.to_vec() });
    let Some(theirs) = python(&given) else { return };
    for (name, estimator) in [("nrg", Estimator::Empirical), ("fair", Estimator::Fair)] {
        let mut pairs = vec![(
            format!("energy {name}"),
            energy_score(x.view(), y.view(), estimator).expect("scores"),
        )];
        for p in [0.5, 1.0] {
            let score = variogram_score(x.view(), y.view(), p, None, estimator).expect("scores");
            pairs.push((format!("variogram {name} {p:.1}"), score));
        }
        for (what, ours) in pairs {
            let expected = theirs[&what].as_f64().expect("number");
            assert!(
                (ours / expected - 1.0).abs() < TOLERANCE,
                "{what}: {ours} against {expected}"
            );
        }
    }
}

#[test]
fn diebold_mariano_is_that_of_numpy() {
    const TOLERANCE: f64 = 1e-9;
    let mut noise = vec![0.0; 80];
    Key::new(6, Purpose::Sample).normals_f64(&mut noise);
    // Moving averages: differences with memory.
    let smooth: Vec<f64> = noise
        .windows(4)
        .map(|w| w.iter().sum::<f64>() / 4.0 + 0.3)
        .collect();
    let second: Vec<f64> = noise[..smooth.len()].iter().map(|z| 0.2 * z * z).collect();
    for lag in [0, 1, 3, 10] {
        let given =
            json!({ "what": "diebold_mariano", "first": smooth, "second": second, "lag": lag });
        let Some(theirs) = python(&given) else { return };
        let ours = diebold_mariano(&smooth, &second, lag).expect("tests");
        for (ours, name) in [(ours.statistic, "statistic"), (ours.p_value, "p")] {
            let expected = theirs[name].as_f64().expect("number");
            assert!(
                (ours / expected - 1.0).abs() < TOLERANCE,
                "lag {lag} {name}: {ours} against {expected}"
            );
        }
    }
}

/// The models of the golden fits, normal by minimum CRPS: `m = a + b mean`, `ln s = c + d ln S` or
/// `s^2 = c^2 + d^2 S^2`; the seasonal one adds sin and cos of the time of year to both.
const MODELS: [(&str, bool, &str); 3] = [
    ("square", false, r#"name = "emos", link = "square""#),
    ("log", false, r#"name = "emos""#),
    (
        "log",
        true,
        r#"name = "emos", location = ["mean", { season = 1 }], scale = ["spread", { season = 1 }]"#,
    ),
];

#[test]
fn emos_of_innsbruck_is_that_of_scipy() {
    /// Relative, of the mean CRPS on unseen dates (0.5 % asked for).
    const TOLERANCE: f64 = 1e-3;
    let Some((table, _)) = real::read("innsbruck_tmin_gefs11.nc", "air_temperature_minimum") else {
        return;
    };
    let dates = table.distinct_dates();
    let first_test = dates[dates.len() * 4 / 5];
    let train = table.filter(|case| case.date < first_test);
    let test = table.filter(|case| case.date >= first_test);
    let column = |take: &dyn Fn(&Case<'_>) -> Value| {
        table.cases().map(|case| take(&case)).collect::<Value>()
    };
    for (link, seasonal, line) in MODELS {
        let given = json!({
            "what": "emos", "link": link, "seasonal": seasonal, "train": train.len(),
            "members": column(&|case| json!(case.members)),
            "observations": column(&|case| json!(case.observation)),
            "season": column(&|case| json!(case.season)),
        });
        let Some(theirs) = python(&given) else { return };
        let fitted = real::method(line).fit(&train).expect("fits");
        let mean = |table: &Table| real::score(&fitted, table).crps;
        for (what, ours) in [("train", mean(&train)), ("test", mean(&test))] {
            let expected = theirs[what].as_f64().expect("number");
            println!("emos {link} seasonal {seasonal} {what}: {ours:.6}, scipy {expected:.6}");
            assert!(
                (ours / expected - 1.0).abs() < TOLERANCE,
                "{link} {what}: {ours} against {expected}"
            );
        }
    }
}
