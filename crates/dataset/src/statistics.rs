//! Means, annual cycles and scales, from the training part only.

use std::fs;
use std::path::Path;

use foehn_field::{Calendar, DateTime, Grid, Instant};
use ndarray::{Array2, Array3, ArrayViewMut3};
use serde::{Deserialize, Serialize};

use crate::joining::is_gregorian;
use crate::{Channel, DataError, Series, fit, places, season};

/// How states are standardised: `z = (x - centre) / scale`, from the training part only.
///
/// The centre is a mean a variable, a mean a cell, or a cell's annual cycle `a0 + sum_k a_k cos(k p) + b_k sin(k p)`
/// with p the time of year; the scale is the standard deviation (ddof 0) about it, a variable or a cell. Means
/// over cells are weighted by area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    pub(crate) variables: Vec<String>,
    pub(crate) units: Vec<String>,
    /// Variables, ny, nx.
    pub(crate) shape: (usize, usize, usize),
    /// Where the corners of the grid lie.
    pub(crate) corners: String,
    pub(crate) calendar: Calendar,
    /// First and last training state, and their number.
    pub(crate) first: DateTime,
    pub(crate) last: DateTime,
    pub(crate) states: usize,
    pub(crate) harmonics: usize,
    /// Coefficients of 1, cos p, sin p, ..., one set a variable, or a variable and cell.
    pub(crate) centre: Vec<f64>,
    /// One a variable, or a variable and cell.
    pub(crate) scale: Vec<f64>,
    /// False in cells (row-major) where some variable was ever missing; none where nothing was.
    pub(crate) valid: Option<Vec<bool>>,
    pub(crate) statics: Vec<StaticScale>,
}

/// How a static variable is standardised: area-weighted mean and standard deviation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticScale {
    pub(crate) name: String,
    pub(crate) mean: f64,
    pub(crate) scale: f64,
}

impl Statistics {
    /// Computes them in two passes over the training part of a series.
    ///
    /// # Errors
    /// [`DataError`] where the training part is empty, cannot be read, does not cover the year that
    /// `centre = "season"` needs, or holds a constant field.
    pub fn compute(series: &Series) -> Result<Self, DataError> {
        fit::statistics(series)
    }

    /// The variables, in the order of the channels.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Their units, empty where there are none.
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// The shape of a state: (variables, ny, nx).
    pub fn shape(&self) -> (usize, usize, usize) {
        self.shape
    }

    /// True in the cells that had a value at every training state; `None` where all had.
    ///
    /// # Shapes
    /// (ny, nx).
    pub fn valid(&self) -> Option<Array2<bool>> {
        let (_, ny, nx) = self.shape;
        let valid = self.valid.as_ref()?;
        Some(Array2::from_shape_fn((ny, nx), |(y, x)| valid[y * nx + x]))
    }

    /// What is subtracted at an instant, in the units of the files.
    pub fn centre_at(&self, instant: Instant) -> Array3<f64> {
        let basis = self.basis(instant);
        self.each(|channel, cell| self.centre_of(channel, cell, &basis))
    }

    /// What is divided by, in the units of the files.
    pub fn scale(&self) -> Array3<f64> {
        self.each(|channel, cell| self.scale_of(channel, cell))
    }

    /// `z = (x - centre) / scale`, in place; NaN stays NaN.
    ///
    /// # Panics
    /// Where the shape is not [`Statistics::shape`].
    pub fn standardise(&self, instant: Instant, values: ArrayViewMut3<f32>) {
        self.apply(instant, values, |x, centre, scale| (x - centre) / scale);
    }

    /// `x = centre + scale z`, in place: undoes [`Statistics::standardise`] but for the rounding of f32.
    ///
    /// # Panics
    /// Where the shape is not [`Statistics::shape`].
    pub fn restore(&self, instant: Instant, values: ArrayViewMut3<f32>) {
        self.apply(instant, values, |z, centre, scale| centre + scale * z);
    }

    /// Refuses a series with other variables, units, grid, calendar or static variables.
    ///
    /// # Errors
    /// [`DataError::OtherStatistics`], saying what differs.
    pub fn check(&self, series: &Series) -> Result<(), DataError> {
        let names: Vec<&str> = series.variables().iter().map(|v| v.name.as_str()).collect();
        let units: Vec<&str> = series.variables().iter().map(Channel::units).collect();
        let statics: Vec<&str> = series.statics().map(|(name, _)| name).collect();
        let own: Vec<&str> = self.statics.iter().map(|s| s.name.as_str()).collect();
        let difference = if self.variables != names {
            format!("variables {:?} and {names:?}", self.variables)
        } else if self.units != units {
            format!("units {:?} and {units:?}", self.units)
        } else if self.shape != series.shape() {
            format!(
                "shape (variables, ny, nx) {:?} and {:?}",
                self.shape,
                series.shape()
            )
        } else if own != statics {
            format!("static variables {own:?} and {statics:?}")
        } else {
            let start = series.instant(0).unwrap_or(Instant(0));
            return self.check_place(series.grid(), (series.calendar(), start));
        };
        Err(DataError::OtherStatistics { difference })
    }

