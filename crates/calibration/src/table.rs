//! Cases: what was forecast for a station and what was observed there.

use std::f64::consts::TAU;
use std::sync::Arc;

use foehn_field::{Calendar, DateTime, Instant};
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::{TableError, check};

/// A place with observations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Its name; fitted parts are found again by it.
    pub name: String,
    /// Degrees north; NaN where unknown.
    pub latitude: f64,
    /// Degrees east; NaN where unknown.
    pub longitude: f64,
    /// Metres above the sea, where known.
    pub altitude: Option<f64>,
    /// Metres above the sea of the forecast model's ground there, where known.
    pub model_altitude: Option<f64>,
}

/// Lowest and highest ground that is believed, m.
const GROUND: std::ops::RangeInclusive<f64> = -500.0..=9000.0;

impl Station {
    /// Whether an altitude is one that ground has: -500..9000 m.
    pub fn is_ground(altitude: f64) -> bool {
        GROUND.contains(&altitude)
    }

    /// Whether its latitude and longitude are known.
    pub fn has_place(&self) -> bool {
        self.latitude.is_finite() && self.longitude.is_finite()
    }

    /// Great-circle distance; NaN where a place is unknown.
    ///
    /// # Units
    /// Kilometres, on a sphere of radius 6371 km.
    pub fn distance(&self, other: &Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let turn = (self.longitude - other.longitude).to_radians();
        let h = ((a - b) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turn / 2.0).sin().powi(2);
        2.0 * 6371.0 * h.sqrt().min(1.0).asin()
    }
}

/// The columns of a [`Table`], row by row one forecast for one station and lead; NaN where missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Units of the members.
    pub units: String,
    /// Units of the observations; must be the same text.
    pub observation_units: String,
    /// Calendar of the dates.
    pub calendar: Calendar,
    /// The stations that rows point to.
    pub stations: Vec<Station>,
    /// Names of the further covariates.
    pub covariate_names: Vec<String>,
    /// Initial time, seconds since 1970-01-01.
    pub dates: Vec<i64>,
    /// Lead, seconds.
    pub leads: Vec<i64>,
    /// Index of the station.
    pub station: Vec<usize>,
    /// (rows, members).
    pub members: Array2<f64>,
    /// One a row.
    pub observations: Vec<f64>,
    /// (rows, covariates).
    pub covariates: Array2<f64>,
}

/// Checked columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Columns,
    seasons: Vec<f64>,
    names: Arc<[String]>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Case<'a> {
    /// Where.
    pub station: &'a Station,
    /// Initial time, seconds since 1970-01-01.
    pub date: i64,
    /// Lead, seconds.
    pub lead: i64,
    /// Calendar of the date.
    pub calendar: Calendar,
    /// The time of year that the forecast is for: 0 at its start, 2 pi at its end.
    pub season: f64,
    /// The members, NaN where missing.
    pub members: &'a [f64],
    /// The observation, NaN where missing.
    pub observation: f64,
    /// The further covariates, NaN where missing.
    pub covariates: &'a [f64],
    /// Their names.
    pub covariate_names: &'a [String],
}

impl Table {
    /// Checks the columns.
    ///
    /// # Errors
    /// [`TableError`]: units that differ, columns of different length, a station that is not there, a station named
    /// twice, two rows of one station, date and lead, an altitude outside -500..9000 m (often an undeclared fill value), an infinite value.
    pub fn new(mut columns: Columns) -> Result<Self, TableError> {
        check::columns(&columns)?;
        // Rows are handed out as slices.
        columns.members = columns.members.as_standard_layout().into_owned();
        columns.covariates = columns.covariates.as_standard_layout().into_owned();
        let season = |(date, lead): (&i64, &i64)| {
            let valid = Instant(date.saturating_add(*lead));
            let year = columns.calendar.date(valid).year;
            TAU * columns.calendar.day_of_year(valid)
                / f64::from(columns.calendar.days_in_year(year))
        };
        let seasons = columns
            .dates
            .iter()
            .zip(&columns.leads)
            .map(season)
            .collect();
        let names = columns.covariate_names.clone().into();
        Ok(Self {
            columns,
            seasons,
            names,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.columns.dates.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// One row; `None` outside the table.
    pub fn case(&self, row: usize) -> Option<Case<'_>> {
        let columns = &self.columns;
        Some(Case {
            station: columns.stations.get(*columns.station.get(row)?)?,
            date: columns.dates[row],
            lead: columns.leads[row],
            calendar: columns.calendar,
            season: self.seasons[row],
            members: slice(&columns.members, row),
            observation: columns.observations[row],
            covariates: slice(&columns.covariates, row),
            covariate_names: &self.names,
        })
    }

    /// All rows in order.
    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        (0..self.len()).filter_map(|row| self.case(row))
    }

    /// The rows that satisfy a condition, as a table of their own.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Case<'_>) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.len())
            .filter(|&row| self.case(row).is_some_and(|case| keep(&case)))
            .collect();
        self.select(&rows)
    }

    /// Some rows, in the order given; rows outside the table are left out.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&row| row < self.len())
            .collect();
        let from = &self.columns;
        let pick = |values: &[i64]| rows.iter().map(|&row| values[row]).collect();
        Self {
            columns: Columns {
                units: from.units.clone(),
                observation_units: from.observation_units.clone(),
                calendar: from.calendar,
                stations: from.stations.clone(),
                covariate_names: from.covariate_names.clone(),
                dates: pick(&from.dates),
                leads: pick(&from.leads),
                station: rows.iter().map(|&row| from.station[row]).collect(),
                members: from.members.select(Axis(0), &rows),
                observations: rows.iter().map(|&row| from.observations[row]).collect(),
                covariates: from.covariates.select(Axis(0), &rows),
            },
            seasons: rows.iter().map(|&row| self.seasons[row]).collect(),
            names: self.names.clone(),
        }
    }

    /// The distinct initial times, ascending.
    pub fn distinct_dates(&self) -> Vec<i64> {
        distinct(&self.columns.dates)
    }

    /// The distinct leads, ascending.
    pub fn distinct_leads(&self) -> Vec<i64> {
        distinct(&self.columns.leads)
    }
}

impl Case<'_> {
    /// The members that are there.
    pub fn present(&self) -> Vec<f64> {
        self.members
            .iter()
            .copied()
            .filter(|x| x.is_finite())
            .collect()
    }

    /// Mean and ddof-1 standard deviation of the members that are there (deviation 0 for a single one); `None`
    /// without any.
    pub fn mean_and_deviation(&self) -> Option<(f64, f64)> {
        let present = || self.members.iter().filter(|x| x.is_finite());
        let count = present().count() as f64;
        if count == 0.0 {
            return None;
        }
        let mean = present().sum::<f64>() / count;
        let squares: f64 = present().map(|x| (x - mean).powi(2)).sum();
        Some((mean, (squares / (count - 1.0).max(1.0)).sqrt()))
    }

    /// The initial time as people write it.
    pub fn when(&self) -> DateTime {
        self.calendar.date(Instant(self.date))
    }

    /// Initial time plus lead, seconds since 1970-01-01.
    pub fn valid(&self) -> i64 {
        self.date.saturating_add(self.lead)
    }
}

fn slice(values: &Array2<f64>, row: usize) -> &[f64] {
    let width = values.ncols();
    values
        .as_slice()
        .and_then(|all| all.get(row * width..(row + 1) * width))
        .unwrap_or(&[])
}

fn distinct(values: &[i64]) -> Vec<i64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}
