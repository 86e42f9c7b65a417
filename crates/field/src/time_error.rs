//! What can be wrong with times.

use thiserror::Error;

use crate::{Calendar, DateTime};

/// Why times could not be read, written or found in a calendar.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TimeError {
    /// A calendar that CF does not know.
    #[error(
        "calendar {name:?} is not known; CF has standard (gregorian), proleptic_gregorian, noleap (365_day), \
         all_leap (366_day), 360_day and julian"
    )]
    UnknownCalendar {
        /// The name found.
        name: String,
    },
    /// Not of the form `UNIT since EPOCH`.
    #[error("time units {units:?} are not of the form \"hours since 2000-01-01 00:00:00\"")]
    NoSince {
        /// The units found.
        units: String,
    },
    /// Months and years have no fixed length.
    #[error(
        "time units {units:?} count {unit}, whose length varies; rewrite the time axis in days or hours \
         (with xarray: open with decode_times=False, build the dates, write them back)"
    )]
    VaryingUnit {
        /// The unit found.
        unit: String,
        /// The whole units.
        units: String,
    },
    /// A unit that is not a unit of time.
    #[error(
        "{unit:?} in time units {units:?} is not known; weeks, days, hours, minutes, seconds, ms and us are"
    )]
    UnknownUnit {
        /// The unit found.
        unit: String,
        /// The whole units.
        units: String,
    },
    /// The date after `since` cannot be read.
    #[error(
        "the date {text:?} in time units {units:?} cannot be read; write it as 2000-01-31 12:00:00"
    )]
    Epoch {
        /// What stands after `since`.
        text: String,
        /// The whole units.
        units: String,
    },
    /// A text that is not a date.
    #[error(
        "{text:?} is not a date; write it as 2001-01-31, 2001-01-31T12:00 or 2001-01-31T12:00:00"
    )]
    NotADate {
        /// The text.
        text: String,
    },
    /// A date that the calendar does not have.
    #[error("{date} does not exist in calendar {calendar}: {why}")]
    NoSuchDate {
        /// The date.
        date: DateTime,
        /// The calendar.
        calendar: Calendar,
        /// The rule it breaks.
        why: String,
    },
    /// A time that is NaN or infinite.
    #[error("time[{index}] = {value} is not a number of {units:?}; a time axis must be complete")]
    NotFinite {
        /// Its place on the axis.
        index: usize,
        /// The value.
        value: f64,
        /// The units.
        units: String,
    },
    /// A time outside the years that are handled.
    #[error(
        "time[{index}] = {value} {units:?} lies more than 200 000 years away; are the units right?"
    )]
    TooFar {
        /// Its place on the axis.
        index: usize,
        /// The value.
        value: f64,
        /// The units.
        units: String,
    },
    /// A time between two seconds.
    #[error(
        "time[{index}] = {value} {units:?} lies {off} s from a whole second; times are kept in whole seconds"
    )]
    SubSecond {
        /// Its place on the axis.
        index: usize,
        /// The value.
        value: f64,
        /// The units.
        units: String,
        /// Distance to the nearest second, s.
        off: f64,
    },
    /// A time that is not a whole number of the units asked for.
    #[error("{date} is not a whole number of {units:?}; choose a smaller unit")]
    NotWhole {
        /// The date.
        date: DateTime,
        /// The units asked for.
        units: String,
    },
}
