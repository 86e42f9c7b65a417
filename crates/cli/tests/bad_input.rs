//! Every wrong input gives one clear error and exit code 2, and loses nothing that was written.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::states::{wave, write};
use common::{Project, assert_same};
use std::fs;

#[test]
fn files_that_are_missing_or_something_else() {
    let project = Project::new();
    let missing = project.run(&["train", "absent.toml"]);
    missing.refused(&["absent.toml", "No such file"]);
    let missing = project.with("train", &["data.path=absent.nc"]);
    missing.refused(&["absent.nc", "no such file"]);
    project
        .run(&["inspect", "absent.nc"])
        .refused(&["absent.nc"]);
    fs::write(project.path("notes.nc"), "not a grid in sight").unwrap();
    for outcome in [
        project.with("train", &["data.path=notes.nc"]),
        project.run(&["inspect", "notes.nc"]),
    ] {
        outcome.refused(&["notes.nc", "neither a NetCDF file nor a Zarr folder"]);
    }
    // the beginning of a NetCDF-4 file, and no more
    fs::write(project.path("cut.nc"), b"\x89HDF\r\n\x1a\n\0\0\0\0").unwrap();
    project.run(&["inspect", "cut.nc"]).refused(&["cut.nc"]);
    fs::write(project.path("tiny.toml"), "name = \"x\"\nseed = = 2\n").unwrap();
    let syntax = project.run(&["simulate", "tiny.toml"]);
    syntax.refused(&["tiny.toml", "not valid TOML", "line 2, column 8"]);
}

#[test]
fn names_that_are_not_there_bring_the_nearest() {
    let project = Project::simulated();
    let variable = project.with("train", &["data.variables=[\"vortcity\"]"]);
    variable.refused(&["data.zarr", "\"vortcity\"", "did you mean \"vorticity\""]);
    let key = project.with("train", &["train.stepz=3"]);
    key.refused(&["tiny.toml", "\"train.stepz\"", "\"train.steps\""]);
    project
        .with("train", &["trian.steps=3"])
        .refused(&["\"trian\"", "\"train\""]);
    project
        .with("train", &["train.steps"])
        .refused(&["--set train.steps", "key=value"]);
    project
        .with("train", &["train.steps=many"])
        .refused(&["train.steps", "many"]);
    let text = fs::read_to_string(project.path("tiny.toml")).unwrap();
    let wrong = text.replace("micro_batch", "mikro_batch");
    fs::write(project.path("tiny.toml"), wrong).unwrap();
    let key = project.run(&["train", "tiny.toml"]);
    key.refused(&[
        "tiny.toml",
        "\"train.mikro_batch\"",
        "\"train.micro_batch\"",
    ]);
}

#[test]
fn dates_out_of_range_bring_the_range_there_is() {
    let project = Project::simulated();
    let late = project.with("train", &["data.test=[\"2000-07-01\", \"2030-01-01\"]"]);
    late.refused(&[
        "data.test",
        "2030-01-01",
        "2000-01-01T00:00:00 to 2000-07-05T00:00:00",
    ]);
    let impossible = project.with("train", &["data.test=[\"2000-02-30\", \"2000-03-01\"]"]);
    impossible.refused(&["data.test", "2000-02-30"]);
    let backwards = project.with("train", &["data.test=[\"2000-07-05\", \"2000-06-29\"]"]);
    backwards.refused(&["data.test", "2000-07-05", "2000-06-29"]);
    let shared = project.with("train", &["data.test=[\"2000-05-24\", \"2000-07-05\"]"]);
    shared.refused(&["data.validation", "data.test", "overlap"]);
    let long = project.with("train", &["tune.leads=100"]);
    long.refused(&["tune.leads = 100"]);
}

/// Thirty days of the data of [`states`], cut into the three parts.
const THIRTY_DAYS: [&str; 3] = [
    "data.train=[\"2000-01-01\", \"2000-01-20\"]",
    "data.validation=[\"2000-01-21\", \"2000-01-25\"]",
    "data.test=[\"2000-01-26\", \"2000-01-30\"]",
];

