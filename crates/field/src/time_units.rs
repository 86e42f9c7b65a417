//! CF time units: `UNIT since EPOCH`.

use crate::date_time::{clock_seconds, date_parts};
use crate::{Calendar, DateTime, TimeError};

/// A unit of fixed length counted from an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeUnits {
    /// Length of the unit, s.
    pub(crate) unit: f64,
    /// The epoch, s since 1970-01-01 in the calendar.
    pub(crate) epoch: f64,
}

impl TimeUnits {
    /// Reads `UNIT since EPOCH`; a zone after the epoch is taken off, so that times are UTC.
    pub(crate) fn parse(units: &str, calendar: Calendar) -> Result<Self, TimeError> {
        let words: Vec<&str> = units.split_whitespace().collect();
        let (unit, epoch) = match words.as_slice() {
            [unit, since, epoch @ ..]
                if since.eq_ignore_ascii_case("since") && !epoch.is_empty() =>
            {
                (unit, epoch.join(" "))
            }
            _ => {
                return Err(TimeError::NoSince {
                    units: units.to_owned(),
                });
            }
        };
        let unit = unit_seconds(unit, units, calendar)?;
        let refuse = || TimeError::Epoch {
            text: epoch.clone(),
            units: units.to_owned(),
        };
        let ((year, month, day), seconds) = split_epoch(&epoch).ok_or_else(refuse)?;
        let midnight = calendar.instant(DateTime::midnight(year, month, day))?;
        Ok(Self {
            unit,
            epoch: midnight.0 as f64 + seconds,
        })
    }
}

/// Spans such as the leads of forecasts, in whole seconds: `value * unit`.
///
/// # Units
/// nanoseconds to weeks; months and years only in the 360-day calendar, where they have one length.
///
/// # Errors
/// [`TimeError`] for other units, a value that is not finite, or one off a whole second.
///
/// ```
/// use foehn_field::{Calendar, leads};
///
/// assert_eq!(leads(&[6.0, 12.0], "hours", Calendar::Standard)?, [21_600, 43_200]);
/// assert_eq!(leads(&[0.5], "months", Calendar::Day360)?, [15 * 86_400]);
/// # Ok::<(), foehn_field::TimeError>(())
/// ```
pub fn leads(values: &[f64], units: &str, calendar: Calendar) -> Result<Vec<i64>, TimeError> {
    let unit = unit_seconds(units.trim(), units, calendar)?;
    let seconds = |(index, &value): (usize, &f64)| {
        let (s, units) = (value * unit, units.to_owned());
        if !s.is_finite() || s.abs() > 1e15 {
            return Err(TimeError::NotFinite {
                index,
                value,
                units,
            });
        }
        let off = (s - s.round()).abs();
        if off > 1e-3 {
            return Err(TimeError::SubSecond {
                index,
                value,
                units,
                off,
            });
        }
        Ok(s.round() as i64)
    };
    values.iter().enumerate().map(seconds).collect()
}

/// The date, and the seconds from its midnight (UTC) to the epoch.
fn split_epoch(epoch: &str) -> Option<((i32, u32, u32), f64)> {
    let (date, rest) = epoch.split_once(['T', ' ']).unwrap_or((epoch, ""));
    let date = date_parts(date)?;
    let rest = rest.trim();
    let (clock, zone) = match rest.find(|c: char| c == '+' || c == '-' || c.is_ascii_alphabetic()) {
        Some(at) => rest.split_at(at),
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let clock = clock.trim();
    let seconds = if clock.is_empty() {
        0.0
    } else {
        clock_seconds(clock)?
    };
    Some((date, seconds - zone_seconds(zone.trim())?))
}

/// Seconds that a zone is ahead of UTC: empty, `Z`, `UTC`, `GMT`, `+05:30`, `-0600`, `+1`.
fn zone_seconds(zone: &str) -> Option<f64> {
    if ["", "Z", "UTC", "GMT"]
        .iter()
        .any(|name| zone.eq_ignore_ascii_case(name))
    {
        return Some(0.0);
    }
    let (sign, digits) = match zone.as_bytes().first()? {
        b'-' => (-1.0, &zone[1..]),
        b'+' => (1.0, &zone[1..]),
        _ => (1.0, zone),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| sign * f64::from(hours * 3600 + minutes * 60))
}

fn unit_seconds(unit: &str, units: &str, calendar: Calendar) -> Result<f64, TimeError> {
    match unit.to_ascii_lowercase().as_str() {
        // the one calendar in which every month has the same length
        "month" | "months" if calendar == Calendar::Day360 => Ok(30.0 * 86_400.0),
        "year" | "years" if calendar == Calendar::Day360 => Ok(360.0 * 86_400.0),
        "weeks" | "week" => Ok(604_800.0),
        "days" | "day" | "d" => Ok(86_400.0),
        "hours" | "hour" | "hrs" | "hr" | "h" => Ok(3600.0),
        "minutes" | "minute" | "mins" | "min" => Ok(60.0),
        "seconds" | "second" | "secs" | "sec" | "s" => Ok(1.0),
        "milliseconds" | "millisecond" | "millisecs" | "millisec" | "msecs" | "msec" | "ms" => {
            Ok(1e-3)
        }
        "microseconds" | "microsecond" | "microsecs" | "microsec" | "us" => Ok(1e-6),
        "nanoseconds" | "nanosecond" | "nanosecs" | "nanosec" | "ns" => Ok(1e-9),
        "months" | "month" | "years" | "year" | "common_years" | "common_year" => {
            Err(TimeError::VaryingUnit {
                unit: unit.to_owned(),
                units: units.to_owned(),
            })
        }
        _ => Err(TimeError::UnknownUnit {
            unit: unit.to_owned(),
            units: units.to_owned(),
        }),
    }
}
