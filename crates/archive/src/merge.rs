//! The end of a store: is everything there, and one file that says what it holds.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::layout::{documents_of_arrays, load, remove, save};
use crate::{Format, WriteError, atomic};

/// The hidden folder of marks.
pub(crate) const MARKS: &str = ".foehn";
/// Its name once the store is whole, until half-written files are removed.
const ENDED: &str = ".foehn-ended";
/// The file in it that lists arrays and items; no item has such a name.
pub(crate) const PLANNED: &str = ".planned";

/// The file in it that keeps the text of [`Store::note`](crate::Store::note).
pub(crate) const NOTE: &str = ".note";
/// The file in it that says what the group will be, from the first moment on.
pub(crate) const BEGUN: &str = ".begun";

/// Ends a store that several writers have filled: checks that every item is done, then writes consolidated metadata
/// and removes the marks. What results is, byte for byte, what a single writer leaves. Gives the number of items; a store
/// that is whole already stays as it is and gives `None`.
///
/// # Errors
/// [`WriteError::Incomplete`] naming items that are not done; a folder that is not such a store; the disk.
pub fn merge(path: &Path) -> Result<Option<usize>, WriteError> {
    for format in [Format::V3, format_at(path)] {
        if is_finished(path, format)? {
            end_rest(path)?;
            return Ok(None);
        }
    }
    let format = format_at(path);
    let refuse = |why: &str| WriteError::Plan {
        path: path.to_path_buf(),
        why: why.to_owned(),
    };
    let planned = load(&path.join(MARKS).join(PLANNED))?;
    let planned = planned.ok_or_else(|| {
        refuse("is not a store that several writers began: there is nothing to merge")
    })?;
    let [arrays, items] = ["arrays", "items"].map(|key| names(&planned, key));
    let missing: Vec<String> = items
        .iter()
        .filter(|item| !path.join(MARKS).join(mark_name(item)).is_file())
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(WriteError::Incomplete {
            path: path.to_path_buf(),
            done: items.len() - missing.len(),
            planned: items.len(),
            missing: missing.into_iter().take(5).collect(),
        });
    }
    for array in &arrays {
        whole(path, array, format)?;
    }
    consolidate(path, &arrays, format)?;
    Ok(Some(items.len()))
}

fn format_at(path: &Path) -> Format {
    if path.join(".zgroup").is_file() {
        Format::V2
    } else {
        Format::V3
    }
}

/// Refuses a store in which chunks of these arrays are not there, whatever its marks say.
///
/// # Errors
/// [`WriteError::Lost`], naming the array; the disk.
pub fn check_whole<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = &'a str>,
) -> Result<(), WriteError> {
    let format = format_at(path);
    let mut arrays = arrays.into_iter();
    arrays.try_for_each(|array| whole(path, array, format))
}

/// Whether several writers began a store that nobody has ended.
pub fn is_shared(path: &Path) -> bool {
    path.join(MARKS).join(PLANNED).is_file()
}

/// Refuses an array of which chunks are not there, though the items that wrote them were marked.
fn whole(path: &Path, array: &str, format: Format) -> Result<(), WriteError> {
    let folder = path.join(array);
    let (file, key) = match format {
        Format::V2 => (".zarray", "/chunks"),
        Format::V3 => ("zarr.json", "/chunk_grid/configuration/chunk_shape"),
    };
    let metadata = load(&folder.join(file))?.unwrap_or_default();
    let lengths = |value: Option<&Value>| {
        let list = value.and_then(Value::as_array);
        let numbers = list.into_iter().flatten().filter_map(Value::as_u64);
        numbers.collect::<Vec<u64>>()
    };
    let (shape, unit) = (
        lengths(metadata.get("shape")),
        lengths(metadata.pointer(key)),
    );
    let along = shape.iter().zip(&unit);
    let expected: u64 = along.map(|(n, unit)| n.div_ceil((*unit).max(1))).product();
    let found = match format {
        Format::V2 => chunks_in(&folder),
        Format::V3 => chunks_in(&folder.join("c")),
    };
    if found >= expected {
        return Ok(());
    }
    Err(WriteError::Lost {
        path: path.to_path_buf(),
        array: array.to_owned(),
        found,
        expected,
    })
}

