//! The scores of foehn-verification against scoringrules and numpy, to 1e-6 relative.
//!
//! Needs the interpreter named by `FOEHN_PYTHON`, with what `tests/requirements.txt` lists.

use std::io::Write;
use std::process::{Command, Stdio};

use foehn_noise::{Key, Purpose};
use foehn_verification::{Case, Choices, Estimator, ScoreTable, Scores, SpreadSkill};
use ndarray::{Array2, Array3, ArrayView1, ArrayView2};
use serde_json::{Value, json};

const TOLERANCE: f64 = 1e-6;
const SHAPE: (usize, usize) = (4, 7);
const CASES: i64 = 5;

/// Two estimators of each kind, so that a change of one of theirs does not go unseen.
const PYTHON: &str = r#"
import json, sys
import numpy as np
import scoringrules as sr
given = json.load(sys.stdin)
x, y, w, missing = (np.array(given[name]) for name in ("members", "truth", "weights", "missing"))
w = np.where(missing, 0.0, w)
mean = lambda a: float((w * a).sum() / w.sum())
m = x.shape[1]
crps = lambda name: mean(sr.crps_ensemble(y, x, m_axis=1, estimator=name))
error = x.mean(axis=1) - y
mse, variance = mean(error**2), mean(x.var(axis=1, ddof=1))
json.dump({
    "fair": crps("fair"), "pwm": crps("pwm"), "nrg": crps("nrg"), "qd": crps("qd"),
    "rmse": mse**0.5, "bias": mean(error), "mae": mean(abs(error)), "spread": variance**0.5,
    "inflated": ((m + 1) / m * variance / mse) ** 0.5,
    "debiased": (variance / (mse - variance / m)) ** 0.5,
    "ranks": np.bincount((x < y[:, None]).sum(axis=1)[~missing], minlength=m + 1).tolist(),
}, sys.stdout)
"#;

struct Data {
    members: Vec<Array3<f32>>,
    truth: Vec<Array2<f32>>,
    weights: Vec<Array2<f64>>,
    missing: Vec<Array2<bool>>,
}

/// Biased, over-confident members of a field of the size of a pressure in pascal.
fn data(members: usize) -> Data {
    let mut data = Data {
        members: vec![],
        truth: vec![],
        weights: vec![],
        missing: vec![],
    };
    for init in 0..CASES {
        let key = Key::new(21, Purpose::Sample).init(init);
        let normals = |step: u32, count: usize| {
            let mut out = vec![0f32; count];
            key.step(step).normals(&mut out);
            out
        };
        let (ny, nx) = SHAPE;
        let x = normals(0, members * ny * nx)
            .iter()
            .map(|z| 101_325.0 + 300.0 * z)
            .collect();
        let y = normals(1, ny * nx)
            .iter()
            .map(|z| 101_400.0 + 450.0 * z)
            .collect();
        let mut u = vec![0.0; ny * nx];
        key.step(2).uniforms(&mut u);
        let u = Array2::from_shape_vec(SHAPE, u).expect("shape");
        data.members
            .push(Array3::from_shape_vec((members, ny, nx), x).expect("shape"));
        data.truth
            .push(Array2::from_shape_vec(SHAPE, y).expect("shape"));
        data.missing.push(u.mapv(|u| u < 0.25));
        data.weights.push(u.mapv(|u| 0.2 + u));
    }
    data
}

fn ours(data: &Data, choices: Choices) -> ScoreTable {
    let mut scores = Scores::new(SHAPE, choices).expect("choices");
    for (i, truth) in data.truth.iter().enumerate() {
        let case = Case {
            init: i as i64,
            members: data.members[i].view(),
            truth: truth.view(),
            weights: data.weights[i].view(),
            missing: Some(data.missing[i].view()),
        };
        scores.add_case(&case).expect("case");
    }
    scores.finish().expect("table")
}

fn theirs(python: &str, data: &Data) -> Value {
    let given = json!({
        "members": data.members.iter().map(|x| nested(x.outer_iter(), |&x| json!(x))).collect::<Value>(),
        "truth": nested(data.truth.iter().map(|y| y.view()), |&y| json!(y)),
        "weights": nested(data.weights.iter().map(|w| w.view()), |&w| json!(w)),
        "missing": nested(data.missing.iter().map(|m| m.view()), |&m| json!(m)),
    });
    let mut child = Command::new(python)
        .args(["-c", PYTHON])
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
    serde_json::from_slice(&output.stdout).expect("json")
}

fn nested<'a, T: 'a>(
    fields: impl Iterator<Item = ArrayView2<'a, T>>,
    value: impl Fn(&T) -> Value,
) -> Value {
    let row = |row: ArrayView1<T>| row.iter().map(&value).collect::<Value>();
    fields
        .map(|field| field.outer_iter().map(row).collect::<Value>())
        .collect()
}

#[test]
fn scores_equal_scoringrules() {
    let Ok(python) = std::env::var("FOEHN_PYTHON") else {
        eprintln!("SKIPPED: scores_equal_scoringrules needs FOEHN_PYTHON");
        return;
    };
    let mut worst = 0f64;
    for members in [2, 20, 51] {
        let data = data(members);
        let expected = theirs(&python, &data);
        let fair = ours(&data, Choices::new(members));
        let empirical = ours(
            &data,
            Choices {
                estimator: Estimator::Empirical,
                spread_skill: SpreadSkill::Debiased,
                ..Choices::new(members)
            },
        );
        for (name, value) in [
            ("fair", fair.crps),
            ("pwm", fair.crps),
            ("nrg", empirical.crps),
            ("qd", empirical.crps),
            ("rmse", fair.rmse),
            ("bias", fair.bias),
            ("mae", fair.mae),
            ("spread", fair.spread.expect("spread")),
            ("inflated", fair.spread_skill.expect("ratio")),
            ("debiased", empirical.spread_skill.expect("ratio")),
        ] {
            let reference = expected[name].as_f64().expect("number");
            let off = (value / reference - 1.0).abs();
            assert!(
                off < TOLERANCE,
                "M={members} {name}: {value} against {reference}"
            );
            worst = worst.max(off);
        }
        let ranks = serde_json::to_value(fair.ranks.counts()).expect("json");
        assert_eq!(ranks, expected["ranks"], "M={members}");
    }
    println!("largest relative difference from scoringrules and numpy: {worst:.1e}");
}
