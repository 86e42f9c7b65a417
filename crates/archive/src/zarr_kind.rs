//! The types of values in Zarr metadata, by one name for both versions of the format.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use foehn_field::{Attribute, Attributes};
use serde_json::Value;

use crate::zarr_tree::{Node, Version};

/// What numpy writes where a time is missing.
const NOT_A_TIME: i64 = i64::MIN;

/// How the values of an array are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    /// The type's name, such as `float32`, `string` or `datetime64[ns]`.
    pub(crate) dtype: String,
    /// The unit of numpy's times and spans, which are read as whole numbers of it.
    pub(crate) clock: Option<Clock>,
}

/// A unit of numpy's `datetime64` or `timedelta64`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clock {
    /// In the words of CF.
    unit: &'static str,
    /// Whether it counts from 1970.
    since_epoch: bool,
}

impl Kind {
    pub(crate) fn of(node: &Node) -> Option<Self> {
        match node.version {
            Version::V2 => node.metadata.get("dtype").map(v2),
            Version::V3 => node.metadata.get("data_type").map(v3),
        }
    }
}

impl Kind {
    /// The metadata with which the values are read: numpy's times as whole numbers, and texts with the empty
    /// text where no fill value is given.
    pub(crate) fn as_read(&self, metadata: &Value) -> Value {
        if self.clock.is_some() {
            return as_integers(metadata);
        }
        let mut metadata = metadata.clone();
        if let Some(length) = bytes_of_text(&metadata) {
            return as_raw_bytes(metadata, length);
        }
        let no_fill = metadata.get("fill_value").is_some_and(Value::is_null);
        if self.dtype == "string" && no_fill {
            metadata["fill_value"] = Value::from("");
        }
        metadata
    }
}

/// The most bytes of a text of fixed length.
const LONGEST_TEXT: u64 = 1 << 16;

/// The length of texts of so many bytes, padded with zeros.
fn bytes_of_text(metadata: &Value) -> Option<u64> {
    // longer ones are refused as a type that is not supported, before a value of them takes the memory
    length_of_text(metadata).filter(|length| (1..=LONGEST_TEXT).contains(length))
}

fn length_of_text(metadata: &Value) -> Option<u64> {
    if let Some(dtype) = metadata.get("dtype") {
        return dtype.as_str()?.strip_prefix("|S")?.parse().ok();
    }
    let kind = metadata.get("data_type")?;
    let name = kind.get("name")?.as_str()?;
    let length = kind.pointer("/configuration/length_bytes")?.as_u64();
    length.filter(|_| name == "null_terminated_bytes")
}

/// Metadata of the same array as bytes without a meaning, zero where no fill value is given.
fn as_raw_bytes(mut metadata: Value, length: u64) -> Value {
    let Some(map) = metadata.as_object_mut() else {
        return metadata;
    };
    let fill = map.get("fill_value").and_then(Value::as_str);
    let fill = fill.map_or_else(
        || Some(Vec::new()),
        |text| BASE64_STANDARD.decode(text).ok(),
    );
    // what is no text of this length stays, and is refused with the array
    if let Some(mut bytes) = fill.filter(|bytes| bytes.len() as u64 <= length) {
        bytes.resize(length as usize, 0);
        map.insert(
            "fill_value".to_owned(),
            BASE64_STANDARD.encode(bytes).into(),
        );
    }
    if map.contains_key("dtype") {
        map.insert("dtype".to_owned(), format!("|V{length}").into());
    } else {
        let bits = length.saturating_mul(8);
        map.insert("data_type".to_owned(), format!("r{bits}").into());
    }
    metadata
}

/// Metadata of the same array as whole numbers.
fn as_integers(metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    let Some(map) = metadata.as_object_mut() else {
        return metadata;
    };
    if let Some(dtype) = map.get_mut("dtype") {
        let big = dtype.as_str().is_some_and(|text| text.starts_with('>'));
        *dtype = Value::from(if big { ">i8" } else { "<i8" });
    }
    if let Some(dtype) = map.get_mut("data_type") {
        *dtype = Value::from("int64");
    }
    let whole = map.get("fill_value").and_then(Value::as_i64);
    map.insert("fill_value".to_owned(), whole.unwrap_or(NOT_A_TIME).into());
    metadata
}

fn named(dtype: impl Into<String>) -> Kind {
    Kind {
        dtype: dtype.into(),
        clock: None,
    }
}

/// A numpy type string such as `<f4`.
fn v2(value: &Value) -> Kind {
    let Some(text) = value.as_str() else {
        return named(format!("compound {value}"));
    };
    let code = text.trim_start_matches(['<', '>', '|', '=']);
    let (kind, size) = code.split_at_checked(1).unwrap_or(("", code));
    let bytes: Option<u32> = size.parse().ok();
    match (kind, bytes) {
        ("b", Some(1)) => named("bool"),
        ("f", Some(n)) => named(format!("float{}", n.saturating_mul(8))),
        ("i", Some(n)) => named(format!("int{}", n.saturating_mul(8))),
        ("u", Some(n)) => named(format!("uint{}", n.saturating_mul(8))),
        ("c", Some(n)) => named(format!("complex{}", n.saturating_mul(8))),
        ("U" | "S", Some(_)) | ("O", None) => named("string"),
        ("M" | "m", None) => {
            let unit = size.strip_prefix("8[").and_then(|u| u.strip_suffix(']'));
            timed(unit.unwrap_or(size), kind == "M")
        }
        _ => named(text),
    }
}

fn v3(value: &Value) -> Kind {
    let name = value.as_str().or_else(|| value.get("name")?.as_str());
    let option = |key: &str| value.pointer(&format!("/configuration/{key}"));
    match name {
        Some(name @ ("numpy.datetime64" | "numpy.timedelta64"))
            if option("scale_factor").and_then(Value::as_u64) == Some(1) =>
        {
            let unit = option("unit").and_then(Value::as_str).unwrap_or_default();
            timed(unit, name.ends_with("datetime64"))
        }
        Some("fixed_length_utf32" | "null_terminated_bytes" | "variable_length_utf8") => {
            named("string")
        }
        Some(name) => named(name),
        None => named(value.to_string()),
    }
}

fn timed(unit: &str, since_epoch: bool) -> Kind {
    let word = match unit {
        "ns" => Some("nanoseconds"),
        "us" => Some("microseconds"),
        "ms" => Some("milliseconds"),
        "s" => Some("seconds"),
        "m" => Some("minutes"),
        "h" => Some("hours"),
        "D" => Some("days"),
        "W" => Some("weeks"),
        _ => None,
    };
    let name = if since_epoch {
        "datetime64"
    } else {
        "timedelta64"
    };
    Kind {
        dtype: format!("{name}[{unit}]"),
        clock: word.map(|unit| Clock { unit, since_epoch }),
    }
}

impl Clock {
    /// Says in attributes what numpy's type says.
    pub(crate) fn explain(&self, attributes: &mut Attributes) {
        if self.since_epoch {
            let units = format!("{} since 1970-01-01", self.unit);
            attributes.insert("units".to_owned(), units.into());
            attributes.insert("calendar".to_owned(), "proleptic_gregorian".into());
        } else {
            attributes.insert("units".to_owned(), self.unit.into());
        }
        attributes
            .entry("_FillValue".to_owned())
            .or_insert(Attribute::Int(NOT_A_TIME));
    }
}
