//! `foehn postprocess`, from text tables and stores to members and scores.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use std::fmt::Write;
use std::fs;

use common::{Project, assert_same};
use foehn_noise::{Key, Purpose};

const CONFIG: &str = r#"
name = "try"
output = "out"

[data]
path = "cases.csv"

[data.csv]
station = "station"
date = "date"
lead_hours = "lead"
members = ["m*"]
observation = "obs"
units = "K"
observation_units = "K"
latitude = "lat"
longitude = "lon"

[methods]
raw = { name = "raw" }
emos = { name = "emos" }
local = { name = "bias", scope = "local" }
member = { name = "member_by_member" }

[calibrated]
method = "emos"
"#;

/// Two stations, 200 days, five members that are 3 K too cold and too sure; every seventh member is missing.
fn project() -> Project {
    let project = Project::new();
    let mut text = String::from("station,date,lead,m1,m2,m3,m4,m5,obs,lat,lon\n");
    for row in 0..400 {
        let mut z = [0.0; 7];
        Key::new(3, Purpose::Simulate).init(row).normals_f64(&mut z);
        let date = &common::date(row / 2);
        write!(text, "{},{date},24", ["A", "B"][row as usize % 2]).unwrap();
        for m in 0..5 {
            let missing = m == 0 && row % 7 == 0;
            let member = if missing {
                String::new()
            } else {
                format!("{:.3}", 10.0 * z[0] - 3.0 + 0.5 * z[m + 2])
            };
            write!(text, ",{member}").unwrap();
        }
        writeln!(text, ",{:.3},{},10", 10.0 * z[0] + z[1], 46 + row % 2).unwrap();
    }
    fs::write(project.path("cases.csv"), text).unwrap();
    fs::write(project.path("post.toml"), CONFIG).unwrap();
    project
}

#[test]
fn members_and_scores_of_a_text_table() {
    let project = project();
    let done = project
        .run(&["postprocess", "post.toml", "--json", "--quiet"])
        .done();
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let methods = summary["methods"].as_array().unwrap();
    let crps = |name: &str| {
        let row = methods.iter().find(|row| row["method"] == name).unwrap();
        row["crps"].as_f64().unwrap()
    };
    // The error is normal of deviation 1: CRPS 0.564 where it is known; 80 draws leave 0.07 of it open.
    assert!((crps("emos") - 0.58).abs() < 0.1, "{}", crps("emos"));
    assert!(crps("raw") > 4.0 * crps("emos"));
    assert_eq!(
        summary["methods"][0]["equal_to_best_p_value"],
        serde_json::Value::Null
    );
    // Every seventh row of 80 lacks the member whose place would be taken over.
    assert_eq!(summary["without_members"], 12);

    let members = foehn_archive::open(&project.path("out/members.zarr")).unwrap();
    let field = members.read_all("forecast").unwrap();
    assert_eq!(field.values.shape(), [40, 1, 5, 2]);
    assert_eq!(field.missing_count(), 12 * 5);
    assert_eq!(members.variable("forecast").unwrap().units(), Some("K"));

    let again = project.run(&["postprocess", "post.toml"]);
    again.refused(&["members.zarr"]);
    let before = project.files("out");
    project
        .run(&["postprocess", "post.toml", "--overwrite", "--threads", "1"])
        .done();
    assert_same(&before, &project.files("out"), "the same on one thread");
}

#[test]
fn wrong_input_is_one_clear_error() {
    let project = project();
    let with = |setting: &str| project.run(&["postprocess", "post.toml", "--set", setting]);
    with("calibrated.method=emoss").refused(&["calibrated.method", "emoss", "emos, local"]);
    with("data.path=absent.csv").refused(&["absent.csv"]);
    with("data.csv.observation=truth").refused(&["cases.csv", "truth", "obs"]);
    with("data.csv.observation_units=degC").refused(&["\"K\"", "\"degC\""]);
    with("data.train=1.5").refused(&["data.train", "1.5"]);
    with("methods.emos.familly=normal").refused(&["familly"]);
    with("data.train=0.01").refused(&["methods.", "needs", "complete cases"]);
    with("methods.emos.location=[{covariate=\"cape\"}]").refused(&["methods.emos", "cape"]);
    assert!(!project.path("out").exists());
}
