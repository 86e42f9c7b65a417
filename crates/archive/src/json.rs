//! Attributes in Zarr's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foehn_field::{Attribute, Attributes};
use serde_json::{Map, Value};

/// Reads JSON, also where Python wrote bare `NaN`, `Infinity` and `-Infinity`: these become texts.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|error| {
        let quoted = quote_specials(text);
        serde_json::from_str(&quoted).map_err(|_| error.to_string())
    })
}

fn quote_specials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let special = ["-Infinity", "Infinity", "NaN"]
            .into_iter()
            .find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = special {
            out.extend(["\"", word, "\""]);
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Attributes of an array or group. `_FillValue` of a float may be text: `NaN`, or the base64 of a
/// little-endian double as xarray writes it.
pub(crate) fn attributes(map: &Map<String, Value>, dtype: &str) -> Attributes {
    let read = |(name, value): (&String, &Value)| {
        let fill = (name == "_FillValue" && dtype.starts_with("float"))
            .then(|| value.as_str())
            .flatten();
        let attribute = fill
            .and_then(float_fill)
            .map_or_else(|| attribute(value), Attribute::Float);
        (name.clone(), attribute)
    };
    map.iter().map(read).collect()
}

/// The JSON of attributes; `_FillValue` of a float is the base64 of a little-endian double, as xarray reads it.
pub(crate) fn object(attributes: &Attributes) -> Map<String, Value> {
    attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), value(attribute)))
        .collect()
}

/// What `_FillValue` must be for xarray to decode it: base64 for floats, the number itself for integers.
pub(crate) fn fill_attribute(fill: f64, dtype: &str) -> Value {
    if dtype.starts_with("float") {
        Value::from(STANDARD.encode(fill.to_le_bytes()))
    } else {
        Value::from(fill as i64)
    }
}

/// A number as Zarr metadata has it: `NaN`, `Infinity` and `-Infinity` are texts.
pub(crate) fn number(x: f64) -> Value {
    match x {
        x if x.is_nan() => Value::from("NaN"),
        f64::INFINITY => Value::from("Infinity"),
        f64::NEG_INFINITY => Value::from("-Infinity"),
        x => Value::from(x),
    }
}

fn float_fill(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let bytes: [u8; 8] = STANDARD.decode(text).ok()?.try_into().ok()?;
            Some(f64::from_le_bytes(bytes))
        }
    }
}

fn value(attribute: &Attribute) -> Value {
    match attribute {
        Attribute::Text(text) => Value::from(text.as_str()),
        Attribute::Int(n) => Value::from(*n),
        Attribute::Float(x) => number(*x),
        Attribute::Ints(ns) => Value::from(ns.clone()),
        Attribute::Floats(xs) => xs.iter().map(|x| number(*x)).collect(),
        Attribute::Texts(texts) => Value::from(texts.clone()),
    }
}

fn attribute(value: &Value) -> Attribute {
    match value {
        Value::String(text) => Attribute::Text(text.clone()),
        Value::Number(n) => n.as_i64().map_or_else(
            || Attribute::Float(n.as_f64().unwrap_or(f64::NAN)),
            Attribute::Int,
        ),
        Value::Array(items) => list(items).unwrap_or_else(|| Attribute::Text(value.to_string())),
        other => Attribute::Text(other.to_string()),
    }
}

/// A list of one kind.
fn list(items: &[Value]) -> Option<Attribute> {
    let ints = || {
        items
            .iter()
            .map(Value::as_i64)
            .collect::<Option<Vec<_>>>()
            .map(Attribute::Ints)
    };
    let floats = || {
        items
            .iter()
            .map(real)
            .collect::<Option<Vec<_>>>()
            .map(Attribute::Floats)
    };
    let text = |item: &Value| item.as_str().map(str::to_owned);
    let texts = || {
        items
            .iter()
            .map(text)
            .collect::<Option<Vec<_>>>()
            .map(Attribute::Texts)
    };
    if items.is_empty() {
        texts()
    } else {
        ints().or_else(texts).or_else(floats)
    }
}

fn real(item: &Value) -> Option<f64> {
    match item {
        Value::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
            float_fill(text)
        }
        other => other.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_nan_is_read_and_text_is_left_alone() {
        let value =
            parse(r#"{"a": NaN, "b": [-Infinity, 1], "c": "NaN \" NaN \\", "d": Infinity}"#)
                .unwrap();
        let map = value.as_object().unwrap();
        assert_eq!(map["c"], "NaN \" NaN \\");
        let read = attributes(map, "float32");
        assert_eq!(read["b"], Attribute::Floats(vec![f64::NEG_INFINITY, 1.0]));
        assert!(parse("{NaN").is_err());
    }

    #[test]
    fn float_fill_values_are_base64_doubles() {
        // the two texts are what xarray 2026.9 writes for NaN and -9999.0
        assert_eq!(fill_attribute(f64::NAN, "float32"), "AAAAAAAA+H8=");
        assert_eq!(fill_attribute(-9999.0, "float64"), "AAAAAICHw8A=");
        let map = Map::from_iter([("_FillValue".to_owned(), Value::from("AAAAAICHw8A="))]);
        assert_eq!(
            attributes(&map, "float32")["_FillValue"],
            Attribute::Float(-9999.0)
        );
        assert_eq!(
            attributes(&map, "int16")["_FillValue"],
            Attribute::from("AAAAAICHw8A=")
        );
    }
}
