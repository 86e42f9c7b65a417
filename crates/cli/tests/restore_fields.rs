//! `foehn restore` on fields: gaps filled, coarse fields enlarged, known values as they were.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::states::{self, wave};
use common::{Outcome, Project};
use foehn_archive::{Archive, open};
use foehn_field::Attribute;
use ndarray::{ArrayD, Axis};
use std::fs;

const SIDE: usize = 8;

const CONFIG: &str = r#"
name = "gaps"
output = "model"
[data]
path = "whole.zarr"
variables = ["vorticity"]
step = "12 hours"
train = ["2000-01-01", "2000-01-20"]
validation = ["2000-01-21", "2000-01-25"]
test = ["2000-01-26", "2000-01-30"]
[task.inpainting]
mask = { boxes = { count = 1, least = 0.3, most = 0.5 } }
[network.unet]
channels = [8]
blocks = 1
attention = []
padding = { y = "periodic", x = "periodic" }
[train]
steps = 20
batch_size = 8
micro_batch = 4
warmup = 5
learning_rate = 5e-3
checkpoint_every = 10
validate_every = 10
[sampling]
steps = 3
"#;

/// Missing every second time, in a box.
fn is_missing((t, y, x): (usize, usize, usize)) -> bool {
    t % 2 == 0 && (2..5).contains(&y) && (3..7).contains(&x)
}

/// A project with whole fields, the same with gaps, and `gaps.toml`.
fn project() -> Project {
    let project = Project::new();
    states::write(&project.path("whole.zarr"), 60, SIDE, None, wave);
    let holed = |at| if is_missing(at) { f32::NAN } else { wave(at) };
    let nan = Some(f64::NAN);
    states::write(&project.path("gaps.zarr"), 60, SIDE, nan, holed);
    fs::write(project.path("gaps.toml"), CONFIG).unwrap();
    project
}

fn trained() -> Project {
    let project = project();
    project
        .run(&["restore", "train", "gaps.toml", "--quiet"])
        .done();
    project
}

fn apply(project: &Project, arguments: &[&str]) -> Outcome {
    let words = "restore apply --model model --quiet --samples 3";
    let words: Vec<&str> = words.split(' ').collect();
    project.run(&[&words[..], arguments].concat())
}

fn whole(archive: &Archive, name: &str) -> ArrayD<f32> {
    let variable = archive.variable(name).unwrap();
    let ranges: Vec<_> = variable.shape.iter().map(|n| 0..*n).collect();
    archive.read(name, &ranges).unwrap().values
}

#[test]
fn gaps_are_filled_and_known_values_are_those_of_the_file() {
    let project = trained();
    let input = ["--input", "gaps.zarr", "--variable", "vorticity"];
    let days = ["--times", "2000-01-02..2000-01-04"];
    let said = apply(&project, &[&input[..], &days, &["--out", "one"]].concat()).done();
    assert!(said.stdout.contains("3 samples of 6 field(s)"), "{said:?}");
    let file = open(&project.path("one/restored.nc")).unwrap();
    let dims = &file.variable("vorticity").unwrap().dims;
    assert_eq!(*dims, ["time", "number", "y", "x"]);
    let [samples, mean, spread] =
        ["vorticity", "vorticity_mean", "vorticity_spread"].map(|name| whole(&file, name));
    assert_eq!(samples.shape(), [6, 3, SIDE, SIDE]);
    let mut filled = 0;
    for t in 0..6 {
        for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
            let at = (t + 2, y, x);
            let values: Vec<f32> = (0..3).map(|m| samples[[t, m, y, x]]).collect();
            let all = [values.clone(), vec![mean[[t, y, x]]]].concat();
            if is_missing(at) {
                assert!(all.iter().all(|v| v.is_finite()));
                let sum: f32 = values.iter().sum();
                assert!((mean[[t, y, x]] - sum / 3.0).abs() < 1e-5);
                filled += usize::from(spread[[t, y, x]] > 0.0);
            } else {
                let known = wave(at).to_bits();
                assert!(all.iter().all(|v| v.to_bits() == known), "{at:?}: {all:?}");
                assert_eq!(spread[[t, y, x]], 0.0);
            }
        }
    }
    assert_eq!(filled, 3 * 3 * 4);
    let label = |variable: &str, key: &str| {
        let attributes = &file.variable(variable).unwrap().attributes;
        attributes
            .get(key)
            .and_then(Attribute::text)
            .unwrap()
            .to_owned()
    };
    assert_eq!(label("number", "standard_name"), "realization");
    assert_eq!(label("vorticity_mean", "cell_methods"), "realization: mean");
    assert_eq!(label("vorticity", "units"), "1");
    assert!(project.path("one/sheet.png").exists() && !project.path("one/restored.zarr").exists());

    // a time is the same whatever the others are, on any number of threads, and in either form
    let days = ["--times", "2000-01-03..2000-01-03T00:00"];
    let form = ["--form", "zarr", "--threads", "1", "--out", "two"];
    apply(&project, &[&input[..], &days, &form].concat()).done();
    let alone = whole(
        &open(&project.path("two/restored.zarr")).unwrap(),
        "vorticity",
    );
    assert_eq!(alone.shape(), [1, 3, SIDE, SIDE]);
    assert_eq!(alone, samples.slice_axis(Axis(0), (2..3).into()).to_owned());
    // what is there is not written over
    apply(&project, &[&input[..], &days, &form].concat()).refused(&["two", "not empty"]);
    let again = [&input[..], &days, &form, &["--resume"]].concat();
    apply(&project, &again).done();
    let other = [&again[..], &["--steps", "2"]].concat();
    apply(&project, &other).refused(&["foehn_restore"]);
    // as many other times are others
    let days = ["--times", "2000-01-04..2000-01-04T00:00"];
    let shifted = [&input[..], &days, &form, &["--resume"]].concat();
    apply(&project, &shifted).refused(&["foehn_restore"]);
    let tiles = ["--tile", "4", "--out", "no"];
    apply(&project, &[&input[..], &tiles].concat()).refused(&["periodic along y", "8 cells"]);
}

