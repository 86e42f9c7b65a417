//! What results depend on: the configuration and the seed, and neither threads nor batches.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Files, Project, assert_same};
use foehn_archive::open;
use ndarray::{ArrayD, Axis, Slice};

/// Largest difference between two forecasts that f32 rounding explains, in units of the largest value.
///
/// Other batches make matrix products add in another order, which changes the last bits (2^-24 = 6e-8 of a
/// value) at each of the nine network evaluations of three leads; the sums have some hundred terms.
const ROUNDING: f32 = 1e-5;

fn members(project: &Project, below: &str) -> ArrayD<f32> {
    let archive = open(&project.path(below)).unwrap();
    archive.read_all("vorticity").unwrap().values
}

fn assert_close(left: &ArrayD<f32>, right: &ArrayD<f32>, what: &str) {
    assert_eq!(left.shape(), right.shape());
    let largest = left.iter().fold(0f32, |m, x| m.max(x.abs()));
    let apart = left
        .iter()
        .zip(right)
        .fold(0f32, |m, (a, b)| m.max((a - b).abs()));
    println!("{what}: apart by {apart:.1e} of {largest:.1}");
    assert!(
        largest > 1.0 && apart <= ROUNDING * largest,
        "{what}: {apart:e} of {largest}"
    );
}

/// Everything that the three commands write, done from the start with `more` arguments.
fn written(project: &Project, more: &[&str]) -> [Files; 3] {
    for command in ["simulate", "train", "forecast"] {
        project
            .run(&[&[command, "tiny.toml", "--overwrite"], more].concat())
            .done();
    }
    ["data.zarr", "runs/tiny/model", "runs/tiny/forecast.zarr"].map(|below| project.files(below))
}

#[test]
fn bytes_depend_on_the_seed_and_not_on_threads() {
    let project = Project::new();
    let first = written(&project, &["--seed", "3", "--threads", "1"]);
    for threads in ["1", "3"] {
        let again = written(&project, &["--seed", "3", "--threads", threads]);
        for (first, again) in first.iter().zip(&again) {
            assert_same(first, again, &format!("{threads} threads"));
        }
    }
    let other = written(&project, &["--seed", "4", "--threads", "1"]);
    let values = [
        "vorticity/c/0/0/0",
        "weights-0.safetensors",
        "vorticity/c/0/0/0/0/0",
    ];
    for ((first, other), name) in first.iter().zip(&other).zip(values) {
        let name = std::path::Path::new(name);
        assert!(
            first[name] != other[name],
            "{} does not depend on the seed",
            name.display()
        );
    }
}

#[test]
fn members_do_not_depend_on_their_company() {
    let project = Project::trained();
    project.with("forecast", &["forecast.batch=5"]).done();
    let reference = members(&project, "runs/tiny/forecast.zarr");
    for batch in [1, 3, 100] {
        let batch = format!("forecast.batch={batch}");
        project
            .run(&["forecast", "tiny.toml", "--overwrite", "--set", &batch])
            .done();
        assert_close(
            &reference,
            &members(&project, "runs/tiny/forecast.zarr"),
            &batch,
        );
    }
    project
        .run(&[
            "forecast",
            "tiny.toml",
            "--overwrite",
            "--set",
            "forecast.members=2",
        ])
        .done();
    let first = reference.slice_axis(Axis(2), Slice::from(..2)).to_owned();
    assert_close(
        &first,
        &members(&project, "runs/tiny/forecast.zarr"),
        "two members",
    );
    // and members are not all the same
    let [a, b] = [0, 1].map(|m| reference.index_axis(Axis(2), m).to_owned());
    assert!((&a - &b).iter().any(|x| x.abs() > 0.1));
}
