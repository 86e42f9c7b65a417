//! A tiny project in a temporary folder, and the program run on it.
#![allow(dead_code, clippy::unwrap_used)] // every test file uses a part of it; a failure here is a failed test

pub mod globe;
pub mod peak;
pub mod pictures;
pub mod states;
pub mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use foehn_field::{Calendar, Instant};
use tempfile::TempDir;

/// 2000-01-01, s since 1970: where simulated time begins.
pub const START: i64 = 946_684_800;
const DAY: i64 = 86_400;
/// Days between simulated runs.
const GAP: i64 = 30;

/// Files by their path, with their content.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A folder with `tiny.toml`: turbulence on 16 x 16 points and a network of two narrow levels.
pub struct Project {
    folder: TempDir,
}

/// What a run of the program ended with.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// Exit code 2 and one line of error that holds every text of `about`.
    pub fn refused(&self, about: &[&str]) -> &str {
        let errors: Vec<_> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(errors.len(), 1, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        for text in about {
            assert!(errors[0].contains(text), "no {text:?} in: {}", errors[0]);
        }
        errors[0]
    }

    /// Exit code 0 and no error.
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert!(!self.stderr.contains("error"), "{self:?}");
        self
    }
}

impl Project {
    /// Six runs of 6 time units; nothing is simulated yet.
    pub fn new() -> Self {
        Self::of(6, 6)
    }

    /// As [`Project::new`], simulated.
    pub fn simulated() -> Self {
        let project = Self::new();
        project.run(&["simulate", "tiny.toml"]).done();
        project
    }

    /// As [`Project::of`], simulated.
    pub fn simulated_of(runs: i64, length: i64) -> Self {
        let project = Self::of(runs, length);
        project.run(&["simulate", "tiny.toml"]).done();
        project
    }

    /// As [`Project::simulated`], trained.
    pub fn trained() -> Self {
        let project = Self::simulated();
        project.run(&["train", "tiny.toml"]).done();
        project
    }

    /// `runs` runs of `length` time units: the last one to test, the one before to validate.
    pub fn of(runs: i64, length: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first = |run: i64| run * (length + GAP);
        let period =
            |a: i64, b: i64| format!("[\"{}\", \"{}\"]", date(first(a)), date(first(b) + length));
        let text = include_str!("tiny.toml")
            .replace("RUNS", &runs.to_string())
            .replace("LENGTH", &format!("{length}.0"))
            .replace("TRAIN", &period(0, runs - 3))
            .replace("VALIDATION", &period(runs - 2, runs - 2))
            .replace("TEST", &period(runs - 1, runs - 1));
        fs::write(folder.path().join("tiny.toml"), text).unwrap();
        Self { folder }
    }

    /// A path below the project.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The program, about to run in the project with `arguments`.
    pub fn foehn(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_foehn"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.foehn(arguments).output().unwrap().into()
    }

    /// `foehn COMMAND tiny.toml` with `--set` before each of `settings`.
    pub fn with(&self, command: &str, settings: &[&str]) -> Outcome {
        let mut arguments = vec![command, "tiny.toml"];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        self.run(&arguments)
    }

    /// Every file below `below` with its content.
    pub fn files(&self, below: &str) -> Files {
        files(&self.path(below))
    }
}

/// Every file below `folder`, by its path there, with its content.
pub fn files(folder: &Path) -> Files {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            let below = files(&path).into_iter();
            found.extend(below.map(|(path, bytes)| (name.join(path), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Fails on the first file that only one of two folders has, or that differs.
pub fn assert_same(left: &Files, right: &Files, when: &str) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right), "{when}: other files");
    for (name, bytes) in left {
        assert!(*bytes == right[name], "{when}: {} differs", name.display());
    }
}

/// The date `days` after the simulation's first.
pub fn date(days: i64) -> String {
    let date = Calendar::ProlepticGregorian.date(Instant(START + days * DAY));
    date.to_string()[..10].to_owned()
}

/// Says that a test did not run, and why.
pub fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}
