//! Reading Zarr hierarchies.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use half::f16;
use indexmap::IndexMap;
use ndarray::ArrayD;
use serde_json::Value;
use zarrs::array::{Array, ArrayBytes, ArrayMetadata, ArraySubset};
use zarrs::convert::array_metadata_v2_to_v3;
use zarrs::storage::ReadableStorageTraits;

use crate::Variable;
use crate::boundary::contained;
use crate::codec::{self, Own};
use crate::json;
use crate::netcdf_source::Content;
use crate::place::{Bytes, Place};
use crate::raw::Raw;
use crate::zarr_kind::Kind;
use crate::zarr_tree::{Node, Version, walk};

type Stored = Array<dyn ReadableStorageTraits>;

/// An open Zarr hierarchy.
pub(crate) struct ZarrSource {
    arrays: HashMap<String, Stored>,
    pub(crate) place: Place,
}

impl fmt::Debug for ZarrSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZarrSource")
            .field(&self.arrays.keys())
            .finish()
    }
}

impl ZarrSource {
    pub(crate) fn open(place: &Place) -> Result<(Self, Content), String> {
        codec::register();
        let tree = walk(place)?;
        let mut arrays = HashMap::new();
        let mut variables = IndexMap::new();
        for node in tree.arrays {
            let (mut variable, kind) = describe(&node, place)?;
            match contained(|| array(&node, &kind, Arc::clone(&place.bytes))) {
                Ok(array) => _ = arrays.insert(variable.name.clone(), array),
                Err(why) => variable.unreadable = Some(why),
            }
            variables.insert(variable.name.clone(), variable);
        }
        let attributes = json::attributes(&tree.attributes, "");
        let place = place.clone();
        Ok((Self { arrays, place }, (attributes, variables)))
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
            "float16" => {
                let values = self.values::<f16>(variable, ranges)?;
                Ok(Raw::Single(values.mapv(f16::to_f32)))
            }
            "bool" => {
                let values = self.values::<bool>(variable, ranges)?;
                Ok(Raw::Double(values.mapv(f64::from)))
            }
            "int8" => widened!(i8),
            "uint8" => widened!(u8),
            "int16" => widened!(i16),
            "uint16" => widened!(u16),
            "int32" => widened!(i32),
            "uint32" => widened!(u32),
            "uint64" => widened!(u64),
            // 64-bit integers, and the times and spans of numpy
            _ => widened!(i64),
        })
    }

    /// The stored texts of a variable that holds texts.
    pub(crate) fn texts(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<ArrayD<String>, String> {
        contained(|| {
            let array = self.array(variable)?;
            let bytes = array.retrieve_array_subset::<ArrayBytes>(&subset(ranges));
            let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
            let count = shape.iter().product::<usize>().max(1);
            let texts = match bytes.map_err(|error| error.to_string())? {
                ArrayBytes::Fixed(bytes) => {
                    let kind = format!("{:?}", array.data_type()).to_lowercase();
                    let wide = kind.contains("utf32");
                    let size = (bytes.len() / count).max(1);
                    bytes.chunks(size).map(|text| fixed(text, wide)).collect()
                }
                ArrayBytes::Variable(_) => {
                    return self.values::<String>(variable, ranges);
                }
                ArrayBytes::Optional(_) => return Err("optional texts are not handled".into()),
            };
            ArrayD::from_shape_vec(shape, texts).map_err(|error| error.to_string())
        })
    }

    pub(crate) fn array(&self, variable: &Variable) -> Result<&Stored, String> {
        let array = self.arrays.get(&variable.name);
        Ok(array.ok_or("it has no metadata that can be read")?)
    }
}

pub(crate) fn subset(ranges: &[Range<usize>]) -> ArraySubset {
    let ranges: Vec<Range<u64>> = ranges
        .iter()
        .map(|r| r.start as u64..r.end as u64)
        .collect();
    ArraySubset::new_with_ranges(&ranges)
}

/// Text of a fixed length, padded with zeros: bytes, or four bytes a letter.
fn fixed(bytes: &[u8], wide: bool) -> String {
    if !wide {
        let text = String::from_utf8_lossy(bytes);
        return text.trim_end_matches('\0').to_owned();
    }
    let letters = bytes.chunks_exact(4).map(|four| {
        let code = u32::from_ne_bytes([four[0], four[1], four[2], four[3]]);
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    });
    letters
        .collect::<String>()
        .trim_end_matches('\0')
        .to_owned()
}

fn array(node: &Node, kind: &Kind, store: Bytes) -> Result<Stored, String> {
    let metadata = kind.as_read(&node.metadata);
    let metadata = match node.version {
        Version::V2 => v2(metadata)?,
        Version::V3 => serde_json::from_value(metadata)
            .map(ArrayMetadata::V3)
            .map_err(|error| error.to_string())?,
    };
    let path = if node.name.is_empty() {
        "/".to_owned()
    } else {
        format!("/{}", node.name)
    };
    Array::new_with_metadata(store, &path, metadata).map_err(|error| error.to_string())
}

/// Metadata of v2; those with codecs that only this crate reads as v3.
fn v2(mut metadata: Value) -> Result<ArrayMetadata, String> {
    let own = Own::take_from(&mut metadata);
    let metadata = serde_json::from_value(metadata).map_err(|error| error.to_string())?;
    if own == Own::default() {
        return Ok(ArrayMetadata::V2(metadata));
    }
    let mut metadata = array_metadata_v2_to_v3(&metadata).map_err(|error| error.to_string())?;
    own.put_into(&mut metadata.codecs);
    Ok(ArrayMetadata::V3(metadata))
}

fn describe(node: &Node, place: &Place) -> Result<(Variable, Kind), String> {
    let named = |key: &str| format!("{}: {key} is missing or malformed", node.name);
    let shape = lengths(node.metadata.get("shape")).ok_or_else(|| named("shape"))?;
    let cells = shape.iter().try_fold(1_usize, |n, m| n.checked_mul(*m));
    if cells.is_none_or(|n| n > isize::MAX as usize / 8) {
        return Err(named("shape"));
    }
    let kind = Kind::of(node).ok_or_else(|| named("the data type"))?;
    let mut attributes = json::attributes(&node.attributes, &kind.dtype);
    if let Some(clock) = &kind.clock {
        clock.explain(&mut attributes);
    }
    let listed = match node.version {
        Version::V2 => node.attributes.get("_ARRAY_DIMENSIONS"),
        Version::V3 => node.metadata.get("dimension_names"),
    };
    attributes.shift_remove("_ARRAY_DIMENSIONS");
    let fill = node.metadata.get("fill_value").and_then(fill_number);
    let declares = attributes.contains_key("_FillValue");
    let implicit_fill = (node.version == Version::V2 && !declares && kind.dtype != "bool")
        .then_some(fill)
        .flatten();
    let variable = Variable {
        name: if node.name.is_empty() {
            place.stem.clone()
        } else {
            node.name.clone()
        },
        dims: dims(listed, shape.len()),
        chunks: chunks(node),
        shape,
        dtype: kind.dtype.clone(),
        attributes,
        implicit_fill,
        unreadable: None,
    };
    Ok((variable, kind))
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
