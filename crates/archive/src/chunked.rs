//! The library's arrays, as this crate opens and writes them.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use zarrs::array::{Array, ArrayError, ArrayMetadata, CodecError, CodecOptions};
use zarrs::storage::StorageError;

use crate::atomic_store::AtomicStore;
use crate::boundary::contained;
use crate::{Format, WriteError};

/// Opens an array with metadata of a version.
pub(crate) fn open_array(
    storage: &Arc<AtomicStore>,
    name: &str,
    metadata: Value,
    format: Format,
) -> Result<Array<AtomicStore>, String> {
    let metadata = match format {
        Format::V2 => serde_json::from_value(metadata).map(ArrayMetadata::V2),
        Format::V3 => serde_json::from_value(metadata).map(ArrayMetadata::V3),
    };
    let metadata = metadata.map_err(|error| error.to_string())?;
    contained(|| {
        Array::new_with_metadata(Arc::clone(storage), &format!("/{name}"), metadata)
            .map_err(|error| error.to_string())
    })
}

/// Every chunk becomes a file, also one that holds nothing but the fill value: a file that is not there is lost.
pub(crate) fn every_chunk() -> CodecOptions {
    CodecOptions::default().with_store_empty_chunks(true)
}

/// Tells failed file operations apart from everything else.
pub(crate) fn array_error(path: &Path, name: &str, error: ArrayError) -> WriteError {
    match error {
        ArrayError::StorageError(StorageError::IOError(cause))
        | ArrayError::CodecError(CodecError::StorageError(StorageError::IOError(cause))) => {
            let cause = std::io::Error::new(cause.kind(), cause.to_string());
            WriteError::io(&path.join(name), cause)
        }
        other => WriteError::Zarr {
            path: path.to_path_buf(),
            cause: other.to_string(),
        },
    }
}
