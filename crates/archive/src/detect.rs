//! What a path holds, by its content.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use crate::zarr_tree::is_zarr;
use crate::{OpenError, classic};

/// True for a Zarr folder, false for a NetCDF file.
pub(crate) fn is_folder(path: &Path) -> Result<bool, OpenError> {
    let no = |found: &str| {
        Err(OpenError::NotAnArchive {
            path: path.to_path_buf(),
            found: found.to_owned(),
        })
    };
    let io = |cause: std::io::Error| match cause.kind() {
        ErrorKind::NotFound => OpenError::Missing {
            path: path.to_path_buf(),
        },
        _ => OpenError::Io {
            path: path.to_path_buf(),
            cause,
        },
    };
    if fs::metadata(path).map_err(io)?.is_dir() {
        return if is_zarr(path) {
            Ok(true)
        } else {
            no("a folder without zarr.json, .zgroup or .zarray")
        };
    }
    let mut file = File::open(path).map_err(io)?;
    let mut first = [0_u8; 8];
    let count = read_up_to(&mut file, &mut first).map_err(io)?;
    match &first[..count] {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => whole_classic(path, file).map(|()| false),
        [] => no("an empty file"),
        [b'P', b'K', 3, 4, ..] => no("a zip archive; unpack it into a folder first"),
        [b'G', b'R', b'I', b'B', ..] => no("a GRIB file; convert it with cdo or cfgrib first"),
        _ if has_hdf5_signature(&mut file).map_err(io)? => Ok(false),
        start => no(&format!(
            "a file that begins with {:?}",
            String::from_utf8_lossy(start)
        )),
    }
}

/// Refuses a classic file that ends before its data do.
fn whole_classic(path: &Path, mut file: File) -> Result<(), OpenError> {
    let damaged = |cause: String| OpenError::Damaged {
        path: path.to_path_buf(),
        format: "NetCDF",
        cause,
    };
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

/// HDF5 looks for its signature at 0, 512, 1024, 2048 and so on.
fn has_hdf5_signature(file: &mut File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    let mut at = 0;
    while at < length {
        let mut signature = [0_u8; 8];
        file.seek(SeekFrom::Start(at))?;
        read_up_to(file, &mut signature)?;
        if &signature == b"\x89HDF\r\n\x1a\n" {
            return Ok(true);
        }
        at = if at == 0 { 512 } else { 2 * at };
    }
    Ok(false)
}
