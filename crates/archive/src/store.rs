//! A Zarr group being written, one atomic item at a time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foehn_field::Attributes;
use indexmap::IndexMap;
use ndarray::{ArrayView, ArrayViewD, Dimension};
use zarrs::array::{Array, ArraySubset, Element as Stored};

use crate::atomic_store::AtomicStore;
use crate::boundary::contained;
use crate::chunked::{array_error, every_chunk, open_array};
use crate::layout::{agreed, claim, documents_of_arrays, group_documents, make_room, save};
use crate::merge::{MARKS, begin, consolidate};
use crate::plan::{ArrayPlan, Element};
use crate::{Format, Mode, WriteError, Writing, atomic};

/// A Zarr group being written.
///
/// Every file appears whole or not at all. An item is whatever the caller marks done after writing its
/// data: a crash leaves it done or to be done again. Marks live in a hidden folder inside the group until
/// [`Store::finish`], which writes the consolidated metadata; a group that has those is done in every item.
#[derive(Debug)]
pub struct Store {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// What tells the half-written files of this writer.
    pub(crate) tag: String,
    pub(crate) arrays: IndexMap<String, (ArrayPlan, Array<AtomicStore>)>,
    pub(crate) finished: bool,
}

impl Store {
    /// Lays out a group: metadata of the group and of every array, no values.
    ///
    /// With [`Mode::Resume`] what is there must agree with the plans and attributes. One of several writers joins what the
    /// others began, in any mode but [`Mode::Overwrite`].
    ///
    /// # Errors
    /// [`WriteError`]: the output exists, or differs from the plan, or cannot be written.
    pub fn create(
        path: &Path,
        attributes: &Attributes,
        arrays: Vec<ArrayPlan>,
        writing: impl Into<Writing>,
    ) -> Result<Self, WriteError> {
        let writing: Writing = writing.into();
        let (format, tag) = (writing.format, atomic::unique());
        let twice = || {
            let mut before = HashSet::new();
            let again = arrays.iter().find(|array| !before.insert(&array.name))?;
            Some(format!("two arrays have the name {:?}", again.name))
        };
        let flaw = arrays.iter().find_map(|array| array.flaw(format));
        if let Some(why) = flaw.or_else(twice) {
            return Err(WriteError::Plan {
                path: path.to_path_buf(),
                why,
            });
        }
        let mode = match (writing.shard, writing.mode) {
            (Some(shard), Mode::Overwrite) => {
                let why = format!(
                    "writer {shard} cannot replace what the others write: remove it before the first begins"
                );
                let path = path.to_path_buf();
                return Err(WriteError::Plan { path, why });
            }
            (Some(_), _) => Mode::Resume,
            (None, mode) => mode,
        };
        make_room(path, mode, format)?;
        let finished = begin(path, format)?;
        if mode == Mode::Resume && writing.shard.is_none() && !finished {
            atomic::sweep(path);
        }
        let zarr = |cause: String| WriteError::Zarr {
            path: path.to_path_buf(),
            cause,
        };
        let while_there = (!finished).then(|| path.join(MARKS));
        let storage = AtomicStore::new(path, tag.clone(), while_there);
        let storage = Arc::new(storage.map_err(zarr)?);
        let group = group_documents(attributes, format);
        let missing = group
            .iter()
            .map(|(file, group)| Ok((file, group, agreed(path, ("", *file), group)?.is_none())));
        let missing = missing.collect::<Result<Vec<_>, WriteError>>()?;
        if missing.iter().any(|(.., missing)| *missing) {
            claim(path, attributes, format)?;
        }
        let mut planned = IndexMap::new();
        for plan in arrays {
            let (metadata, attributes) = plan.metadata(format, writing.compression);
            let documents = [Some(&metadata), attributes.as_ref()].into_iter().flatten();
            for (file, document) in documents_of_arrays(format).iter().zip(documents) {
                if agreed(path, (&plan.name, *file), document)?.is_none() {
                    save(&path.join(&plan.name).join(file), document, &tag)?;
                }
            }
            let array = open_array(&storage, &plan.name, metadata, format).map_err(zarr)?;
            planned.insert(plan.name.clone(), (plan, array));
        }
        // the group's own metadata come last, so that a folder that has them is a whole layout
        for (file, group, _) in missing.into_iter().filter(|(.., missing)| *missing) {
            // never in place of those of another that has ended the store meanwhile
            let text = serde_json::to_string_pretty(group).unwrap_or_default();
            let file = path.join(file);
            let first = atomic::write_first(&file, text.as_bytes());
            first.map_err(|cause| WriteError::io(&file, cause))?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            format,
            tag,
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
    /// [`WriteError`]: the array, the region or the disk; [`WriteError::Ended`] where another has ended the store meanwhile.
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

    /// Writes the consolidated metadata and removes the marks: every item is done.
    ///
    /// # Errors
    /// [`WriteError`]: the disk.
    pub fn finish(self) -> Result<(), WriteError> {
        let arrays: Vec<String> = self.arrays.keys().cloned().collect();
        consolidate(&self.path, &arrays, self.format)
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
        // values in the order of rows are compressed where they are
        let values = ndarray::CowArray::from(region);
        match contained(|| Ok(array.store_array_subset_opt(&subset, &values, &every_chunk()))) {
            Ok(written) => {
                written.map_err(|error| self.ended_or(array_error(&self.path, name, error)))
            }
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

    fn zarr(&self, error: &impl ToString) -> WriteError {
        WriteError::Zarr {
            path: self.path.clone(),
            cause: error.to_string(),
        }
    }
}