    /// Refuses another grid, or a calendar that counts other days from `start` on.
    ///
    /// # Errors
    /// [`DataError::OtherStatistics`], saying what differs.
    pub fn check_place(
        &self,
        grid: &Grid,
        (calendar, start): (Calendar, Instant),
    ) -> Result<(), DataError> {
        let same_calendar = calendar == self.calendar
            || [calendar, self.calendar]
                .iter()
                .all(|c| is_gregorian(*c, start));
        let corners = places::corners(grid);
        let difference = if self.corners != corners {
            format!("corners of the grid {} and {corners}", self.corners)
        } else if !same_calendar {
            format!("calendars {} and {calendar}", self.calendar)
        } else {
            return Ok(());
        };
        Err(DataError::OtherStatistics { difference })
    }

    /// Writes them as JSON, to a temporary name first.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn save(&self, file: &Path) -> Result<(), DataError> {
        let io = |cause| DataError::Io {
            file: file.to_path_buf(),
            cause,
        };
        let text = serde_json::to_string(self).map_err(|cause| io(cause.into()))?;
        foehn_archive::write_whole(file, text.as_bytes()).map_err(io)
    }

    /// Reads what [`Statistics::save`] wrote, bit for bit.
    ///
    /// # Errors
    /// [`DataError::Io`], or [`DataError::Json`] for anything else in the file.
    pub fn load(file: &Path) -> Result<Self, DataError> {
        let text = fs::read_to_string(file).map_err(|cause| DataError::Io {
            file: file.to_path_buf(),
            cause,
        })?;
        let not = |cause| DataError::Json {
            file: file.to_path_buf(),
            cause,
        };
        let statistics: Self =
            serde_json::from_str(&text).map_err(|cause| not(cause.to_string()))?;
        match statistics.misfit() {
            None => Ok(statistics),
            Some(cause) => Err(not(cause.to_owned())),
        }
    }

    /// What in the lists does not fit the shape.
    fn misfit(&self) -> Option<&'static str> {
        let (channels, ny, nx) = self.shape;
        let (few, many) = (channels, channels * ny * nx);
        let sites = |n: usize| n > 0 && (n == few || n == many);
        let terms = self.terms();
        let lists = [self.variables.len(), self.units.len()];
        if lists.iter().any(|n| *n != channels) || !sites(self.scale.len()) {
            Some("the lists do not fit the shape")
        } else if !self.centre.len().is_multiple_of(terms) || !sites(self.centre.len() / terms) {
            Some("the annual cycles do not fit the shape and the number of harmonics")
        } else if self
            .valid
            .as_ref()
            .is_some_and(|valid| valid.len() != ny * nx)
        {
            Some("the mask does not fit the shape")
        } else if self.scale.iter().any(|s| s.is_nan() || *s <= 0.0) {
            Some("a scale is not positive")
        } else {
            None
        }
    }

    pub(crate) fn terms(&self) -> usize {
        1 + 2 * self.harmonics
    }

    pub(crate) fn basis(&self, instant: Instant) -> Vec<f64> {
        season::basis(season::phase(self.calendar, instant), self.harmonics)
    }

    /// The mean in the centre of a cell.
    pub(crate) fn mean_of(&self, channel: usize, cell: usize) -> f64 {
        self.centre[self.centre_site(channel, cell)]
    }

    /// Where the coefficients of a cell begin; the first is its mean.
    fn centre_site(&self, channel: usize, cell: usize) -> usize {
        self.site(self.centre.len() / self.terms(), channel, cell) * self.terms()
    }

    /// The centre of a cell, by the basis at some time.
    pub(crate) fn centre_of(&self, channel: usize, cell: usize, basis: &[f64]) -> f64 {
        let site = self.centre_site(channel, cell);
        self.centre[site..site + self.terms()]
            .iter()
            .zip(basis)
            .map(|(a, b)| a * b)
            .sum()
    }

    pub(crate) fn scale_of(&self, channel: usize, cell: usize) -> f64 {
        self.scale[self.site(self.scale.len(), channel, cell)]
    }

    /// Where in a list of one entry a variable, or one a variable and cell.
    fn site(&self, entries: usize, channel: usize, cell: usize) -> usize {
        let (channels, ny, nx) = self.shape;
        if entries == channels {
            channel
        } else {
            channel * ny * nx + cell
        }
    }

    fn each(&self, value: impl Fn(usize, usize) -> f64) -> Array3<f64> {
        let nx = self.shape.2;
        Array3::from_shape_fn(self.shape, |(c, y, x)| value(c, y * nx + x))
    }

    fn apply(
        &self,
        instant: Instant,
        mut values: ArrayViewMut3<f32>,
        law: impl Fn(f64, f64, f64) -> f64,
    ) {
        assert_eq!(
            values.dim(),
            self.shape,
            "states of another shape than the statistics"
        );
        let basis = self.basis(instant);
        for (channel, mut plane) in values.outer_iter_mut().enumerate() {
            for (cell, x) in plane.iter_mut().enumerate() {
                let centre = self.centre_of(channel, cell, &basis);
                *x = law(f64::from(*x), centre, self.scale_of(channel, cell)) as f32;
            }
        }
    }
}