fn thirty_days(project: &Project, command: &str, more: &[&str]) -> common::Outcome {
    project.with(command, &[&THIRTY_DAYS[..], more].concat())
}

#[test]
fn missing_values_need_a_mask() {
    let project = Project::new();
    let hole = |at: (usize, usize, usize)| match at {
        (3, 2, 5) => f32::NAN,
        at => wave(at),
    };
    write(&project.path("nan.zarr"), 60, 16, None, hole);
    write(&project.path("fill.zarr"), 60, 16, Some(f64::NAN), hole);
    let undeclared = thirty_days(&project, "train", &["data.path=nan.zarr"]);
    undeclared.refused(&[
        "nan.zarr",
        "vorticity",
        "NaN",
        "2000-01-02T12:00:00",
        "data.missing = \"mask\"",
    ]);
    let declared = thirty_days(&project, "train", &["data.path=fill.zarr"]);
    declared.refused(&[
        "fill.zarr",
        "vorticity is missing",
        "2000-01-02T12:00:00",
        "data.missing = \"mask\"",
    ]);
    // the refusal leaves nothing in the way of the remedy
    for path in ["data.path=nan.zarr", "data.path=fill.zarr"] {
        let masked = thirty_days(&project, "train", &[path, "data.missing=mask"]);
        masked.done();
        for command in ["forecast", "verify"] {
            thirty_days(&project, command, &[path, "data.missing=mask"]).done();
        }
        // nothing is known of a cell that lacked a training state: it has no forecast
        let forecast = foehn_archive::open(&project.path("runs/tiny/forecast.zarr")).unwrap();
        let member = [0..1, 2..3, 3..4, 0..16, 0..16];
        let values = forecast.read("vorticity", &member).unwrap().values;
        let lost = values.indexed_iter().filter(|(_, x)| x.is_nan());
        let lost: Vec<_> = lost.map(|(at, _)| (at[3], at[4])).collect();
        assert_eq!(lost, [(2, 5)]);
        fs::remove_dir_all(project.path("runs")).unwrap();
    }
}

#[test]
fn files_on_other_grids_do_not_make_one_series() {
    let project = Project::new();
    write(&project.path("a.zarr"), 60, 16, None, wave);
    write(&project.path("b.zarr"), 60, 12, None, wave);
    let paths = "data.path=[\"a.zarr\", \"b.zarr\"]";
    thirty_days(&project, "train", &[paths]).refused(&["a.zarr", "b.zarr", "16", "12"]);
    // a model of one grid and data of another
    thirty_days(&project, "train", &["data.path=a.zarr"]).done();
    let other = thirty_days(&project, "forecast", &["data.path=b.zarr"]);
    other.refused(&["other data", "16", "12"]);
}

#[test]
fn an_output_that_exists_is_kept() {
    let project = Project::trained();
    project.with("forecast", &[]).done();
    let before = (project.files("data.zarr"), project.files("runs"));
    for (command, output) in [
        ("simulate", "data.zarr"),
        ("train", "runs/tiny/model"),
        ("forecast", "runs/tiny/forecast.zarr"),
    ] {
        project
            .with(command, &[])
            .refused(&[output, "--overwrite", "--resume"]);
    }
    fs::write(project.path("out.nc"), "mine").unwrap();
    let export = project.run(&["forecast", "tiny.toml", "--netcdf", "out.nc"]);
    export.refused(&["out.nc", "--overwrite"]);
    let source = project.run(&["prepare", "tiny.toml", "--to", "./data.zarr", "--overwrite"]);
    source.refused(&["data.zarr", "--to"]);
    let both = project.run(&["train", "tiny.toml", "--overwrite", "--resume"]);
    both.refused(&["--overwrite", "--resume"]);
    assert_eq!(fs::read_to_string(project.path("out.nc")).unwrap(), "mine");
    assert_same(&before.0, &project.files("data.zarr"), "simulation refused");
    assert_same(&before.1, &project.files("runs"), "run refused");
}

