//! Peak memory of a forecast does not grow with leads or members.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::{Project, skip};
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// The most memory that the program ever had resident, kB: `VmHWM`, which only rises, read to the end.
fn peak(project: &Project, members: usize, leads: usize) -> u64 {
    let members = format!("forecast.members={members}");
    let leads = format!("forecast.leads={leads}");
    let common = [
        "forecast",
        "tiny.toml",
        "--quiet",
        "--overwrite",
        "--threads",
        "2",
    ];
    let sizes = [
        "--set",
        "forecast.batch=10",
        "--set",
        "sampling.steps=1",
        "--set",
        "sampling.inflation=1.0",
        "--set",
        "forecast.every=\"2 days\"",
    ];
    let case = ["--set", &members, "--set", &leads];
    let mut command = project.foehn(&[&common[..], &sizes, &case].concat());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next());
        peak = peak.max(size.map_or(0, |size| size.parse().unwrap()));
        sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
fn fifty_members_by_twenty_leads_take_no_more_than_by_two() {
    if !cfg!(target_os = "linux") {
        return skip("peak memory is read from /proc, which only Linux has");
    }
    let project = Project::of(5, 16);
    for command in ["simulate", "train"] {
        project.with(command, &[]).done();
    }
    let [few, short, long] = [(2, 2), (50, 2), (50, 20)].map(|(m, l)| peak(&project, m, l));
    println!("peak memory: 2 x 2 {few} kB, 50 x 2 {short} kB, 50 x 20 {long} kB");
    assert!(
        short > 1000 && long as f64 <= 1.1 * short as f64,
        "{short} kB, then {long} kB"
    );
    assert!(
        short as f64 <= 1.1 * few as f64,
        "{few} kB, then {short} kB"
    );
}
