//! Cases from text tables.

use std::io::Read;

use foehn_field::TimeError;
use serde::{Deserialize, Serialize};

use crate::comma_rows::{Places, Rows};
use crate::{Table, TableError};

/// Which columns of a text table hold what; one row a station, date and lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// Name of the station.
    pub station: String,
    /// Initial time, such as `2004-01-31` or `2004-01-31T12:00:00`.
    pub date: String,
    /// Lead in hours; without, every lead is zero.
    #[serde(default)]
    pub lead_hours: Option<String>,
    /// The members, in order; a name that ends with `*` stands for all columns that begin so.
    pub members: Vec<String>,
    /// The observation.
    pub observation: String,
    /// Units of the members; a text table does not say.
    pub units: String,
    /// Units of the observation.
    pub observation_units: String,
    /// Degrees north; without it and the longitude, or with an empty cell, the place is unknown.
    #[serde(default)]
    pub latitude: Option<String>,
    /// Degrees east.
    #[serde(default)]
    pub longitude: Option<String>,
    /// Metres above the sea.
    #[serde(default)]
    pub altitude: Option<String>,
    /// Metres above the sea of the model's ground.
    #[serde(default)]
    pub model_altitude: Option<String>,
    /// Further covariates, under their own names.
    #[serde(default)]
    pub covariates: Vec<String>,
    /// Numbers that stand for missing values, such as `[-9999.0]`. Unless this is given (`[]` for none), usual fill
    /// values of members, observations and covariates are refused.
    #[serde(default)]
    pub missing: Option<Vec<f64>>,
}

/// Numbers that stand for missing values in many files.
const USUAL_FILLS: [f64; 8] = [
    -999.0,
    -9999.0,
    -99_999.0,
    -999.9,
    -9999.9,
    9_999_999.0,
    1e20,
    9.969_209_968_386_869e36,
];

impl ColumnMap {
    /// A number of a cell, NaN where it stands for a missing value; `None` for a usual fill that nothing declares.
    pub(crate) fn known(&self, value: f64) -> Option<f64> {
        let same = |fills: &[f64]| {
            fills
                .iter()
                .any(|fill| (value - fill).abs() <= 1e-6 * fill.abs())
        };
        match &self.missing {
            Some(fills) if same(fills) => Some(f64::NAN),
            None if same(&USUAL_FILLS) => None,
            _ => Some(value),
        }
    }
}

/// Why a text is no table of cases.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Not a table of rows of equal length, or not readable.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A column that is not there.
    #[error("no column {name:?}; there are: {}", .known.join(", "))]
    NoColumn {
        /// The name.
        name: String,
        /// Names that there are.
        known: Vec<String>,
    },
    /// A column that two settings name, or one of them twice.
    #[error(
        "column {name:?} is asked for as {first} and as {second}; give each its own column, or a narrower pattern \
         of members"
    )]
    TwoRoles {
        /// The name in the header.
        name: String,
        /// A setting of [`ColumnMap`].
        first: &'static str,
        /// Another, or the same again.
        second: &'static str,
    },
    /// Two columns of one name, one of which is asked for.
    #[error("the header has {name:?} twice, as columns {first} and {second}; rename or remove one")]
    HeaderTwice {
        /// The name.
        name: String,
        /// Position, from 1.
        first: usize,
        /// Position, from 1.
        second: usize,
    },
    /// A lead that is missing, not finite, negative or beyond 1e6 hours.
    #[error(
        "line {line}, column {column:?}: {text:?} is no lead; leads are hours from 0 to 1e6 and never missing"
    )]
    NoLead {
        /// Line of the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What is there.
        text: String,
    },
    /// A cell that is no number; missing are empty cells, NA and NaN.
    #[error(
        "line {line}, column {column:?}: {text:?} is no number; leave missing cells empty, or write NA or NaN"
    )]
    NoNumber {
        /// Line of the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What is there.
        text: String,
    },
    /// A usual fill value that nothing declares.
    #[error(
        "line {line}, column {column:?}: {value} looks like a missing value; say missing = [{value}], or missing = [] \
         where it is a number as others"
    )]
    Fill {
        /// Line of the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The number.
        value: f64,
    },
    /// A date that cannot be read.
    #[error("line {line}: {source}")]
    Date {
        /// Line of the file, from 1.
        line: u64,
        /// Why.
        source: TimeError,
    },
    /// A latitude or longitude that no place has.
    #[error(
        "line {line}: station {station:?} lies at {what} {value}; latitudes are -90 to 90, longitudes -180 to 360"
    )]
    Place {
        /// Line of the file, from 1.
        line: u64,
        /// The station.
        station: String,
        /// Which.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A station that lies at two places.
    #[error("line {line}: station {station:?} lies elsewhere than in an earlier line")]
    StationMoves {
        /// Line of the file, from 1.
        line: u64,
        /// The station.
        station: String,
    },
    /// What it says makes no table.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Table {
    /// Reads cases from comma-separated text with a header, dates in the Gregorian calendar.
    ///
    /// ```
    /// use foehn_calibration::{ColumnMap, Table};
    /// let map: ColumnMap = toml::from_str(
    ///     r#"
    ///     station = "place"
    ///     date = "day"
    ///     members = ["m*"]
    ///     observation = "obs"
    ///     units = "degC"
    ///     observation_units = "degC"
    ///     "#,
    /// )?;
    /// let text = "place,day,m1,m2,obs\nGraz,2004-01-31,1.5,,2.0\n";
    /// let table = Table::read_csv(text.as_bytes(), &map)?;
    /// assert_eq!(table.case(0).ok_or("row")?.present(), [1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CsvError`], with the line and column.
    pub fn read_csv(text: impl Read, map: &ColumnMap) -> Result<Self, CsvError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text);
        let places = Places::find(map, reader.headers()?)?;
        let mut rows = Rows::default();
        for record in reader.records() {
            rows.push(map, &places, &record?)?;
        }
        Ok(Self::new(rows.columns(map, &places))?)
    }
}
