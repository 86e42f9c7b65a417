//! Reading Zarr folders.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use ndarray::ArrayD;
use serde_json::Value;
use zarrs::array::{Array, ArrayMetadata, ArraySubset, ElementOwned};
use zarrs::filesystem::FilesystemStore;

use crate::Variable;
use crate::boundary::contained;
use crate::json;
use crate::netcdf_source::Content;
use crate::raw::Raw;
use crate::zarr_tree::{Node, Version, walk};

/// An open Zarr folder.
#[derive(Debug)]
pub(crate) struct ZarrSource(HashMap<String, Array<FilesystemStore>>);

impl ZarrSource {
    pub(crate) fn open(path: &Path) -> Result<(Self, Content), String> {
        let tree = walk(path)?;
        let store = Arc::new(FilesystemStore::new(path).map_err(|error| error.to_string())?);
        let mut arrays = HashMap::new();
        let mut variables = IndexMap::new();
        for node in tree.arrays {
            let mut variable = describe(&node, path)?;
            match contained(|| array(&node, Arc::clone(&store))) {
                Ok(array) => _ = arrays.insert(variable.name.clone(), array),
                Err(why) => variable.unreadable = Some(why),
            }
            variables.insert(variable.name.clone(), variable);
        }
        let attributes = json::attributes(&tree.attributes, "");
        Ok((Self(arrays), (attributes, variables)))
    }

    /// The stored values of a variable that holds numbers.
    pub(crate) fn read(&self, variable: &Variable, ranges: &[Range<usize>]) -> Result<Raw, String> {
        macro_rules! widened {
            ($kind:ty) => {
                self.values::<$kind>(variable, ranges)
                    .map(|values| Raw::Double(values.mapv(|x| x as f64)))
            };
        }
        contained(|| match variable.dtype.as_str() {
            "float32" => self.values::<f32>(variable, ranges).map(Raw::Single),
            "float64" => self.values::<f64>(variable, ranges).map(Raw::Double),
            "int8" => widened!(i8),
            "uint8" => widened!(u8),
            "int16" => widened!(i16),
            "uint16" => widened!(u16),
            "int32" => widened!(i32),
            "uint32" => widened!(u32),
            "int64" => widened!(i64),
            "uint64" => widened!(u64),
            other => Err(format!("values of type {other} are not handled")),
        })
    }

    /// Values in their stored type.
    pub(crate) fn values<T: ElementOwned>(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<ArrayD<T>, String> {
        let array = self
            .0
            .get(&variable.name)
            .ok_or("it has no metadata that can be read")?;
        let ranges: Vec<Range<u64>> = ranges
            .iter()
            .map(|r| r.start as u64..r.end as u64)
            .collect();
        let subset = ArraySubset::new_with_ranges(&ranges);
        array
            .retrieve_array_subset::<ArrayD<T>>(&subset)
            .map_err(|error| error.to_string())
    }
}

fn array(node: &Node, store: Arc<FilesystemStore>) -> Result<Array<FilesystemStore>, String> {
    let metadata = node.metadata.clone();
    let metadata = match node.version {
        Version::V2 => serde_json::from_value(metadata).map(ArrayMetadata::V2),
        Version::V3 => serde_json::from_value(metadata).map(ArrayMetadata::V3),
    };
    let metadata = metadata.map_err(|error| error.to_string())?;
    Array::new_with_metadata(store, &format!("/{}", node.name), metadata)
        .map_err(|error| error.to_string())
}

fn describe(node: &Node, root: &Path) -> Result<Variable, String> {
    let named = |key: &str| format!("{}: {key} is missing or malformed", node.name);
    let shape = lengths(node.metadata.get("shape")).ok_or_else(|| named("shape"))?;
    let dtype = match node.version {
        Version::V2 => node.metadata.get("dtype").map(v2_dtype),
        Version::V3 => node.metadata.get("data_type").map(v3_dtype),
    };
    let dtype = dtype.ok_or_else(|| named("the data type"))?;
    let mut attributes = json::attributes(&node.attributes, &dtype);
    let listed = match node.version {
        Version::V2 => node.attributes.get("_ARRAY_DIMENSIONS"),
        Version::V3 => node.metadata.get("dimension_names"),
    };
    attributes.shift_remove("_ARRAY_DIMENSIONS");
    let fill = node.metadata.get("fill_value").and_then(fill_number);
    let declares = attributes.contains_key("_FillValue");
    let implicit_fill = (node.version == Version::V2 && !declares)
        .then_some(fill)
        .flatten();
    let stem = || {
        root.file_stem().map_or_else(
            || "array".into(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    };
    Ok(Variable {
        name: if node.name.is_empty() {
            stem()
        } else {
            node.name.clone()
        },
        dims: dims(listed, shape.len()),
        chunks: chunks(node),
        shape,
        dtype,
        attributes,
        implicit_fill,
        unreadable: None,
    })
}

/// Names of the dimensions; those without one are numbered.
fn dims(listed: Option<&Value>, count: usize) -> Vec<String> {
    let name = |k: usize| {
        listed
            .and_then(|names| names.get(k))
            .and_then(Value::as_str)
    };
    (0..count)
        .map(|k| name(k).map_or_else(|| format!("dim_{k}"), str::to_owned))
        .collect()
}

/// The chunks that are read as one: inside shards, where there are shards.
fn chunks(node: &Node) -> Option<Vec<usize>> {
    let v3 = &node.metadata;
    let inner = v3.pointer("/codecs/0/configuration/chunk_shape");
    let outer = v3.pointer("/chunk_grid/configuration/chunk_shape");
    lengths(node.metadata.get("chunks").or(inner).or(outer))
}

fn lengths(value: Option<&Value>) -> Option<Vec<usize>> {
    let length = |item: &Value| item.as_u64().and_then(|n| usize::try_from(n).ok());
    value?.as_array()?.iter().map(length).collect()
}

fn fill_number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

fn v3_dtype(value: &Value) -> String {
    let name = value.as_str().or_else(|| value.get("name")?.as_str());
    name.map_or_else(|| value.to_string(), str::to_owned)
}

/// The name of a numpy type string such as `<f4`.
fn v2_dtype(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let kind = match text
        .trim_start_matches(['<', '>', '|', '='])
        .split_at_checked(1)
    {
        Some(("f", bytes)) => Some(("float", bytes)),
        Some(("i", bytes)) => Some(("int", bytes)),
        Some(("u", bytes)) => Some(("uint", bytes)),
        _ => None,
    };
    match kind.and_then(|(kind, bytes)| Some((kind, bytes.parse::<u32>().ok()?))) {
        Some((kind, bytes)) => format!("{kind}{}", 8 * bytes),
        None => value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    }
}
