//! Peak memory of a forecast does not grow with leads or members.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::peak::peak_of;
use common::{Project, skip};

/// The most memory that `foehn COMMAND tiny.toml OPTIONS` ever had resident, kB.
fn peak(project: &Project, command: &str, options: &[&str]) -> u64 {
    let common = [
        command,
        "tiny.toml",
        "--quiet",
        "--overwrite",
        "--threads",
        "2",
    ];
    peak_of(project, &[&common[..], options].concat())
}

fn forecast(project: &Project, members: usize, leads: usize) -> u64 {
    let settings = [
        format!("forecast.members={members}"),
        format!("forecast.leads={leads}"),
        "forecast.batch=10".to_owned(),
        "sampling.steps=1".to_owned(),
        "sampling.inflation=1.0".to_owned(),
        "forecast.every=\"2 days\"".to_owned(),
    ];
    let options = settings.iter().flat_map(|setting| ["--set", setting]);
    peak(project, "forecast", &options.collect::<Vec<_>>())
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
    let [few, short, long] = [(2, 2), (50, 2), (50, 20)].map(|(m, l)| forecast(&project, m, l));
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

/// With batches that would take several times as much.
#[test]
fn training_and_forecasts_stay_within_the_memory_they_are_given() {
    if !cfg!(target_os = "linux") {
        return skip("peak memory is read from /proc, which only Linux has");
    }
    let project = Project::simulated();
    let network = [
        "--set",
        "network.channels=[48, 48]",
        "--set",
        "network.patch=1",
        "--set",
        "train.batch_size=256",
        "--set",
        "train.micro_batch=256",
        "--set",
        "train.steps=1",
        "--set",
        "tune.inflation=[]",
        "--set",
        "sampling.steps=1",
    ];
    let ensemble = [
        "--set",
        "forecast.members=300",
        "--set",
        "forecast.batch=300",
    ];
    let within = ["--memory", "150MB"];
    let free = peak(&project, "train", &network);
    let bound = peak(&project, "train", &[&network[..], &within].concat());
    println!("training: {free} kB, within 150 MB {bound} kB");
    assert!(free > 160_000 && bound < 150_000, "{free} kB, {bound} kB");
    let wide = [&network[..], &ensemble].concat();
    let free = peak(&project, "forecast", &wide);
    let bound = peak(&project, "forecast", &[&wide[..], &within].concat());
    println!("forecast: {free} kB, within 150 MB {bound} kB");
    assert!(free > 160_000 && bound < 150_000, "{free} kB, {bound} kB");
    let little = ["train", "tiny.toml", "--overwrite", "--memory", "20MB"];
    project
        .run(&little)
        .refused(&["memory = 20 MB", "at least"]);
    let nonsense = project.run(&["train", "tiny.toml", "--memory", "much"]);
    assert_eq!(nonsense.code, Some(2));
    assert!(nonsense.stderr.contains("500 MB"), "{nonsense:?}");
}