#[test]
fn gaps_of_other_times_are_learnt_and_scored_where_there_is_a_truth() {
    let project = project();
    let text = CONFIG
        .replace("whole.zarr", "gaps.zarr")
        .replace("[task", "missing = \"mask\"\n[task")
        .replace(
            "mask = { boxes = { count = 1, least = 0.3, most = 0.5 } }",
            "gaps = \"borrowed\"\nmask = { pixels = { hidden = 0.0 } }",
        );
    fs::write(project.path("gaps.toml"), text).unwrap();
    project
        .run(&["restore", "train", "gaps.toml", "--quiet"])
        .done();
    let score = |more: &[&str]| {
        let words = "restore score gaps.toml --quiet --members 3 --noise 0.5 --seed 2";
        let words: Vec<&str> = words.split(' ').collect();
        project.run(&[&words[..], more].concat())
    };
    let said = score(&["--steps", "1,2", "--of", "10"]).done().stdout;
    for text in [
        "harmonic, vorticity",
        "flow",
        "sde",
        "fair CRPS",
        "known values unchanged",
    ] {
        assert!(said.contains(text), "no {text} in {said}");
    }
    let json = fs::read_to_string(project.path("model/scores.json")).unwrap();
    // states with gaps have no spectrum
    assert!(
        json.contains("\"spectrum\": null") && json.contains("\"calls\": 4"),
        "{json}"
    );
    score(&[]).refused(&["scores.json exists", "--overwrite"]);
    score(&["--validation", "--overwrite"]).done();
    score(&["--of", "99", "--overwrite"]).refused(&["--of 99", "10 states"]);
    score(&["--pictures", "9", "--overwrite"]).refused(&["--pictures 9", "--of"]);
}

#[test]
fn coarse_fields_become_large_and_reduce_to_what_they_were() {
    let project = project();
    let reduce = "[task.degraded]\nsigma = 0.3\ndegradation = { reduce = { factor = 4 } }";
    let text = CONFIG.replace(
        "[task.inpainting]\nmask = { boxes = { count = 1, least = 0.3, most = 0.5 } }",
        reduce,
    );
    fs::write(project.path("gaps.toml"), text).unwrap();
    project
        .run(&["restore", "train", "gaps.toml", "--quiet"])
        .done();
    let blocks = (vec![1.5, 5.5], 8.0);
    states::write_at(&project.path("coarse.zarr"), 3, blocks, None, wave);
    apply(
        &project,
        &["--input", "coarse.zarr", "--project", "--out", "large"],
    )
    .done();
    let file = open(&project.path("large/restored.nc")).unwrap();
    let samples = whole(&file, "vorticity");
    assert_eq!(samples.shape(), [3, 3, SIDE, SIDE]);
    assert_eq!(whole(&file, "y")[0], 0.0);
    for (t, m, y, x) in (0..36).map(|k| (k % 3, k / 3 % 3, k / 9 % 2, k / 18)) {
        let cell = |k: usize| f64::from(samples[[t, m, 4 * y + k / 4, 4 * x + k % 4]]);
        let mean = (0..16).map(cell).sum::<f64>() / 16.0;
        // of single precision
        assert!((mean - f64::from(wave((t, y, x)))).abs() < 1e-5);
    }
    let refused = |input: &str, about: &[&str]| {
        apply(&project, &["--input", input, "--out", "no"]).refused(about);
        assert!(!project.path("no").exists());
    };
    refused("whole.zarr", &["8 x 8 cells", "(1, 32, 32)", "(1, 8, 8)"]);
    refused("nowhere.nc", &["there is no nowhere.nc"]);
    states::write(&project.path("elsewhere.zarr"), 3, 2, None, wave);
    refused("elsewhere.zarr", &["corners", "y 0.000 to 7.000"]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let project = trained();
    let refused = |more: &[&str], about: &[&str]| {
        let words = ["--input", "gaps.zarr", "--out", "no"];
        apply(&project, &[&words[..], more].concat()).refused(about);
        assert!(!project.path("no").exists());
    };
    refused(&["--variable", "slp"], &["--variable", "vorticity", "slp"]);
    refused(&["--times", "2000-01-01"], &["2008-01-01..2008-01-31"]);
    refused(&["--times", "2010-01-01..2010-02-01"], &["2000-01-30"]);
    refused(&["--times", "then..now"], &["then", "date"]);
    refused(&["--pictures", "2"], &["--pictures 2", "--times"]);
    refused(&["--mask", "mask.png"], &["--mask mask.png", "missing"]);
    refused(&["--project"], &["--project", "resolution"]);
    states::write(&project.path("larger.zarr"), 4, 12, None, wave);
    apply(&project, &["--input", "larger.zarr", "--out", "no"]).refused(&["shape", "12"]);
    let train = |setting: &str, about: &[&str]| {
        let words = ["restore", "train", "gaps.toml", "--overwrite", "--set"];
        project
            .run(&[&words[..], &[setting]].concat())
            .refused(about);
        assert!(project.path("model/weights.safetensors").exists());
    };
    train("data.history=2", &["data.history = 2"]);
    train("data.variable=x", &["data", "variables"]);
    train("data.variables=[\"slp\"]", &["slp", "vorticity"]);
    train("task.inpainting.gaps=\"borrowed\"", &["data.missing"]);
    train("data.path=\"gaps.zarr\"", &["missing"]);
}
