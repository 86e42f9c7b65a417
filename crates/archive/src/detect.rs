//! What a path holds, by its content.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zarrs::storage::StoreKey;

use crate::http::{HttpStore, Patience};
use crate::place::{Cost, Place};
use crate::zarr_tree::{MARKS, is_zarr};
use crate::zip_store::ZipStore;
use crate::{OpenError, classic};

/// What there is to read.
pub(crate) enum Found {
    /// A NetCDF file, which may be a copy that goes when it is dropped.
    NetCdf(PathBuf, Option<NamedTempFile>),
    /// A Zarr hierarchy, which may lie in such a copy.
    Zarr(Place, Option<NamedTempFile>),
}

/// Finds out what a path or address holds.
pub(crate) fn find(path: &Path) -> Result<Found, OpenError> {
    match address(path) {
        None => match other_scheme(path) {
            Some(("file", rest)) => local(Path::new(rest), path),
            Some((scheme, _)) => Err(OpenError::Remote {
                path: path.to_path_buf(),
                cause: format!(
                    "addresses of {scheme} are not read; download it, or give an address of http or https"
                ),
            }),
            None => local(path, path),
        },
        Some((Scheme::Web, address)) => web(path, &address),
        Some((Scheme::Objects, address)) => objects(path, &address),
    }
}

/// The scheme of an address that is none of those known, and what follows it.
fn other_scheme(path: &Path) -> Option<(&str, &str)> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let known = scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    known.then_some((scheme, rest))
}

/// Ways to reach what is not on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Web,
    Objects,
}

/// The address that a path is, if it is one. Joining paths may have taken a slash from it.
fn address(path: &Path) -> Option<(Scheme, String)> {
    let (scheme, rest) = path.to_str()?.split_once(":/")?;
    let kind = match scheme {
        "http" | "https" => Scheme::Web,
        "s3" | "s3a" | "gs" | "az" | "adl" | "azure" | "abfs" | "abfss" => Scheme::Objects,
        _ => return None,
    };
    Some((kind, format!("{scheme}://{}", rest.trim_start_matches('/'))))
}

/// Whether a path is an address such as `https://...` or `s3://...` and not on this machine.
///
/// ```
/// use std::path::Path;
///
/// assert!(foehn_archive::is_address(Path::new("https://example.org/slp.zarr")));
/// assert!(!foehn_archive::is_address(Path::new("data/slp.zarr")));
/// ```
pub fn is_address(path: &Path) -> bool {
    address(path).is_some()
}

fn local(path: &Path, shown: &Path) -> Result<Found, OpenError> {
    let no = |found: String| {
        Err(OpenError::NotAnArchive {
            path: shown.to_path_buf(),
            found,
        })
    };
    let pattern = path.to_string_lossy().contains(['*', '?']);
    if pattern && !path.exists() {
        return no("a pattern; name one file, or let the shell expand it (`from` of prepare takes patterns)".to_owned());
    }
    let io = |cause: std::io::Error| match cause.kind() {
        ErrorKind::NotFound => OpenError::Missing {
            path: shown.to_path_buf(),
        },
        _ => OpenError::Io {
            path: shown.to_path_buf(),
            cause,
        },
    };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        if let Some(what) = known_folder(path) {
            return no(what.to_owned());
        }
        if !is_zarr(path) {
            return no("a folder without zarr.json, .zgroup or .zarray".to_owned());
        }
        let place = Place::folder(path.to_path_buf()).map_err(damaged(shown, "Zarr"))?;
        return Ok(Found::Zarr(place, None));
    }
    if !metadata.is_file() {
        // reading a pipe would wait for ever
        return no("a pipe or device; write it to a file first".to_owned());
    }
    let mut file = File::open(path).map_err(io)?;
    let mut first = [0_u8; START];
    let count = read_up_to(&mut file, &mut first).map_err(io)?;
    match &first[..count] {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => whole_classic(shown, file)?,
        [] => return no("an empty file".to_owned()),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => {
            let store = match ZipStore::open(path).map_err(damaged(shown, "zip"))? {
                Ok(store) => store,
                Err(names) => return no(packed(&names)),
            };
            let place = Place::listed(store, Cost::Little, &shown.to_string_lossy());
            return Ok(Found::Zarr(place, None));
        }
        start => {
            if let Some(what) = known_by(start) {
                return no(what.to_owned());
            }
            let Some(at) = hdf5_signature(&mut file).map_err(io)? else {
                let start = String::from_utf8_lossy(&start[..start.len().min(8)]);
                return no(format!("a file that begins with {start:?}"));
            };
            if at == 0 {
                whole_hdf5(shown, &mut file)?;
            }
        }
    }
    Ok(Found::NetCdf(path.to_path_buf(), None))
}

