//! The LZ4 of numcodecs: the length of what is packed in four bytes, then one block.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use zarrs::array::codec::api::{
    Codec, CodecMetadataOptions, CodecTraits, PartialDecoderCapability, PartialEncoderCapability,
};
use zarrs::array::{
    ArrayBytesRaw, BytesRepresentation, BytesToBytesCodecTraits, CodecError, CodecOptions,
    RecommendedConcurrency,
};
use zarrs::metadata::Configuration;
use zarrs::plugin::{ExtensionName, ZarrVersion};

use super::bounded::{beyond, most};

/// LZ4 packs at most 255 to one.
const RATIO: u64 = 255;

/// Reads what `numcodecs.lz4` writes.
#[derive(Debug)]
pub(crate) struct Lz4;

impl Lz4 {
    pub(crate) fn codec() -> Codec {
        Codec::BytesToBytes(Arc::new(Self))
    }
}

impl ExtensionName for Lz4 {
    fn name(&self, _: ZarrVersion) -> Option<Cow<'static, str>> {
        Some("numcodecs.lz4".into())
    }
}

impl CodecTraits for Lz4 {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn configuration(&self, _: ZarrVersion, _: &CodecMetadataOptions) -> Option<Configuration> {
        None
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        PartialDecoderCapability {
            partial_read: false,
            partial_decode: false,
        }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability {
            partial_encode: false,
        }
    }
}

impl BytesToBytesCodecTraits for Lz4 {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(
        &self,
        _: &BytesRepresentation,
    ) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }

    fn encoded_representation(&self, _: &BytesRepresentation) -> BytesRepresentation {
        BytesRepresentation::UnboundedSize
    }

    fn encode<'a>(
        &self,
        _: ArrayBytesRaw<'a>,
        _: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        Err("numcodecs.lz4 is read and not written".into())
    }

    fn decode<'a>(
        &self,
        encoded: ArrayBytesRaw<'a>,
        decoded: &BytesRepresentation,
        _: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        let Some((length, block)) = encoded.split_first_chunk::<4>() else {
            return Err("LZ4: it ends before its length".into());
        };
        let announced = u32::from_le_bytes(*length);
        let most = most(decoded, encoded.len(), RATIO);
        if u64::from(announced) > most {
            return Err(beyond("LZ4", announced.into(), most));
        }
        let unpacked = lz4_flex::block::decompress(block, announced as usize);
        let unpacked = unpacked.map_err(|error| CodecError::from(format!("LZ4: {error}")))?;
        Ok(Cow::Owned(unpacked))
    }
}
