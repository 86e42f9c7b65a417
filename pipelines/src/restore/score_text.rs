//! Scores as tables to read.

use super::score::RestoreScores;
use std::fmt::Write;

impl RestoreScores {
    /// As tables to read.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {:?} coupling\n", self.name, self.coupling);
        if let Some(note) = &self.features {
            let _ = writeln!(
                text,
                "{} test pictures; features of {} (accuracy {:.3})\n{:<34} {:>15} {:>5} {:>5} {:>10} {:>12}",
                self.pictures,
                note.network,
                note.accuracy,
                "restored by",
                "solver",
                "steps",
                "calls",
                "Frechet",
                "kernel"
            );
        }
        for row in &self.distances {
            let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
            let (steps, calls) = (number(row.steps), number(row.calls));
            let solver = row
                .solver
                .map_or(String::new(), |solver| format!("{solver:?}"));
            let _ = writeln!(
                text,
                "{:<34} {solver:>15} {steps:>5} {calls:>5} {:>10.3} {:>12.3e}",
                row.method, row.frechet, row.kernel
            );
        }
        if let Some(ensemble) = &self.ensemble {
            text.push_str(&ensemble.text());
        }
        let _ = write!(text, "scores in {}", self.path.display());
        text
    }
}
