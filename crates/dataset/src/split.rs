//! Training, validation and test periods.

use std::fmt;
use std::ops::Range;

use foehn_field::{Calendar, Instant, TimeAxis};
use serde::{Deserialize, Serialize};

use crate::{DataConfig, DataError};

const DAY: i64 = 86_400;

/// What a period of the data is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Fitting weights and statistics.
    Train,
    /// Choosing among models.
    Validation,
    /// Reporting.
    Test,
}

impl Split {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// A period, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) first: Instant,
    pub(crate) last: Instant,
}

impl Period {
    /// Reads two dates; a last date without a time of day includes its whole day.
    fn parse(split: Split, dates: &[String; 2], calendar: Calendar) -> Result<Self, DataError> {
        let instant = |text: &str| {
            let parsed = calendar.parse(text);
            parsed.map_err(|cause| DataError::Date { split, cause })
        };
        let [first, last] = dates;
        let whole_day = !last.trim().contains(['T', ' ', ':']);
        let end = if whole_day { DAY - 1 } else { 0 };
        let period = Self {
            first: instant(first)?,
            last: instant(last)?.plus(end),
        };
        if period.first > period.last {
            let (first, last) = (first.clone(), last.clone());
            return Err(DataError::Backwards { split, first, last });
        }
        Ok(period)
    }

    /// The positions on a rising axis that lie within.
    pub(crate) fn range(self, instants: &[Instant]) -> Range<usize> {
        let start = instants.partition_point(|t| *t < self.first);
        start..instants.partition_point(|t| *t <= self.last).max(start)
    }

    fn describe(self, calendar: Calendar) -> String {
        format!(
            "{} to {}",
            calendar.date(self.first),
            calendar.date(self.last)
        )
    }
}

/// The three periods of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Periods {
    train: Period,
    validation: Period,
    test: Period,
}

impl Periods {
    /// Reads the dates of a configuration and refuses periods that share an instant.
    pub(crate) fn parse(config: &DataConfig, calendar: Calendar) -> Result<Self, DataError> {
        let periods = Self {
            train: Period::parse(Split::Train, &config.train, calendar)?,
            validation: Period::parse(Split::Validation, &config.validation, calendar)?,
            test: Period::parse(Split::Test, &config.test, calendar)?,
        };
        for (k, first) in Split::ALL.into_iter().enumerate() {
            for second in Split::ALL.into_iter().skip(k + 1) {
                let (a, b) = (periods.of(first), periods.of(second));
                let shared = Period {
                    first: a.first.max(b.first),
                    last: a.last.min(b.last),
                };
                if shared.first <= shared.last {
                    let shared = shared.describe(calendar);
                    return Err(DataError::SplitsOverlap {
                        first,
                        second,
                        shared,
                    });
                }
            }
        }
        Ok(periods)
    }

    pub(crate) fn of(&self, split: Split) -> Period {
        match split {
            Split::Train => self.train,
            Split::Validation => self.validation,
            Split::Test => self.test,
        }
    }

    /// Refuses a period that reaches beyond the data by more than the rest of a day or of a step.
    pub(crate) fn within(&self, split: Split, axis: &TimeAxis, step: i64) -> Result<(), DataError> {
        let (Some(&first), Some(&last)) = (axis.instants.first(), axis.instants.last()) else {
            return Ok(());
        };
        let day = first.0 - first.0.rem_euclid(DAY);
        let earliest = day.min(first.0 - step + 1);
        let end_of_day = last.0 - last.0.rem_euclid(DAY) + DAY - 1;
        let latest = end_of_day.max(last.0 + step - 1);
        let asked = self.of(split);
        if asked.first.0 < earliest || asked.last.0 > latest {
            let there = Period { first, last }.describe(axis.calendar);
            let asked = asked.describe(axis.calendar);
            return Err(DataError::OutOfRange {
                split,
                asked,
                there,
            });
        }
        Ok(())
    }
}
