//! Scores of fields as tables to read.

use super::score::FieldScores;
use std::fmt::Write;

impl FieldScores {
    /// As tables to read.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}: {:?} coupling; {} samples of {} states of the {:?} period\n{:<34} {:>15} {:>5} {:>5} {:>10} {:>10} {:>10} {:>12} {:>9} {:>9}\n",
            self.name,
            self.coupling,
            self.members,
            self.states,
            self.period,
            "hidden cells",
            "solver",
            "steps",
            "calls",
            "fair CRPS",
            "MAE",
            "RMSE",
            "spread/skill",
            "90 % hold",
            "spectrum"
        );
        let or = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
        };
        for method in &self.methods {
            for row in &method.variables {
                let name = format!("{}, {}", method.method, row.variable);
                let solver = method.solver.map_or(String::new(), |s| format!("{s:?}"));
                let count = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
                let _ = writeln!(
                    text,
                    "{name:<34} {solver:>15} {:>5} {:>5} {:>10} {:>10.4} {:>10.4} {:>12} {:>9} {:>9}",
                    count(method.steps),
                    count(method.calls),
                    or(row.crps, 4),
                    row.mae,
                    row.rmse,
                    or(row.spread_skill, 3),
                    or(row.coverage_90, 3),
                    or(row.spectrum, 3)
                );
            }
        }
        let known = if self.known_unchanged {
            "unchanged"
        } else {
            "CHANGED"
        };
        let _ = write!(
            text,
            "known values {known}; scores in {}",
            self.path.display()
        );
        text
    }
}
