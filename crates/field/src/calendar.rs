//! The calendars of the CF conventions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{DateTime, Instant, TimeError, gregorian};

/// Years beyond this (either way) are refused; chrono ends at 262 000.
const LAST_YEAR: i32 = 200_000;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// Days before each month of a common year, and the year's length.
const COMMON: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
/// The same for a leap year.
const LEAP: [i64; 13] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366];

/// A calendar of the CF conventions, section 4.4.1.
///
/// Year zero follows cftime: `standard` and `julian` go from -1 to 1, the others count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Calendar {
    /// Julian up to 1582-10-04, Gregorian from 1582-10-15, nothing between.
    #[serde(rename = "standard", alias = "gregorian")]
    Standard,
    /// Gregorian rules at all times.
    #[serde(rename = "proleptic_gregorian")]
    ProlepticGregorian,
    /// 365 days a year.
    #[serde(rename = "noleap", alias = "365_day")]
    NoLeap,
    /// 366 days a year.
    #[serde(rename = "all_leap", alias = "366_day")]
    AllLeap,
    /// Twelve months of 30 days.
    #[serde(rename = "360_day")]
    Day360,
    /// A leap year every fourth year.
    #[serde(rename = "julian")]
    Julian,
}

impl Calendar {
    /// The CF name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ProlepticGregorian => "proleptic_gregorian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Day360 => "360_day",
            Self::Julian => "julian",
        }
    }

    /// The date and time of an instant; beyond 262 000 years Gregorian dates stop at the last one.
    ///
    /// ```
    /// use foehn_field::{Calendar, DateTime};
    ///
    /// let last = Calendar::Standard.instant(DateTime::midnight(1582, 10, 4))?;
    /// assert_eq!(Calendar::Standard.date(last.plus(86_400)), DateTime::midnight(1582, 10, 15));
    /// # Ok::<(), foehn_field::TimeError>(())
    /// ```
    pub fn date(self, instant: Instant) -> DateTime {
        let second = instant.0.rem_euclid(DAY) as u32;
        let (year, month, day) = self.year_month_day(instant.0.div_euclid(DAY));
        DateTime {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// The instant of a date and time.
    ///
    /// # Errors
    /// [`TimeError::NoSuchDate`] for a date or time of day that the calendar does not have.
    pub fn instant(self, date: DateTime) -> Result<Instant, TimeError> {
        self.check(date).map_err(|why| TimeError::NoSuchDate {
            date,
            calendar: self,
            why,
        })?;
        let seconds = i64::from(date.hour * 3600 + date.minute * 60 + date.second);
        Ok(Instant(
            self.days(date.year, date.month, date.day) * DAY + seconds,
        ))
    }

    /// The instant that `2001-01-31`, `2001-01-31T12:00` or `2001-01-31 12:00:00` names.
    ///
    /// # Errors
    /// [`TimeError::NotADate`] or [`TimeError::NoSuchDate`].
    pub fn parse(self, text: &str) -> Result<Instant, TimeError> {
        self.instant(text.parse()?)
    }

    /// Days since the year began, with fraction: 0.5 is noon of 1 January.
    ///
    /// ```
    /// use foehn_field::Calendar;
    ///
    /// let noon = Calendar::NoLeap.parse("2000-03-01T12:00")?;
    /// assert_eq!(Calendar::NoLeap.day_of_year(noon), 59.5);
    /// # Ok::<(), foehn_field::TimeError>(())
    /// ```
    pub fn day_of_year(self, instant: Instant) -> f64 {
        let start = self.days(self.date(instant).year, 1, 1) * DAY;
        (instant.0 - start) as f64 / DAY as f64
    }

    /// The length of a year in days; the standard calendar's 1582 has 355.
    pub fn days_in_year(self, year: i32) -> u32 {
        let next = if year == -1 && !self.has_year_zero() {
            1
        } else {
            year + 1
        };
        (self.days(next, 1, 1) - self.days(year, 1, 1)) as u32
    }

    fn has_year_zero(self) -> bool {
        !matches!(self, Self::Standard | Self::Julian)
    }

    /// The year on an axis that counts year zero.
    fn astronomical(self, year: i32) -> i32 {
        if year < 0 && !self.has_year_zero() {
            year + 1
        } else {
            year
        }
    }

    /// Days before each month, and the year's length.
    fn months(self, astronomical: i32) -> [i64; 13] {
        match self {
            Self::Day360 => std::array::from_fn(|month| 30 * month as i64),
            Self::AllLeap => LEAP,
            Self::Julian if astronomical.rem_euclid(4) == 0 => LEAP,
            Self::NoLeap | Self::Julian => COMMON,
            Self::Standard if astronomical <= 1582 => Self::Julian.months(astronomical),
            Self::Standard | Self::ProlepticGregorian => {
                if gregorian::is_leap(astronomical) {
                    LEAP
                } else {
                    COMMON
                }
            }
        }
    }

    fn check(self, date: DateTime) -> Result<(), String> {
        let DateTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = date;
        if year == 0 && !self.has_year_zero() {
            return Err("the year after -1 is 1".to_owned());
        }
        if year.abs() > LAST_YEAR {
            return Err(format!(
                "years from -{LAST_YEAR} to {LAST_YEAR} are handled"
            ));
        }
        if !(1..=12).contains(&month) {
            return Err("months go from 1 to 12".to_owned());
        }
        let months = self.months(self.astronomical(year));
        let length = months[month as usize] - months[month as usize - 1];
        if day == 0 || i64::from(day) > length {
            return Err(format!("that month has {length} days"));
        }
        if self == Self::Standard && (year, month) == (1582, 10) && (5..=14).contains(&day) {
            return Err(
                "1582-10-04 is followed by 1582-10-15; use proleptic_gregorian or julian"
                    .to_owned(),
            );
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Err("a day ends at 23:59:59".to_owned());
        }
        Ok(())
    }

    /// Days from the calendar's 1970-01-01 to a date that it has.
    fn days(self, year: i32, month: u32, day: u32) -> i64 {
        match self {
            Self::ProlepticGregorian => gregorian::days(year, month, day),
            Self::Standard if (year, month, day) >= (1582, 10, 15) => {
                gregorian::days(year, month, day)
            }
            Self::Standard => Self::Julian.days(year, month, day) + julian_offset(),
            _ => {
                let year = self.astronomical(year);
                let in_year = self.months(year)[month as usize - 1] + i64::from(day) - 1;
                self.before(year) + in_year - self.before(1970)
            }
        }
    }

    /// Days from the start of year zero to the start of a year, by fixed rules.
    fn before(self, astronomical: i32) -> i64 {
        let year = i64::from(astronomical);
        match self {
            Self::Day360 => 360 * year,
            Self::AllLeap => 366 * year,
            Self::NoLeap => 365 * year,
            // the others never come here but as Julian
            _ => 365 * year + (year + 3).div_euclid(4),
        }
    }

    fn year_month_day(self, days: i64) -> (i32, u32, u32) {
        match self {
            Self::ProlepticGregorian => gregorian::date(days),
            Self::Standard if days >= gregorian::days(1582, 10, 15) => gregorian::date(days),
            Self::Standard => Self::Julian.year_month_day(days - julian_offset()),
            _ => self.by_rule(days + self.before(1970)),
        }
    }

    /// The date some days after the start of year zero, by fixed rules.
    fn by_rule(self, days: i64) -> (i32, u32, u32) {
        let per_year = match self {
            Self::Day360 => 360.0,
            Self::AllLeap => 366.0,
            Self::NoLeap => 365.0,
            _ => 365.25,
        };
        let last = f64::from(i32::MAX - 1);
        let mut year = (days as f64 / per_year).floor().clamp(-last, last) as i32;
        // the estimate is at most a year off
        if self.before(year) > days {
            year -= 1;
        } else if self.before(year + 1) <= days {
            year += 1;
        }
        let months = self.months(year);
        let in_year = (days - self.before(year)).clamp(0, months[12] - 1);
        let month = months
            .iter()
            .rposition(|start| *start <= in_year)
            .unwrap_or(0);
        let day = in_year - months[month] + 1;
        let year = if year <= 0 && !self.has_year_zero() {
            year - 1
        } else {
            year
        };
        (year, month as u32 + 1, day as u32)
    }
}

/// What to add to Julian days so that Julian 1582-10-05 would be Gregorian 1582-10-15.
fn julian_offset() -> i64 {
    gregorian::days(1582, 10, 15) - Calendar::Julian.days(1582, 10, 5)
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Calendar {
    type Err = TimeError;

    /// Reads any CF name; an empty one is the standard calendar, as in CF.
    ///
    /// # Errors
    /// [`TimeError::UnknownCalendar`].
    fn from_str(name: &str) -> Result<Self, TimeError> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "standard" | "gregorian" => Ok(Self::Standard),
            "proleptic_gregorian" => Ok(Self::ProlepticGregorian),
            "noleap" | "no_leap" | "365_day" => Ok(Self::NoLeap),
            "all_leap" | "366_day" => Ok(Self::AllLeap),
            // "360" is what the data library of the IRI writes
            "360_day" | "360" => Ok(Self::Day360),
            "julian" => Ok(Self::Julian),
            _ => Err(TimeError::UnknownCalendar {
                name: name.to_owned(),
            }),
        }
    }
}
