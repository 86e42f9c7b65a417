//! Many pictures: an IDX file, a folder, or one file.

use crate::idx::{self, IdxError};
use crate::picture::Picture;
use crate::picture_error::PictureError;
use ndarray::Array3;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of image files that are looked for in a folder.
const ENDINGS: [&str; 12] = [
    "png", "jpg", "jpeg", "gif", "webp", "tif", "tiff", "bmp", "pbm", "pgm", "ppm", "pnm",
];

/// Pictures by number, in an order that does not depend on the file system.
#[derive(Clone, Debug)]
pub enum Collection {
    /// An IDX file, held in memory.
    ///
    /// # Shapes
    /// (N, H, W).
    Idx(Array3<u8>),
    /// Image files, read when asked for.
    Files(Vec<PathBuf>),
}

/// Why a collection was refused.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// An IDX file.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// A picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A folder that cannot be listed.
    #[error("cannot list {path}: {source}")]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing to read.
    #[error("{path} holds no images: looked for IDX files (-idx3-ubyte, .gz) and the endings {}", ENDINGS.join(", "))]
    Empty {
        /// The folder or file.
        path: PathBuf,
    },
}

impl Collection {
    /// Opens an IDX file (its name holds `idx3-ubyte`), an image file, or a folder of them in the order of their names.
    ///
    /// # Errors
    /// If there is nothing of the kind, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, CollectionError> {
        if path.is_dir() {
            let files = images_in(path)?;
            if files.is_empty() {
                return Err(CollectionError::Empty {
                    path: path.to_owned(),
                });
            }
            return Ok(Self::Files(files));
        }
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.contains("idx3-ubyte") {
            let images = idx::read_images(path)?;
            if images.is_empty() {
                return Err(CollectionError::Empty {
                    path: path.to_owned(),
                });
            }
            return Ok(Self::Idx(images));
        }
        Ok(Self::Files(vec![path.to_owned()]))
    }

    /// Pictures.
    pub fn count(&self) -> usize {
        match self {
            Self::Idx(images) => images.dim().0,
            Self::Files(files) => files.len(),
        }
    }

    /// Picture `i`, below [`Collection::count`].
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn picture(&self, i: usize) -> Result<Picture, CollectionError> {
        Ok(match self {
            Self::Idx(images) => idx::picture(images, i)?,
            Self::Files(files) => Picture::read(&files[i])?,
        })
    }

    /// What picture `i` is called: its file without ending, or its number.
    pub fn name(&self, i: usize) -> String {
        match self {
            Self::Idx(_) => format!("{i:05}"),
            Self::Files(files) => files[i].file_stem().map_or_else(
                || format!("{i:05}"),
                |stem| stem.to_string_lossy().into_owned(),
            ),
        }
    }
}

fn images_in(folder: &Path) -> Result<Vec<PathBuf>, CollectionError> {
    let list = |source| CollectionError::List {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(list)? {
        let path = entry.map_err(list)?.path();
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if path.is_file() && ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
