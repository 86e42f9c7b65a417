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

    /// The keys below a folder (`/` is the root), those of links too, in folders at most so deep; `None` where nothing can
    /// be listed.
    pub(crate) fn keys_below(&self, folder: &str, depth: usize) -> Option<Vec<String>> {
        let folder = folder.trim_matches('/');
        match &self.listing {
            Listing::Never => None,
            Listing::Folder(root) => {
                let mut keys = Vec::new();
                files_below(&root.join(folder), folder, depth, &mut keys);
                Some(keys)
            }
            Listing::Store(store, _) => {
                let prefix = match folder {
                    "" => StorePrefix::root(),
                    folder => StorePrefix::new(format!("{folder}/")).ok()?,
                };
                let keys = store.list_prefix(&prefix).ok()?;
                Some(keys.iter().map(|key| key.as_str().to_owned()).collect())
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

/// The keys of all files in a folder, and in folders below it to some depth.
fn files_below(folder: &Path, key: &str, depth: usize, keys: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let key = if key.is_empty() {
            name
        } else {
            format!("{key}/{name}")
        };
        let link = entry.file_type().map_or(true, |kind| kind.is_symlink());
        let is_folder = if link {
            entry.path().is_dir()
        } else {
            entry.file_type().is_ok_and(|kind| kind.is_dir())
        };
        match is_folder {
            false => keys.push(key),
            true if depth > 0 => files_below(&entry.path(), &key, depth - 1, keys),
            true => {}
        }
    }
}

/// The last part of a path or address, without query and extensions such as `.zarr.zip`.
pub(crate) fn stem(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let last = last.strip_suffix(".zip").unwrap_or(last);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    if stem.is_empty() { "array" } else { stem }.to_owned()
}
