//! A date and time of day as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TimeError;

/// A date and time of day; whether it exists depends on the [`Calendar`](crate::Calendar).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DateTime {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
    /// The day of the month, from 1.
    pub day: u32,
    /// The hour, 0 to 23.
    pub hour: u32,
    /// The minute, 0 to 59.
    pub minute: u32,
    /// The second, 0 to 59.
    pub second: u32,
}

impl DateTime {
    /// Midnight at the start of a day.
    pub const fn midnight(year: i32, month: u32, day: u32) -> Self {
        Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        }
    }
}

impl fmt::Display for DateTime {
    /// Writes `2001-01-31T12:00:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        let sign = if *year < 0 { "-" } else { "" };
        let year = year.unsigned_abs();
        write!(
            f,
            "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )
    }
}

impl FromStr for DateTime {
    type Err = TimeError;

    /// Reads `2001-01-31`, `2001-01-31T12:00` or `2001-01-31 12:00:00`.
    ///
    /// # Errors
    /// [`TimeError::NotADate`] for anything else; which days a month has is checked by the calendar.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refuse = || TimeError::NotADate {
            text: text.to_owned(),
        };
        let (date, clock) = text
            .trim()
            .split_once(['T', ' '])
            .unwrap_or((text.trim(), ""));
        let (year, month, day) = date_parts(date).ok_or_else(refuse)?;
        let clock = clock.strip_suffix('Z').unwrap_or(clock);
        let seconds = if clock.is_empty() {
            Some(0.0)
        } else {
            clock_seconds(clock)
        };
        match seconds {
            Some(s) if s.fract() == 0.0 => {
                let s = s as u32;
                Ok(Self {
                    hour: s / 3600,
                    minute: s / 60 % 60,
                    second: s % 60,
                    ..Self::midnight(year, month, day)
                })
            }
            _ => Err(refuse()),
        }
    }
}

/// Year, month and day of `2001-1-31`; a leading sign belongs to the year.
pub(crate) fn date_parts(text: &str) -> Option<(i32, u32, u32)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = digits.split('-').map(whole);
    let date = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month, day) = (i32::try_from(date.0).ok()?, date.1, date.2);
    let exists = (1..=12).contains(&month) && (1..=31).contains(&day);
    (parts.next().is_none() && exists).then_some((sign * year, month, day))
}

/// Seconds into the day of `12`, `12:00`, `12:00:00` or `12:00:0.0`.
pub(crate) fn clock_seconds(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let hour = whole(parts.next()?)?;
    let minute = parts.next().map_or(Some(0), whole)?;
    let second = parts.next().map_or(Some(0.0), decimal)?;
    let exists = hour < 24 && minute < 60 && second < 60.0 && parts.next().is_none();
    exists.then_some(f64::from(hour * 3600 + minute * 60) + second)
}

/// A number of digits only: `parse` alone would take signs.
fn whole(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn decimal(text: &str) -> Option<f64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits.then(|| text.parse().ok()).flatten()
}
