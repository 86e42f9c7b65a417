//! `foehn postprocess`, from text tables and stores to members and scores.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod cases;
mod common;

use cases::project;
use common::assert_same;

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
        let rows = summary["member_scores"].as_array().unwrap();
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
