//! The score file of a run: every number with how it was made.

use crate::text_file::write_text;
use anyhow::{Context, Result};
use foehn_verification::{ScoreTable, Spectrum};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `scores.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScoreFile {
    /// Name of the run.
    pub name: String,
    /// Initial times, first and last.
    pub period: [String; 2],
    /// Initial states.
    pub cases: usize,
    /// Members of the forecast.
    pub members: usize,
    /// How reference forecasts were made.
    pub references: References,
    /// One entry a variable.
    pub variables: Vec<VariableScores>,
}

/// How reference forecasts were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct References {
    /// The initial state at every lead; its CRPS is its mean absolute error.
    pub persistence: String,
    /// States of the training part around the same day of the year.
    pub climatology: String,
    /// Members of the climatological ensemble.
    pub climatology_members: usize,
}

/// Scores of one variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VariableScores {
    /// Its name.
    pub variable: String,
    /// Its units.
    pub units: String,
    /// One entry a lead.
    pub leads: Vec<LeadScores>,
}

/// Scores of one lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeadScores {
    /// The lead, s.
    pub seconds: i64,
    /// The forecast.
    pub forecast: ScoreTable,
    /// The initial state.
    pub persistence: ScoreTable,
    /// Past states of the season.
    pub climatology: ScoreTable,
    /// Power spectra; none where data are missing or the grid has no modes.
    pub spectra: Option<SpectraScores>,
}

/// Spectra of members and truth.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpectraScores {
    /// Mean spectrum of single members.
    pub forecast: Spectrum,
    /// Mean spectrum of the truth.
    pub truth: Spectrum,
    /// Mean over resolved shells of `|log10(E / E_true)|`.
    pub log_distance: f64,
}

impl LeadScores {
    /// RMSE of the ensemble mean over that of persistence.
    pub fn rmse_ratio(&self) -> f64 {
        self.forecast.rmse / self.persistence.rmse
    }

    /// Share of the climatological ensemble's CRPS that the forecast saves.
    pub fn skill_over_climatology(&self) -> f64 {
        1.0 - self.forecast.crps / self.climatology.crps
    }
}

impl ScoreFile {
    /// Reads a score file.
    ///
    /// # Errors
    /// If it is missing or not one.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}: run `foehn verify` first", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not a score file", path.display()))
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_text(path, &serde_json::to_string_pretty(self)?)
    }

    /// The numbers one by one, for a terminal.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for variable in &self.variables {
            let units = &variable.units;
            lines.push(format!(
                "{} [{units}], {} cases, {} members; CRPS fair, spread/skill with sqrt((M+1)/M)",
                variable.variable, self.cases, self.members
            ));
            lines.push(format!(
                "{:>8} {:>10} {:>12} {:>10} {:>12} {:>12} {:>9} {:>9} {:>9}",
                "lead",
                "RMSE",
                "/persistence",
                "CRPS",
                "climatology",
                "persistence",
                "saved",
                "spr/skill",
                "|dlogE|"
            ));
            for lead in &variable.leads {
                let option = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
                lines.push(format!(
                    "{:>8} {:>10.4} {:>12.3} {:>10.4} {:>12.4} {:>12.4} {:>8.1}% {:>9} {:>9}",
                    lead_name(lead.seconds),
                    lead.forecast.rmse,
                    lead.rmse_ratio(),
                    lead.forecast.crps,
                    lead.climatology.crps,
                    lead.persistence.crps,
                    100.0 * lead.skill_over_climatology(),
                    option(lead.forecast.spread_skill),
                    option(lead.spectra.as_ref().map(|s| s.log_distance)),
                ));
            }
        }
        lines.join("\n")
    }
}

/// A lead in its largest whole unit: `12 h`, `3 d`, `90 s`.
pub fn lead_name(seconds: i64) -> String {
    for (size, unit) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds % size == 0 {
            return format!("{} {unit}", seconds / size);
        }
    }
    format!("{seconds} s")
}
