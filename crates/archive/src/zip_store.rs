//! A Zarr hierarchy in a zip file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{
    ListableStorageTraits, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey,
    StoreKeys, StoreKeysPrefixes, StorePrefix, StorePrefixes,
};
use zip::ZipArchive;
use zip::result::ZipError;

/// Keys larger than this are refused before they are unpacked: a few bytes can claim to be anything.
const LARGEST: u64 = 4 << 30;

/// The files of a zip file below one folder of it.
pub(crate) struct ZipStore {
    archive: Mutex<ZipArchive<BufReader<File>>>,
    /// The folder, with its slash; often empty.
    prefix: String,
    /// Paths relative to it.
    keys: Vec<String>,
    length: u64,
}

impl ZipStore {
    /// Opens a zip file at the folder nearest to its root that is a Zarr hierarchy; without one, the names it holds.
    pub(crate) fn open(path: &Path) -> Result<Result<Self, Vec<String>>, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
        let names: Vec<String> = archive
            .file_names()
            .filter_map(Result::ok)
            .map(std::borrow::Cow::into_owned)
            .collect();
        let root_of = |name: &String| {
            let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
            let marks = ["zarr.json", ".zgroup", ".zarray", ".zmetadata"];
            marks.contains(&file).then(|| folder.to_owned())
        };
        let depth = |folder: &String| folder.split('/').filter(|part| !part.is_empty()).count();
        let roots = names.iter().filter_map(root_of);
        let Some(root) = roots.min_by_key(|folder| (depth(folder), folder.clone())) else {
            return Ok(Err(names));
        };
        let prefix = if root.is_empty() {
            root
        } else {
            format!("{root}/")
        };
        let keys = names
            .iter()
            .filter_map(|name| name.strip_prefix(&prefix))
            .filter(|key| !key.is_empty() && !key.ends_with('/'))
            .map(str::to_owned)
            .collect();
        Ok(Ok(Self {
            archive: Mutex::new(archive),
            prefix,
            keys,
            length,
        }))
    }

    /// Runs on the file of a key; `None` where there is none.
    fn with<T>(
        &self,
        key: &StoreKey,
        read: impl FnOnce(&mut dyn Read, u64) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let other = |error: &dyn std::fmt::Display| StorageError::Other(format!("{key}: {error}"));
        let mut file = match archive.by_name(&format!("{}{key}", self.prefix)) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(other(&error)),
        };
        let size = file.size();
        // deflate packs at most 1032 to one
        if size > LARGEST || size / 1100 > self.length {
            return Err(other(&format!("{size} bytes cannot be in this zip file")));
        }
        read(&mut file, size).map(Some)
    }

    fn whole(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, StorageError> {
        self.with(key, |file, size| {
            let mut bytes = Vec::new();
            let read = file.take(size + 1).read_to_end(&mut bytes);
            read.map_err(|error| StorageError::Other(format!("{key}: {error}")))?;
            if bytes.len() as u64 == size {
                Ok(bytes)
            } else {
                Err(StorageError::Other(format!(
                    "{key}: its length is not the {size} bytes announced"
                )))
            }
        })
    }
}

impl ReadableStorageTraits for ZipStore {
    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        Ok(self
            .whole(key)?
            .map(|bytes| crate::byte_parts::cut(bytes.into(), byte_ranges)))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        self.with(key, |_, size| Ok(size))
    }

    fn supports_get_partial(&self) -> bool {
        false
    }
}

impl ListableStorageTraits for ZipStore {
    fn list(&self) -> Result<StoreKeys, StorageError> {
        self.list_prefix(&StorePrefix::root())
    }

    fn list_prefix(&self, prefix: &StorePrefix) -> Result<StoreKeys, StorageError> {
        let below = self
            .keys
            .iter()
            .filter(|key| key.starts_with(prefix.as_str()));
        below.map(|key| Ok(StoreKey::new(key)?)).collect()
    }

    fn list_dir(&self, prefix: &StorePrefix) -> Result<StoreKeysPrefixes, StorageError> {
        let (mut keys, mut prefixes) = (StoreKeys::new(), StorePrefixes::new());
        for key in &self.keys {
            let Some(rest) = key.strip_prefix(prefix.as_str()) else {
                continue;
            };
            match rest.split_once('/') {
                None => keys.push(StoreKey::new(key)?),
                Some((folder, _)) => {
                    let below = StorePrefix::new(format!("{}{folder}/", prefix.as_str()))?;
                    if !prefixes.contains(&below) {
                        prefixes.push(below);
                    }
                }
            }
        }
        Ok(StoreKeysPrefixes::new(keys, prefixes))
    }

    fn size_prefix(&self, prefix: &StorePrefix) -> Result<u64, StorageError> {
        let sizes = self.list_prefix(prefix)?;
        sizes
            .iter()
            .map(|key| Ok(self.size_key(key)?.unwrap_or(0)))
            .sum()
    }
}
