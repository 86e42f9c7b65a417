//! Unpacking that takes no more memory than a chunk can need, whatever its bytes announce.

use std::any::Any;
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use flate2::read::{GzDecoder, ZlibDecoder};
use zarrs::array::codec::api::{
    Codec, CodecMetadataOptions, CodecTraits, PartialDecoderCapability, PartialEncoderCapability,
};
use zarrs::array::{
    ArrayBytesRaw, BytesRepresentation, BytesToBytesCodecTraits, CodecError, CodecOptions,
    RecommendedConcurrency,
};
use zarrs::metadata::Configuration;
use zarrs::plugin::{ExtensionName, ZarrVersion};

/// Bytes of a chunk of which nobody knows the length beforehand, which is one of texts, at most.
const LARGEST: u64 = 256 << 20;
/// Bytes that are taken whatever the ratio.
const FREE: u64 = 1 << 20;

/// How a chunk says what it will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    /// In a header.
    Blosc,
    /// In a header, or not at all.
    Zstd,
    /// Not at all.
    Gzip,
    /// Not at all.
    Zlib,
}

/// A codec of the library behind a test of what is announced.
#[derive(Debug)]
pub(crate) struct Bounded {
    codec: Arc<dyn BytesToBytesCodecTraits>,
    packed: Packed,
}

impl Bounded {
    pub(crate) fn codec(codec: Arc<dyn BytesToBytesCodecTraits>, packed: Packed) -> Codec {
        Codec::BytesToBytes(Arc::new(Self { codec, packed }))
    }
}

/// The most bytes that so many packed ones may become: those of the chunk, and none that no packing reaches.
pub(crate) fn most(decoded: &BytesRepresentation, packed: usize, ratio: u64) -> u64 {
    let reached = (packed as u64).saturating_mul(ratio).saturating_add(FREE);
    decoded.size().unwrap_or(LARGEST).min(reached)
}

pub(crate) fn beyond(format: &str, announced: u64, most: u64) -> CodecError {
    format!("{format}: it announces {announced} bytes where {most} can be").into()
}

impl Packed {
    /// How many bytes one byte may become at most.
    const fn ratio(self) -> u64 {
        match self {
            // a block of 128 KiB of one byte takes four
            Self::Blosc | Self::Zstd => 33_000,
            Self::Gzip | Self::Zlib => 1_100,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Blosc => "Blosc",
            Self::Zstd => "Zstandard",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
        }
    }

    /// The announced length.
    fn announced(self, bytes: &[u8]) -> Option<u64> {
        match self {
            Self::Blosc => bytes.get(4..8).map(little_endian),
            Self::Zstd => zstd_length(bytes),
            Self::Gzip | Self::Zlib => None,
        }
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// The content size in the header of a frame (RFC 8878, section 3.1.1.1).
fn zstd_length(bytes: &[u8]) -> Option<u64> {
    let descriptor = *bytes.get(4)?;
    let single_segment = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let at = 5 + usize::from(!single_segment) + dictionary;
    let width = match (descriptor >> 6, single_segment) {
        (0, false) => return None,
        (0, true) => 1,
        (power, _) => 1 << power,
    };
    let length = little_endian(bytes.get(at..at + width)?);
    Some(if width == 2 { length + 256 } else { length })
}

/// Everything a stream gives, where that is no more than `most` bytes.
fn all(stream: impl Read, format: &str, most: u64) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    let read = stream.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| CodecError::from(format!("{format}: {error}")))?;
    if bytes.len() as u64 > most {
        return Err(
            format!("{format}: it unpacks to more than the {most} bytes that can be").into(),
        );
    }
    Ok(bytes)
}

impl ExtensionName for Bounded {
    fn name(&self, version: ZarrVersion) -> Option<Cow<'static, str>> {
        self.codec.name(version)
    }
}

impl CodecTraits for Bounded {
    fn as_any(&self) -> &dyn Any {
        self.codec.as_any()
    }

    fn configuration(
        &self,
        version: ZarrVersion,
        options: &CodecMetadataOptions,
    ) -> Option<Configuration> {
        self.codec.configuration(version, options)
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        self.codec.partial_decoder_capability()
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        self.codec.partial_encoder_capability()
    }
}

impl BytesToBytesCodecTraits for Bounded {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(
        &self,
        decoded: &BytesRepresentation,
    ) -> Result<RecommendedConcurrency, CodecError> {
        self.codec.recommended_concurrency(decoded)
    }

