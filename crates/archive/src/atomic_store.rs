//! A folder whose chunks appear whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zarrs::filesystem::FilesystemStore;
use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{
    Bytes, MaybeBytesIterator, OffsetBytesIterator, ReadableStorageTraits, StorageError, StoreKey,
    StorePrefix, WritableStorageTraits,
};

use crate::atomic::write_into;

/// A Zarr store in a folder whose chunk files are written as by [`write_whole`](crate::write_whole).
#[derive(Debug)]
pub(crate) struct AtomicStore {
    root: PathBuf,
    reading: FilesystemStore,
    writer: String,
    /// A folder that is there as long as the store may be written; none where it always may.
    while_there: Option<PathBuf>,
}

impl AtomicStore {
    pub(crate) fn new(
        root: &Path,
        writer: String,
        while_there: Option<PathBuf>,
    ) -> Result<Self, String> {
        let reading = FilesystemStore::new(root).map_err(|error| error.to_string())?;
        Ok(Self {
            root: root.to_path_buf(),
            reading,
            writer,
            while_there,
        })
    }

    fn file(&self, key: &StoreKey) -> PathBuf {
        self.root.join(key.as_str())
    }
}

impl ReadableStorageTraits for AtomicStore {
    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        self.reading.get_partial_many(key, byte_ranges)
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        self.reading.size_key(key)
    }

    fn supports_get_partial(&self) -> bool {
        self.reading.supports_get_partial()
    }
}

impl WritableStorageTraits for AtomicStore {
    fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        let may = || {
            self.while_there
                .as_ref()
                .is_none_or(|folder| folder.is_dir())
        };
        let file = self.file(key);
        let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| write_into(&file, &value, &self.writer, may));
        written.map_err(|error| StorageError::IOError(Arc::new(error)))
    }

    fn set_partial_many(&self, _: &StoreKey, _: OffsetBytesIterator) -> Result<(), StorageError> {
        Err(StorageError::Unsupported(
            "files are written whole".to_owned(),
        ))
    }

    fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        match fs::remove_file(self.file(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StorageError::IOError(Arc::new(error)))
            }
            _ => Ok(()),
        }
    }

    fn erase_prefix(&self, _: &StorePrefix) -> Result<(), StorageError> {
        Err(StorageError::Unsupported(
            "folders are not erased".to_owned(),
        ))
    }

    fn supports_set_partial(&self) -> bool {
        false
    }
}
