//! Where a Zarr hierarchy is kept: a folder, a zip file, a web server, an object store.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zarrs::filesystem::FilesystemStore;
use zarrs::storage::{ListableStorageTraits, ReadableStorageTraits, StoreKey, StorePrefix};

/// What reads the bytes of a key.
pub(crate) type Bytes = Arc<dyn ReadableStorageTraits>;

/// Where a Zarr hierarchy is kept.
#[derive(Clone)]
pub(crate) struct Place {
    /// Reads the bytes of a key.
    pub(crate) bytes: Bytes,
    listing: Listing,
    /// The last part of its address, without extension: the name of an array that is the root.
    pub(crate) stem: String,
}

#[derive(Clone)]
enum Listing {
    /// The file system, links included.
    Folder(PathBuf),
    Store(Arc<dyn ListableStorageTraits>, Cost),
    /// A web server lists nothing.
    Never,
}

/// What it costs to list a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nothing worth sparing.
    Little,
    /// A request.
    #[cfg(feature = "object-stores")]
    Much,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("stem", &self.stem)
            .finish_non_exhaustive()
    }
}

impl Place {
    pub(crate) fn folder(path: PathBuf) -> Result<Self, String> {
        let bytes = FilesystemStore::new(&path).map_err(|error| error.to_string())?;
        Ok(Self {
            bytes: Arc::new(bytes),
            stem: stem(&path.to_string_lossy()),
            listing: Listing::Folder(path),
        })
    }

    /// A store that lists its keys.
    pub(crate) fn listed<S>(store: S, cost: Cost, address: &str) -> Self
    where
        S: ReadableStorageTraits + ListableStorageTraits + 'static,
    {
        let store = Arc::new(store);
        Self {
            bytes: Arc::clone(&store) as Bytes,
            listing: Listing::Store(store, cost),
            stem: stem(address),
        }
    }

    /// A store that reads the keys it is asked for and lists none.
    pub(crate) fn unlisted(store: impl ReadableStorageTraits + 'static, address: &str) -> Self {
        Self {
            bytes: Arc::new(store),
            listing: Listing::Never,
            stem: stem(address),
        }
    }

    /// Whether metadata in one piece are worth more than a walk through the folders.
    pub(crate) fn prefers_consolidated(&self) -> bool {
        !matches!(
            self.listing,
            Listing::Folder(_) | Listing::Store(_, Cost::Little)
        )
    }

    /// The text of a key; `None` where there is no such key.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, String> {
        let named = |error: &dyn fmt::Display| format!("{key}: {error}");
        let store_key = StoreKey::new(key).map_err(|error| named(&error))?;
        let Some(bytes) = self.bytes.get(&store_key).map_err(|error| named(&error))? else {
            return Ok(None);
        };
        String::from_utf8(bytes.to_vec())
            .map(Some)
            .map_err(|error| named(&error))
    }

    /// The bytes of all keys below a folder (`/` is the root); `None` where nothing can be listed.
    pub(crate) fn bytes_below(&self, folder: &str) -> Option<u64> {
        let folder = folder.trim_matches('/');
        match &self.listing {
            Listing::Never => None,
            Listing::Folder(root) => Some(bytes_in(&root.join(folder))),
            Listing::Store(store, _) => {
                let prefix = match folder {
                    "" => StorePrefix::root(),
                    folder => StorePrefix::new(format!("{folder}/")).ok()?,
                };
                store.size_prefix(&prefix).ok()
            }
        }
    }

    /// The folders below a folder (the root is empty text), sorted; `None` where nothing can be listed.
    pub(crate) fn folders(&self, below: &str) -> Result<Option<Vec<String>>, String> {
        let mut names = match &self.listing {
            Listing::Never => return Ok(None),
            Listing::Folder(root) => {
                let entries = fs::read_dir(root.join(below)).map_err(|error| error.to_string())?;
                let folders = entries.filter_map(Result::ok).filter(|e| e.path().is_dir());
                folders
                    .filter_map(|entry| entry.file_name().into_string().ok())
                    .collect::<Vec<_>>()
            }
            Listing::Store(store, _) => {
                let prefix = if below.is_empty() {
                    StorePrefix::root()
                } else {
                    StorePrefix::new(format!("{below}/")).map_err(|error| error.to_string())?
                };
                let listed = store.list_dir(&prefix).map_err(|error| error.to_string())?;
                let last = |prefix: &StorePrefix| {
                    let text = prefix.as_str().trim_end_matches('/');
                    text.rsplit('/').next().unwrap_or(text).to_owned()
                };
                listed.prefixes().iter().map(last).collect()
            }
        };
        names.sort();
        names.dedup();
        Ok(Some(names))
    }
}

/// The bytes of all files in a folder and below it.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let bytes = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_in(&entry.path()),
        _ => entry.path().metadata().map_or(0, |file| file.len()),
    };
    entries.filter_map(Result::ok).map(bytes).sum()
}

/// The last part of a path or address, without query and extensions such as `.zarr.zip`.
pub(crate) fn stem(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let last = last.strip_suffix(".zip").unwrap_or(last);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    if stem.is_empty() { "array" } else { stem }.to_owned()
}
