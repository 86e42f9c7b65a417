//! Scores as tables to read.

use super::ensemble::EnsembleScores;
use super::score::RestoreScores;
use std::fmt::Write;

impl RestoreScores {
    /// As tables to read.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {:?} coupling\n", self.name, self.coupling);
        if let Some(note) = &self.features {
            let _ = writeln!(
                text,
                "{} test pictures; features of {}\n{:<34} {:>15} {:>5} {:>5} {:>10} {:>12}",
                self.pictures,
                note.text(),
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

impl EnsembleScores {
    /// As a table to read.
    fn text(&self) -> String {
        let mut text = format!(
            "{} samples of {} pictures, {} steps, {} calls\n{:<34} {:>8} {:>7} {:>8}\n",
            self.members,
            self.pictures,
            self.steps,
            self.calls,
            "hidden pixels",
            "PSNR, dB",
            "SSIM",
            "MAE"
        );
        let number =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        for row in &self.means {
            let _ = writeln!(
                text,
                "{:<34} {:>8.2} {:>7} {:>8.4}",
                row.method,
                row.psnr,
                number(row.ssim),
                row.mae
            );
        }
        let known = if self.known_unchanged {
            "unchanged"
        } else {
            "CHANGED"
        };
        let _ = writeln!(
            text,
            "fair CRPS {:.4}; spread/skill {}; 90 % hold {} ({} of the {:.0} % that vary); known values {known}",
            self.crps,
            number(self.spread_skill),
            number(self.coverage_90),
            number(self.coverage_90_varying),
            100.0 * self.varying
        );
        if let Some(residual) = self.largest_residual {
            let _ = writeln!(
                text,
                "reduced again, samples as written miss the coarse pictures by at most {residual:.3} of [-1, 1]"
            );
        }
        text
    }
}
