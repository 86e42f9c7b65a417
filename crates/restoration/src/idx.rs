//! IDX files: the format of MNIST and its relatives.

use crate::picture::{Depth, Picture};
use crate::picture_error::PictureError;
use flate2::read::MultiGzDecoder;
use ndarray::{Array3, ArrayView2, Axis};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// The type code of unsigned bytes, the only one in use.
const BYTES: u8 = 8;
/// More than any set of this format has; a larger number is a damaged header.
const MOST: usize = 1 << 36;

/// Class of each image.
pub type Labels = Vec<u8>;

/// Why an IDX file was refused.
#[derive(Debug, thiserror::Error)]
pub enum IdxError {
    /// The file cannot be read or unpacked.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system or the decompressor said.
        source: std::io::Error,
    },
    /// It is of another format.
    #[error(
        "{path} is no IDX file of unsigned bytes with {wanted} dimensions: it begins with {found:02x?}, not [00, 00, 08, {wanted:02x}]"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Dimensions that it should have.
        wanted: u8,
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// It holds another number of bytes than it declares.
    #[error("{path} declares {declared} values and holds {found}: it is damaged; fetch it again")]
    Length {
        /// The file.
        path: PathBuf,
        /// As the header says.
        declared: usize,
        /// What follows the header.
        found: usize,
    },
    /// The declared size is no picture.
    #[error("{path}: {source}")]
    Picture {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PictureError,
    },
}

/// The images of an IDX file, plain or gzip-compressed.
///
/// # Shapes
/// (N, H, W).
///
/// # Errors
/// If the file cannot be read, is of another format, or of another length than it declares.
///
/// # Reference
/// `LeCun`, Cortes, Burges, The MNIST database of handwritten digits.
pub fn read_images(path: &Path) -> Result<Array3<u8>, IdxError> {
    let (sizes, values) = read::<3>(path)?;
    let [n, h, w] = sizes;
    let found = values.len();
    Array3::from_shape_vec((n, h, w), values).map_err(|_| IdxError::Length {
        path: path.to_owned(),
        declared: n * h * w,
        found,
    })
}

/// The labels of an IDX file, plain or gzip-compressed.
///
/// # Errors
/// As [`read_images`].
pub fn read_labels(path: &Path) -> Result<Labels, IdxError> {
    read::<1>(path).map(|(_, values)| values)
}

/// Image `i` of a set as a picture.
pub(crate) fn picture(images: &Array3<u8>, i: usize) -> Result<Picture, PictureError> {
    let image: ArrayView2<u8> = images.index_axis(Axis(0), i);
    Picture::new(image.mapv(u16::from).insert_axis(Axis(0)), Depth::Eight)
}

fn read<const D: usize>(path: &Path) -> Result<([usize; D], Vec<u8>), IdxError> {
    let bytes = unpacked(path).map_err(|source| IdxError::Read {
        path: path.to_owned(),
        source,
    })?;
    let header = 4 + 4 * D;
    if bytes.len() < header || bytes[..4] != [0, 0, BYTES, D as u8] {
        return Err(IdxError::Format {
            path: path.to_owned(),
            wanted: D as u8,
            found: bytes.iter().copied().take(4).collect(),
        });
    }
    let word = |k: usize| [0, 1, 2, 3].map(|b| bytes[4 + 4 * k + b]);
    let sizes: [usize; D] = std::array::from_fn(|k| u32::from_be_bytes(word(k)) as usize);
    let product = |all: usize, n: &usize| all.checked_mul(*n).filter(|all| *all < MOST);
    let declared = sizes.iter().try_fold(1, product).unwrap_or(usize::MAX);
    let found = bytes.len() - header;
    if declared != found {
        return Err(IdxError::Length {
            path: path.to_owned(),
            declared,
            found,
        });
    }
    Ok((sizes, bytes[header..].to_vec()))
}

/// The bytes of a file, unpacked if it begins like a gzip file.
fn unpacked(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut begin = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut begin)?;
    let file = BufReader::new(File::open(path)?);
    if begin == [0x1f, 0x8b] {
        MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    } else {
        { file }.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
