//! Killed at any moment and continued, a run leaves the bytes of one that was left alone.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Outcome, Project, assert_same, skip};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A command long enough to be killed in its middle, what it writes, and the first sign of progress there.
struct Job {
    arguments: Vec<&'static str>,
    output: &'static str,
    sign: &'static str,
}

const SIMULATE: &str =
    "simulate tiny.toml --quiet --threads 2 --set simulate.turbulence.spin_up=200.0";
const TRAIN: &str = "train tiny.toml --quiet --threads 2 --set train.steps=40 --set train.networks=2 --set train.checkpoint_every=6";
const PREPARE: &str = "prepare tiny.toml --quiet --threads 2 --to prepared.zarr --set prepare.chunk=4 --set prepare.statistics.compute=[\"mean\",\"tendency\",\"climatology\"]";
const FORECAST: &str = "forecast tiny.toml --quiet --threads 2 --set forecast.members=30";

impl Job {
    fn new(line: &'static str, output: &'static str, sign: &'static str) -> Self {
        let arguments = line.split(' ').collect();
        Self {
            arguments,
            output,
            sign,
        }
    }

    fn start(&self, project: &Project) -> Child {
        let mut command = project.foehn(&self.arguments);
        command
            .arg("--resume")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Kills the job at several moments and compares what the next run makes of each.
    fn check(&self, project: &Project) {
        let begun = Instant::now();
        project.run(&self.arguments).done();
        let alone = begun.elapsed();
        let reference = project.files(self.output);
        let (mut killed, moments) = (0, moments());
        for part in &moments {
            fs::remove_dir_all(project.path(self.output)).unwrap();
            let mut child = self.start(project);
            sleep(alone.mul_f64(*part));
            killed += u32::from(kill(&mut child));
            self.finish(
                project,
                &reference,
                &format!("killed at {part:.3} of {alone:?}"),
            );
        }
        let of = moments.len();
        println!("{}: {alone:?} alone, {killed} of {of} killed", self.output);
        assert!(
            killed >= 1,
            "of {of} runs only {killed} were killed before their end"
        );
        self.check_first_sign(project, &reference);
    }

    /// Kills the job when the first piece is done, and twice more on its way.
    fn check_first_sign(&self, project: &Project, reference: &common::Files) {
        fs::remove_dir_all(project.path(self.output)).unwrap();
        let (sign, mut before) = (project.path(self.sign), 0);
        for _ in 0..3 {
            let mut child = self.start(project);
            while child.try_wait().unwrap().is_none() && entries(&sign) <= before {
                sleep(Duration::from_millis(1));
            }
            kill(&mut child);
            before = entries(&sign);
        }
        self.finish(project, reference, "killed at three pieces done");
    }

    /// Runs what is left, with other workers, and compares.
    fn finish(&self, project: &Project, reference: &common::Files, when: &str) {
        let mut arguments = self.arguments.clone();
        for argument in &mut arguments {
            if *argument == "2" {
                *argument = "1";
            }
        }
        arguments.push("--resume");
        project.run(&arguments).done();
        let mut files = project.files(self.output);
        // a kill between writing a checkpoint and removing the oldest leaves one more
        files.retain(|path, _| reference.contains_key(path) || !path.starts_with("checkpoints"));
        assert_same(&files, reference, when);
    }
}

/// When to kill, in parts of the time that a run takes alone: five moments, or as many as `FOEHN_KILLS` says, evenly
/// spread and shifted by a fixed irrational number so that none falls on a round part.
fn moments() -> Vec<f64> {
    let asked = std::env::var("FOEHN_KILLS").ok();
    match asked.map(|text| text.parse::<u32>().unwrap()) {
        None => vec![0.1, 0.2, 0.3, 0.5, 0.7],
        Some(count) => {
            let spread = |k: u32| (0.5 + f64::from(k) * 0.618_033_988_749_895).fract();
            (0..count).map(spread).collect()
        }
    }
}

/// Kills with SIGKILL; whether the process was still there.
fn kill(child: &mut Child) -> bool {
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn a_simulation_survives_kills() {
    Job::new(SIMULATE, "data.zarr", "data.zarr/.foehn").check(&Project::new());
}

#[test]
fn a_training_survives_kills() {
    let sign = "runs/tiny/model/checkpoints/network-0";
    Job::new(TRAIN, "runs/tiny/model", sign).check(&Project::simulated());
}

#[test]
fn a_forecast_survives_kills() {
    let output = "runs/tiny/forecast.zarr";
    Job::new(FORECAST, output, "runs/tiny/forecast.zarr/.foehn").check(&Project::trained());
}

#[test]
fn a_preparation_survives_kills() {
    let output = "prepared.zarr";
    Job::new(PREPARE, output, "prepared.zarr/.foehn").check(&Project::simulated_of(40, 40));
}

#[test]
fn several_writers_make_what_one_makes() {
    let project = Project::trained();
    let output = "runs/tiny/forecast.zarr";
    for settings in [
        &[][..],
        &["forecast.zarr=v2"],
        &["forecast.leads_per_file=2", "forecast.layout=iris"],
    ] {
        let mut settings: Vec<&str> = settings.to_vec();
        settings.push("forecast.batch=4");
        project.with("forecast", &settings).done();
        let reference = project.files(output);
        fs::remove_dir_all(project.path(output)).unwrap();
        let set: Vec<&str> = settings.iter().flat_map(|s| ["--set", s]).collect();
        let shard = |k: &'static str| {
            let arguments = [
                &["forecast", "tiny.toml", "--quiet", "--shard", k][..],
                &set,
            ]
            .concat();
            project
                .foehn(&arguments)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        let merge = [&["merge", "tiny.toml"][..], &set].concat();
        // the third is killed, so that something is missing
        let mut writers = [shard("0/3"), shard("1/3"), shard("2/3")];
        kill(&mut writers[2]);
        for writer in &mut writers[..2] {
            assert!(writer.wait().unwrap().success());
        }
        let early = project.run(&merge);
        early.refused(&["forecast.zarr", "block-"]);
        assert!(shard("2/3").wait().unwrap().success());
        project.run(&merge).done();
        assert_same(&project.files(output), &reference, "written by three");
        let again = project.run(&["merge", output]).done();
        assert!(again.stdout.contains("whole already"), "{again:?}");
        fs::remove_dir_all(project.path(output)).unwrap();
    }
}

/// Shares of prepared data, one of them killed again and again, and the merge, killed too.
#[test]
fn several_writers_prepare_what_one_prepares() {
    let project = Project::simulated_of(40, 40);
    let prepare: Vec<&str> = PREPARE.split(' ').collect();
    let begun = Instant::now();
    project.run(&prepare).done();
    let alone = begun.elapsed();
    let reference = project.files("prepared.zarr");
    let start = |arguments: &[&str]| {
        let mut command = project.foehn(arguments);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().unwrap()
    };
    let shard = |k: &'static str| [&prepare[..], &["--shard", k]].concat();
    let merge: Vec<&str> = PREPARE
        .replacen("prepare", "merge", 1)
        .leak()
        .split(' ')
        .collect();
    let (mut killed, moments) = (0, moments());
    for part in &moments {
        fs::remove_dir_all(project.path("prepared.zarr")).unwrap();
        let mut others = [start(&shard("0/3")), start(&shard("2/3"))];
        let mut child = start(&shard("1/3"));
        sleep(alone.mul_f64(part / 2.0));
        killed += u32::from(kill(&mut child));
        for writer in &mut others {
            assert!(writer.wait().unwrap().success());
        }
        project.run(&shard("1/3")).done();
        let named = project.run(&["merge", "prepared.zarr"]);
        named.refused(&["prepared.zarr", "CONFIG.toml"]);
        let mut child = start(&merge);
        sleep(alone.mul_f64(part / 2.0));
        killed += u32::from(kill(&mut child));
        project.run(&merge).done();
        let when = format!("killed at {part:.3} of {alone:?}");
        assert_same(&project.files("prepared.zarr"), &reference, &when);
    }
    println!(
        "shares: {alone:?} alone, {killed} of {} killed",
        2 * moments.len()
    );
    assert!(killed >= 1, "no writer was killed before its end");
    let again = project.run(&merge).done();
    assert!(again.stdout.contains("whole already"), "{again:?}");
}

#[test]
fn a_replaced_model_is_never_half_of_two() {
    let project = Project::trained();
    let job = Job::new(TRAIN, "runs/tiny/model", "");
    let mut arguments = job.arguments.clone();
    arguments.push("--overwrite");
    project.run(&arguments).done();
    let reference = project.files(job.output);
    for wait in [2, 5, 10, 20, 40, 80] {
        project.run(&["train", "tiny.toml", "--overwrite"]).done();
        let mut child = project
            .foehn(&arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(wait));
        kill(&mut child);
        project.run(&arguments).done();
        assert_same(
            &project.files(job.output),
            &reference,
            "killed while replacing",
        );
    }
}

/// The signal of Ctrl-C.
fn interrupt(child: &Child) -> bool {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    sent.is_ok_and(|status| status.success())
}

#[test]
fn control_c_ends_between_two_pieces_and_says_how_to_go_on() {
    let project = Project::new();
    let job = Job::new(SIMULATE, "data.zarr", "data.zarr/.foehn");
    let mut child = project.foehn(&job.arguments).spawn().unwrap();
    while child.try_wait().unwrap().is_none() && entries(&project.path(job.sign)) < 2 {
        sleep(Duration::from_millis(1));
    }
    if !interrupt(&child) {
        kill(&mut child);
        return skip("this system has no kill -INT");
    }
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.stderr.contains("--resume"), "{outcome:?}");
    let mut again = job.arguments.clone();
    again.push("--resume");
    project.run(&again).done();
    let resumed = project.files(job.output);
    fs::remove_dir_all(project.path(job.output)).unwrap();
    project.run(&job.arguments).done();
    assert_same(&project.files(job.output), &resumed, "interrupted");
}
