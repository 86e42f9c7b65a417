//! Gregorian dates by chrono.

use chrono::{Datelike, NaiveDate};

/// Days from 1970-01-01; a date that chrono does not have counts as its first or last one.
pub(crate) fn days(year: i32, month: u32, day: u32) -> i64 {
    let end = if year < 0 {
        NaiveDate::MIN
    } else {
        NaiveDate::MAX
    };
    let date = NaiveDate::from_ymd_opt(year, month, day).unwrap_or(end);
    i64::from(date.num_days_from_ce()) - i64::from(chrono::DateTime::UNIX_EPOCH.num_days_from_ce())
}

/// Year, month and day.
pub(crate) fn date(days: i64) -> (i32, u32, u32) {
    let since_ce = days.saturating_add(i64::from(chrono::DateTime::UNIX_EPOCH.num_days_from_ce()));
    let date = i32::try_from(since_ce)
        .ok()
        .and_then(NaiveDate::from_num_days_from_ce_opt);
    let date = date.unwrap_or(if days < 0 {
        NaiveDate::MIN
    } else {
        NaiveDate::MAX
    });
    (date.year(), date.month(), date.day())
}

/// Whether a year has a 29 February.
pub(crate) fn is_leap(year: i32) -> bool {
    NaiveDate::from_ymd_opt(year, 2, 29).is_some()
}