/// Bytes of a file that are looked at to say what it is.
const START: usize = 64;

/// What a zip file holds that is no Zarr hierarchy.
fn packed(names: &[String]) -> String {
    let ends = |ends: &[&str]| {
        names
            .iter()
            .find(|n| ends.iter().any(|end| n.ends_with(end)))
    };
    if let Some(name) = ends(&[".nc", ".nc4", ".h5", ".hdf", ".grib", ".grb", ".grib2"]) {
        return format!("a zip file that holds {name}; unpack it with unzip first");
    }
    if ends(&[".npy"]).is_some() {
        return "a zip file of numpy arrays (.npz); write them as NetCDF or Zarr with xarray"
            .to_owned();
    }
    let first = names.first().map_or("nothing", String::as_str);
    format!("a zip file without zarr.json, .zgroup or .zarray; it holds {first}")
}

/// Stores that look like Zarr or lie beside it, and are not read.
fn known_folder(path: &Path) -> Option<&'static str> {
    let has = |name: &str| path.join(name).exists();
    if has(".zmetadata")
        && fs::read_to_string(path.join(".zmetadata"))
            .is_ok_and(|text| text.contains("\"record_size\""))
    {
        return Some(
            "references of kerchunk in parquet; open them with xarray and write them as Zarr first",
        );
    }
    if has("refs") && has("snapshots") && (has("manifests") || has("transactions") || has("repo")) {
        return Some("an Icechunk repository; open it with xarray and write it as Zarr first");
    }
    None
}

/// Formats that are recognised and not read, with a remedy.
fn known_by(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'G', b'R', b'I', b'B', ..] => Some("a GRIB file; convert it with cdo or cfgrib first"),
        [0x0e, 0x03, 0x13, 0x01, ..] => Some("an HDF4 file; convert it with h4toh5 first"),
        [0x1f, 0x8b, ..] => Some("a gzip-compressed file; unpack it with gunzip first"),
        [b'B', b'Z', b'h', ..] => Some("a bzip2-compressed file; unpack it with bunzip2 first"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            Some("an xz-compressed file; unpack it with unxz first")
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("a zstd-compressed file; unpack it with unzstd first"),
        [b'B', b'U', b'F', b'R', ..] => Some("a BUFR file; decode it with ecCodes first"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            Some("a TIFF image; convert it with gdal_translate -of netCDF first")
        }
        _ => known_text(std::str::from_utf8(start).ok()?.trim_start()).or_else(|| {
            // messages behind a heading of the telecommunication system
            let grib = start.windows(4).any(|part| part == b"GRIB");
            grib.then_some("a GRIB file behind a heading; convert it with cdo or cfgrib first")
        }),
    }
}

/// Texts that come in the place of data.
fn known_text(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("version https://git-lfs") {
        Some("a pointer of Git LFS; fetch the file itself with git lfs pull")
    } else if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        Some("a web page, perhaps an error or a login instead of the file; open it in a browser")
    } else if lower.starts_with("<?xml") || lower.starts_with("<netcdf") {
        Some("an XML file (NcML?), which only describes data")
    } else if lower.starts_with('{') {
        Some(
            "a JSON file, perhaps references of kerchunk; open them with xarray and write them as Zarr first",
        )
    } else {
        None
    }
}

