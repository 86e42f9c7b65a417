//! What `foehn generate` returns, as text and as JSON.

use crate::sweep::Sweep;
use serde::Serialize;
use std::path::PathBuf;

/// What `foehn generate` did.
#[derive(Clone, Debug, Serialize)]
pub struct GenerateSummary {
    /// Folder of the model.
    pub model: PathBuf,
    /// Loss on the rows set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<SampleSummary>,
    /// Log-density of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<DensitySummary>,
    /// Quality over diffusions and steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// Samples that were written.
#[derive(Clone, Debug, Serialize)]
pub struct SampleSummary {
    /// The file.
    pub path: PathBuf,
    /// Rows.
    pub count: usize,
    /// Calls of the network, each on a batch.
    pub calls: usize,
    /// Energy distance between samples for the rows set aside (for all rows, where none are) and those
    /// rows, in units of the columns' deviations; where the data are at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_distance: Option<f64>,
    /// The same between two halves of those rows: what equal laws give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_distance_of_data: Option<f64>,
}

/// The density of a table under a model.
#[derive(Clone, Debug, Serialize)]
pub struct DensitySummary {
    /// Rows.
    pub rows: usize,
    /// Mean of `-log rho1`, nats, in the units of the columns.
    pub negative_log_likelihood: f64,
    /// Its standard error; none for a single row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
}

impl GenerateSummary {
    /// A few lines for a terminal.
    pub fn text(&self) -> String {
        let loss = self.validation_loss;
        let loss = loss.map_or(String::new(), |loss| format!("; validation loss {loss:.4}"));
        let mut lines = vec![format!("model in {}{loss}", self.model.display())];
        if let Some(done) = &self.samples {
            let distances = done.energy_distance.zip(done.energy_distance_of_data);
            let distances = distances.map_or(String::new(), |(found, data)| {
                format!("; energy distance to held-out data {found:.5} (halves of those {data:.5})")
            });
            lines.push(format!(
                "{} samples in {}, {} calls of the network{distances}",
                done.count,
                done.path.display(),
                done.calls
            ));
        }
        if let Some(density) = &self.density {
            let error = density.standard_error;
            let error = error.map_or(String::new(), |error| format!(" +- {error:.4}"));
            lines.push(format!(
                "negative log-likelihood {:.4}{error} nats over {} rows",
                density.negative_log_likelihood, density.rows
            ));
        }
        lines.extend(self.sweep.as_ref().map(|sweep| sweep.table().text()));
        lines.join("\n")
    }
}
