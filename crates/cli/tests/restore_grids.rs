//! `foehn restore` on a globe: areas, descending latitudes, packed and wide values, gaps that differ, land.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::globe::{
    HIDDEN, NX, NY, apply, area, is_land, is_missing_in_u, is_missing_in_v, trained, u, unpacked,
    v, whole,
};
use foehn_archive::open;
use ndarray::Axis;
use serde_json::Value;
use std::fs;

/// Fair CRPS of members of one cell.
fn fair_crps(members: &[f64], truth: f64) -> f64 {
    let m = members.len() as f64;
    let error: f64 = members.iter().map(|x| (x - truth).abs()).sum();
    let pairs = members
        .iter()
        .flat_map(|a| members.iter().map(move |b| (a - b).abs()));
    error / m - pairs.sum::<f64>() / (2.0 * m * (m - 1.0))
}

#[test]
fn scores_weigh_cells_by_their_area() {
    let project = trained();
    let score = "restore score globe.toml --quiet --members 3 --of 10";
    let said = project.run(&score.split(' ').collect::<Vec<_>>()).done();
    assert!(said.stdout.contains("known values unchanged"), "{said:?}");
    let text = fs::read_to_string(project.path("model/scores.json")).unwrap();
    let scores: Value = serde_json::from_str(&text).unwrap();
    // before known values are put back
    assert_eq!(scores["known_unchanged"], Value::Bool(true));
    let row = |method: &str| {
        let methods = scores["methods"].as_array().unwrap().iter();
        methods
            .clone()
            .find(|row| row["method"] == method)
            .unwrap()
            .clone()
    };
    // the nearest known row of every hidden one is the first that is not hidden
    let mean = |error: &dyn Fn(usize) -> f64, weight: &dyn Fn(usize) -> f64| {
        let sum: f64 = (0..HIDDEN).map(|y| weight(y) * error(y)).sum();
        sum / (0..HIDDEN).map(weight).sum::<f64>()
    };
    let errors: [&dyn Fn(usize) -> f64; 2] = [
        &|y| ((y + 1).pow(2) as f64 - ((HIDDEN + 1) as f64).powi(2)).abs(),
        &|y| 3.0 * (HIDDEN - y) as f64,
    ];
    for (k, error) in errors.into_iter().enumerate() {
        let found = row("nearest")["variables"][k]["mae"].as_f64().unwrap();
        let (right, equal) = (mean(error, &area), mean(error, &|_| 1.0));
        // single precision
        assert!(
            (found - right).abs() < 1e-4,
            "{found}, {right} by area, {equal} without"
        );
        assert!((right - equal).abs() > 0.05 * right);
    }
    // the samples of apply are those that are scored: their fair CRPS, from the file, weighted by area
    let days = "--input whole.zarr --degrade --times 2000-01-26..2000-01-30 --out samples";
    apply(&project, &days.split(' ').collect::<Vec<_>>()).done();
    let file = open(&project.path("samples/restored.nc")).unwrap();
    let truth = |name: &str, at: (usize, usize, usize)| {
        if name == "u" {
            u(at)
        } else {
            f64::from(unpacked(v(at)))
        }
    };
    for (k, name) in ["u", "v"].into_iter().enumerate() {
        let samples = whole(&file, name);
        let crps = |weight: &dyn Fn(usize) -> f64| {
            let (mut sum, mut all) = (0.0, 0.0);
            for (t, y) in (0..10).flat_map(|t| (0..HIDDEN).map(move |y| (t, y))) {
                for x in 0..NX {
                    let members: Vec<f64> =
                        (0..3).map(|m| f64::from(samples[[t, m, y, x]])).collect();
                    sum += weight(y) * fair_crps(&members, truth(name, (t + 50, y, x)));
                    all += weight(y);
                }
            }
            sum / all
        };
        let found = row("flow")["variables"][k]["crps"].as_f64().unwrap();
        let (right, equal) = (crps(&area), crps(&|_| 1.0));
        assert!(
            (found / right - 1.0).abs() < 1e-4,
            "{name}: {found}, {right}, {equal} without areas"
        );
        assert!(
            (right / equal - 1.0).abs() > 1e-3,
            "{name}: {right}, {equal}"
        );
    }
}

#[test]
fn variables_with_other_gaps_keep_what_is_known_of_each() {
    let project = trained();
    apply(
        &project,
        &[
            "--input",
            "gaps.zarr",
            "--times",
            "2000-01-01..2000-01-06",
            "--out",
            "one",
        ],
    )
    .done();
    let file = open(&project.path("one/restored.nc")).unwrap();
    assert_eq!(
        whole(&file, "latitude").as_slice().unwrap()[..2],
        [75.0, 65.0]
    );
    let [us, vs] = ["u", "v"].map(|name| whole(&file, name));
    let (mut filled, mut known) = (0, 0);
    for (index, value) in us.indexed_iter() {
        let (at, m) = ((index[0], index[2], index[3]), index[1]);
        let second = vs[[at.0, m, at.1, at.2]];
        for (value, missing, right) in [
            (*value, is_missing_in_u(at), u(at) as f32),
            (second, is_missing_in_v(at), unpacked(v(at))),
        ] {
            if is_land(at.1, at.2) {
                assert!(value.is_nan(), "{at:?}: {value}");
            } else if missing {
                assert!(value.is_finite());
                filled += 1;
            } else {
                assert_eq!(value.to_bits(), right.to_bits(), "{at:?}: {value}, {right}");
                known += 1;
            }
        }
    }
    assert!(filled > 300 && known > 3000, "{filled} {known}");
    // tiles see less at once, keep what is known, and are the same on any number of threads
    let tiled = |out: &str, more: &[&str]| {
        let words = [
            "--input",
            "gaps.zarr",
            "--times",
            "2000-01-01..2000-01-02",
            "--out",
            out,
        ];
        apply(&project, &[&words[..], more].concat())
    };
    tiled("seam", &["--tile", "8"]).refused(&["periodic along x", "12 cells"]);
    // a tile as long as the axis that goes around
    tiled("high", &["--tile", "12", "--threads", "1"]).done();
    tiled("more", &["--memory", "200MB", "--threads", "2"]).done();
    let [high, more] = ["high", "more"]
        .map(|out| whole(&open(&project.path(out).join("restored.nc")).unwrap(), "u"));
    assert_eq!(high.shape(), more.shape());
    for (a, b) in high.iter().zip(more.iter()) {
        assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
    }
    assert_eq!(high.index_axis(Axis(0), 1).shape(), [3, NY, NX]);
}
