//! What can go wrong when a file is written.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_field::TimeError;
use thiserror::Error;

use crate::{OpenError, ReadError};

/// Why an output could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The output is there already.
    #[error("{}: exists; use --overwrite to replace it or --resume to continue it", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// What would be replaced was not written by this kind of run.
    #[error("{}: will not be replaced because it is {found}; remove it yourself or choose another output", path.display())]
    NotReplaced {
        /// The output.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// The run to be continued is another one.
    #[error(
        "{}: cannot be continued: {what} is {found} there but {planned} in this run; use --overwrite to start anew",
        path.display()
    )]
    Differs {
        /// The output.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What is there.
        found: String,
        /// What this run would write.
        planned: String,
    },
    /// Not every item is done.
    #[error("{}: {done} of {planned} items are done; not yet: {}{}", path.display(), missing.join(", "),
        if planned - done > missing.len() { " and others" } else { "; run their writers again, then merge" })]
    Incomplete {
        /// The output.
        path: PathBuf,
        /// Items that are done.
        done: usize,
        /// Items there must be.
        planned: usize,
        /// The first of those that are not done.
        missing: Vec<String>,
    },
    /// Another writer has ended the store since this one began.
    #[error("{}: was ended by another job, after merging, while this one was still writing: the store is whole and stays as it is",
        path.display())]
    Ended {
        /// The store.
        path: PathBuf,
    },
    /// No room is left.
    #[error("{}: the disk is full; make room and continue with --resume", path.display())]
    DiskFull {
        /// The file that did not fit.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The system refuses.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A plan that makes no file.
    #[error("{}: {why}", path.display())]
    Plan {
        /// The output.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Values for an array that was not planned, or of another type than planned.
    #[error("{}: array {array:?} of {values} was not planned", path.display())]
    NoArray {
        /// The output.
        path: PathBuf,
        /// The array.
        array: String,
        /// The type of the values.
        values: &'static str,
    },
    /// A region that does not consist of whole chunks.
    #[error("{}: region {region:?} of array {array:?} is not made of whole chunks {chunk:?} inside it", path.display())]
    NotWholeChunks {
        /// The output.
        path: PathBuf,
        /// The array.
        array: String,
        /// The region, one range a dimension.
        region: Vec<Range<u64>>,
        /// Shape of a chunk, or of a shard where chunks are sharded.
        chunk: Vec<u64>,
    },
    /// Files of an array that have gone after their items were marked.
    #[error("{}: {array} has {found} of {expected} files, though every item is marked: files were lost, write the store again",
        path.display())]
    Lost {
        /// The store.
        path: PathBuf,
        /// The array.
        array: String,
        /// Files that are there.
        found: u64,
        /// Files that its metadata ask for.
        expected: u64,
    },
    /// The Zarr library refuses.
    #[error("{}: {cause}", path.display())]
    Zarr {
        /// The output.
        path: PathBuf,
        /// What it says.
        cause: String,
    },
    /// The NetCDF library refuses.
    #[error("{}: NetCDF: {cause}", path.display())]
    NetCdf {
        /// The output.
        path: PathBuf,
        /// What it says.
        cause: String,
    },
    /// Times that cannot be encoded.
    #[error("{}: {cause}", path.display())]
    Time {
        /// The output.
        path: PathBuf,
        /// What is wrong.
        #[source]
        cause: TimeError,
    },
    /// The store to be exported cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store to be exported cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl WriteError {
    /// The error of a failed file operation; a full disk is told apart.
    pub(crate) fn io(path: &Path, cause: io::Error) -> Self {
        let path = path.to_path_buf();
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, cause }
            }
            _ => Self::Io { path, cause },
        }
    }
}
