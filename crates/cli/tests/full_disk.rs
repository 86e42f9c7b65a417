//! A disk that is full gives one clear error, and the work goes on once there is room.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Outcome, Project, assert_same, skip};
use std::fs;
use std::process::Command;

/// Runs `foehn FIRST` with a disk of `size` mounted at `below`, then `foehn THEN` after the disk has grown;
/// gives what the first run said, after checking that the second ended well. What lay on the disk is copied
/// to `left` after the first run and to `kept` at the end. `None` where this system has no disk for us.
fn on_small_disk(
    project: &Project,
    (below, size): (&str, &str),
    first: &str,
    then: &str,
) -> Option<Outcome> {
    let script = format!(
        "mkdir -p {below} && mount -t tmpfs -o size={size} tmpfs {below} || exit 77\n\
         \"$FOEHN\" {first}; code=$?; cp -r {below} left\n\
         mount -o remount,size=64m {below} || exit 77\n\
         \"$FOEHN\" {then} > later 2>&1; echo $? >> later\n\
         cp -r {below} kept; exit $code"
    );
    // a mount that only the script sees, gone when it ends; unprivileged where that is allowed
    for flags in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", &script]);
        command.env("FOEHN", env!("CARGO_BIN_EXE_foehn"));
        let Ok(output) = command.current_dir(project.path("")).output() else {
            break;
        };
        if project.path("kept").exists() {
            let later = fs::read_to_string(project.path("later")).unwrap();
            assert!(later.ends_with("\n0\n"), "{later}");
            return Some(Outcome::from(output));
        }
    }
    skip("no small disk (needs Linux and a mount in unshare)");
    None
}

fn check(project: &Project, (below, size): (&str, &str), command: &str) {
    let (first, then) = (
        format!("{command} tiny.toml"),
        format!("{command} tiny.toml --resume"),
    );
    let Some(outcome) = on_small_disk(project, (below, size), &first, &then) else {
        return;
    };
    outcome.refused(&[below, "make room"]);
    let left = project.files("left");
    let partial = left
        .keys()
        .find(|path| path.to_string_lossy().contains("partial"));
    assert_eq!(partial, None, "half a file takes room");
    project.with(command, &[]).done();
    let kept = project.files("kept");
    assert_same(&kept, &project.files(below), "after the disk was full");
}

#[test]
fn a_simulation_goes_on_when_there_is_room() {
    check(&Project::new(), ("data.zarr", "64k"), "simulate");
}

const PREPARE: &str = "prepare tiny.toml --to prepared.zarr --threads 2 --set prepare.chunk=1";

#[test]
fn a_preparation_goes_on_when_there_is_room() {
    let project = Project::simulated();
    let then = format!("{PREPARE} --resume");
    let disk = ("prepared.zarr", "64k");
    let Some(outcome) = on_small_disk(&project, disk, PREPARE, &then) else {
        return;
    };
    outcome.refused(&["prepared.zarr", "make room"]);
    let arguments: Vec<&str> = PREPARE.split(' ').collect();
    project.run(&arguments).done();
    let (kept, whole) = (project.files("kept"), project.files("prepared.zarr"));
    assert_same(&kept, &whole, "after the disk was full");
}

#[test]
fn a_preparation_into_a_folder_that_takes_nothing_says_so() {
    let project = Project::simulated();
    let to = PREPARE.replace("--to prepared.zarr", "--to closed/prepared.zarr");
    let script = format!(
        "mkdir closed && mount -t tmpfs tmpfs closed && mount -o remount,ro closed || exit 77\n\
         \"$FOEHN\" {to}; code=$?; touch tried; exit $code"
    );
    for flags in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", &script]);
        command.env("FOEHN", env!("CARGO_BIN_EXE_foehn"));
        let Ok(output) = command.current_dir(project.path("")).output() else {
            break;
        };
        if project.path("tried").exists() {
            Outcome::from(output).refused(&["closed/prepared.zarr", "Read-only"]);
            return;
        }
        let _ = fs::remove_dir(project.path("closed"));
    }
    skip("no read-only disk (needs Linux and a mount in unshare)");
}

/// A file where a folder should be, and a folder without leave to write. Root may write everywhere: a test that root
/// runs lets somebody else try.
#[test]
fn a_preparation_where_no_folder_can_be_made_says_so() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let project = Project::simulated();
    let mode = |path: &str, mode: u32| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(project.path(path), mode).unwrap();
    };
    fs::write(project.path("file"), "").unwrap();
    let to = |path| ["prepare", "tiny.toml", "--to", path];
    project
        .run(&to("file/prepared.zarr"))
        .refused(&["cannot create file"]);
    fs::create_dir(project.path("closed")).unwrap();
    mode("closed", 0o555);
    let mut command = project.foehn(&to("closed/prepared.zarr"));
    if fs::write(project.path("closed/x"), "").is_ok() {
        // who else may not reach the program where it was built
        fs::copy(env!("CARGO_BIN_EXE_foehn"), project.path("foehn")).unwrap();
        mode("", 0o755);
        command = Command::new(project.path("foehn"));
        command.args(to("closed/prepared.zarr"));
        command
            .current_dir(project.path(""))
            .uid(NOBODY)
            .gid(NOBODY);
    }
    let outcome = Outcome::from(command.output().unwrap());
    outcome.refused(&["closed", "ermission denied"]);
}

#[test]
fn a_training_goes_on_when_there_is_room() {
    check(&Project::simulated(), ("runs/tiny/model", "128k"), "train");
}

#[test]
fn a_forecast_goes_on_when_there_is_room() {
    check(
        &Project::trained(),
        ("runs/tiny/forecast.zarr", "128k"),
        "forecast",
    );
}

/// 1 MiB is kept free, so the second disk is found full in the midst of writing.
#[test]
fn half_a_netcdf_file_is_removed() {
    let project = Project::trained();
    project.with("forecast", &[]).done();
    let export = "forecast tiny.toml --resume --netcdf small/out.nc";
    for size in ["16k", "1032k"] {
        let Some(outcome) = on_small_disk(&project, ("small", size), export, export) else {
            return;
        };
        outcome.refused(&["small/", "make room"]);
        assert!(project.files("left").is_empty());
        assert!(project.path("kept/out.nc").exists());
        for folder in ["left", "kept"] {
            fs::remove_dir_all(project.path(folder)).unwrap();
        }
    }
}

#[test]
fn a_result_that_cannot_be_said_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else {
        return skip("this system has no /dev/full");
    };
    let project = Project::simulated();
    let mut command = project.foehn(&["inspect", "data.zarr"]);
    let outcome = Outcome::from(command.stdout(full).output().unwrap());
    outcome.refused(&["standard output", "No space left"]);
}
