//! Why training or a checkpoint failed.

use crate::layout::LayoutError;
use std::path::PathBuf;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Too many steps in a row had a loss or gradient that is not a number.
    #[error(
        "the loss or its gradient was not finite in {count} steps in a row, the last one step {step}: \
         lower train.learning_rate (now {rate:.1e}) or check the data for extreme values"
    )]
    NotFinite {
        /// Steps in a row.
        count: usize,
        /// The last of them.
        step: usize,
        /// The learning rate there.
        rate: f64,
    },
    /// Gradients could not be read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("cannot {action} checkpoint {path}: {source}")]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a checkpoint.
    #[error("{path} is not a foehn checkpoint: {cause}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A checkpoint of another network.
    #[error(
        "checkpoint {path} is of another architecture: {cause}; it holds \"{found}\" and this run asks for \"{wanted}\": \
         use the configuration that it was trained with, or another output folder"
    )]
    Architecture {
        /// The file.
        path: PathBuf,
        /// The first difference.
        cause: String,
        /// Architecture in the file.
        found: String,
        /// Architecture of the run.
        wanted: String,
    },
}
