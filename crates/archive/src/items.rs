//! The items of a store: which are done, which there will be, and what a run keeps for the next.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::atomic;
use crate::merge::{MARKS, NOTE, PLANNED, mark_name};
use crate::{Store, WriteError};

impl Store {
    /// Whether an item was marked done, by this run or the one that it continues.
    pub fn is_done(&self, item: &str) -> bool {
        self.finished || self.mark(item).is_file()
    }

    /// Marks an item done; call it after all of the item's values are written.
    ///
    /// # Errors
    /// [`WriteError::Ended`] where another has ended the store meanwhile; the disk.
    pub fn mark_done(&self, item: &str) -> Result<(), WriteError> {
        if self.finished {
            return Ok(());
        }
        self.keep(&self.mark(item), &[])
    }

    /// Writes a file into the folder of marks, which another that ended the store has taken away.
    fn keep(&self, file: &Path, content: &[u8]) -> Result<(), WriteError> {
        let written = atomic::write_into(file, content, &self.tag, || true);
        written.map_err(|cause| self.ended_or(WriteError::io(file, cause)))
    }

    /// An error of this writer; that the store was ended by another, where it was.
    pub(crate) fn ended_or(&self, error: WriteError) -> WriteError {
        if self.finished || self.path.join(MARKS).is_dir() {
            return error;
        }
        WriteError::Ended {
            path: self.path.clone(),
        }
    }

    /// Says which items will be marked, so that [`merge`](crate::merge) can tell whether all are.
    ///
    /// # Errors
    /// [`WriteError`]: the disk.
    pub fn expect(&self, items: &[String]) -> Result<(), WriteError> {
        if self.finished {
            return Ok(());
        }
        let arrays: Vec<&String> = self.arrays.keys().collect();
        let planned = json!({"arrays": arrays, "items": items});
        let text = serde_json::to_string_pretty(&planned).unwrap_or_default();
        self.keep(&self.path.join(MARKS).join(PLANNED), text.as_bytes())
    }

    /// Keeps a text until the store is finished, unless there is one: gives the one that is there. It tells a run that
    /// continues what the run before it began with.
    ///
    /// # Errors
    /// [`WriteError`]: the disk.
    pub fn note(&self, text: &str) -> Result<String, WriteError> {
        if self.finished {
            return Ok(text.to_owned());
        }
        let file = self.path.join(MARKS).join(NOTE);
        let first = atomic::write_first(&file, text.as_bytes());
        let failed = |cause| self.ended_or(WriteError::io(&file, cause));
        if first.map_err(failed)? {
            return Ok(text.to_owned());
        }
        std::fs::read_to_string(&file).map_err(failed)
    }

    /// Whether every item is done and the metadata are consolidated.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    fn mark(&self, item: &str) -> PathBuf {
        self.path.join(MARKS).join(mark_name(item))
    }
}
