//! What can be wrong with cases, fits and predictions.

use foehn_field::DateTime;

/// Why columns are no table of cases.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// Members and observations in different units.
    #[error(
        "the members are in {forecast:?} and the observations in {observation:?}; convert one of them, or \
         spell both the same way"
    )]
    Units {
        /// Of the members.
        forecast: String,
        /// Of the observations.
        observation: String,
    },
    /// A column of another length.
    #[error("column {column} has {found} rows, the dates have {rows}")]
    Length {
        /// The column.
        column: &'static str,
        /// Its rows.
        found: usize,
        /// Rows of the dates.
        rows: usize,
    },
    /// Names for another number of covariates.
    #[error("{names} names for {found} columns of covariates")]
    Names {
        /// Names.
        names: usize,
        /// Columns.
        found: usize,
    },
    /// A row points to no station.
    #[error("row {row} names station {index}, and there are {stations}")]
    NoStation {
        /// The row.
        row: usize,
        /// The index.
        index: usize,
        /// Number of stations.
        stations: usize,
    },
    /// Two stations of one name.
    #[error("station {0:?} is listed twice; fitted parts are found by name")]
    StationTwice(String),
    /// An altitude that no ground has.
    #[error(
        "station {station:?} lies at {altitude} m, outside -500..9000 m: an undeclared fill value? Give no \
         altitude instead"
    )]
    Altitude {
        /// The station.
        station: String,
        /// Its altitude.
        altitude: f64,
    },
    /// A station without a name.
    #[error("station {0} (from 0) has no name; fitted parts are found by name")]
    NoName(usize),
    /// Two rows of one station, date and lead.
    #[error(
        "rows {first} and {second} (from 0) are both of station {station:?}, date {date}, lead {lead} s; keep one"
    )]
    Twice {
        /// The earlier row.
        first: usize,
        /// The later row.
        second: usize,
        /// The station.
        station: String,
        /// Initial time.
        date: DateTime,
        /// Lead, seconds.
        lead: i64,
    },
    /// An infinite value.
    #[error("{what} of row {row} is infinite; missing values are NaN")]
    Infinite {
        /// What it is.
        what: &'static str,
        /// The row.
        row: usize,
    },
}

/// Why a method could not be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Rows, but no observation among them.
    #[error("{method}: all {rows} observations are missing")]
    NoObservation {
        /// The method.
        method: &'static str,
        /// Rows.
        rows: usize,
    },
    /// Not enough complete cases.
    #[error(
        "{method} needs {needed} complete cases and has {found} of {rows} rows; take a longer period, fewer \
         terms or a wider scope"
    )]
    TooFewCases {
        /// The method.
        method: &'static str,
        /// Cases needed.
        needed: usize,
        /// Cases with an observation, a member and every covariate.
        found: usize,
        /// Rows given.
        rows: usize,
    },
    /// A term that needs what the table does not have.
    #[error("term {term:?} needs {needs}, which no case has{}", listed(.known))]
    NoCovariate {
        /// The term.
        term: String,
        /// What it needs.
        needs: &'static str,
        /// Names that the table has.
        known: Vec<String>,
    },
    /// More harmonics of the time of year than a season can hold.
    #[error("term {term:?} has too many harmonics; at most {most}")]
    Harmonics {
        /// The term.
        term: String,
        /// Most that are taken.
        most: usize,
    },
    /// Neighbours of a station of unknown place.
    #[error(
        "{method}: neighbours need the place of every station, and that of {station:?} is unknown; give its \
         latitude and longitude, or choose another scope"
    )]
    NoPlace {
        /// The method.
        method: &'static str,
        /// The station.
        station: String,
    },
    /// A term in a place where it makes no sense.
    #[error("{0}")]
    Configuration(String),
    /// An observation that the family cannot hold.
    #[error(
        "{family} is a law of values from zero upwards, and the observation {value} of station {station:?} is \
         below; choose another family or units"
    )]
    Negative {
        /// The family.
        family: String,
        /// The observation.
        value: f64,
        /// The station.
        station: String,
    },
    /// The objective is not finite at the start.
    #[error(
        "{method}: the objective is {value} at the least-squares start; look for impossible values"
    )]
    Start {
        /// The method.
        method: &'static str,
        /// The objective.
        value: f64,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!(" (covariates: {})", names.join(", "))
    }
}

/// Why a fitted method has no forecast for a case.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PredictError {
    /// No member is there.
    #[error("no member for station {station:?}, date {date}, lead {lead} s")]
    NoMember {
        /// The station.
        station: String,
        /// Initial time.
        date: DateTime,
        /// Lead, seconds.
        lead: i64,
    },
    /// A covariate is not there.
    #[error("term {term:?} has no value for station {station:?}, date {date}")]
    NoCovariate {
        /// The term.
        term: String,
        /// The station.
        station: String,
        /// Initial time.
        date: DateTime,
    },
    /// A lead that was not fitted.
    #[error("lead {lead} s was not fitted; fitted are {fitted:?} s")]
    Lead {
        /// The lead, seconds.
        lead: i64,
        /// The leads that were, seconds.
        fitted: Vec<i64>,
    },
    /// Another number of members than was fitted.
    #[error("the fit weighs {fitted} members one by one, this case has {found}")]
    Members {
        /// Columns of members in the fit.
        fitted: usize,
        /// Columns here.
        found: usize,
    },
    /// A season without a past observation.
    #[error("no past observation within {half} days of the season of station {station:?}")]
    NoSeason {
        /// Half-width of the window, days.
        half: f64,
        /// The station.
        station: String,
    },
}