#[test]
fn another_configuration_does_not_continue_a_run() {
    let project = Project::trained();
    let untrained = project.with("forecast", &["train.steps=7"]).done();
    let said = "the model stays as it was trained (train.steps was ";
    assert!(untrained.stderr.contains(said), "{untrained:?}");
    let before = (project.files("data.zarr"), project.files("runs"));
    let resume =
        |command, setting| project.run(&[command, "tiny.toml", "--resume", "--set", setting]);
    let longer = resume("simulate", "simulate.turbulence.runs=7");
    longer.refused(&["data.zarr", "runs was 6 and is 7", "--overwrite"]);
    let wider = resume("train", "network.channels=[8, 12]");
    wider.refused(&[
        "runs/tiny/model",
        "network.channels was [8, 16] and is [8, 12]",
        "--overwrite",
    ]);
    let more = resume("forecast", "forecast.members=5");
    more.refused(&[
        "forecast.zarr",
        "forecast.members was 4 and is 5",
        "--overwrite",
    ]);
    // another law than was learnt
    for (setting, about) in [
        (
            "network.channels=[8, 12]",
            "network.channels was [8, 16] and is [8, 12]",
        ),
        (
            "interpolant.epsilon=0.5",
            "interpolant.epsilon was 0.7 and is 0.5",
        ),
        (
            "data.step=\"1 day\"",
            "data.step was \"12 hours\" and is \"1 day\"",
        ),
        ("data.history=2", "data.history was 1 and is 2"),
    ] {
        let other = project.run(&["forecast", "tiny.toml", "--overwrite", "--set", setting]);
        other.refused(&[
            "runs/tiny/model",
            "trained with another configuration",
            about,
        ]);
    }
    assert_same(&before.1, &project.files("runs"), "run refused");
    // a checkpoint of another architecture
    let own = project.path("runs/tiny/model/config.toml");
    let text = fs::read_to_string(&own).unwrap();
    fs::write(&own, text.replace("    16,\n", "    12,\n")).unwrap();
    let wider = [
        "forecast",
        "tiny.toml",
        "--overwrite",
        "--set",
        "network.channels=[8, 12]",
    ];
    let wider = project.run(&wider);
    wider.refused(&[
        "weights-0.safetensors",
        "another architecture",
        "channels=8,16",
        "channels=8,12",
    ]);
    fs::write(&own, text).unwrap();
    assert_same(&before.0, &project.files("data.zarr"), "simulation refused");
    assert_same(&before.1, &project.files("runs"), "run refused");
}

#[test]
fn a_variable_that_never_changes_is_no_state() {
    let project = Project::new();
    let still = |(_, y, x)| wave((0, y, x));
    write(&project.path("still.zarr"), 60, 16, None, still);
    let outcome = thirty_days(&project, "train", &["data.path=still.zarr"]);
    outcome.refused(&["vorticity does not change", "data.statics"]);
}

#[test]
fn a_tuning_is_for_the_sampling_it_was_made_with() {
    let project = Project::trained();
    let more = "sampling.steps=4";
    project.with("forecast", &[more]).refused(&[
        "tuning.json",
        "steps = 3",
        "steps = 4",
        "sampling.inflation",
    ]);
    let given = project.with("forecast", &[more, "sampling.inflation=1.0"]);
    assert!(given.done().stdout.contains("forecast.zarr"));
    let tuned = project.with("tune", &[more]).done();
    assert!(tuned.stdout.contains("taken: "), "{tuned:?}");
    let again = ["forecast", "tiny.toml", "--set", more, "--overwrite"];
    assert!(project.run(&again).done().stdout.contains("forecast.zarr"));
    let nothing = project.with("tune", &["tune.inflation=[]"]);
    nothing.refused(&["tune.inflation is empty"]);
}

