//! What can be wrong with the data of a run.

use std::path::PathBuf;

use foehn_archive::{OpenError, ReadError};
use foehn_field::{GridError, TimeError};
use thiserror::Error;

use crate::{JoinError, Split};

/// Why data could not be opened, read or standardised.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file could not be opened.
    #[error(transparent)]
    Open(Box<OpenError>),
    /// A variable could not be read.
    #[error(transparent)]
    Read(Box<ReadError>),
    /// A key of `[data]` with a value that cannot be.
    #[error("data.{key}: {problem}")]
    Config {
        /// The key.
        key: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A date that cannot be read.
    #[error("data.{split}: {cause}")]
    Date {
        /// The period.
        split: Split,
        /// What is wrong with the date.
        #[source]
        cause: TimeError,
    },
    /// A period that ends before it begins.
    #[error("data.{split}: {first} comes after {last}; write the first date first")]
    Backwards {
        /// The period.
        split: Split,
        /// Its first date.
        first: String,
        /// Its last date.
        last: String,
    },
    /// Two periods share dates.
    #[error(
        "data.{first} and data.{second} overlap: both hold {shared}; a model must not be judged on what it saw"
    )]
    SplitsOverlap {
        /// One period.
        first: Split,
        /// The other.
        second: Split,
        /// What both hold.
        shared: String,
    },
    /// A period reaches beyond the data.
    #[error("data.{split}: {asked} reaches beyond the data, which has {there}")]
    OutOfRange {
        /// The period.
        split: Split,
        /// The dates asked for.
        asked: String,
        /// The dates there are.
        there: String,
    },
    /// A variable is in no file.
    #[error("{}: there is no variable {name:?}{}; it has {known}", file.display(), hint(nearest.as_deref()))]
    NoVariable {
        /// The file.
        file: PathBuf,
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// The names there are.
        known: String,
    },
    /// A variable of the state without a time dimension.
    #[error(
        "{}: variable {variable:?} with dimensions {dims:?} has no time; list it under data.statics, \
         or give its time dimension a coordinate with units such as \"hours since 2000-01-01\"",
        file.display()
    )]
    NoTime {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// Its dimensions.
        dims: Vec<String>,
    },
    /// A variable listed as static that changes in time.
    #[error("{}: variable {variable:?} changes along {dim:?}; list it under data.variables, not data.statics", file.display())]
    NotStatic {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// Its time dimension.
        dim: String,
    },
    /// A dimension beside time, y and x.
    #[error(
        "{}: variable {variable:?} has dimension {dim:?} of length {length} beside time and the grid; every channel \
         must be a variable of its own, so save the levels or members wanted as variables (xarray: ds.isel({dim}=0), \
         then rename and merge)",
        file.display()
    )]
    ExtraDimension {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// The dimension.
        dim: String,
        /// Its length.
        length: usize,
    },
    /// Dimensions that do not end in the grid's.
    #[error(
        "{}: variable {variable:?} with dimensions {dims:?} of lengths {shape:?} does not lie on the {ny} x {nx} grid \
         (rows first, then columns)",
        file.display()
    )]
    OffGrid {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// Its dimensions.
        dims: Vec<String>,
        /// Their lengths.
        shape: Vec<usize>,
        /// Rows of the grid.
        ny: usize,
        /// Columns of the grid.
        nx: usize,
    },
    /// Files that do not make one series.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// A value that is not a number, in a place that the file does not declare missing.
    #[error(
        "{}: {variable} is {value:?} at {time}, {cell}, and the file does not declare it missing; {remedy}",
        file.display()
    )]
    Undeclared {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// The value.
        value: f32,
        /// The valid time.
        time: String,
        /// The cell.
        cell: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Values declared missing although the configuration allows none.
    #[error(
        "{}: {percent:.2} % of {variable} is missing {when}, first at {cell}; set data.missing = \"mask\" to give \
         such cells no weight, or fill them in the file",
        file.display()
    )]
    DeclaredMissing {
        /// The file.
        file: PathBuf,
        /// The variable.
        variable: String,
        /// The share missing, in percent.
        percent: f64,
        /// The times that were looked at.
        when: String,
        /// The first cell missing.
        cell: String,
    },
    /// A grid without cell areas.
    #[error("{}: the cells have no areas: {cause}", file.display())]
    Areas {
        /// The file.
        file: PathBuf,
        /// What is wrong with the grid.
        #[source]
        cause: GridError,
    },
    /// A field without variance cannot be scaled.
    #[error("{name} is constant ({value}) {place}: there is nothing to scale by; {remedy}")]
    Constant {
        /// The variable.
        name: String,
        /// Its value.
        value: f64,
        /// Where.
        place: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A variable without any value.
    #[error("{name} is missing at every training time and cell; check data.train and the file")]
    NeverThere {
        /// The variable.
        name: String,
    },
    /// An annual cycle from less than a year.
    #[error(
        "data.centre = \"season\" needs training dates all around the year, but of {parts} equal parts of the year \
         {covered} hold states; use \"cell\" or a longer training period"
    )]
    SeasonNotCovered {
        /// Parts of the year that were looked at.
        parts: usize,
        /// Parts that hold states.
        covered: usize,
    },
    /// No state, or no window of states, in a period.
    #[error(
        "data.{split}: none of its {states} states has {history} state(s) of history and {horizon} of future \
         at steps of {step} without a gap; use longer dates, a shorter history or horizon, or another data.step"
    )]
    NoWindows {
        /// The period.
        split: Split,
        /// States in it.
        states: usize,
        /// States of the condition.
        history: usize,
        /// Steps of the future.
        horizon: usize,
        /// The step.
        step: String,
    },
    /// Statistics of other data.
    #[error("the statistics were made for other data: {difference}")]
    OtherStatistics {
        /// What differs.
        difference: String,
    },
    /// A position that the series does not have.
    #[error("state {index} was asked for, but the series has {count}")]
    NoState {
        /// The position.
        index: usize,
        /// The number of states.
        count: usize,
    },
    /// A file that could not be read or written.
    #[error("{}: {cause}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// A file that does not hold statistics.
    #[error("{}: these are not statistics: {cause}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The thread that reads ahead is gone.
    #[error("the thread that reads ahead stopped: {cause}")]
    Prefetch {
        /// Why.
        cause: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

impl From<OpenError> for DataError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}

impl From<ReadError> for DataError {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}
