//! The arrays of a Zarr folder, v2 and v3, found by walking it.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::json;

/// Folders nested deeper are not looked at: a link that leads back would have no end.
const DEPTH: usize = 16;

/// The version of the format that an array follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `.zarray`, `.zattrs`.
    V2,
    /// `zarr.json`.
    V3,
}

/// An array's metadata as stored.
#[derive(Debug)]
pub(crate) struct Node {
    /// Name relative to the root; empty where the root itself is the array.
    pub(crate) name: String,
    pub(crate) version: Version,
    /// The content of `zarr.json` or `.zarray`.
    pub(crate) metadata: Value,
    pub(crate) attributes: Map<String, Value>,
}

/// The attributes of the root group and the arrays below it, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) attributes: Map<String, Value>,
    pub(crate) arrays: Vec<Node>,
}

/// Whether a folder looks like the root of a Zarr hierarchy.
pub(crate) fn is_zarr(folder: &Path) -> bool {
    ["zarr.json", ".zgroup", ".zarray", ".zmetadata"]
        .iter()
        .any(|file| folder.join(file).is_file())
}

pub(crate) fn walk(root: &Path) -> Result<Tree, String> {
    let mut tree = Tree::default();
    visit(root, "", DEPTH, &mut tree)?;
    Ok(tree)
}

fn visit(folder: &Path, name: &str, depth: usize, tree: &mut Tree) -> Result<(), String> {
    if let Some(mut metadata) = load(&folder.join("zarr.json"))? {
        let attributes = take_object(&mut metadata, "attributes");
        return match metadata.get("node_type").and_then(Value::as_str) {
            Some("array") => {
                tree.arrays.push(Node {
                    name: name.to_owned(),
                    version: Version::V3,
                    metadata,
                    attributes,
                });
                Ok(())
            }
            Some("group") => descend(folder, name, depth, attributes, tree),
            other => Err(format!(
                "{name}/zarr.json: node_type is {other:?}, neither group nor array"
            )),
        };
    }
    let attributes = || {
        Ok::<_, String>(
            load(&folder.join(".zattrs"))?
                .map(object)
                .unwrap_or_default(),
        )
    };
    if let Some(metadata) = load(&folder.join(".zarray"))? {
        let (name, attributes) = (name.to_owned(), attributes()?);
        tree.arrays.push(Node {
            name,
            version: Version::V2,
            metadata,
            attributes,
        });
        return Ok(());
    }
    if is_zarr(folder) {
        descend(folder, name, depth, attributes()?, tree)?;
    }
    Ok(())
}

fn descend(
    folder: &Path,
    name: &str,
    depth: usize,
    attributes: Map<String, Value>,
    tree: &mut Tree,
) -> Result<(), String> {
    if name.is_empty() {
        tree.attributes = attributes;
    }
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut children: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .collect();
    children.sort_by_key(fs::DirEntry::file_name);
    for child in children {
        let Ok(part) = child.file_name().into_string() else {
            continue;
        };
        if depth > 0 && !part.starts_with('.') {
            let below = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            visit(&child.path(), &below, depth - 1, tree)?;
        }
    }
    Ok(())
}

/// The JSON of a file; `None` where there is no such file.
fn load(path: &Path) -> Result<Option<Value>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    json::parse(&text)
        .map(Some)
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn take_object(metadata: &mut Value, key: &str) -> Map<String, Value> {
    metadata
        .as_object_mut()
        .and_then(|map| map.remove(key))
        .map(object)
        .unwrap_or_default()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
