//! What can go wrong while data are prepared.

use std::path::PathBuf;

use foehn_archive::{OpenError, ReadError, WriteError};
use foehn_dataset::JoinError;
use foehn_field::TimeError;
use foehn_grid::{RegridError, WindsError};
use thiserror::Error;

/// Why data could not be prepared.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// A key of the configuration that cannot be.
    #[error("prepare.{key}: {problem}")]
    Config {
        /// The key.
        key: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// No file matches.
    #[error("prepare.from: no file matches {pattern:?}")]
    NoFile {
        /// The name or pattern.
        pattern: String,
    },
    /// A variable that does not have the dimensions of a state.
    #[error("{}: {variable}: {problem}", file.display())]
    Variable {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file among several that has nothing of what is read.
    #[error("{}: it holds none of {wanted}; it has {known}. Leave it out of prepare.from", file.display())]
    NothingWanted {
        /// The file.
        file: PathBuf,
        /// What is read.
        wanted: String,
        /// What it has.
        known: String,
    },
    /// Files or variables that do not belong together.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The input is another than when the store was begun.
    #[error(
        "{}: was begun from other data: {} has changed, gone or come since. Begin again with --overwrite", store.display(),
        file.display()
    )]
    SourceChanged {
        /// The store.
        store: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A date that is none, or times that cannot be written.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The grids do not go together.
    #[error("prepare.regrid: {0}")]
    Regrid(#[from] RegridError),
    /// The wind has no derivatives.
    #[error("prepare.derive: {0}")]
    Winds(#[from] WindsError),
    /// The file of sums that do not fit into memory.
    #[error("{}: {cause}", path.display())]
    Sums {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// The system refuses threads.
    #[error("{threads} threads cannot be started: {cause}")]
    Threads {
        /// As many were asked for.
        threads: usize,
        /// What the system says.
        cause: String,
    },
    /// The caller stopped the work; what is written stays.
    #[error("stopped; what is written stays")]
    Stopped,
}

impl PrepareError {
    pub(crate) fn config(key: &str, problem: impl Into<String>) -> Self {
        Self::Config {
            key: key.to_owned(),
            problem: problem.into(),
        }
    }
}
