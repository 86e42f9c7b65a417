//! `foehn bench`: rates and what they are shares of.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use serde_json::Value;

/// Multiply-adds of tiny.toml's network on 16 x 16 cells, by hand: fine blocks of 8 channels, coarse ones of 16.
const MULTIPLY_ADDS: u64 = {
    let ends = 9 * 256 * 8 * (2 + 1);
    let time = 2 * 64 * 64;
    let fine = 256 * (9 * 8 * 8 + 9 * 8 * 8) + 2 * 64 * 8;
    let coarse = 64 * (9 * 16 * 16 + 9 * 16 * 16) + 2 * 64 * 16;
    let joined = 256 * (9 * 16 * 8 + 9 * 8 * 8 + 16 * 8) + 2 * 64 * 8;
    let (halve, narrow) = (64 * 4 * 8 * 16, 64 * 16 * 8);
    ends + time + fine + halve + 2 * coarse + narrow + joined
};

fn number(value: &Value) -> f64 {
    let number = value.as_f64().unwrap();
    assert!(number.is_finite() && number > 0.0, "{value}");
    number
}

/// Two rates that are one number seen twice, up to rounding.
fn same(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-9, "{a} and {b}");
}

#[test]
fn rates_agree_with_each_other_and_need_neither_data_nor_model() {
    let outcome = Project::new().run(&["bench", "tiny.toml", "--threads", "2", "--json"]);
    let report: Value = serde_json::from_str(&outcome.done().stdout).unwrap();
    assert_eq!(report["multiply_adds"], MULTIPLY_ADDS);
    assert_eq!(report["grid"], serde_json::json!([16, 16]));
    assert_eq!(report["reading"], Value::Null);
    let matrix = report["matrix"].as_array().unwrap();
    let threads: Vec<_> = matrix.iter().map(|rate| &rate["threads"]).collect();
    assert_eq!(threads, [1, 2]);
    let peak = number(&matrix[1]["gflops"]);
    let a_sample = 2e-9 * MULTIPLY_ADDS as f64;
    let calls = report["calls"].as_array().unwrap();
    let mut best = (0.0, &Value::Null);
    for (k, rate) in calls.iter().enumerate() {
        assert_eq!(rate["batch"], 1 << k);
        let samples = number(&rate["samples_per_second"]);
        same(
            samples,
            number(&rate["calls_per_second"]) * f64::from(1 << k),
        );
        same(number(&rate["gflops"]), a_sample * samples);
        same(number(&rate["share_of_peak"]) * peak, a_sample * samples);
        if samples > best.0 {
            best = (samples, &rate["batch"]);
        }
    }
    assert_eq!(&report["best_batch"], best.1);
    let forecast = &report["forecast"];
    assert_eq!(
        (&forecast["calls_a_lead"], &forecast["batch"]),
        (&3.into(), &5.into())
    );
    let leads = number(&forecast["members_leads_per_minute"]) / 60.0;
    same(number(&forecast["gflops"]), 3.0 * a_sample * leads);
    let training = &report["training"];
    let samples = number(&training["samples_per_second"]);
    same(number(&training["gflops"]), 3.0 * a_sample * samples);
}

#[test]
fn data_that_are_there_are_read() {
    let outcome = Project::simulated().run(&["bench", "tiny.toml", "--grid", "8x12"]);
    let text = outcome.done().stdout;
    assert!(
        text.contains("tiny: 8 x 12") && text.contains("GB/s"),
        "{text}"
    );
}

#[test]
fn a_grid_that_nothing_tells_is_asked_for() {
    let project = Project::new();
    let path = project.path("tiny.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("[simulate]").unwrap();
    let (_, data) = rest.split_once("[data]").unwrap();
    std::fs::write(&path, format!("{head}[data]{data}")).unwrap();
    project
        .run(&["bench", "tiny.toml"])
        .refused(&["data.zarr", "--grid NYxNX"]);
    let wrong = project.run(&["bench", "tiny.toml", "--grid", "8"]);
    assert!(wrong.stderr.contains("\"8\" is not a grid"), "{wrong:?}");
}

#[test]
fn scaling_has_larger_grids_and_other_widths() {
    let arguments = [
        "bench",
        "tiny.toml",
        "--threads",
        "2",
        "--json",
        "--scaling",
    ];
    let outcome = Project::new().run(&arguments).done();
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let rows = report["scaling"].as_array().unwrap();
    let sizes: Vec<_> = rows
        .iter()
        .map(|row| (&row["grid"], &row["channels"]))
        .collect();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let wanted = ["[16,16]", "[32,32]", "[64,64]"].map(|grid| (json(grid), json("[8,16]")));
    for (found, wanted) in sizes.iter().zip(&wanted) {
        assert_eq!((found.0, found.1), (&wanted.0, &wanted.1));
    }
    assert_eq!(sizes[3].1, &json("[4,8]"));
    assert_eq!(sizes[4].1, &json("[16,32]"));
    assert_eq!(rows[0]["multiply_adds"], MULTIPLY_ADDS);
    for row in rows {
        let work = 2e-9 * number(&row["multiply_adds"]);
        same(number(&row["gflops"]), work / number(&row["seconds"]));
    }
    let plain = &json(&Project::new().run(&arguments[..5]).done().stdout)["scaling"];
    assert_eq!(plain, &json("[]"));
}
