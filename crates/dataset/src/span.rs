//! Lengths of time as people write them.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Units of [`Span`], longest first, with their lengths in seconds.
const UNITS: [(&str, i64); 5] = [
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
];

/// A length of time in whole seconds, at least one: `"1 day"`, `"12 hours"`, `"30 min"`.
///
/// ```
/// use foehn_dataset::Span;
///
/// assert_eq!("12 hours".parse::<Span>()?.seconds(), 43_200);
/// assert_eq!("0.5 days".parse::<Span>()?.to_string(), "12 hours");
/// # Ok::<(), foehn_dataset::SpanError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(i64);

/// Why a text is no [`Span`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a length of time of one second or more; write it as \"1 day\", \"12 hours\" or \"30 minutes\""
)]
pub struct SpanError {
    /// The text.
    pub text: String,
}

impl Span {
    /// A span of some seconds; `None` unless there is at least one.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (seconds > 0).then_some(Self(seconds))
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        parse(text).ok_or_else(|| SpanError {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<Span> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.trim().parse().ok()?;
    let seconds = number * unit_seconds(&unit.to_ascii_lowercase())? as f64;
    let whole = seconds.round();
    let exact = (seconds - whole).abs() < 1e-6 && (1.0..1e15).contains(&whole);
    exact.then_some(Span(whole as i64))
}

fn unit_seconds(unit: &str) -> Option<i64> {
    let long = match unit {
        "w" => "week",
        "d" => "day",
        "h" | "hr" | "hrs" => "hour",
        "min" | "mins" => "minute",
        "s" | "sec" | "secs" => "second",
        other => other.strip_suffix('s').unwrap_or(other),
    };
    let found = UNITS.iter().find(|(name, _)| *name == long);
    found.map(|(_, seconds)| *seconds)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // weeks read well only in configurations
        let divides = UNITS[1..].iter().find(|(_, unit)| self.0 % unit == 0);
        let (name, unit) = divides.copied().unwrap_or(("second", 1));
        let count = self.0 / unit;
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} {name}{plural}")
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// How far apart initial states lie: a number of steps, or a [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a number of steps (at least 1) or a length of time such as \"5 days\""
)]
pub enum Every {
    /// As many steps of the run.
    Steps(NonZeroU32),
    /// A length of time.
    Span(Span),
}

impl Every {
    /// The length in seconds, for a run whose step has `step` seconds.
    pub fn seconds(self, step: i64) -> i64 {
        match self {
            Self::Steps(count) => step.saturating_mul(i64::from(count.get())),
            Self::Span(span) => span.seconds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let seconds = |text: &str| text.parse::<Span>().map(Span::seconds).ok();
        assert_eq!(seconds("1 day"), Some(86_400));
        assert_eq!(seconds("6h"), Some(21_600));
        assert_eq!(seconds("  2 Weeks "), Some(1_209_600));
        assert_eq!(seconds("90 min"), Some(5400));
        assert_eq!(seconds("1s"), Some(1));
        for refused in [
            "", "day", "3", "-1 day", "0 hours", "1 month", "0.1 s", "nan days",
        ] {
            assert_eq!(seconds(refused), None, "{refused}");
        }
    }

    #[test]
    fn every_takes_a_number_or_a_text() {
        let read = |text: &str| serde_json::from_str::<Every>(text).map(|e| e.seconds(3600));
        assert_eq!(read("5").unwrap(), 18_000);
        assert_eq!(read("\"5 days\"").unwrap(), 432_000);
        let error = read("0").unwrap_err().to_string();
        assert!(error.contains("number of steps"), "{error}");
    }
}
