//! The shared data and scores of a fitted method on it.
#![allow(dead_code, reason = "every test of the folder uses a part")]

use std::path::{Path, PathBuf};

use foehn_calibration::{Basis, Cases, Fitted, Method, Oddity, Table, Variables};

/// A table of the shared ensembles; says that it skips where they are not there.
pub fn read(name: &str, members: &str) -> Option<(Table, Vec<Oddity>)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    let path = folder.join("ensembles").join(name);
    if !path.exists() {
        eprintln!("SKIPPED: no {} (set FOEHN_SHARED_DATA)", path.display());
        return None;
    }
    let variables = Variables {
        members: members.to_owned(),
        ..Variables::default()
    };
    let archive = foehn_archive::open(&path).expect("opens");
    let cases = Cases::read(&archive, &variables).expect("reads");
    Some((cases.table, cases.oddities))
}

/// One line of every kind.
pub const METHODS: [&str; 9] = [
    r#"name = "climatology""#,
    r#"name = "bias""#,
    r#"name = "emos""#,
    r#"name = "emos", objective = "likelihood", family = "logistic""#,
    r#"name = "emos", location = ["members", { station_error = 3 }]"#,
    r#"name = "emos", scope = "local""#,
    r#"name = "member_by_member", scope = { neighbours = 1 }"#,
    r#"name = "quantile_mapping", scope = { clusters = 2 }"#,
    r#"name = "isotonic""#,
];

/// A method from one line.
pub fn method(line: &str) -> Method {
    #[derive(serde::Deserialize)]
    struct Run {
        method: Method,
    }
    toml::from_str::<Run>(&format!("method = {{ {line} }}"))
        .expect(line)
        .method
}

/// Means over the cases of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    /// Of the law; of members with the empirical estimator.
    pub crps: f64,
    /// Absolute error of the median.
    pub mae: f64,
    /// Share of observations in the central 90 %.
    pub covered: f64,
    /// Cases.
    pub cases: usize,
    /// Of them, served by the fallback.
    pub fallback: usize,
}

/// Scores every case with an observation.
pub fn score(fitted: &Fitted, test: &Table) -> Score {
    let mut sum = Score::default();
    for case in test.cases().filter(|case| case.observation.is_finite()) {
        let prediction = fitted.predict(&case).expect("predicts");
        let y = case.observation;
        sum.crps += prediction.law.crps(y);
        sum.mae += (prediction.law.quantile(0.5) - y).abs();
        sum.covered += prediction.law.covers(y, 0.9);
        sum.cases += 1;
        sum.fallback += usize::from(prediction.basis == Basis::Fallback);
    }
    let count = sum.cases as f64;
    Score {
        crps: sum.crps / count,
        mae: sum.mae / count,
        covered: sum.covered / count,
        ..sum
    }
}

/// Prints a table of scores.
pub fn print_table(title: &str, rows: &[(&str, Score)]) {
    println!(
        "{title}\n{:32} {:>8} {:>8} {:>8} {:>9}",
        "method", "CRPS", "MAE", "90 %", "fallback"
    );
    for (name, s) in rows {
        println!(
            "{name:32} {:8.4} {:8.4} {:8.3} {:>4}/{}",
            s.crps, s.mae, s.covered, s.fallback, s.cases
        );
    }
}
