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
    // Every seventh row of 80 lacks a member, whose rank is drawn.
    assert_eq!(
        (&summary["without_members"], &summary["drawn_ranks"]),
        (&0.into(), &12.into())
    );

    let members = foehn_archive::open(&project.path("out/members.zarr")).unwrap();
    let field = members.read_all("forecast").unwrap();
    assert_eq!(field.values.shape(), [40, 1, 5, 2]);
    assert_eq!(field.missing_count(), 0);
    let forecast = members.variable("forecast").unwrap();
    assert_eq!(forecast.text("coordinates"), Some("latitude longitude"));
    assert_eq!(
        members.variable("station").unwrap().text("flag_meanings"),
        Some("A B")
    );
    assert_eq!(members.variable("forecast").unwrap().units(), Some("K"));

    let again = project.run(&["postprocess", "post.toml"]);
    again.refused(&["exists", "--overwrite"]);
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
    with("methods.raw.scope=local").refused(&["scope"]);
    with("calibrated.members=0").refused(&["calibrated.members"]);
    assert!(!project.path("out").exists());
}

/// One of the later rows lacks a covariate: it is left out for all methods, and said; the others are scored.
#[test]
fn a_missing_covariate_leaves_out_a_case() {
    let project = project();
    let text = fs::read_to_string(project.path("cases.csv")).unwrap();
    let lines = text.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line},cape"),
        395 => format!("{line},"),
        _ => format!("{line},{}", i % 5),
    });
    fs::write(
        project.path("cases.csv"),
        lines.collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let config = CONFIG.replace(
        "longitude = \"lon\"",
        "longitude = \"lon\"\ncovariates = [\"cape\"]",
    );
    let config = config.replace(
        "emos = { name = \"emos\" }",
        "emos = { name = \"emos\", location = [\"mean\", { covariate = \"cape\" }] }",
    );
    fs::write(project.path("post.toml"), config).unwrap();
    let done = project
        .run(&["postprocess", "post.toml", "--json", "--quiet"])
        .done();
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (
            &summary["scored"]["cases"],
            &summary["scored"]["without_forecast"]
        ),
        (&79.into(), &1.into())
    );
    let why = summary["scored"]["first_without"].as_str().unwrap();
    assert!(
        why.contains("methods.emos") && why.contains("cape"),
        "{why}"
    );
    assert!(
        summary["methods"]
            .as_array()
            .unwrap()
            .iter()
            .all(|m| m["cases"] == 79)
    );
}

/// A member that is never there is no reason to write none, and leads need not be whole hours.
#[test]
fn members_that_are_never_there_and_odd_leads() {
    let project = project();
    let text = fs::read_to_string(project.path("cases.csv")).unwrap();
    let lines = text.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if i > 0 {
            (cells[2], cells[5]) = ("1.5", "");
        }
        cells.join(",")
    });
    fs::write(
        project.path("cases.csv"),
        lines.collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    for order in ["ecc_q", "schaake", "independent"] {
        let setting = format!("calibrated.order={order}");
        project
            .run(&[
                "postprocess",
                "post.toml",
                "--overwrite",
                "--quiet",
                "--set",
                &setting,
            ])
            .done();
        let members = foehn_archive::open(&project.path("out/members.zarr")).unwrap();
        assert_eq!(
            members.read_all("forecast").unwrap().missing_count(),
            0,
            "{order}"
        );
        assert_eq!(members.leads("prediction_timedelta").unwrap(), [5400]);
    }
}

/// A past that moves along: every date is forecast from what was known by then, and fits are as many as asked for.
#[test]
fn windows_move_along() {
    let project = project();
    let done = project
        .run(&[
            "postprocess",
            "post.toml",
            "--json",
            "--quiet",
            "--set",
            "data.window={sliding=90}",
            "--set",
            "data.refit=10",
        ])
        .done();
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&summary["fits"], &summary["scored"]["cases"]),
        (&4.into(), &80.into())
    );
    // Of a date 90 days back to the day before yesterday's forecast, whose observation is known.
    assert_eq!(summary["trained"][1], 90);
}

