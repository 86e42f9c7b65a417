//! `foehn restore` of fields, killed and continued; and not continued on other data.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::globe::{STATES, globe, project, trained, u, v};
use common::states::{Values, Variable, write_variables};
use common::{Project, assert_same};
use std::fs;
use std::time::{Duration, Instant};

/// Kills the program that runs with `arguments` after `part` of the time it took alone; whether it was still running.
fn killed(project: &Project, arguments: &[&str], alone: Duration, part: f64) -> bool {
    let mut child = project.foehn(arguments).spawn().unwrap();
    std::thread::sleep(alone.mul_f64(part));
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

#[test]
fn what_was_killed_is_continued_bit_for_bit() {
    let project = project();
    let train =
        "restore train globe.toml --quiet --set train.steps=120 --set train.checkpoint_every=7";
    let apply = "restore apply --model model --quiet --samples 8 --input gaps.zarr --form zarr --steps 20 --out out";
    for (line, output) in [(train, "model"), (apply, "out")] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let begun = Instant::now();
        project.run(&arguments).done();
        let alone = begun.elapsed();
        let reference = project.files(output);
        let mut kills = 0;
        for part in [0.4, 0.8] {
            fs::remove_dir_all(project.path(output)).unwrap();
            kills += u32::from(killed(&project, &arguments, alone, part));
            project
                .run(&[&arguments[..], &["--resume", "--threads", "1"]].concat())
                .done();
            let mut files = project.files(output);
            // a kill between writing a checkpoint and removing the oldest leaves one more
            files
                .retain(|path, _| reference.contains_key(path) || !path.starts_with("checkpoints"));
            assert_same(&files, &reference, &format!("{output} killed at {part}"));
        }
        assert!(
            kills >= 1,
            "{output}: {alone:?} alone, never killed before its end"
        );
    }
}

#[test]
fn a_model_is_not_continued_on_data_that_have_changed() {
    let project = trained();
    fs::remove_file(project.path("model/weights.safetensors")).unwrap();
    let resume = ["restore", "train", "globe.toml", "--quiet", "--resume"];
    let before = fs::read(project.path("model/statistics.json")).unwrap();
    fs::rename(project.path("whole.zarr"), project.path("before.zarr")).unwrap();
    let wide = |at| 1.5 * u(at);
    let packed = |at| Some(v(at));
    let variables = [("u", Values::Wide(&wide)), ("v", Values::Packed(&packed))];
    let variables = variables.map(|(name, values)| Variable { name, values });
    write_variables(&project.path("whole.zarr"), STATES, &globe(), &variables);
    project
        .run(&resume)
        .refused(&["means or deviations", "model", "--overwrite"]);
    assert!(fs::read(project.path("model/statistics.json")).unwrap() == before);
    fs::remove_dir_all(project.path("whole.zarr")).unwrap();
    fs::rename(project.path("before.zarr"), project.path("whole.zarr")).unwrap();
    project.run(&resume).done();
}
