//! An open file or folder of labelled arrays.

use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_field::{Attributes, Field, Grid, TimeAxis};
use indexmap::IndexMap;
use ndarray::ArrayD;
use tempfile::NamedTempFile;

use crate::clock;
use crate::detect::{Found, damaged, find};
use crate::guard;
use crate::locate;
use crate::netcdf_source::NetCdfSource;
use crate::packing::{ImplicitFill, Packing};
use crate::role::{self, Role};
use crate::zarr_source::ZarrSource;
use crate::{OpenError, ReadError, Variable};

/// A NetCDF file or Zarr folder, open for reading.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    attributes: Attributes,
    variables: IndexMap<String, Variable>,
    pub(crate) source: Source,
    /// A copy of what was downloaded, which goes with the archive.
    _copy: Option<NamedTempFile>,
}

/// Where the values come from.
#[derive(Debug)]
pub(crate) enum Source {
    NetCdf(NetCdfSource),
    Zarr(ZarrSource),
}

/// Opens a NetCDF file or a Zarr v2 or v3 hierarchy (a folder or a zip file), told apart by content and not by name.
///
/// The path may be an address: `http://` and `https://` for both formats (a NetCDF or zip file is copied to
/// the folder for temporary files first), and with the feature `object-stores` `s3://`, `gs://` and `az://`
/// for Zarr. A server that is busy or does not answer is asked five times, with growing waits.
///
/// # Errors
/// [`OpenError`], with the path and what was found there.
pub fn open(path: &Path) -> Result<Archive, OpenError> {
    let (source, (attributes, variables), copy) = match find(path)? {
        Found::Zarr(place, copy) => {
            let (source, content) = ZarrSource::open(&place).map_err(damaged(path, "Zarr"))?;
            (Source::Zarr(source), content, copy)
        }
        Found::NetCdf(file, copy) => {
            guard::survives(&file, path)?;
            let (source, content) = NetCdfSource::open(&file).map_err(damaged(path, "NetCDF"))?;
            (Source::NetCdf(source), content, copy)
        }
    };
    Ok(Archive {
        path: path.to_path_buf(),
        attributes,
        variables,
        source,
        _copy: copy,
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
        self.refuse_beyond(variable)?;
        let packing = Packing::of(variable, &self.path, implicit)?;
        Ok(packing.double(self.raw(variable, &whole(variable))?))
    }

    /// The times along a dimension, of a time coordinate, or of a data variable.
    ///
    /// # Errors
    /// [`ReadError::NoTime`] where the name leads to no time coordinate, [`ReadError::Time`] where its
    /// units, calendar or values cannot be decoded.
    pub fn times(&self, dim_or_variable: &str) -> Result<TimeAxis, ReadError> {
        clock::times(self, dim_or_variable)
    }

    /// The axis of a variable along which time runs, and the times at which its values are valid: those of forecasts with one
    /// lead are their starts and that lead. `None` for a variable without times.
    ///
    /// # Errors
    /// As [`Archive::times`], and [`ReadError::NoVariable`].
    pub fn valid_times(&self, variable: &str) -> Result<Option<(usize, TimeAxis)>, ReadError> {
        clock::valid_times(self, self.variable(variable)?)
    }

    /// What the dimensions of a variable stand for: by CF attributes of their coordinates, else by names such
    /// as `number`, `realization`, `M`, `step`, `L`, `prediction_timedelta`, `S` or `station`.
    ///
    /// # Errors
    /// [`ReadError::NoVariable`].
    pub fn roles(&self, variable: &str) -> Result<Vec<Role>, ReadError> {
        Ok(role::roles(self, self.variable(variable)?))
    }

    /// Whether a variable says where, when or for which member values are, rather than being such values itself.
    ///
    /// # Errors
    /// [`ReadError::NoVariable`].
    pub fn is_coordinate(&self, variable: &str) -> Result<bool, ReadError> {
        Ok(role::is_coordinate(self.variable(variable)?))
    }

    /// The leads along a coordinate, in seconds; its units are a span such as `hours`, or its type is one of numpy's.
    ///
    /// # Errors
    /// [`ReadError::Time`] for units that are no span of fixed length, or values that are no whole seconds.
    pub fn leads(&self, variable: &str) -> Result<Vec<i64>, ReadError> {
        let variable = self.variable(variable)?;
        let values: Vec<f64> = self.read_f64(&variable.name)?.into_iter().collect();
        let units = variable.units().unwrap_or_default();
        foehn_field::leads(&values, units, clock::calendar(self, variable)).map_err(|cause| {
            ReadError::Time {
                path: self.path.clone(),
                variable: variable.name.clone(),
                cause,
            }
        })
    }

    /// The texts of a variable that holds texts or letters; letters run along the last dimension, which goes.
    ///
    /// # Errors
    /// [`ReadError::NotTexts`] for numbers, [`ReadError::Damaged`] where they cannot be read.
    pub fn read_texts(&self, variable: &str) -> Result<ArrayD<String>, ReadError> {
        let variable = self.variable(variable)?;
        if !["string", "char"].contains(&variable.dtype.as_str()) || variable.unreadable.is_some() {
            return Err(ReadError::NotTexts {
                path: self.path.clone(),
                variable: variable.name.clone(),
                dtype: variable.dtype.clone(),
                why: variable.unreadable.clone().unwrap_or_default(),
            });
        }
        let ranges = whole(variable);
        self.refuse_beyond(variable)?;
        self.room_for(variable, &ranges)?;
        let texts = match &self.source {
            Source::NetCdf(source) => source.texts(variable, &ranges),
            Source::Zarr(source) => source.texts(variable, &ranges),
        };
        texts.map_err(|cause| self.damaged(variable, cause))
    }

    /// The horizontal grid of a variable: latitude and longitude, 1-D or 2-D, found by its `coordinates`
    /// attribute, its dimensions, standard names, units or names; else x and y.
    ///
    /// # Errors
    /// [`ReadError::NoGrid`], saying what was looked for.
    pub fn grid(&self, variable: &str) -> Result<Grid, ReadError> {
        Ok(self.placed_grid(variable)?.0)
    }

    /// The [`Archive::grid`] of a variable, and which of its dimensions are the grid's rows and columns, of which either
    /// may come first.
    ///
    /// # Errors
    /// As [`Archive::grid`].
    pub fn placed_grid(&self, variable: &str) -> Result<(Grid, [usize; 2]), ReadError> {
        locate::grid(self, self.variable(variable)?)
    }
}

fn whole(variable: &Variable) -> Vec<Range<usize>> {
    variable.shape.iter().map(|length| 0..*length).collect()
}
