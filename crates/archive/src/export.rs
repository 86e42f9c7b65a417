//! From a Zarr store to a NetCDF-4 file.

use std::fs;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_field::{Attribute, Attributes};
use netcdf::{AttributeValue, Extent, FileMut, NcTypeDescriptor, VariableMut};
use zarrs::array::ElementOwned;

use crate::archive::Source;
use crate::boundary::in_netcdf;
use crate::zarr_source::ZarrSource;
use crate::{Archive, Mode, Variable, WriteError, atomic, open};

/// Copies a Zarr store into a NetCDF-4 file, chunk by chunk, with the same dimensions and attributes.
///
/// The file is written under another name and renamed when it is whole. With [`Mode::Resume`] a file that
/// is there is therefore taken as done. Writing stops while there still is room to close the file.
///
/// # Errors
/// [`WriteError`]: the store, an output that exists, values of a type that a store of foehn does not have, the disk.
pub fn export_netcdf(zarr: &Path, netcdf: &Path, mode: Mode) -> Result<(), WriteError> {
    let path = netcdf.to_path_buf();
    let archive = open(zarr)?;
    if matches!(archive.source, Source::NetCdf(_)) {
        let why = format!("{} is not a Zarr folder", zarr.display());
        return Err(WriteError::Plan { path, why });
    }
    match (netcdf.exists(), mode) {
        (true, Mode::Create) => return Err(WriteError::Exists { path }),
        (true, Mode::Resume) => return Ok(()),
        (true, Mode::Overwrite) if netcdf.is_dir() => {
            let found = "a folder";
            return Err(WriteError::NotReplaced { path, found });
        }
        _ => {}
    }
    if let Some(folder) = netcdf.parent() {
        fs::create_dir_all(folder).map_err(|cause| WriteError::io(folder, cause))?;
    }
    let partial = atomic::partial(netcdf);
    let target = partial.clone();
    let written = in_netcdf(move || copy(&archive, &target));
    let written = match written {
        Ok(Ending::Whole) => Ok(()),
        Ok(Ending::NoRoom) => Err(WriteError::io(netcdf, ErrorKind::StorageFull.into())),
        Err(cause) => Err(explain(&partial, netcdf, cause)),
    };
    let rename = |()| fs::rename(&partial, netcdf).map_err(|cause| WriteError::io(netcdf, cause));
    let renamed = written.and_then(rename);
    if renamed.is_err() {
        let _ = fs::remove_file(&partial);
    }
    renamed
}

/// The NetCDF library does not say why it cannot write: ask the disk.
fn explain(partial: &Path, output: &Path, cause: String) -> WriteError {
    let probe = atomic::partial(partial);
    let room = fs::File::create(&probe).and_then(|mut file| file.write_all(&[0; 1 << 13]));
    let _ = fs::remove_file(&probe);
    match room {
        Ok(()) => WriteError::NetCdf {
            path: output.to_path_buf(),
            cause,
        },
        Err(cause) => WriteError::io(output, cause),
    }
}

/// How a copy ended that met no error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    NoRoom,
}

fn copy(archive: &Archive, output: &Path) -> Result<Ending, String> {
    let Source::Zarr(source) = &archive.source else {
        return Err("the source is not a Zarr folder".to_owned());
    };
    let mut room = Room::below(output);
    if !room.take(0) {
        return Ok(Ending::NoRoom);
    }
    let mut file = netcdf::create(output).map_err(text)?;
    for (name, attribute) in archive.attributes() {
        file.add_attribute(name, external(attribute))
            .map_err(text)?;
    }
    for variable in archive.variables().values() {
        for (dim, length) in variable.dims.iter().zip(&variable.shape) {
            match file.dimension_len(dim) {
                None => _ = file.add_dimension(dim, *length).map_err(text)?,
                Some(known) if known == *length => {}
                Some(known) => {
                    return Err(format!("dimension {dim:?} has length {known} and {length}"));
                }
            }
        }
    }
    for variable in archive.variables().values() {
        let (file, room) = (&mut file, &mut room);
        let ending = match variable.dtype.as_str() {
            "float32" => transfer::<f32>(file, source, variable, room, |x| x as f32),
            "float64" => transfer::<f64>(file, source, variable, room, |x| x),
            "int64" => transfer::<i64>(file, source, variable, room, |x| x as i64),
            "int32" => transfer::<i32>(file, source, variable, room, |x| x as i32),
            other => Err(format!("variable {:?} holds {other}", variable.name)),
        }?;
        if ending == Ending::NoRoom {
            break;
        }
    }
    let ending = room.ending();
    file.close().map_err(text)?;
    Ok(ending)
}

/// Watches the room on the disk: HDF5 cannot close a file that it could not write, and ends the process with
/// a signal when it tries again at exit.
struct Room {
    folder: PathBuf,
    /// Bytes that may still be in memory.
    pending: u64,
    refused: bool,
}

