//! The items of a store: which are done, which there will be, and what a run keeps for the next.

use std::path::PathBuf;

use serde_json::json;

use crate::atomic;
use crate::layout::save;
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
    /// [`WriteError`]: the disk.
    pub fn mark_done(&self, item: &str) -> Result<(), WriteError> {
        if self.finished {
            return Ok(());
        }
        let mark = self.mark(item);
        atomic::write_whole_by(&mark, &[], &self.writing.tag())
            .map_err(|cause| WriteError::io(&mark, cause))
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
        save(
            &self.path.join(MARKS).join(PLANNED),
            &planned,
            &self.writing.tag(),
        )
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
        if first.map_err(|cause| WriteError::io(&file, cause))? {
            return Ok(text.to_owned());
        }
        std::fs::read_to_string(&file).map_err(|cause| WriteError::io(&file, cause))
    }

    /// Whether every item is done and the metadata are consolidated.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    fn mark(&self, item: &str) -> PathBuf {
        self.path.join(MARKS).join(mark_name(item))
    }
}
