//! An open file or folder of labelled arrays.

use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_field::{Attributes, Field, Grid, TimeAxis};
use indexmap::IndexMap;
use ndarray::ArrayD;

use crate::detect::is_folder;
use crate::locate;
use crate::netcdf_source::NetCdfSource;
use crate::packing::{ImplicitFill, Packing};
use crate::raw::Raw;
use crate::zarr_source::ZarrSource;
use crate::{OpenError, ReadError, Variable};

/// A NetCDF file or Zarr folder, open for reading.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    attributes: Attributes,
    variables: IndexMap<String, Variable>,
    pub(crate) source: Source,
}

/// Where the values come from.
#[derive(Debug)]
pub(crate) enum Source {
    NetCdf(NetCdfSource),
    Zarr(ZarrSource),
}

/// Opens a NetCDF file or a Zarr v2 or v3 folder, told apart by content and not by name.
///
/// # Errors
/// [`OpenError`], with the path and what was found there.
pub fn open(path: &Path) -> Result<Archive, OpenError> {
    let damaged = |format: &'static str| {
        move |cause: String| OpenError::Damaged {
            path: path.to_path_buf(),
            format,
            cause,
        }
    };
    let (source, (attributes, variables)) = if is_folder(path)? {
        let (source, content) = ZarrSource::open(path).map_err(damaged("Zarr"))?;
        (Source::Zarr(source), content)
    } else {
        let (source, content) = NetCdfSource::open(path).map_err(damaged("NetCDF"))?;
        (Source::NetCdf(source), content)
    };
    Ok(Archive {
        path: path.to_path_buf(),
        attributes,
        variables,
        source,
    })
}

impl Archive {
    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The attributes of the file.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The variables, in the file's order; those in groups are named `group/name`.
    pub fn variables(&self) -> &IndexMap<String, Variable> {
        &self.variables
    }

    /// One variable by name.
    ///
    /// # Errors
    /// [`ReadError::NoVariable`], with the nearest name and all names.
    pub fn variable(&self, name: &str) -> Result<&Variable, ReadError> {
        self.variables.get(name).ok_or_else(|| {
            let score =
                |known: &&String| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
            let nearest = self
                .variables
                .keys()
                .max_by(|a, b| score(a).total_cmp(&score(b)));
            ReadError::NoVariable {
                path: self.path.clone(),
                name: name.to_owned(),
                nearest: nearest.filter(|known| score(known) > 0.7).cloned(),
                known: self.variables.keys().cloned().collect(),
            }
        })
    }

    /// Part of a variable, one range a dimension: unpacked in f64, kept as f32, masked where missing.
    ///
    /// Missing is what is declared missing: by `_FillValue`, `missing_value`, `valid_min`, `valid_max` or
    /// `valid_range`, or by the format, which is the default fill value of NetCDF types (for floats, 9.97e36, even
    /// beside another `_FillValue`) and the fill value of Zarr v2 arrays. A NaN that none of these declares
    /// stays a NaN with `missing == false`; see [`Field::undeclared_nan`].
    ///
    /// # Errors
    /// [`ReadError`] for an unknown variable, one that does not hold numbers, or a range outside it.
    pub fn read(&self, variable: &str, ranges: &[Range<usize>]) -> Result<Field, ReadError> {
        let variable = self.variable(variable)?;
        let packing = Packing::of(variable, &self.path, ImplicitFill::Counts)?;
        let (values, missing) = packing.single(self.raw(variable, ranges)?);
        Ok(Field {
            name: variable.name.clone(),
            dims: variable.dims.clone(),
            values,
            missing,
            attributes: variable.attributes.clone(),
        })
    }

    /// A whole variable as [`Archive::read`] reads it.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn read_all(&self, variable: &str) -> Result<Field, ReadError> {
        let whole = whole(self.variable(variable)?);
        self.read(variable, &whole)
    }

    /// A whole coordinate in f64: unpacked, NaN where missing. The fill value of a Zarr v2 array does not
    /// count as missing here, because it is zero unless somebody chose another.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn read_f64(&self, variable: &str) -> Result<ArrayD<f64>, ReadError> {
        let variable = self.variable(variable)?;
        let by_zarr = matches!(self.source, Source::Zarr(_));
        let implicit = if by_zarr {
            ImplicitFill::Ignored
        } else {
            ImplicitFill::Counts
        };
        let packing = Packing::of(variable, &self.path, implicit)?;
        Ok(packing.double(self.raw(variable, &whole(variable))?))
    }

    /// The times along a dimension, of a time coordinate, or of a data variable.
    ///
    /// # Errors
    /// [`ReadError::NoTime`] where the name leads to no time coordinate, [`ReadError::Time`] where its
    /// units, calendar or values cannot be decoded.
    pub fn times(&self, dim_or_variable: &str) -> Result<TimeAxis, ReadError> {
        locate::times(self, dim_or_variable)
    }

    /// The horizontal grid of a variable: latitude and longitude, 1-D or 2-D, found by its `coordinates`
    /// attribute, its dimensions, standard names, units or names; else x and y.
    ///
    /// # Errors
    /// [`ReadError::NoGrid`], saying what was looked for.
    pub fn grid(&self, variable: &str) -> Result<Grid, ReadError> {
        locate::grid(self, self.variable(variable)?)
    }

    fn raw(&self, variable: &Variable, ranges: &[Range<usize>]) -> Result<Raw, ReadError> {
        self.check_numbers(variable)?;
        let inside = |(range, length): (&Range<usize>, &usize)| {
            range.start <= range.end && range.end <= *length
        };
        if ranges.len() != variable.shape.len() || !ranges.iter().zip(&variable.shape).all(inside) {
            return Err(ReadError::OutOfRange {
                path: self.path.clone(),
                variable: variable.name.clone(),
                ranges: ranges
                    .iter()
                    .map(|range| (range.start, range.end))
                    .collect(),
                shape: variable.shape.clone(),
            });
        }
        if ranges.iter().any(Range::is_empty) {
            return Ok(Raw::empty(
                &ranges.iter().map(Range::len).collect::<Vec<_>>(),
            ));
        }
        let raw = match &self.source {
            Source::NetCdf(source) => source.read(variable, ranges),
            Source::Zarr(source) => source.read(variable, ranges),
        };
        raw.map_err(|cause| ReadError::Damaged {
            path: self.path.clone(),
            variable: variable.name.clone(),
            cause,
        })
    }

    fn check_numbers(&self, variable: &Variable) -> Result<(), ReadError> {
        const NUMBERS: [&str; 10] = [
            "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
            "uint64",
        ];
        if NUMBERS.contains(&variable.dtype.as_str()) && variable.unreadable.is_none() {
            return Ok(());
        }
        Err(ReadError::NotNumbers {
            path: self.path.clone(),
            variable: variable.name.clone(),
            dtype: variable.dtype.clone(),
            why: variable.unreadable.clone().unwrap_or_default(),
        })
    }
}

fn whole(variable: &Variable) -> Vec<Range<usize>> {
    variable.shape.iter().map(|length| 0..*length).collect()
}
