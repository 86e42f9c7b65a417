//! Filters of numcodecs: values were stored as something else, and this undoes it.
//!
//! The library's own `fixedscaleoffset` counts in 32 bits, which moves large whole numbers.

use std::any::Any;
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::codec::api::{
    Codec, CodecMetadataOptions, CodecTraits, PartialDecoderCapability, PartialEncoderCapability,
};
use zarrs::array::{
    ArrayBytes, ArrayCodecTraits, ArrayPartialDecoderTraits, ArrayToArrayCodecTraits, CodecError,
    CodecOptions, DataType, FillValue, RecommendedConcurrency,
};
use zarrs::metadata::Configuration;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::{ExtensionName, PluginCreateError, ZarrVersion};

use super::number::{Number, Values};
use super::part::Part;

/// Values that are undone at a time.
const PART: usize = 4096;

/// What undoes a filter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Undo {
    /// Running sums.
    Delta,
    /// `stored / scale + offset`
    Scale { scale: f64, offset: f64 },
    /// Another type only.
    Cast,
}

/// A filter of numcodecs, read and not written.
#[derive(Debug)]
pub(crate) struct Filter {
    id: &'static str,
    undo: Undo,
    /// The type that comes out; that of the array, where the filter names none.
    plain: Option<Number>,
    /// The type that is stored; the same, where the filter names none.
    stored: Option<Number>,
}

impl Filter {
    pub(crate) fn create(
        id: &'static str,
        metadata: &MetadataV3,
    ) -> Result<Codec, PluginCreateError> {
        let empty = Map::new();
        let keys = metadata.configuration().map_or(&empty, |keys| keys);
        let number = |key: &str| match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(name) => match name.as_str().and_then(Number::named) {
                Some(number) => Ok(Some(number)),
                None => Err(format!("codec {id} of {key} {name} is not supported")),
            },
        };
        let factor = |key: &str| {
            let value = keys.get(key).and_then(Value::as_f64);
            value.ok_or_else(|| format!("codec {id} without a number {key:?}"))
        };
        let (plain, stored) = match id {
            "astype" => ("decode_dtype", "encode_dtype"),
            _ => ("dtype", "astype"),
        };
        let (plain, stored) = (number(plain)?, number(stored)?);
        let undo = match id {
            "delta" => Undo::Delta,
            "fixedscaleoffset" => Undo::Scale {
                scale: factor("scale")?,
                offset: factor("offset")?,
            },
            _ => Undo::Cast,
        };
        Ok(Codec::ArrayToArray(Arc::new(Self {
            id,
            undo,
            plain,
            stored: stored.or(plain),
        })))
    }

    /// The types that come out and that are stored, of an array of some type.
    fn types(&self, array: &DataType) -> Result<(Number, Number), CodecError> {
        let name = array.name_v3().unwrap_or_default();
        let refuse = || CodecError::UnsupportedDataType(array.clone(), self.id.to_owned());
        let own = Number::named(&name).ok_or_else(refuse)?;
        if self.plain.is_some_and(|plain| plain != own) {
            return Err(refuse());
        }
        Ok((own, self.stored.unwrap_or(own)))
    }

    fn undone(&self, stored: Values, plain: Number, before: &mut Sums) -> Values {
        match self.undo {
            Undo::Cast => stored,
            Undo::Delta => before.add(stored, plain),
            Undo::Scale { scale, offset } => match stored {
                Values::Whole(x) => {
                    Values::Double(x.iter().map(|x| *x as f64 / scale + offset).collect())
                }
                Values::Double(x) => Values::Double(x.iter().map(|x| x / scale + offset).collect()),
                Values::Single(x) => {
                    let (scale, offset) = (scale as f32, offset as f32);
                    Values::Single(x.iter().map(|x| x / scale + offset).collect())
                }
            },
        }
    }

    /// One value as it is stored.
    fn done(&self, plain: &Values) -> Values {
        let (Undo::Scale { scale, offset }, Some(x)) = (self.undo, first(plain)) else {
            return plain.clone();
        };
        Values::Double(vec![((x - offset) * scale).round()])
    }
}

/// The sums of all values before those that are added up.
#[derive(Debug, Default)]
struct Sums {
    // 128 bits hold all sums of chunks; the last 64 of them wrap as those of numpy
    whole: i128,
    single: f32,
    double: f64,
}

