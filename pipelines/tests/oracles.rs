//! The oracles reach their bars, and what they show as wrong is wrong.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_pipelines::{Answers, Networks, OracleName, Talk, Workers, oracle};

/// The row of this label in the first table that has it.
fn row(answers: &Answers, label: &str) -> Vec<f64> {
    let tables = answers.oracles.iter().flat_map(|oracle| &oracle.tables);
    let row = tables
        .flat_map(|table| &table.rows)
        .find(|row| row.label == label);
    row.unwrap()
        .entries
        .iter()
        .map(|entry| entry.measured)
        .collect()
}

/// An oracle with exact drifts.
fn exact(name: OracleName) -> Answers {
    let workers = Workers::new(1).unwrap();
    oracle(name, Networks::WhereNeeded, &workers, Talk::Silent).unwrap()
}

#[test]
fn mixtures_have_their_modes_whatever_the_diffusion() {
    let answers = exact(OracleName::Mixture2d);
    answers.check().unwrap();
    // a law of several modes: beta = t^2 is better at every number of steps
    let (quadratic, linear) = (
        row(&answers, "beta = t^2, sigma"),
        row(&answers, "beta = t, sigma"),
    );
    assert!(
        quadratic.iter().zip(&linear).all(|(q, l)| q < l),
        "{quadratic:?} {linear:?}"
    );
}

#[test]
fn errors_cost_no_more_than_their_bound_in_one_and_in_128_dimensions() {
    let answers = exact(OracleName::Gmm);
    answers.check().unwrap();
    // where the errors cancel, a hundred times less is lost than far from there
    let kl = row(&answers, "KL, errors cancelling");
    assert!(
        kl[4] < 2e-4 && kl[0] > 10.0 * kl[4] && kl[8] > 10.0 * kl[4],
        "{kl:?}"
    );
}

#[test]
fn the_weight_of_doob_alone_samples_another_law() {
    let answers = exact(OracleName::Assimilation);
    answers.check().unwrap();
    for beta in ["beta = t", "beta = t^2"] {
        let kl = row(&answers, &format!("{beta}, sigma, weight g^2 (wrong)"));
        // no step removes it: a mean off by a tenth of the deviation has KL 0.005
        assert!(kl.iter().all(|kl| *kl > 0.005), "{beta} {kl:?}");
    }
}

#[test]
fn a_spectrum_needs_times_that_follow_its_scales() {
    let answers = exact(OracleName::Field);
    answers.check().unwrap();
    assert!(row(&answers, "white noise, equal times, 20 calls")[1] > 1.0);
    assert!(
        row(
            &answers,
            "noise of the field's spectrum, epsilon = 1, 5 calls"
        )[1] <= 0.05
    );
}
