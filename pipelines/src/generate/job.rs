//! What `foehn generate` is asked for.

use super::table::TableName;
use std::path::PathBuf;

/// What is asked of `foehn generate`.
#[derive(Clone, Debug)]
pub struct GenerateJob {
    /// Tables to train on; without data an earlier model is sampled.
    pub names: Names,
    /// Folder of the model.
    pub model: PathBuf,
    /// Where samples go; none are drawn without.
    pub output: Option<PathBuf>,
    /// How many; by default as many as there are starts or conditions, else 1000.
    pub samples: Option<usize>,
    /// Starts of the samples, if not those trained on.
    pub from: Option<TableName>,
    /// Conditions of the samples, if not those trained on.
    pub given: Option<TableName>,
    /// A table whose log-density is wanted.
    pub density: Option<TableName>,
    /// Whether diffusions and numbers of steps are compared.
    pub sweep: Comparison,
}

/// Whether samplers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// Only the one asked for is used.
    #[default]
    None,
    /// The flow and several diffusions, at 5 to 100 steps.
    Sweep,
}

/// Which tables there are.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// x1.
    pub data: Option<TableName>,
    /// x0, where it is data.
    pub starts: Option<TableName>,
    /// What is known, row by row beside x1.
    pub condition: Option<TableName>,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file to begin from; the defaults without. A model that was trained before has its own.
    pub config: Option<PathBuf>,
    /// Keys with values, `key=value`.
    pub overrides: Vec<String>,
    /// The seed, if not the configuration's.
    pub seed: Option<u64>,
}