fn web(path: &Path, address: &str) -> Result<Found, OpenError> {
    let remote = |cause: String| OpenError::Remote {
        path: path.to_path_buf(),
        cause,
    };
    let store = HttpStore::new(address, Patience::asked().map_err(remote)?);
    for mark in MARKS {
        let key = StoreKey::new(mark).map_err(|error| remote(error.to_string()))?;
        // some servers forbid what is not there
        let there = store.probe(&key).map_err(remote)?;
        if there.is_some_and(|text| text.trim_ascii_start().starts_with(b"{")) {
            return Ok(Found::Zarr(Place::unlisted(store, address), None));
        }
    }
    let mut copy = NamedTempFile::new().map_err(|cause| OpenError::Io {
        path: std::env::temp_dir(),
        cause,
    })?;
    if !store.download(copy.as_file_mut()).map_err(remote)? {
        return Err(OpenError::Missing {
            path: path.to_path_buf(),
        });
    }
    Ok(match local(copy.path(), path)? {
        Found::NetCdf(file, _) => Found::NetCdf(file, Some(copy)),
        Found::Zarr(place, _) => Found::Zarr(place, Some(copy)),
    })
}

#[cfg(feature = "object-stores")]
fn objects(path: &Path, address: &str) -> Result<Found, OpenError> {
    let remote = |cause: String| OpenError::Remote {
        path: path.to_path_buf(),
        cause,
    };
    let place = crate::object::place(address).map_err(remote)?;
    for mark in MARKS {
        if place.text(mark).map_err(remote)?.is_some() {
            return Ok(Found::Zarr(place, None));
        }
    }
    Err(OpenError::NotAnArchive {
        path: path.to_path_buf(),
        found: "there is no zarr.json, .zgroup or .zarray".to_owned(),
    })
}

#[cfg(not(feature = "object-stores"))]
fn objects(path: &Path, _: &str) -> Result<Found, OpenError> {
    Err(OpenError::Remote {
        path: path.to_path_buf(),
        cause:
            "this build reads no object stores; build with --features object-stores, or name the \
                https address of the bucket"
                .to_owned(),
    })
}

pub(crate) fn damaged(path: &Path, format: &'static str) -> impl FnOnce(String) -> OpenError {
    let path = path.to_path_buf();
    move |cause| OpenError::Damaged {
        path,
        format,
        cause,
    }
}

/// Refuses a classic file that ends before its data do.
fn whole_classic(path: &Path, mut file: File) -> Result<(), OpenError> {
    let damaged = |cause: String| damaged(path, "NetCDF")(cause);
    let length = file
        .metadata()
        .map_err(|error| damaged(error.to_string()))?
        .len();
    let read = file
        .rewind()
        .and_then(|()| classic::least_length(&mut BufReader::new(file)));
    match read {
        Ok(Some(least)) if length < least => Err(damaged(format!(
            "it is cut off after {length} of {least} bytes"
        ))),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(damaged(format!("it is cut off after {length} bytes")))
        }
        Err(error) => Err(damaged(error.to_string())),
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

/// Refuses an HDF5 file that ends before its superblock says (HDF5 File Format Specification 3.0, section II.A).
fn whole_hdf5(path: &Path, file: &mut File) -> Result<(), OpenError> {
    let damaged = |cause: String| damaged(path, "NetCDF")(cause);
    let mut head = [0_u8; 56];
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| read_up_to(file, &mut head));
    let count = read.map_err(|error| damaged(error.to_string()))?;
    let (offsets, place) = match head[8] {
        0 => (head[13], 40),
        1 => (head[13], 44),
        2 | 3 => (head[9], 28),
        _ => return Ok(()),
    };
    if offsets != 8 || count < place + 8 {
        return Ok(());
    }
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&head[place..place + 8]);
    let least = u64::from_le_bytes(bytes);
    let length = file
        .metadata()
        .map_err(|error| damaged(error.to_string()))?
        .len();
    if length < least && least != u64::MAX {
        return Err(damaged(format!(
            "it is cut off after {length} of {least} bytes"
        )));
    }
    Ok(())
}

/// HDF5 looks for its signature at 0, 512, 1024, 2048 and so on.
fn hdf5_signature(file: &mut File) -> std::io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let mut at = 0;
    while at < length {
        let mut signature = [0_u8; 8];
        file.seek(SeekFrom::Start(at))?;
        read_up_to(file, &mut signature)?;
        if &signature == b"\x89HDF\r\n\x1a\n" {
            return Ok(Some(at));
        }
        at = if at == 0 { 512 } else { 2 * at };
    }
    Ok(None)
}