impl Room {
    /// Kept free for what HDF5 writes beside the values: indices of chunks, attributes, the header.
    const RESERVE: u64 = 1 << 20;
    /// Bytes after which all is brought to the disk.
    const FLUSH: u64 = 4 << 20;

    /// The room in the folder of a file.
    fn below(file: &Path) -> Self {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            pending: 0,
            refused: false,
        }
    }

    /// Whether `bytes` more can be written, uncompressed. A disk that does not say is taken at no word.
    fn take(&mut self, bytes: u64) -> bool {
        self.pending += bytes;
        let available = fs4::available_space(&self.folder).unwrap_or(u64::MAX);
        self.refused |= available < self.pending + Self::RESERVE;
        !self.refused
    }

    /// Whether it is time to bring all to the disk, which is then assumed to be done.
    fn flush(&mut self) -> bool {
        let full = self.pending > Self::FLUSH;
        if full {
            self.pending = 0;
        }
        full
    }

    fn ending(&self) -> Ending {
        if self.refused {
            Ending::NoRoom
        } else {
            Ending::Whole
        }
    }
}

/// Defines a variable and copies its stored values, one chunk at a time.
fn transfer<T>(
    file: &mut FileMut,
    source: &ZarrSource,
    variable: &Variable,
    room: &mut Room,
    cast: fn(f64) -> T,
) -> Result<Ending, String>
where
    T: ElementOwned + NcTypeDescriptor + Copy,
{
    let dims: Vec<&str> = variable.dims.iter().map(String::as_str).collect();
    let mut target = file
        .add_variable::<T>(&variable.name, &dims)
        .map_err(text)?;
    let chunk = variable
        .chunks
        .clone()
        .unwrap_or_else(|| variable.shape.clone());
    define(&mut target, variable, &chunk, cast).map_err(text)?;
    let bytes = chunk.iter().product::<usize>() * size_of::<T>();
    for ranges in chunks(&variable.shape, &chunk) {
        if !room.take(bytes as u64) {
            return Ok(Ending::NoRoom);
        }
        let values = source.values::<T>(variable, &ranges)?;
        let extents: Vec<Extent> = ranges.into_iter().map(Extent::from).collect();
        target.put(values.view(), extents).map_err(text)?;
        if room.flush() {
            file.sync().map_err(text)?;
            target = file
                .variable_mut(&variable.name)
                .ok_or_else(|| format!("variable {:?} was lost", variable.name))?;
        }
    }
    Ok(Ending::Whole)
}

/// Chunks, compression and attributes.
fn define<T: NcTypeDescriptor>(
    target: &mut VariableMut<'_>,
    variable: &Variable,
    chunk: &[usize],
    cast: fn(f64) -> T,
) -> netcdf::Result<()> {
    if !chunk.is_empty() {
        let fitting: Vec<usize> = chunk
            .iter()
            .zip(&variable.shape)
            .map(|(c, n)| (*c).min(*n))
            .collect();
        target.set_chunking(&fitting)?;
        target.set_compression(1, true)?;
    }
    let declared = variable.attributes.get("_FillValue");
    // Zarr v2 declares it beside the attributes
    if let Some(fill) = declared
        .and_then(Attribute::number)
        .or(variable.implicit_fill)
    {
        target.set_fill_value(cast(fill))?;
    }
    for (name, attribute) in described(&variable.attributes) {
        target.put_attribute(name, external(attribute))?;
    }
    Ok(())
}

fn described(attributes: &Attributes) -> impl Iterator<Item = (&String, &Attribute)> {
    attributes.iter().filter(|(name, _)| *name != "_FillValue")
}

/// The regions of all chunks, the last dimension fastest.
fn chunks(shape: &[usize], chunk: &[usize]) -> impl Iterator<Item = Vec<Range<usize>>> {
    let (shape, chunk) = (shape.to_vec(), chunk.to_vec());
    let counts: Vec<usize> = shape
        .iter()
        .zip(&chunk)
        .map(|(n, c)| n.div_ceil(*c))
        .collect();
    (0..counts.iter().product()).map(move |mut index: usize| {
        let mut ranges = vec![0..0; shape.len()];
        for k in (0..shape.len()).rev() {
            let start = index % counts[k] * chunk[k];
            index /= counts[k];
            ranges[k] = start..(start + chunk[k]).min(shape[k]);
        }
        ranges
    })
}

fn external(attribute: &Attribute) -> AttributeValue {
    match attribute {
        Attribute::Text(text) => AttributeValue::Str(text.clone()),
        Attribute::Int(n) => {
            i32::try_from(*n).map_or(AttributeValue::Longlong(*n), AttributeValue::Int)
        }
        Attribute::Float(x) => AttributeValue::Double(*x),
        Attribute::Ints(ns) => AttributeValue::Longlongs(ns.clone()),
        Attribute::Floats(xs) => AttributeValue::Doubles(xs.clone()),
        Attribute::Texts(texts) => AttributeValue::Strs(texts.clone()),
    }
}

#[allow(clippy::needless_pass_by_value)]
fn text(error: netcdf::Error) -> String {
    error.to_string()
}
