//! Codecs of Zarr that the library lacks or that trust what a chunk says of itself.

mod bounded;
mod filter;
mod lz4;
mod number;
mod part;

use std::sync::Once;

use serde_json::{Map, Value, json};
use zarrs::array::codec::api::{Codec, CodecRuntimePluginV3, CodecTraitsV3, register_codec_v3};
use zarrs::array::codec::{BloscCodec, GzipCodec, ZlibCodec, ZstdCodec};
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::PluginCreateError;

use bounded::{Bounded, Packed};
use filter::Filter;
use lz4::Lz4;

/// Ids of the filters of numcodecs that are read here, from array to array.
const FILTERS: [&str; 5] = [
    "delta",
    "fixedscaleoffset",
    "quantize",
    "astype",
    "bitround",
];

/// Makes the codecs known to the library; they come before its own of the same name.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        bounded("blosc", Packed::Blosc, BloscCodec::create);
        bounded("zstd", Packed::Zstd, ZstdCodec::create);
        bounded("gzip", Packed::Gzip, GzipCodec::create);
        bounded("numcodecs.zlib", Packed::Zlib, ZlibCodec::create);
        plugin("numcodecs.lz4", |_| Ok(Lz4::codec()));
        for id in FILTERS {
            // the library has another of this name for all that is written as v3
            if id != "bitround" {
                plugin(&named(id), move |metadata| Filter::create(id, metadata));
            }
        }
    });
}

fn plugin(
    name: &str,
    create: impl Fn(&MetadataV3) -> Result<Codec, PluginCreateError> + Send + Sync + 'static,
) {
    let name = name.to_owned();
    register_codec_v3(CodecRuntimePluginV3::new(
        move |other| other == name,
        create,
    ));
}

/// A codec of the library that is asked only where the announced size can be.
fn bounded(
    name: &str,
    packed: Packed,
    create: fn(&MetadataV3) -> Result<Codec, PluginCreateError>,
) {
    plugin(name, move |metadata| {
        Ok(match create(metadata)? {
            Codec::BytesToBytes(codec) => Bounded::codec(codec, packed),
            other => other,
        })
    });
}

/// The name in metadata of v3.
fn named(id: &str) -> String {
    format!("numcodecs.{id}")
}

/// What this module reads of v2 metadata; taken out of them by [`Own::take_from`].
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Own {
    filters: Vec<Map<String, Value>>,
    compressor: Option<MetadataV3>,
}

impl Own {
    /// Takes out of the metadata of v2 the filters that the library does not know, and the compressors that it
    /// trusts.
    pub(crate) fn take_from(metadata: &mut Value) -> Self {
        let mut own = Self::default();
        if let Some(Value::Array(filters)) = metadata.get_mut("filters") {
            filters.retain(|filter| match filter {
                Value::Object(filter) if FILTERS.contains(&id(filter)) => {
                    own.filters.push(filter.clone());
                    false
                }
                _ => true,
            });
        }
        if let Some(Value::Object(compressor)) = metadata.get("compressor") {
            own.compressor = unpacking(compressor);
        }
        if own.compressor.is_some() {
            metadata["compressor"] = Value::Null;
        }
        own
    }

    /// Puts it into the codecs of the same array as v3: filters before values become bytes, in their order, and what
    /// was compressed last is unpacked first.
    pub(crate) fn put_into(self, codecs: &mut Vec<MetadataV3>) {
        let place = codecs.iter().position(|codec| codec.name() != "transpose");
        let place = place.unwrap_or(codecs.len());
        // the bytes are those of the last filter's values
        let order = self.filters.iter().rev().find_map(stored_order);
        for (k, mut filter) in self.filters.into_iter().enumerate() {
            let name = named(id(&filter));
            filter.remove("id");
            let codec = MetadataV3::new_with_configuration(name, filter);
            codecs.insert(place + k, codec);
        }
        let bytes = codecs.iter_mut().find(|codec| codec.name() == "bytes");
        if let (Some(order), Some(bytes)) = (order, bytes) {
            let endian = Map::from_iter([("endian".to_owned(), order.into())]);
            *bytes = MetadataV3::new_with_configuration("bytes", endian);
        }
        codecs.extend(self.compressor);
    }
}

fn id(codec: &Map<String, Value>) -> &str {
    codec.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// What unpacks the bytes of a compressor of v2; how they were packed does not matter.
fn unpacking(compressor: &Map<String, Value>) -> Option<MetadataV3> {
    let (name, configuration) = match id(compressor) {
        "blosc" => {
            let name = compressor.get("cname").cloned().unwrap_or_default();
            let how = json!({"cname": name, "clevel": 1, "shuffle": "noshuffle", "blocksize": 0});
            ("blosc", how)
        }
        "zstd" => ("zstd", json!({"level": 1, "checksum": false})),
        "gzip" => ("gzip", json!({"level": 1})),
        "zlib" => ("numcodecs.zlib", json!({"level": 1})),
        "lz4" => ("numcodecs.lz4", json!({})),
        _ => return None,
    };
    let configuration = configuration.as_object().cloned().unwrap_or_default();
    Some(MetadataV3::new_with_configuration(name, configuration))
}

/// The order of bytes that a filter leaves, where it says so.
fn stored_order(filter: &Map<String, Value>) -> Option<&'static str> {
    let keys = ["encode_dtype", "astype", "dtype"];
    let stored = keys.iter().find_map(|key| filter.get(*key)?.as_str())?;
    match stored.as_bytes().first()? {
        b'<' => Some("little"),
        b'>' => Some("big"),
        _ => None,
    }
}
