//! Odd and wrong input of `foehn postprocess`: each is served, or is one clear error.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod cases;
mod common;

use std::fs;
use std::path::Path;

use cases::{CONFIG, project, rewrite, row, summary};

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

/// Members that are there for the first half of the dates only: the others serve, and as a term one by one each is
/// replaced by their mean. Where all vanish, the error says what is missing where.
#[test]
fn members_that_vanish() {
    let project = project();
    let vanish = |from: usize, cells: std::ops::Range<usize>| {
        rewrite(&project, |row, of| {
            if row >= from {
                of[cells.clone()].iter_mut().for_each(String::clear);
            }
        });
    };
    vanish(200, 6..8);
    let each = "methods.each={name=\"emos\",location=[\"members\"]}";
    let found = summary(&project, &[each]);
    assert_eq!(
        (&found["scored"]["cases"], &found["without_members"]),
        (&80.into(), &0.into())
    );
    for method in ["emos", "member", "each"] {
        assert!(
            row(&found, method)["crps"].as_f64().unwrap() < 0.75,
            "{method}"
        );
    }
    vanish(320, 3..8);
    project
        .run(&["postprocess", "post.toml", "--overwrite"])
        .refused(&["no case to score", "no member", "station"]);
}

/// One training date of a station without any member: no start for a transport, which learns from the others and says so.
#[test]
fn a_case_without_members_teaches_no_transport() {
    let project = project();
    rewrite(&project, |row, cells| {
        if row == 10 {
            cells[3..8].iter_mut().for_each(String::clear);
        }
    });
    for (starts, dynamics) in [("members", "flow"), ("members", "sde"), ("mean", "follmer")] {
        let carried = format!(
            "methods.carried={{name=\"interpolant\",starts=\"{starts}\",dynamics=\"{dynamics}\",draws=8,\
             base={{location=[],scale=[]}},terms=[\"mean\"],networks=2,blocks=2,steps=20}}"
        );
        let found = summary(&project, &[&carried]);
        let said = found["fitted"]["carried"].as_str().unwrap();
        assert!(
            said.ends_with("for want of a member: 1"),
            "{starts}: {said}"
        );
    }
}

/// A term that is the same everywhere weighs nothing; members that are, leave climatology.
#[test]
fn predictors_that_do_not_vary() {
    let project = project();
    rewrite(&project, |_, cells| cells[10] = "10".to_owned());
    let constant = [
        "methods.constant={name=\"emos\",location=[\"mean\",\"longitude\"]}",
        "methods.network={name=\"distributional\",terms=[\"mean\",\"longitude\"],steps=20}",
    ];
    let found = summary(&project, &constant);
    let crps = |method: &str| row(&found, method)["crps"].as_f64().unwrap();
    assert!((crps("constant") - crps("emos")).abs() < 1e-3 * crps("emos"));
    assert!(crps("network") < 1.1 * crps("emos"));
    rewrite(&project, |_, cells| {
        for member in &mut cells[3..8] {
            "4.0".clone_into(member);
        }
    });
    let found = summary(&project, &[]);
    // Observations of deviation 10: the CRPS of their own normal law is 5.6.
    let crps = row(&found, "emos")["crps"].as_f64().unwrap();
    assert!((crps - 5.6).abs() < 1.5, "{crps}");
}

/// A station that begins after training is served by the part of all stations, which is counted.
#[test]
fn a_station_that_was_never_seen() {
    let project = project();
    rewrite(&project, |row, cells| {
        if row >= 320 && row % 2 == 1 {
            "C".clone_into(&mut cells[0]);
            "49".clone_into(&mut cells[9]);
        }
    });
    let embedded =
        "methods.network={name=\"distributional\",terms=[\"mean\"],steps=20,embedding=2}";
    let learnt = "methods.learnt={name=\"distributional\",base={location=[],scale=[]},terms=[\"mean\"],embedding=2,\
                  steps=120,learning_rate=0.02,networks=2,blocks=2}";
    let own = "methods.own={name=\"emos\",location=[\"mean\",{station_error=5}]}";
    let found = summary(&project, &[embedded, learnt, own]);
    // Where no network is taken, none of its vectors is missing: the base of all stations serves.
    let said = |method: &str| found["fitted"][method].as_str().unwrap();
    assert!(said("network").contains("the base") && said("learnt").contains("stopped at"));
    for (method, fallback) in [
        ("local", 40),
        ("network", 0),
        ("learnt", 40),
        ("own", 40),
        ("emos", 0),
    ] {
        assert_eq!(row(&found, method)["fallback"], fallback, "{method}");
    }
    let said = project
        .run(&["postprocess", "post.toml", "--overwrite"])
        .done();
    assert!(said.stdout.contains("40/80"), "{}", said.stdout);
    assert!(
        said.stdout.contains("local: served as all stations: C\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn no_observation_at_all() {
    let project = project();
    rewrite(&project, |_, cells| cells[8].clear());
    project
        .run(&["postprocess", "post.toml"])
        .refused(&["methods.", "all 320 observations are missing"]);
    assert!(!project.path("out").exists());
}

/// The same cases as a Parquet table, which pyarrow wrote: too few to fit, so that raw members alone are scored.
#[test]
fn a_parquet_table() {
    let project = project();
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("../calibration/tests/parquet");
    fs::copy(
        tables.join("pandas_zstd.parquet"),
        project.path("cases.parquet"),
    )
    .unwrap();
    let text = fs::read_to_string(project.path("post.toml")).unwrap();
    let text = text
        .replace("[data.csv]", "[data.parquet]")
        .replace("cases.csv", "cases.parquet");
    let start = text.find("[methods]").unwrap();
    let text = text[..start]
        .replace("lead_hours = \"lead\"\n", "")
        .replace("longitude = \"lon\"\n", "")
        + "[methods]\nraw = { name = \"raw\" }\n[calibrated]\nmethod = \"raw\"\n";
    fs::write(project.path("post.toml"), &text).unwrap();
    let found = summary(&project, &["data.train=0.5"]);
    assert_eq!(found["scored"]["cases"], 3);
    let bare = text.replace("[data.parquet]", "[data.csv]");
    fs::write(project.path("post.toml"), bare).unwrap();
    project
        .run(&["postprocess", "post.toml", "--overwrite"])
        .refused(&["cases.parquet"]);
}
