//! A Zarr v3 group being written, one atomic item at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foehn_field::Attributes;
use indexmap::IndexMap;
use ndarray::{ArrayView, ArrayViewD, Dimension};
use serde_json::{Map, Value, json};
use zarrs::array::{Array, ArrayError, ArrayMetadata, ArraySubset, CodecError, Element as Stored};
use zarrs::storage::StorageError;

use crate::WriteError;
use crate::atomic::{self, AtomicStore};
use crate::boundary::contained;
use crate::layout::{agreed, group_metadata, make_room, remove, save};
use crate::plan::{ArrayPlan, Element};

/// What to do where the output exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Refuse.
    Create,
    /// Replace it.
    Overwrite,
    /// Continue it; start where there is none.
    Resume,
}

/// A Zarr v3 group being written.
///
/// Every file appears whole or not at all. An item is whatever the caller marks done after writing its
/// data: a crash leaves it done or to be done again. Marks live in a hidden folder inside the group until
/// [`Store::finish`], which writes the consolidated metadata; a group that has those is done in every item.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    attributes: Attributes,
    arrays: IndexMap<String, (ArrayPlan, Array<AtomicStore>)>,
    finished: bool,
}

/// The hidden folder of marks.
const MARKS: &str = ".foehn";

impl Store {
    /// Lays out a group: metadata of the group and of every array, no values.
    ///
    /// With [`Mode::Resume`] what is there must agree with the plans and attributes.
    ///
    /// # Errors
    /// [`WriteError`]: the output exists, or differs from the plan, or cannot be written.
    pub fn create(
        path: &Path,
        attributes: Attributes,
        arrays: Vec<ArrayPlan>,
        mode: Mode,
    ) -> Result<Self, WriteError> {
        if let Some(why) = arrays.iter().find_map(ArrayPlan::flaw) {
            return Err(WriteError::Plan {
                path: path.to_path_buf(),
                why,
            });
        }
        make_room(path, mode)?;
        let zarr = |cause: String| WriteError::Zarr {
            path: path.to_path_buf(),
            cause,
        };
        let storage = Arc::new(AtomicStore::new(path).map_err(zarr)?);
        let group = group_metadata(&attributes);
        let found = agreed(path, "", &group)?;
        let finished = found
            .as_ref()
            .is_some_and(|found| found.get("consolidated_metadata").is_some());
        let mut planned = IndexMap::new();
        for plan in arrays {
            let metadata = plan.metadata();
            if agreed(path, &plan.name, &metadata)?.is_none() {
                save(&path.join(&plan.name).join("zarr.json"), &metadata)?;
            }
            let array = open_array(&storage, &plan.name, metadata).map_err(zarr)?;
            planned.insert(plan.name.clone(), (plan, array));
        }
        // the group's own metadata come last, so that a folder that has them is a whole layout
        if found.is_none() {
            save(&path.join("zarr.json"), &group)?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            attributes,
            arrays: planned,
            finished,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of files when everything is written.
    pub fn planned_files(&self) -> u64 {
        1 + self
            .arrays
            .values()
            .map(|(plan, _)| 1 + plan.files())
            .sum::<u64>()
    }

    /// Writes whole chunks of an array planned as [`Element::F32`]; see [`WriteError::NotWholeChunks`].
    ///
    /// # Errors
    /// [`WriteError`]: the array, the region or the disk.
    pub fn write_f32(
        &self,
        array: &str,
        start: &[u64],
        values: ArrayViewD<'_, f32>,
    ) -> Result<(), WriteError> {
        self.write(array, Element::F32, start, values)
    }

    /// Writes whole chunks of an array planned as [`Element::F64`].
    ///
    /// # Errors
    /// As [`Store::write_f32`].
    pub fn write_f64(
        &self,
        array: &str,
        start: &[u64],
        values: ArrayViewD<'_, f64>,
    ) -> Result<(), WriteError> {
        self.write(array, Element::F64, start, values)
    }

    /// Writes whole chunks of an array planned as [`Element::I64`].
    ///
    /// # Errors
    /// As [`Store::write_f32`].
    pub fn write_i64(
        &self,
        array: &str,
        start: &[u64],
        values: ArrayViewD<'_, i64>,
    ) -> Result<(), WriteError> {
        self.write(array, Element::I64, start, values)
    }

    /// Writes whole chunks of an array planned as [`Element::I32`].
    ///
    /// # Errors
    /// As [`Store::write_f32`].
    pub fn write_i32(
        &self,
        array: &str,
        start: &[u64],
        values: ArrayViewD<'_, i32>,
    ) -> Result<(), WriteError> {
        self.write(array, Element::I32, start, values)
    }

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
        atomic::write_whole(&mark, &[]).map_err(|cause| WriteError::io(&mark, cause))
    }

    /// Writes the consolidated metadata and removes the marks: every item is done.
    ///
    /// # Errors
    /// [`WriteError`]: the disk.
    pub fn finish(self) -> Result<(), WriteError> {
        let arrays: Map<String, Value> = self
            .arrays
            .iter()
            .map(|(name, (plan, _))| (name.clone(), plan.metadata()))
            .collect();
        let mut group = group_metadata(&self.attributes);
        group["consolidated_metadata"] =
            json!({"kind": "inline", "must_understand": false, "metadata": arrays});
        save(&self.path.join("zarr.json"), &group)?;
        remove(&self.path.join(MARKS))
    }

    fn write<T: Stored + Clone, D: Dimension>(
        &self,
        name: &str,
        values: Element,
        start: &[u64],
        region: ArrayView<'_, T, D>,
    ) -> Result<(), WriteError> {
        let planned = self
            .arrays
            .get(name)
            .filter(|(plan, _)| plan.values == values);
        let (plan, array) = planned.ok_or_else(|| WriteError::NoArray {
            path: self.path.clone(),
            array: name.to_owned(),
            values: values.name(),
        })?;
        let shape: Vec<u64> = region.shape().iter().map(|n| *n as u64).collect();
        self.check_whole(plan, start, &shape)?;
        let subset = ArraySubset::new_with_start_shape(start.to_vec(), shape)
            .map_err(|error| self.zarr(&error))?;
        let values = region.into_owned();
        match contained(|| Ok(array.store_array_subset(&subset, values))) {
            Ok(written) => written.map_err(|error| self.array_error(name, error)),
            Err(cause) => Err(WriteError::Zarr {
                path: self.path.clone(),
                cause,
            }),
        }
    }

    fn check_whole(
        &self,
        plan: &ArrayPlan,
        start: &[u64],
        shape: &[u64],
    ) -> Result<(), WriteError> {
        if plan.is_whole(start, shape) {
            return Ok(());
        }
        Err(WriteError::NotWholeChunks {
            path: self.path.clone(),
            array: plan.name.clone(),
            region: start
                .iter()
                .zip(shape)
                .map(|(start, length)| *start..start + length)
                .collect(),
            chunk: plan.unit().to_vec(),
        })
    }

    /// The marker file of an item; whatever a file name may not hold is written as its code.
    fn mark(&self, item: &str) -> PathBuf {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let name: String = item
            .bytes()
            .map(|b| {
                if plain(b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02x}")
                }
            })
            .collect();
        self.path.join(MARKS).join(name)
    }

    fn zarr(&self, error: &impl ToString) -> WriteError {
        WriteError::Zarr {
            path: self.path.clone(),
            cause: error.to_string(),
        }
    }

    /// Tells failed file operations apart from everything else.
    fn array_error(&self, name: &str, error: ArrayError) -> WriteError {
        match error {
            ArrayError::StorageError(StorageError::IOError(cause))
            | ArrayError::CodecError(CodecError::StorageError(StorageError::IOError(cause))) => {
                let cause = std::io::Error::new(cause.kind(), cause.to_string());
                WriteError::io(&self.path.join(name), cause)
            }
            other => self.zarr(&other),
        }
    }
}

fn open_array(
    storage: &Arc<AtomicStore>,
    name: &str,
    metadata: Value,
) -> Result<Array<AtomicStore>, String> {
    let metadata = serde_json::from_value(metadata).map_err(|error| error.to_string())?;
    contained(|| {
        Array::new_with_metadata(
            Arc::clone(storage),
            &format!("/{name}"),
            ArrayMetadata::V3(metadata),
        )
        .map_err(|error| error.to_string())
    })
}
