//! Parts of chunks that can only be undone whole.

use std::num::NonZeroU64;
use std::sync::Arc;

use zarrs::array::{
    ArrayBytes, ArrayPartialDecoderTraits, ArraySubset, ArrayToArrayCodecTraits, CodecError,
    CodecOptions, DataType, FillValue, Indexer,
};
use zarrs::storage::StorageError;

use super::filter::Filter;

/// A part of a chunk of which every value needs those before it.
pub(crate) struct Part {
    pub(crate) codec: Arc<Filter>,
    pub(crate) input: Arc<dyn ArrayPartialDecoderTraits>,
    pub(crate) shape: Vec<NonZeroU64>,
    pub(crate) data_type: DataType,
    pub(crate) fill: FillValue,
}

impl ArrayPartialDecoderTraits for Part {
    fn data_type(&self) -> &DataType {
        &self.data_type
    }

    fn exists(&self) -> Result<bool, StorageError> {
        self.input.exists()
    }

    fn size_held(&self) -> usize {
        self.input.size_held()
    }

    fn partial_decode(
        &self,
        part: &dyn Indexer,
        options: &CodecOptions,
    ) -> Result<ArrayBytes<'_>, CodecError> {
        if !self.exists()? {
            let (kind, fill) = (&self.data_type, &self.fill);
            return Ok(ArrayBytes::new_fill_value(kind, part.len(), fill)?);
        }
        let shape: Vec<u64> = self.shape.iter().map(|n| n.get()).collect();
        let whole = ArraySubset::new_with_shape(shape.clone());
        let stored = self.input.partial_decode(&whole, options)?;
        let (kind, fill) = (&self.data_type, &self.fill);
        let chunk = self
            .codec
            .decode(stored, &self.shape, kind, fill, options)?;
        let part = chunk.extract_array_subset(part, &shape, kind)?;
        Ok(part.into_owned())
    }

    fn supports_partial_decode(&self) -> bool {
        false
    }
}