#[test]
fn samplers_need_calls_and_a_model() {
    let project = Project::simulated();
    let command = ["samplers", "tiny.toml", "--json", "--calls"];
    let with = |calls| project.run(&[&command[..], &[calls]].concat());
    with("2").refused(&["foehn train"]);
    project.run(&["train", "tiny.toml"]).done();
    with("2,0").refused(&["--calls [2, 0]", "at least 1"]);
    let table: serde_json::Value = serde_json::from_str(&with("2").done().stdout).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["calls"], &rows[0]["excess"]),
        (&50.into(), &0.0.into())
    );
    assert!(rows.len() > 10 && rows[1..].iter().all(|row| row["calls"] == 2));
}

#[test]
fn impossible_numbers_are_refused_before_anything_gives_way() {
    let project = Project::trained();
    project.with("forecast", &[]).done();
    let before = (project.files("data.zarr"), project.files("runs"));
    for (command, setting, about) in [
        ("forecast", "forecast.members=0", "forecast.members = 0"),
        ("forecast", "forecast.leads=0", "forecast.leads = 0"),
        ("forecast", "forecast.batch=0", "forecast.batch = 0"),
        ("forecast", "forecast.members=-1", "forecast.members"),
        ("forecast", "sampling.steps=0", "sampling.steps = 0"),
        (
            "forecast",
            "sampling.inflation=-1.0",
            "sampling.inflation = -1",
        ),
        ("forecast", "forecast.leads=100", "forecast.leads"),
        (
            "train",
            "sampling.diffusion=zero",
            "sampling.diffusion = \"zero\"",
        ),
        ("train", "sampling.solver=rk4", "unknown variant `rk4`"),
        (
            "train",
            "sampling.diffusion={ constant = -1.0 }",
            "sampling.diffusion.constant = -1",
        ),
        ("train", "tune.inflation=[0.0, 1.0]", "tune.inflation = 0"),
        ("train", "seed=-1", "seed"),
        (
            "train",
            "data.validation=[\"2000-05-24\", \"2000-05-24\"]",
            "validation",
        ),
        ("train", "train.steps=0", "train.steps = 0"),
        (
            "train",
            "train.micro_batch=3",
            "train.micro_batch = 3 does not divide train.batch_size = 4",
        ),
        (
            "train",
            "train.learning_rate=nan",
            "train.learning_rate = NaN",
        ),
        ("train", "tune.members=0", "tune.members = 0"),
        ("train", "tune.members=1", "tune.members = 1"),
        ("train", "tune.leads=0", "tune.leads = 0"),
        ("train", "network.channels=[]", "network.channels"),
        ("train", "network.blocks=0", "network.blocks"),
        ("train", "network.attention=[5]", "network.attention"),
        ("train", "interpolant.epsilon=0.0", "epsilon = 0"),
        ("train", "data.history=0", "data.history"),
        ("train", "data.step=\"7 hours\"", "data.step"),
        ("simulate", "simulate.turbulence.runs=0", "runs = 0"),
        ("simulate", "simulate.turbulence.dt=0.03", "dt = 0.03"),
    ] {
        let outcome = project.run(&[command, "tiny.toml", "--overwrite", "--set", setting]);
        outcome.refused(&[about]);
    }
    assert_same(&before.0, &project.files("data.zarr"), "simulation refused");
    assert_same(&before.1, &project.files("runs"), "run refused");
}

#[test]
fn steps_out_of_order_say_which_comes_first() {
    let project = Project::simulated();
    project
        .with("forecast", &[])
        .refused(&["runs/tiny/model", "foehn train"]);
    project
        .with("verify", &[])
        .refused(&["forecast.zarr", "foehn forecast"]);
    project
        .with("report", &[])
        .refused(&["scores.json", "foehn verify"]);
}

#[test]
fn devices_that_are_not_there_are_named() {
    let project = Project::simulated();
    let device = |name| project.run(&["train", "tiny.toml", "--device", name]);
    device("gpu").refused(&["gpu", "auto, cpu, cuda or cuda:N"]);
    if cfg!(feature = "cuda") {
        common::skip("this build has CUDA; what it says where there is none cannot be seen");
    } else {
        device("cuda").refused(&["--features cuda", "cuda-toolchain"]);
        device("cuda:1").refused(&["--features cuda", "cuda-toolchain"]);
    }
    assert!(!project.path("runs").exists());
}
