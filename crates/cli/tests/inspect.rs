//! What a file holds, and what a run would do.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use serde_json::{Value, json};

fn told(project: &Project, arguments: &[&str]) -> Value {
    let outcome = project.run(arguments).done();
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn dimensions_values_and_gaps_are_told() {
    let project = Project::simulated();
    let seen = told(
        &project,
        &["inspect", "data.zarr", "--statistics", "--json"],
    );
    let roles: Vec<&Value> = seen["dimensions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["role"])
        .collect();
    assert!(
        roles.contains(&&json!("time")) && roles.contains(&&json!("y")),
        "{seen}"
    );
    assert_eq!(seen["grid"]["kind"], "plane");
    assert_eq!(seen["grid"]["shape"], json!([16, 16]));
    // six runs, 30 days apart: five gaps, each named by the times around it
    let gaps = seen["time"]["gap_between"].as_array().unwrap();
    assert_eq!(gaps.len(), 5);
    assert_eq!(seen["time"]["duplicates"], 0);
    let vorticity = seen["variables"].as_array().unwrap();
    let vorticity = vorticity.iter().find(|v| v["name"] == "vorticity").unwrap();
    let statistics = &vorticity["statistics"];
    assert_eq!(
        (&statistics["count"], &statistics["missing"]),
        (&json!(78 * 256), &json!(0))
    );
    // vorticity on a periodic plane has no mean; its deviation is of order one
    let mean = statistics["mean"].as_f64().unwrap();
    assert!(
        mean.abs() < 1e-3 && statistics["deviation"].as_f64().unwrap() > 0.1,
        "{statistics}"
    );
    let text = project.run(&["inspect", "data.zarr"]).done().stdout;
    assert!(text.contains("gap: nothing between"), "{text}");
}

#[test]
fn a_run_is_resolved_without_being_run() {
    let project = Project::simulated();
    let before = project.files("");
    let plan = told(&project, &["inspect", "--check", "tiny.toml", "--json"]);
    let cases: Vec<&Value> = plan["periods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["cases"])
        .collect();
    // runs of 13 states have 12 pairs: four to train, one to validate, one to test
    assert_eq!(cases, [48, 12, 12]);
    // every second one of ten starts with three leads in a run, three leads, four members, one variable
    assert_eq!(plan["forecast"]["shape"], json!([5, 3, 4, 1, 16, 16]));
    assert_eq!(plan["forecast"]["bytes"], 5 * 3 * 4 * 16 * 16 * 4);
    assert_eq!(plan["warnings"], json!([]));
    assert_eq!(before, project.files(""), "nothing is written");
    let text = project
        .run(&["inspect", "--check", "tiny.toml"])
        .done()
        .stdout;
    assert!(
        text.contains("5 initial states x 3 leads x 4 members = 60 states"),
        "{text}"
    );
    let set = [
        "inspect",
        "--check",
        "tiny.toml",
        "--set",
        "data.step=\"5 hours\"",
    ];
    project.run(&set).refused(&["5 hours", "12 hours"]);
    let neither = project.run(&["inspect"]);
    assert_eq!(neither.code, Some(2), "{neither:?}");
}

#[test]
fn statistics_count_what_was_never_written() {
    // 4e12 values of Zarr v2 in chunks of 2e6, of which one is there: 0, 1, 2, 3, 0, ..
    let project = Project::new();
    let folder = project.path("sparse.zarr");
    std::fs::create_dir(&folder).unwrap();
    let metadata = json!({"zarr_format": 2, "shape": [2_000_000, 2_000_000], "chunks": [1, 2_000_000], "dtype": "|u1",
        "compressor": null, "fill_value": 9, "order": "C", "filters": null});
    std::fs::write(folder.join(".zarray"), metadata.to_string()).unwrap();
    let chunk: Vec<u8> = (0..2_000_000).map(|k| (k % 4) as u8).collect();
    std::fs::write(folder.join("77.0"), chunk).unwrap();
    let seen = told(
        &project,
        &["inspect", "sparse.zarr", "--statistics", "--json"],
    );
    let statistics = &seen["variables"][0]["statistics"];
    // v2 declares its fill value missing
    assert_eq!(statistics["count"], 2_000_000);
    assert_eq!(statistics["missing"], 2_000_000_u64 * 2_000_000 - 2_000_000);
    assert_eq!(statistics["mean"], 1.5);
    assert_eq!(statistics["deviation"], (1.25_f64).sqrt());
}

#[test]
fn no_command_takes_what_it_does_not_use() {
    let project = Project::new();
    let useless = [
        ("prepare", vec!["--seed", "--device", "--memory"]),
        ("merge", vec!["--seed", "--device", "--memory", "--resume"]),
        (
            "inspect",
            vec!["--seed", "--device", "--threads", "--quiet"],
        ),
        (
            "report",
            vec!["--device", "--threads", "--quiet", "--memory"],
        ),
        ("verify", vec!["--device", "--memory", "--resume"]),
        ("simulate", vec!["--device", "--memory"]),
        (
            "postprocess",
            vec!["--device", "--seed", "--memory", "--resume"],
        ),
        ("oracle", vec!["--device", "--seed", "--set"]),
    ];
    for (command, options) in useless {
        let help = project.run(&[command, "--help"]).done().stdout;
        for option in options {
            assert!(
                !help.contains(&format!("{option} ")) && !help.contains(&format!("{option}\n")),
                "{command} {option}"
            );
        }
    }
    let help = project.run(&["verify", "--help"]).done().stdout;
    assert!(
        help.contains("--seed <SEED>") && help.contains("--threads"),
        "{help}"
    );
}
