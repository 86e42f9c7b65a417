//! `foehn oracle`: exact answers from the command line.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use common::Project;
use serde_json::Value;
use std::fs;

/// KL of the samplers that are not variants of another, as published, 5 to 500 steps.
const PUBLISHED: [(&str, [f64; 6]); 6] = [
    (
        "beta = t^2, sigma",
        [5.000e-2, 1.567e-2, 4.462e-3, 7.769e-4, 2.000e-4, 8.194e-6],
    ),
    (
        "beta = t^2, g_F",
        [1.307e-2, 5.552e-3, 1.734e-3, 3.160e-4, 8.249e-5, 3.416e-6],
    ),
    (
        "beta = t, sigma",
        [2.568e-3, 5.281e-4, 1.182e-4, 1.759e-5, 4.289e-6, 1.681e-7],
    ),
    (
        "beta = t, g_F",
        [2.049e-6, 1.918e-5, 9.452e-6, 2.074e-6, 5.703e-7, 2.453e-8],
    ),
    (
        "beta = t, exponential flow",
        [1.239e-3, 5.776e-4, 2.069e-4, 4.531e-5, 1.357e-5, 7.589e-7],
    ),
    (
        "beta = t^2, Euler flow (does not converge)",
        [9.876e-2, 4.940e-2, 3.132e-2, 2.266e-2, 1.980e-2, 1.699e-2],
    ),
];

#[test]
fn divergences_of_the_samplers_are_the_published_ones() {
    let outcome = Project::new().run(&["oracle", "ou", "--json"]).done();
    let answers: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let table = &answers["oracles"][0]["tables"][0];
    assert_eq!(
        table["columns"],
        serde_json::json!(["5", "10", "20", "50", "100", "500"])
    );
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 9);
    for (label, published) in PUBLISHED {
        let row = rows.iter().find(|row| row["label"] == label).unwrap();
        for (entry, expected) in row["entries"].as_array().unwrap().iter().zip(published) {
            let measured = entry["measured"].as_f64().unwrap();
            assert!(
                (measured / expected - 1.0).abs() < 0.01,
                "{label}: {measured:.4e}, not {expected:.4e}"
            );
            assert_eq!(entry["met"], true);
        }
    }
}

#[test]
fn the_table_shows_measured_numbers_beside_references_and_bars() {
    let project = Project::new();
    let outcome = project.run(&["oracle", "assimilation", "--figure", "figures"]);
    let text = outcome.done().stdout;
    for part in ["measured", "met <=", "assimilation: 8 bars, all met"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let figure = fs::read(project.path("figures/oracle_assimilation.png")).unwrap();
    assert_eq!(&figure[1..4], b"PNG");
}

#[test]
fn spectra_of_fields_need_few_calls() {
    let text = Project::new().run(&["oracle", "field"]).done().stdout;
    assert!(text.contains("field: 4 bars, all met"), "{text}");
}

#[test]
fn an_unknown_oracle_is_refused_with_the_nearest_name() {
    let project = Project::new();
    let refused = project.run(&["oracle", "mixtur"]);
    refused.refused(&["\"mixtur\"", "did you mean \"mixture2d\"?", "assimilation"]);
}
