//! The arrays of a Zarr hierarchy, v2 and v3: found by walking it, or in its consolidated metadata.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::json;
use crate::place::Place;

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

/// Files of which a hierarchy has one at its root.
pub(crate) const MARKS: [&str; 4] = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/// Whether a folder looks like the root of a Zarr hierarchy.
pub(crate) fn is_zarr(folder: &Path) -> bool {
    MARKS.iter().any(|file| folder.join(file).is_file())
}

/// All arrays. Where listing is cheap the folders decide, because consolidated metadata may be out of date.
pub(crate) fn walk(place: &Place) -> Result<Tree, String> {
    if place.prefers_consolidated()
        && let Some(tree) = consolidated(place)?
    {
        return Ok(tree);
    }
    let mut tree = Tree::default();
    visit(place, "", DEPTH, &mut tree)?;
    if tree.arrays.is_empty()
        && let Some(found) = consolidated(place)?
    {
        return Ok(found);
    }
    Ok(tree)
}

/// The tree that the root's metadata describe in one piece, where they do.
fn consolidated(place: &Place) -> Result<Option<Tree>, String> {
    if let Some(root) = load(place, "", "zarr.json")? {
        let listed = root.pointer("/consolidated_metadata/metadata");
        let Some(listed) = listed.and_then(Value::as_object) else {
            return Ok(None);
        };
        let mut tree = Tree {
            attributes: object(root.get("attributes").cloned()),
            arrays: Vec::new(),
        };
        for (name, metadata) in listed {
            if metadata.get("node_type").and_then(Value::as_str) == Some("array") {
                tree.arrays.push(v3_array(name, metadata.clone()));
            }
        }
        tree.arrays.sort_by(|a, b| a.name.cmp(&b.name));
        return Ok(Some(tree));
    }
    let Some(whole) = load(place, "", ".zmetadata")? else {
        return Ok(None);
    };
    let Some(entries) = whole.get("metadata").and_then(Value::as_object) else {
        return Err(".zmetadata: it has no object \"metadata\"".to_owned());
    };
    let mut arrays = BTreeMap::new();
    for (key, metadata) in entries {
        let Some(name) = key.strip_suffix(".zarray") else {
            continue;
        };
        let attributes = entries.get(&format!("{name}.zattrs")).cloned();
        let name = name.trim_end_matches('/').to_owned();
        arrays.insert(name, (metadata.clone(), object(attributes)));
    }
    let node = |(name, (metadata, attributes))| Node {
        name,
        version: Version::V2,
        metadata,
        attributes,
    };
    Ok(Some(Tree {
        attributes: object(entries.get(".zattrs").cloned()),
        arrays: arrays.into_iter().map(node).collect(),
    }))
}

fn v3_array(name: &str, mut metadata: Value) -> Node {
    let attributes = metadata
        .as_object_mut()
        .and_then(|map| map.remove("attributes"));
    Node {
        name: name.to_owned(),
        version: Version::V3,
        metadata,
        attributes: object(attributes),
    }
}

fn visit(place: &Place, name: &str, depth: usize, tree: &mut Tree) -> Result<(), String> {
    if let Some(metadata) = load(place, name, "zarr.json")? {
        return match metadata.get("node_type").and_then(Value::as_str) {
            Some("array") => {
                tree.arrays.push(v3_array(name, metadata));
                Ok(())
            }
            Some("group") => {
                let attributes = object(metadata.get("attributes").cloned());
                descend(place, name, depth, attributes, tree)
            }
            other => Err(format!(
                "{}: node_type is {other:?}, neither group nor array",
                key(name, "zarr.json")
            )),
        };
    }
    let attributes = || Ok::<_, String>(object(load(place, name, ".zattrs")?));
    if let Some(metadata) = load(place, name, ".zarray")? {
        tree.arrays.push(Node {
            name: name.to_owned(),
            version: Version::V2,
            metadata,
            attributes: attributes()?,
        });
        return Ok(());
    }
    let is_group = name.is_empty()
        || place.text(&key(name, ".zgroup"))?.is_some()
        || place.text(&key(name, ".zmetadata"))?.is_some();
    if is_group {
        descend(place, name, depth, attributes()?, tree)?;
    }
    Ok(())
}

fn descend(
    place: &Place,
    name: &str,
    depth: usize,
    attributes: Map<String, Value>,
    tree: &mut Tree,
) -> Result<(), String> {
    if name.is_empty() {
        tree.attributes = attributes;
    }
    let Some(children) = place.folders(name)? else {
        return Err(
            "a web server does not list what it has: the store needs consolidated metadata \
             (zarr.consolidate_metadata writes them), or name the address of one array"
                .to_owned(),
        );
    };
    for part in children {
        if depth > 0 && !part.starts_with('.') {
            visit(place, &key(name, &part), depth - 1, tree)?;
        }
    }
    Ok(())
}

fn key(folder: &str, file: &str) -> String {
    if folder.is_empty() {
        file.to_owned()
    } else {
        format!("{folder}/{file}")
    }
}

/// The JSON of a file; `None` where there is no such file.
fn load(place: &Place, folder: &str, file: &str) -> Result<Option<Value>, String> {
    let key = key(folder, file);
    let Some(text) = place.text(&key)? else {
        return Ok(None);
    };
    json::parse(&text)
        .map(Some)
        .map_err(|error| format!("{key}: {error}"))
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}
