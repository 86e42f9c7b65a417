//! Labelled arrays, grids, cell areas and CF time.
//!
//! A [`Field`] is values with named dimensions, an explicit mask and attributes; a [`Grid`] says where
//! its cells lie and how large they are; a [`TimeAxis`] is a list of [`Instant`]s in one [`Calendar`].
//!
//! ```
//! use foehn_field::{Calendar, TimeAxis};
//!
//! let axis = TimeAxis::decode(&[0.0, 0.5], "days since 1999-02-28", "360_day")?;
//! let text: Vec<String> = axis.instants.iter().map(|t| axis.calendar.date(*t).to_string()).collect();
//! assert_eq!(text, ["1999-02-28T00:00:00", "1999-02-28T12:00:00"]);
//! assert_eq!(Calendar::Day360.days_in_year(1999), 360);
//! # Ok::<(), foehn_field::TimeError>(())
//! ```

mod areas;
mod attribute;
mod calendar;
mod date_time;
mod gregorian;
mod grid;
mod instant;
mod labelled;
mod sphere;
mod time_axis;
mod time_error;
mod time_units;

pub use attribute::{Attribute, Attributes};
pub use calendar::Calendar;
pub use date_time::DateTime;
pub use grid::{Grid, GridError};
pub use instant::Instant;
pub use labelled::{Field, FieldError};
pub use time_axis::TimeAxis;
pub use time_error::TimeError;
pub use time_units::leads;
