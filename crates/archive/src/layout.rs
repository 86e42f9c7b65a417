//! The folder and metadata of a store: made, checked against what is there, replaced.

use std::fs;
use std::path::Path;

use foehn_field::Attributes;
use serde_json::{Map, Value, json};

use crate::merge::{BEGUN, MARKS};
use crate::zarr_tree::is_zarr;
use crate::{Format, Mode, WriteError, atomic, json};

/// The files of a group's metadata; a folder that has the last one is a whole layout.
pub(crate) fn group_documents(
    attributes: &Attributes,
    format: Format,
) -> Vec<(&'static str, Value)> {
    let attributes = json::object(attributes);
    match format {
        Format::V2 => vec![
            (".zattrs", Value::Object(attributes)),
            (".zgroup", json!({"zarr_format": 2})),
        ],
        Format::V3 => {
            let group = json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
            vec![("zarr.json", group)]
        }
    }
}

/// The names of the files of an array's metadata.
pub(crate) const fn documents_of_arrays(format: Format) -> &'static [&'static str] {
    match format {
        Format::V2 => &[".zarray", ".zattrs"],
        Format::V3 => &["zarr.json"],
    }
}

/// The JSON of a file; `None` where there is no such file.
pub(crate) fn load(file: &Path) -> Result<Option<Value>, WriteError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(WriteError::io(file, cause)),
    };
    let parsed = json::parse(&text).map(Some);
    parsed.map_err(|cause| WriteError::Zarr {
        path: file.to_path_buf(),
        cause,
    })
}

/// Says first of all what the group will be: of writers that begin at one moment one is first, and the others must agree.
pub(crate) fn claim(
    path: &Path,
    attributes: &Attributes,
    format: Format,
) -> Result<(), WriteError> {
    let version = if format == Format::V2 { 2 } else { 3 };
    let begun = json!({"zarr_format": version, "attributes": json::object(attributes)});
    let file = path.join(MARKS).join(BEGUN);
    let text = serde_json::to_string_pretty(&begun).unwrap_or_default();
    let first = atomic::write_first(&file, text.as_bytes());
    if first.map_err(|cause| WriteError::io(&file, cause))? {
        return Ok(());
    }
    // gone again where the first has ended meanwhile: then the group's own metadata are compared
    let found = load(&file)?;
    found.map_or(Ok(()), |found| same(path, "the store's", &found, &begun))
}

/// Why a folder with something in it cannot be continued in a format.
fn foreign(path: &Path, format: Format) -> Option<&'static str> {
    let has = |file: &str| path.join(file).is_file();
    match format {
        Format::V2 if has("zarr.json") => Some("a Zarr store of version 3, not 2"),
        Format::V3 if has(".zgroup") || has(".zarray") => Some("a Zarr store of version 2, not 3"),
        _ if path.join(MARKS).is_dir() => None,
        Format::V2 if has(".zgroup") => None,
        Format::V3 if has("zarr.json") => None,
        _ => Some("a folder that is not a Zarr store"),
    }
}

/// Applies the mode to an output that exists.
pub(crate) fn make_room(path: &Path, mode: Mode, format: Format) -> Result<(), WriteError> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(WriteError::io(path, cause)),
    };
    let refuse = |found| {
        Err(WriteError::NotReplaced {
            path: path.to_path_buf(),
            found,
        })
    };
    let entries = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    match mode {
        _ if there.is_dir() && !entries() => Ok(()),
        Mode::Create => Err(WriteError::Exists {
            path: path.to_path_buf(),
        }),
        Mode::Resume if path.is_dir() && !entries() => Ok(()),
        Mode::Resume if path.is_dir() => foreign(path, format).map_or(Ok(()), refuse),
        _ if !there.is_dir() => refuse("not a folder"),
        _ if !is_zarr(path) && !path.join(MARKS).is_dir() => {
            refuse("a folder that is not a Zarr store")
        }
        _ => {
            // first out of the way in one step, so that a crash leaves no half of the old store there
            let aside = atomic::partial(path);
            remove(&aside)?;
            fs::rename(path, &aside).map_err(|cause| WriteError::io(path, cause))?;
            remove(&aside)
        }
    }
}

/// Removes a folder that may not be there.
pub(crate) fn remove(folder: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(WriteError::io(folder, error))
        }
        _ => Ok(()),
    }
}

pub(crate) fn save(path: &Path, metadata: &Value, writer: &str) -> Result<(), WriteError> {
    let text = serde_json::to_string_pretty(metadata).unwrap_or_default();
    atomic::write_whole_by(path, text.as_bytes(), writer)
        .map_err(|cause| WriteError::io(path, cause))
}

/// The metadata that are there, `None` where there are none; refused where they differ from the plan.
pub(crate) fn agreed(
    path: &Path,
    (array, file): (&str, &str),
    planned: &Value,
) -> Result<Option<Value>, WriteError> {
    let Some(found) = load(&path.join(array).join(file))? else {
        return Ok(None);
    };
    let what = if array.is_empty() {
        "the store's".to_owned()
    } else {
        format!("{array}'s")
    };
    same(path, &what, &found, planned).map(|()| Some(found))
}

/// Refuses metadata that differ from the plan.
fn same(path: &Path, what: &str, found: &Value, planned: &Value) -> Result<(), WriteError> {
    match difference(found, planned, "") {
        None => Ok(()),
        Some((key, found, planned)) => Err(WriteError::Differs {
            path: path.to_path_buf(),
            what: format!("{what} {key}"),
            found,
            planned,
        }),
    }
}

/// The first entry in which metadata differ, with both values; consolidated metadata are not compared.
fn difference(found: &Value, planned: &Value, key: &str) -> Option<(String, String, String)> {
    match (found, planned) {
        (Value::Object(a), Value::Object(b)) => {
            let names = b
                .keys()
                .chain(a.keys().filter(|name| !b.contains_key(*name)));
            let deeper = |name: &String| {
                if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                }
            };
            let compared = names.filter(|name| *name != "consolidated_metadata");
            let absent = Value::from("absent");
            let of = |map: &Map<String, Value>, name: &String| {
                map.get(name).cloned().unwrap_or_else(|| absent.clone())
            };
            compared
                .into_iter()
                .find_map(|name| difference(&of(a, name), &of(b, name), &deeper(name)))
        }
        _ => (found != planned).then(|| (key.to_owned(), found.to_string(), planned.to_string())),
    }
}
