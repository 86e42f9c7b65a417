//! What an array of a Zarr store will be.

use foehn_field::Attributes;
use serde_json::{Value, json};

use crate::{Compression, Format, json};

/// The type of stored values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 64-bit integers.
    I64,
    /// 32-bit integers.
    I32,
}

impl Element {
    /// The name that Zarr gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I64 => "int64",
            Self::I32 => "int32",
        }
    }

    pub(crate) const fn size(self) -> u64 {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// An array to be written: its labels, type and cut into files.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayPlan {
    /// The name.
    pub name: String,
    /// Names of the dimensions, slowest first.
    pub dims: Vec<String>,
    /// Lengths of the dimensions.
    pub shape: Vec<u64>,
    /// Shape of a chunk, the smallest part that is read alone.
    pub chunks: Vec<u64>,
    /// Shape of a file that holds several chunks; `None` for one file a chunk.
    pub shard: Option<Vec<u64>>,
    /// The type of the values.
    pub values: Element,
    /// The attributes; `_FillValue` is added from `fill`.
    pub attributes: Attributes,
    /// What stands for missing values, declared as Zarr fill value and as `_FillValue`; `None` where nothing can be missing.
    pub fill: Option<f64>,
}

impl ArrayPlan {
    /// An array in a single file.
    pub fn whole(
        name: &str,
        dims: &[&str],
        shape: &[usize],
        values: Element,
        attributes: Attributes,
    ) -> Self {
        let shape: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
        Self {
            name: name.to_owned(),
            dims: dims.iter().map(|dim| (*dim).to_owned()).collect(),
            chunks: shape.iter().map(|n| (*n).max(1)).collect(),
            shape,
            shard: None,
            values,
            attributes,
            fill: None,
        }
    }

    /// Shape of the part that goes into one file.
    pub(crate) fn unit(&self) -> &[u64] {
        self.shard.as_deref().unwrap_or(&self.chunks)
    }

    /// The number of data files when every part is written.
    pub(crate) fn files(&self) -> u64 {
        self.shape
            .iter()
            .zip(self.unit())
            .map(|(length, part)| length.div_ceil(*part))
            .product()
    }

    /// Whether a region lies in the array and consists of whole files; the last one may end with the array.
    pub(crate) fn is_whole(&self, start: &[u64], shape: &[u64]) -> bool {
        let (unit, rank) = (self.unit(), self.shape.len());
        let whole = |k: usize| {
            let (end, length) = (start[k] + shape[k], self.shape[k]);
            let ends = end.is_multiple_of(unit[k]) || end == length;
            start[k].is_multiple_of(unit[k]) && ends && end <= length
        };
        start.len() == rank && shape.len() == rank && (0..rank).all(whole)
    }

    /// What makes the plan impossible, if anything.
    pub(crate) fn flaw(&self, format: Format) -> Option<String> {
        let Self {
            name,
            dims,
            shape,
            chunks,
            shard,
            ..
        } = self;
        let rank = shape.len();
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Some(format!("{name:?} cannot be the name of an array"));
        }
        if dims.len() != rank || self.unit().len() != rank || chunks.len() != rank {
            return Some(format!(
                "{name}: dimensions {dims:?}, shape {shape:?}, chunks {chunks:?} and shard {shard:?} differ in number"
            ));
        }
        if format == Format::V2 && shard.is_some() {
            return Some(format!(
                "{name}: Zarr v2 has no shards {shard:?}; choose v3"
            ));
        }
        if chunks.iter().chain(self.unit()).any(|n| *n == 0) {
            return Some(format!(
                "{name}: chunks {chunks:?} in shards {shard:?}: none can be empty"
            ));
        }
        let divides = self
            .unit()
            .iter()
            .zip(chunks)
            .all(|(shard, chunk)| shard % chunk == 0);
        (!divides).then(|| format!("{name}: shard {shard:?} does not hold whole chunks {chunks:?}"))
    }

    /// The metadata of the array and, where they are a file of their own, its attributes.
    pub(crate) fn metadata(
        &self,
        format: Format,
        compression: Compression,
    ) -> (Value, Option<Value>) {
        match format {
            Format::V2 => (self.metadata_v2(compression), Some(self.attributes_v2())),
            Format::V3 => (self.metadata_v3(compression), None),
        }
    }

    /// The content of `.zarray`. Its fill value is what stands for missing values, null where nothing can be missing.
    fn metadata_v2(&self, compression: Compression) -> Value {
        let letter = if self.values.is_float() { "f" } else { "i" };
        let fill = |fill: f64| {
            if self.values.is_float() {
                json::number(fill)
            } else {
                Value::from(fill as i64)
            }
        };
        json!({
            "zarr_format": 2,
            "shape": self.shape,
            "chunks": self.chunks,
            "dtype": format!("<{letter}{}", self.values.size()),
            "compressor": compression.v2(),
            "fill_value": self.fill.map_or(Value::Null, fill),
            "filters": null,
            "order": "C",
            "dimension_separator": ".",
        })
    }

    /// The content of `.zattrs`.
    fn attributes_v2(&self) -> Value {
        let mut attributes = json::object(&self.attributes);
        attributes.insert("_ARRAY_DIMENSIONS".to_owned(), json!(self.dims));
        Value::Object(attributes)
    }

    /// The content of `zarr.json`.
    fn metadata_v3(&self, compression: Compression) -> Value {
        let mut attributes = json::object(&self.attributes);
        if let Some(fill) = self.fill {
            attributes.insert(
                "_FillValue".to_owned(),
                json::fill_attribute(fill, self.values.name()),
            );
        }
        let fill = self.fill.unwrap_or(0.0);
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": self.values.name(),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.unit()}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": if self.values.is_float() { json::number(fill) } else { Value::from(fill as i64) },
            "codecs": self.codecs(compression),
            "attributes": attributes,
            "dimension_names": self.dims,
        })
    }

    /// Bytes, then compression; inside shards where there are shards.
    fn codecs(&self, compression: Compression) -> Value {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let codecs: Vec<Value> = [Some(bytes.clone()), compression.v3(self.values)]
            .into_iter()
            .flatten()
            .collect();
        if self.shard.is_none() {
            return Value::from(codecs);
        }
        json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": self.chunks,
            "codecs": codecs,
            "index_codecs": [bytes, {"name": "crc32c"}],
            "index_location": "end",
        }}])
    }
}
