//! Why a forecast failed.

use foehn_dataset::DataError;
use foehn_dynamics::{GridError, SampleError};
use std::path::PathBuf;

/// Why a forecast failed.
#[derive(Debug, thiserror::Error)]
pub enum ForecastError {
    /// The sampler refused its equation.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The time grid is impossible.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// A state has too little past.
    #[error("the predictor needs {needed} past states and was given {found}")]
    ShortHistory {
        /// States needed.
        needed: usize,
        /// States given.
        found: usize,
    },
    /// A forecast left the numbers.
    #[error(
        "the forecast is not finite at lead {lead} (member {member} of the forecast from {init} s since 1970): \
         the network may be untrained or the state far from its training data"
    )]
    NotFinite {
        /// Lead, counted in steps from 1.
        lead: u32,
        /// Member.
        member: u32,
        /// Initial time, s since 1970-01-01.
        init: i64,
    },
    /// Values could not be brought to the host.
    #[error("cannot read values back from the device: {0}")]
    Device(String),
}

/// Why the statistics of increments could not be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum IncrementsError {
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A variable that never changes.
    #[error(
        "variable {0} does not change from one state to the next over the training part: list it under \
         data.statics instead of data.variables"
    )]
    Constant(String),
    /// Too many values for a full covariance.
    #[error(
        "a state of {values} values is too large for interpolant.noise = \"increments\" (at most {largest}): \
         set interpolant.noise = \"white\""
    )]
    TooLarge {
        /// Values in a state.
        values: usize,
        /// The most that is allowed.
        largest: usize,
    },
    /// Not a covariance.
    #[error(
        "the covariance of {0} increments is not positive definite: \
         check the data for extreme values, or set interpolant.noise = \"white\""
    )]
    NotPositive(usize),
    /// The file system or the format.
    #[error("cannot {action} {path}: {cause}")]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}