impl Sums {
    /// Running sums in the type that comes out.
    fn add(&mut self, stored: Values, plain: Number) -> Values {
        match (stored, plain) {
            (Values::Whole(x), Number::F32 | Number::F64) => {
                let x = x.iter().map(|x| *x as f64).collect();
                self.add(Values::Double(x), plain)
            }
            (Values::Single(x), Number::F64) => {
                let x = x.iter().map(|x| f64::from(*x)).collect();
                self.add(Values::Double(x), plain)
            }
            (Values::Whole(x), _) => {
                let add = |x| running(&mut self.whole, x, i128::wrapping_add);
                Values::Whole(x.into_iter().map(add).collect())
            }
            (Values::Single(x), _) => {
                let add = |x| running(&mut self.single, x, |a, b| a + b);
                Values::Single(x.into_iter().map(add).collect())
            }
            (Values::Double(x), _) => {
                let add = |x| running(&mut self.double, x, |a, b| a + b);
                Values::Double(x.into_iter().map(add).collect())
            }
        }
    }
}

fn running<T: Copy>(sum: &mut T, x: T, add: impl Fn(T, T) -> T) -> T {
    *sum = add(*sum, x);
    *sum
}

fn first(values: &Values) -> Option<f64> {
    match values {
        Values::Whole(x) => x.first().map(|x| *x as f64),
        Values::Single(x) => x.first().map(|x| f64::from(*x)),
        Values::Double(x) => x.first().copied(),
    }
}

impl ExtensionName for Filter {
    fn name(&self, _: ZarrVersion) -> Option<Cow<'static, str>> {
        Some(super::named(self.id).into())
    }
}

impl CodecTraits for Filter {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn configuration(&self, _: ZarrVersion, _: &CodecMetadataOptions) -> Option<Configuration> {
        None
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        // the library would keep whole chunks in the shape that they have before they are transposed
        PartialDecoderCapability {
            partial_read: true,
            partial_decode: true,
        }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability {
            partial_encode: false,
        }
    }
}

impl ArrayCodecTraits for Filter {
    fn recommended_concurrency(
        &self,
        _: &[NonZeroU64],
        _: &DataType,
    ) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }
}

impl ArrayToArrayCodecTraits for Filter {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn ArrayToArrayCodecTraits> {
        self
    }

    fn partial_decoder(
        self: Arc<Self>,
        input: Arc<dyn ArrayPartialDecoderTraits>,
        shape: &[NonZeroU64],
        data_type: &DataType,
        fill: &FillValue,
        _: &CodecOptions,
    ) -> Result<Arc<dyn ArrayPartialDecoderTraits>, CodecError> {
        Ok(Arc::new(Part {
            codec: self,
            input,
            shape: shape.to_vec(),
            data_type: data_type.clone(),
            fill: fill.clone(),
        }))
    }

    fn encoded_data_type(&self, decoded: &DataType) -> Result<DataType, CodecError> {
        let (_, stored) = self.types(decoded)?;
        DataType::from_metadata(&MetadataV3::new(stored.name()))
            .map_err(|error| CodecError::from(error.to_string()))
    }

    fn encoded_fill_value(
        &self,
        decoded: &DataType,
        fill: &FillValue,
    ) -> Result<FillValue, CodecError> {
        let (plain, stored) = self.types(decoded)?;
        let fill = self.done(&plain.read(fill.as_ne_bytes()));
        Ok(FillValue::new(stored.write(&fill)))
    }

    fn encode<'a>(
        &self,
        _: ArrayBytes<'a>,
        _: &[NonZeroU64],
        _: &DataType,
        _: &FillValue,
        _: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        Err(format!("codec {} is read and not written", self.id).into())
    }

    fn decode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        _: &[NonZeroU64],
        data_type: &DataType,
        _: &FillValue,
        _: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        let (plain, stored) = self.types(data_type)?;
        let bytes = bytes.into_fixed()?;
        if plain == stored && self.undo == Undo::Cast {
            return Ok(bytes.into());
        }
        // on their way values are wider than before and after: a part of them at a time
        let mut undone = Vec::with_capacity(bytes.len() / stored.size() * plain.size());
        let mut before = Sums::default();
        for part in bytes.chunks(PART * stored.size()) {
            let values = self.undone(stored.read(part), plain, &mut before);
            undone.extend(plain.write(&values));
        }
        Ok(undone.into())
    }
}
