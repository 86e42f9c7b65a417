//! Why files do not make one series.

use std::path::PathBuf;

use thiserror::Error;

/// Why files do not make one series.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JoinError {
    /// Two files that do not fit together.
    #[error("{} and {} do not make one series: {difference}", first.display(), second.display())]
    FilesDiffer {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What differs.
        difference: String,
    },
    /// Two variables of one file on different grids or time axes.
    #[error("{}: variables {first:?} and {second:?} do not make one state: {difference}", file.display())]
    VariablesDiffer {
        /// The file.
        file: PathBuf,
        /// One variable.
        first: String,
        /// The other.
        second: String,
        /// What differs.
        difference: String,
    },
    /// A time axis that stands still or turns back.
    #[error("{}: time[{index}] is {time} after {before}; times must rise without repetition", file.display())]
    NotRising {
        /// The file.
        file: PathBuf,
        /// Position on its time axis.
        index: usize,
        /// The time before.
        before: String,
        /// The time there.
        time: String,
    },
    /// Variables at different times.
    #[error(
        "variables {first:?} and {second:?} differ in time: {difference}; each must be in every file, \
         or in files of its own with the same times"
    )]
    TimesDiffer {
        /// One variable.
        first: String,
        /// The other.
        second: String,
        /// Where they part.
        difference: String,
    },
}