    fn encoded_representation(&self, decoded: &BytesRepresentation) -> BytesRepresentation {
        self.codec.encoded_representation(decoded)
    }

    fn encode<'a>(
        &self,
        decoded: ArrayBytesRaw<'a>,
        options: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        self.codec.encode(decoded, options)
    }

    fn decode<'a>(
        &self,
        encoded: ArrayBytesRaw<'a>,
        decoded: &BytesRepresentation,
        options: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        let format = self.packed.name();
        let most = most(decoded, encoded.len(), self.packed.ratio());
        match self.packed.announced(&encoded) {
            Some(announced) if announced > most => return Err(beyond(format, announced, most)),
            // a second frame may follow the one whose length is known
            Some(_) if !matches!(self.packed, Packed::Zstd) => {
                return self.codec.decode(encoded, decoded, options);
            }
            _ => {}
        }
        let bytes = match self.packed {
            Packed::Blosc => return Err("Blosc: it ends within its header".into()),
            Packed::Gzip => all(GzDecoder::new(&*encoded), format, most),
            Packed::Zlib => all(ZlibDecoder::new(&*encoded), format, most),
            Packed::Zstd => {
                let stream = zstd::Decoder::with_buffer(&*encoded);
                let stream = stream.map_err(|error| CodecError::from(format!("{format}: {error}")));
                all(stream?, format, most)
            }
        };
        bytes.map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zarrs::array::codec::{GzipCodec, ZstdCodec};

    use super::*;

    fn unpacked(codec: &Bounded, bytes: &[u8], length: u64) -> Result<Vec<u8>, String> {
        let chunk = BytesRepresentation::FixedSize(length);
        let bytes = codec.decode(bytes.into(), &chunk, &CodecOptions::default());
        bytes
            .map(Cow::into_owned)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_unpacks_to_more_than_a_chunk_is_refused_before_memory_is_taken() {
        let codec = Arc::new(ZstdCodec::new(1, false));
        let zstd = Bounded {
            codec,
            packed: Packed::Zstd,
        };
        let text = vec![7; 5000];
        let mut packed = zstd::bulk::compress(&text, 1).unwrap();
        assert_eq!(zstd_length(&packed), Some(5000));
        assert_eq!(unpacked(&zstd, &packed, 5000).unwrap(), text);
        assert!(
            unpacked(&zstd, &packed, 4999)
                .unwrap_err()
                .contains("5000 bytes where 4999")
        );
        // a second frame, whose length the header of the first does not count
        let mut frames = zstd::bulk::compress(&text, 1).unwrap();
        frames.extend(zstd::bulk::compress(&vec![7; 1 << 20], 1).unwrap());
        assert_eq!(zstd_length(&frames), Some(5000));
        assert!(
            unpacked(&zstd, &frames, 5000)
                .unwrap_err()
                .contains("more than")
        );
        // a stream announces nothing
        let streamed = zstd::encode_all(&*text, 1).unwrap();
        assert_eq!(zstd_length(&streamed), None);
        assert_eq!(unpacked(&zstd, &streamed, 5000).unwrap(), text);
        assert!(
            unpacked(&zstd, &streamed, 4999)
                .unwrap_err()
                .contains("more than")
        );
        // a chunk of a terabyte of which there are some bytes
        packed[4] |= 0xc0;
        packed.splice(5..5, [0xff; 6]);
        assert!(
            unpacked(&zstd, &packed, 1 << 60)
                .unwrap_err()
                .contains("announces")
        );

        let codec = GzipCodec::new(1).map(Arc::new).unwrap();
        let gzip = Bounded {
            codec,
            packed: Packed::Gzip,
        };
        let mut file = GzEncoder::new(Vec::new(), Compression::fast());
        file.write_all(&text).unwrap();
        let packed = file.finish().unwrap();
        assert_eq!(unpacked(&gzip, &packed, 5000).unwrap(), text);
        assert!(
            unpacked(&gzip, &packed, 4999)
                .unwrap_err()
                .contains("gzip: it unpacks to more")
        );
    }

    #[test]
    fn lengths_in_headers_of_blosc() {
        let header = [2, 1, 0x33, 2, 8, 0, 0, 0x80, 8, 0, 0, 0, 24, 0, 0, 0];
        assert_eq!(Packed::Blosc.announced(&header), Some(8 + (0x80 << 24)));
        assert_eq!(Packed::Blosc.announced(&header[..7]), None);
    }
}
