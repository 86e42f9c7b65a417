//! What the input was when a store was begun: a run that continues it must find the same.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use foehn_archive::{Store, is_address};
use foehn_field::TimeAxis;
use serde::{Deserialize, Serialize};

use crate::PrepareError;
use crate::input::{InputFile, InputVariable};

/// Files that change when the content of a Zarr folder does.
const ZARR: [&str; 4] = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/// One file of the input as it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Mark {
    path: PathBuf,
    /// Length and time of change in nanoseconds, of the file or of what a Zarr folder has at its root and for each
    /// variable; none for an address.
    stamps: Vec<(u64, u64)>,
    /// Variables, with how many times each has.
    variables: Vec<(String, usize)>,
}

/// Keeps in a store what its input is.
///
/// # Errors
/// [`PrepareError::SourceChanged`] where the run that began the store found something else.
pub(crate) fn same_source(files: &[InputFile], store: &Store) -> Result<(), PrepareError> {
    let marks: Vec<Mark> = files.iter().map(mark).collect();
    let text = serde_json::to_string(&marks).unwrap_or_default();
    let before = store.note(&text)?;
    let before: Vec<Mark> = serde_json::from_str(&before).unwrap_or_default();
    let gone = before.iter().find(|mark| !marks.contains(mark));
    let Some(other) = gone.or_else(|| marks.iter().find(|mark| !before.contains(mark))) else {
        return Ok(());
    };
    Err(PrepareError::SourceChanged {
        store: store.path().to_path_buf(),
        file: other.path.clone(),
    })
}

fn mark(file: &InputFile) -> Mark {
    let times = |v: &InputVariable| v.times.as_ref().map_or(0, TimeAxis::len);
    Mark {
        path: file.path.clone(),
        stamps: stamps(file),
        variables: file
            .variables
            .iter()
            .map(|v| (v.name.clone(), times(v)))
            .collect(),
    }
}

fn stamps(file: &InputFile) -> Vec<(u64, u64)> {
    if is_address(&file.path) {
        return Vec::new();
    }
    if !file.path.is_dir() {
        return stamp(&file.path).into_iter().collect();
    }
    let folders = file.variables.iter().map(|v| file.path.join(&v.name));
    let folders = folders.chain([file.path.clone()]);
    folders
        .flat_map(|folder| ZARR.map(|name| folder.join(name)))
        .filter(|path| path.is_file())
        .filter_map(|path| stamp(&path))
        .collect()
}

fn stamp(path: &Path) -> Option<(u64, u64)> {
    let found: Metadata = path.metadata().ok()?;
    let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((found.len(), changed.as_nanos() as u64))
}
