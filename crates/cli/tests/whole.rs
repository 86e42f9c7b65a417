//! From simulation to report on a tiny project, and what each step leaves.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use foehn_archive::open;
use serde_json::Value;
use std::fs;

fn json(project: &Project, arguments: &[&str]) -> Value {
    let outcome = project.run(arguments).done();
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn every_step_says_what_it_did() {
    let project = Project::new();
    let step = |command| json(&project, &[command, "tiny.toml", "--json"]);
    let simulated = step("simulate");
    assert_eq!(
        (&simulated["runs"], &simulated["states"]),
        (&6.into(), &78.into())
    );
    let trained = step("train");
    assert!(number(&trained["validation_loss"]) < 2.0);
    let inflation = number(&trained["tuning"]["inflation"]);
    let forecast = step("forecast");
    assert_eq!(number(&forecast["inflation"]), inflation);
    assert_eq!(
        (&forecast["members"], &forecast["leads"]),
        (&4.into(), &3.into())
    );
    let verified = step("verify");
    let text = fs::read_to_string(project.path("runs/tiny/scores.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), verified);
    check_scores(&verified);
    let page = step("report");
    assert_eq!(page, "runs/tiny/report.html");
    check_report(&project);
}

fn check_scores(scores: &Value) {
    assert_eq!(scores["variables"][0]["variable"], "vorticity");
    let leads = scores["variables"][0]["leads"].as_array().unwrap();
    let seconds: Vec<_> = leads.iter().map(|lead| number(&lead["seconds"])).collect();
    assert_eq!(seconds, [43_200.0, 86_400.0, 129_600.0]);
    for lead in leads {
        for of in ["forecast", "persistence", "climatology"] {
            let table = &lead[of];
            assert!(
                number(&table["rmse"]) > 0.0 && number(&table["crps"]) > 0.0,
                "{table}"
            );
            let convention = &table["convention"];
            for key in [
                "members",
                "crps",
                "ddof",
                "factor",
                "ties",
                "weights",
                "missing_rule",
                "cases",
            ] {
                assert!(
                    !convention[key].is_null(),
                    "{key} is not said: {convention}"
                );
            }
        }
        assert_eq!(lead["forecast"]["convention"]["crps"], "fair");
        assert_eq!(lead["forecast"]["convention"]["members"], 4);
        assert!(number(&lead["spectra"]["log_distance"]) >= 0.0);
    }
}

/// The page needs nothing beside itself; the figures are PNG.
fn check_report(project: &Project) {
    let page = fs::read_to_string(project.path("runs/tiny/report.html")).unwrap();
    let namespaces = page.replace("http://www.w3.org/", "");
    assert!(!namespaces.contains("http://") && !namespaces.contains("https://"));
    let sources: Vec<_> = page.split("src=\"").skip(1).collect();
    assert!(sources.len() >= 6, "{} figures", sources.len());
    assert!(
        sources
            .iter()
            .all(|source| source.starts_with("data:image/png;base64,"))
    );
    for outside in ["<script src", "<link", "@import", "url(http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let figures = project.files("runs/tiny/figures");
    assert!(figures.len() >= 6);
    for (name, bytes) in figures {
        assert!(
            bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            "{}",
            name.display()
        );
    }
}

#[test]
fn a_forecast_in_netcdf_holds_what_the_store_holds() {
    let project = Project::trained();
    project
        .run(&["forecast", "tiny.toml", "--netcdf", "out.nc"])
        .done();
    let [store, file] =
        ["runs/tiny/forecast.zarr", "out.nc"].map(|p| open(&project.path(p)).unwrap());
    for name in store.variables().keys() {
        let [a, b] = [&store, &file].map(|archive| archive.read_f64(name).unwrap());
        assert_eq!(a, b, "{name}");
    }
    assert_eq!(store.times("time").unwrap(), file.times("time").unwrap());
    assert_eq!(store.attributes(), file.attributes());
    let values = store.read_all("vorticity").unwrap().values;
    assert_eq!(values.shape()[1..], [3, 4, 16, 16]);
    assert!(values.iter().all(|x| x.is_finite()));
}

#[test]
fn inspection_shows_what_a_file_holds() {
    let project = Project::simulated();
    let seen = json(&project, &["inspect", "data.zarr", "--json"]);
    let time = &seen["time"];
    assert_eq!(
        (&time["count"], &time["step_seconds"]),
        (&78.into(), &43_200.into())
    );
    assert_eq!((&time["gaps"], &time["disorder"]), (&5.into(), &0.into()));
    let text = project.run(&["inspect", "data.zarr"]).done().stdout;
    for part in [
        "vorticity",
        "float32",
        "time 78, y 16, x 16",
        "5 gap(s)",
        "2000-01-01",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
}

#[test]
fn prepared_data_are_the_same_data() {
    let project = Project::simulated();
    let made = json(
        &project,
        &["prepare", "tiny.toml", "--json", "--to", "prepared.zarr"],
    );
    assert_eq!(made["states"], 78);
    let [before, after] = ["data.zarr", "prepared.zarr"].map(|p| open(&project.path(p)).unwrap());
    assert_eq!(before.times("time").unwrap(), after.times("time").unwrap());
    assert_eq!(
        before.grid("vorticity").unwrap(),
        after.grid("vorticity").unwrap()
    );
    let [before, after] = [before, after].map(|archive| archive.read_all("vorticity").unwrap());
    assert_eq!(before.values, after.values);
    project.with("train", &["data.path=prepared.zarr"]).done();
}

#[test]
fn an_incomplete_forecast_is_not_verified() {
    let project = Project::trained();
    project.with("forecast", &[]).done();
    fs::remove_dir_all(project.path("runs/tiny/forecast.zarr/vorticity/c/1")).unwrap();
    project
        .with("verify", &[])
        .refused(&["forecast.zarr", "initial time 1, lead 0", "--resume"]);
}

#[test]
fn forecasts_of_every_layout_are_verified_alike() {
    let project = Project::trained();
    let scores = |layout: &str| {
        let layout = format!("forecast.layout={layout}");
        let settings = ["--set", &layout];
        let forecast = ["forecast", "tiny.toml", "--overwrite"];
        project.run(&[&forecast[..], &settings].concat()).done();
        project.with("verify", &[&layout]).done().stdout
    };
    let wanted = scores("weatherbench");
    for layout in ["earthkit", "iris", "earth2studio"] {
        assert_eq!(scores(layout), wanted, "{layout}");
    }
}

#[test]
fn memory_is_no_part_of_what_is_resumed() {
    let project = Project::simulated();
    let within = ["train", "tiny.toml", "--memory", "200MB"];
    project.run(&within).done();
    project.run(&["train", "tiny.toml", "--resume"]).done();
    project
        .run(&["forecast", "tiny.toml", "--memory", "200MB"])
        .done();
    project.run(&["forecast", "tiny.toml", "--resume"]).done();
}
