//! Which dates train for which: one split, a past that moves along, blocks left out.

use serde::{Deserialize, Serialize};

use crate::{Case, Table};

/// Which dates are forecast from which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Later dates from the cases whose valid time lies in the last so many days before them.
    Sliding(u32),
    /// Later dates from all cases whose valid time lies before them.
    Expanding,
    /// Cross-validation: all dates in so many blocks of consecutive ones, each forecast from the others.
    Blocks(usize),
}

/// How dates are divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheme {
    /// Without one the first dates serve all later ones.
    pub window: Option<Window>,
    /// Share of the dates, the first ones, that is never forecast; blocks have none.
    pub share: f64,
    /// Dates that share a fit where a past moves along.
    pub refit: usize,
    /// Days on both sides of a block whose cases do not train for it either: weather that lasts.
    pub gap: u32,
}

/// Cases that are forecast from a fit to others.
#[derive(Clone, Debug)]
pub struct Split {
    /// What is fitted to.
    pub train: Table,
    /// What is forecast.
    pub test: Table,
}

/// Why dates cannot be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Fewer dates than some to train on and some to forecast.
    #[error(
        "{dates} dates: at least {needed} are needed, so that some train and others are forecast"
    )]
    TooFewDates {
        /// Dates of the table.
        dates: usize,
        /// Least number.
        needed: usize,
    },
    /// A single block, for which nothing would train.
    #[error("blocks = {0}: at least 2, each of which is forecast from the others")]
    Blocks(usize),
}

const DAY: i64 = 86_400;

impl Scheme {
    /// Fits and their dates, in order of the dates.
    ///
    /// Nothing that is forecast trains for itself, and without blocks everything that trains was observed (date + lead)
    /// before the first date forecast from it.
    ///
    /// ```
    /// # use foehn_calibration::{ColumnMap, Scheme, Table, Window};
    /// # let map: ColumnMap = toml::from_str("station = 'a'\ndate = 'd'\nmembers = ['m']\nobservation = 'o'\nunits = 'K'\nobservation_units = 'K'")?;
    /// let text = "a,d,m,o\nX,2004-01-01,1,1\nX,2004-01-02,1,1\nX,2004-01-03,1,1\nX,2004-01-04,1,1\n";
    /// let table = Table::read_csv(text.as_bytes(), &map)?;
    /// let scheme = Scheme { window: Some(Window::Blocks(2)), share: 0.5, refit: 1, gap: 0 };
    /// let found: Vec<_> = scheme.splits(&table)?.iter().map(|s| (s.train.len(), s.test.len())).collect();
    /// assert_eq!(found, [(2, 2), (2, 2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Fewer dates than two, or than blocks; fewer blocks than two.
    pub fn splits(&self, table: &Table) -> Result<Vec<Split>, SplitError> {
        let dates = table.distinct_dates();
        let needed = match self.window {
            Some(Window::Blocks(count)) if count < 2 => return Err(SplitError::Blocks(count)),
            Some(Window::Blocks(count)) => count,
            _ => 2,
        };
        if dates.len() < needed {
            let dates = dates.len();
            return Err(SplitError::TooFewDates { dates, needed });
        }
        let split = |train: Table, block: &[i64]| Split {
            train,
            test: table.of_dates(block[0], block[block.len() - 1]),
        };
        if let Some(Window::Blocks(count)) = self.window {
            let one = |block: &[i64]| {
                split(
                    table.apart(block[0], block[block.len() - 1], self.gap),
                    block,
                )
            };
            return Ok(blocks(&dates, count).into_iter().map(one).collect());
        }
        let later = &dates[share(dates.len(), self.share).clamp(1, dates.len() - 1)..];
        let length = self.window.map_or(later.len(), |_| self.refit.max(1));
        let past = |block: &[i64]| split(table.filter(|case| self.knows(case, block[0])), block);
        Ok(later.chunks(length).map(past).collect())
    }

    /// Whether a case was observed by a date, and is not too old.
    fn knows(&self, case: &Case<'_>, date: i64) -> bool {
        let known = case.valid() <= date && case.date < date;
        match self.window {
            Some(Window::Sliding(days)) => {
                known && case.valid() > date.saturating_sub(i64::from(days) * DAY)
            }
            _ => known,
        }
    }
}

/// So many blocks of consecutive dates, as even as can be.
pub(crate) fn blocks(dates: &[i64], count: usize) -> Vec<&[i64]> {
    (0..count)
        .map(|k| &dates[k * dates.len() / count..(k + 1) * dates.len() / count])
        .filter(|block| !block.is_empty())
        .collect()
}

/// So many of a number, whole ones: 29 of 100 for 0.29, whose product with 100 is less than 29 by rounding.
fn share(count: usize, part: f64) -> usize {
    (count as f64 * part + 1e-9) as usize
}

impl Table {
    /// The cases of dates from one to another, both included.
    #[must_use]
    pub fn of_dates(&self, first: i64, last: i64) -> Self {
        self.filter(|case| (first..=last).contains(&case.date))
    }

    /// The cases before or after a block of dates none of which was in the air during it, nor within so many days of it.
    #[must_use]
    pub fn apart(&self, first: i64, last: i64, gap: u32) -> Self {
        let longest = self.distinct_leads().last().copied().unwrap_or(0).max(1);
        let margin = i64::from(gap) * DAY;
        self.filter(|case| {
            case.valid() <= first - margin && case.date < first
                || case.date >= last + longest + margin
        })
    }

    /// The dates in so many blocks of consecutive ones, as even as can be; fewer where there are fewer dates.
    pub fn blocks_of_dates(&self, count: usize) -> Vec<Vec<i64>> {
        let dates = self.distinct_dates();
        blocks(&dates, count)
            .into_iter()
            .map(<[i64]>::to_vec)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_dates_are_whole() {
        let found = [0.29, 0.57, 0.58, 0.8, 0.999].map(|part| share(100, part));
        assert_eq!(found, [29, 57, 58, 80, 99]);
    }

    #[test]
    fn blocks_are_even() {
        let dates: Vec<i64> = (0..10).collect();
        let lengths: Vec<usize> = blocks(&dates, 4).iter().map(|b| b.len()).collect();
        assert_eq!(lengths, [2, 3, 2, 3]);
    }
}