/// The files of values in a folder and below it.
fn chunks_in(folder: &Path) -> u64 {
    // an array without dimensions is one file
    if folder.is_file() {
        return 1;
    }
    let entries = fs::read_dir(folder).into_iter().flatten();
    let count = |entry: fs::DirEntry| {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => chunks_in(&entry.path()),
            Ok(_) if !hidden => 1,
            _ => 0,
        }
    };
    entries.filter_map(Result::ok).map(count).sum()
}

fn names(planned: &Value, key: &str) -> Vec<String> {
    let list = planned.get(key).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Whether consolidated metadata are there.
pub(crate) fn is_finished(path: &Path, format: Format) -> Result<bool, WriteError> {
    match format {
        Format::V2 => Ok(path.join(".zmetadata").is_file()),
        Format::V3 => Ok(load(&path.join("zarr.json"))?
            .is_some_and(|group| group.get("consolidated_metadata").is_some())),
    }
}

/// Writes consolidated metadata from what is on the disk, and removes the marks.
pub(crate) fn consolidate(
    path: &Path,
    arrays: &[String],
    format: Format,
) -> Result<(), WriteError> {
    let read = |file: &str| {
        let found = load(&path.join(file))?;
        found.ok_or_else(|| WriteError::Zarr {
            path: path.join(file),
            cause: "has gone".to_owned(),
        })
    };
    match format {
        Format::V3 => {
            let mut group = read("zarr.json")?;
            let each = arrays
                .iter()
                .map(|name| Ok((name.clone(), read(&format!("{name}/zarr.json"))?)));
            let metadata = each.collect::<Result<Map<_, _>, WriteError>>()?;
            group["consolidated_metadata"] =
                json!({"kind": "inline", "must_understand": false, "metadata": metadata});
            save(&path.join("zarr.json"), &group, &atomic::unique())?;
        }
        Format::V2 => {
            let files = [".zattrs", ".zgroup"].map(str::to_owned).into_iter();
            let files = files.chain(arrays.iter().flat_map(|name| {
                documents_of_arrays(Format::V2)
                    .iter()
                    .map(move |file| format!("{name}/{file}"))
            }));
            let each = files.map(|file| Ok((file.clone(), read(&file)?)));
            let metadata = each.collect::<Result<Map<_, _>, WriteError>>()?;
            let all = json!({"metadata": metadata, "zarr_consolidated_format": 1});
            save(&path.join(".zmetadata"), &all, &atomic::unique())?;
        }
    }
    end(path)
}

/// Takes the marks away, in one step, from which on no other may write; then what writers that were killed have left.
fn end(path: &Path) -> Result<(), WriteError> {
    let (marks, ended) = (path.join(MARKS), path.join(ENDED));
    remove(&ended)?;
    match fs::rename(&marks, &ended) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(WriteError::io(&marks, error));
        }
        _ => {}
    }
    atomic::sweep(path);
    remove(&ended)
}

/// Goes on where ending was broken off.
fn end_rest(path: &Path) -> Result<(), WriteError> {
    let left = [MARKS, ENDED]
        .iter()
        .any(|folder| path.join(folder).is_dir());
    if left { end(path) } else { Ok(()) }
}

/// Makes the folder of marks, unless the store is whole: says whether it is.
pub(crate) fn begin(path: &Path, format: Format) -> Result<bool, WriteError> {
    if !is_finished(path, format)? {
        let marks = path.join(MARKS);
        fs::create_dir_all(&marks).map_err(|cause| WriteError::io(&marks, cause))?;
        // asked again: another may have ended it before the folder was made
        if !is_finished(path, format)? {
            return Ok(false);
        }
    }
    end_rest(path)?;
    Ok(true)
}

/// The name of an item's marker file; whatever a file name may not hold is written as its code.
pub(crate) fn mark_name(item: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let letter = |b: u8| {
        if plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02x}")
        }
    };
    item.bytes().map(letter).collect()
}