#[test]
fn a_text_table_needs_a_map() {
    let project = project();
    let text = fs::read_to_string(project.path("post.toml")).unwrap();
    let (before, rest) = text.split_once("[data.csv]").unwrap();
    let after = &rest[rest.find("[methods]").unwrap()..];
    fs::write(project.path("bare.toml"), format!("{before}{after}")).unwrap();
    project
        .run(&["postprocess", "bare.toml"])
        .refused(&["cases.csv", "[data.csv]"]);
}

/// Later dates without observations, as in operation: their members are written, and that nothing is scored is said.
#[test]
fn dates_without_observations_are_forecast() {
    let project = project();
    let cases = fs::read_to_string(project.path("cases.csv")).unwrap();
    let lines = cases.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if i > 320 {
            cells[8] = "";
        }
        cells.join(",")
    });
    fs::write(
        project.path("cases.csv"),
        lines.collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let done = project
        .run(&["postprocess", "post.toml", "--json", "--quiet"])
        .done();
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (
            &summary["scored"]["cases"],
            &summary["scored"]["unobserved"]
        ),
        (&0.into(), &80.into())
    );
    assert_eq!(summary["methods"].as_array().unwrap().len(), 0);
    let members = foehn_archive::open(&project.path("out/members.zarr")).unwrap();
    let field = members.read_all("forecast").unwrap();
    assert_eq!(
        (field.values.shape(), field.missing_count()),
        (&[40, 1, 5, 2][..], 0)
    );
    assert!(project.path("out/report.html").exists());
    let said = project
        .run(&["postprocess", "post.toml", "--overwrite"])
        .done();
    assert!(said.stdout.contains("nothing is scored"), "{}", said.stdout);
}

/// Members that are corrected one by one are their own only where as many are written; others take an order. One member
/// has no fair score.
#[test]
fn another_number_of_members_is_never_called_own() {
    let project = project();
    for (members, own) in [(5, true), (3, false), (1, false)] {
        let setting = format!("calibrated.members={members}");
        let run = [
            "postprocess",
            "post.toml",
            "--json",
            "--quiet",
            "--overwrite",
        ];
        let done = project
            .run(&[&run[..], &["--set", &setting]].concat())
            .done();
        let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        let rows = summary["joint"].as_array().unwrap();
        assert_eq!(
            rows.iter().any(|row| row["order"] == "own"),
            own,
            "{members}"
        );
        assert!(rows.iter().all(|row| row["members"] == members));
        assert!(
            rows.iter()
                .all(|row| row["crps_fair"].is_null() == (members == 1))
        );
        // All rows are means over the same dates.
        assert!(
            rows.iter()
                .all(|row| row["occasions"] == rows[0]["occasions"])
        );
    }
}

/// What is read is never replaced, and a run that fails leaves what was there.
#[test]
fn the_input_and_the_output_before_are_kept() {
    let project = project();
    project.run(&["postprocess", "post.toml", "--quiet"]).done();
    let before = project.files("out");
    let with =
        |setting: &str| project.run(&["postprocess", "post.toml", "--overwrite", "--set", setting]);
    with("data.path=out/members.zarr").refused(&[
        "data.path",
        "out/members.zarr",
        "another output",
    ]);
    with("data.path=out/scores.json").refused(&["data.path", "out/scores.json"]);
    with("calibrated.order=schaake").done();
    let setting = [
        "--set",
        "calibrated.order=schaake",
        "--set",
        "calibrated.members=200",
    ];
    let schaake = project.files("out");
    assert!(schaake != before);
    project
        .run(
            &[
                &["postprocess", "post.toml", "--overwrite"][..],
                &setting[..],
            ]
            .concat(),
        )
        .refused(&["schaake", "200"]);
    assert_same(&schaake, &project.files("out"), "a run that failed");
}
