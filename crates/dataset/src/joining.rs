//! The rules by which files make one series, whoever reads them.

use std::ops::Range;
use std::path::Path;

use foehn_field::{Calendar, Grid, Instant, TimeAxis};

use crate::{JoinError, places};

pub use crate::window::spacing;

/// What one file holds of a variable.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its times, which rise.
    pub instants: &'a [Instant],
    /// Their calendar.
    pub calendar: Calendar,
    /// The units of the variable.
    pub units: &'a str,
}

/// Lays pieces end to end: their numbers in the order of time, and where each comes to lie. Empty ones are left out.
///
/// # Errors
/// [`JoinError::FilesDiffer`] where pieces overlap in time, or keep the variable in different units.
pub fn end_to_end(
    variable: &str,
    pieces: &[Piece<'_>],
) -> Result<Vec<(usize, Range<usize>)>, JoinError> {
    let held = (0..pieces.len()).filter(|k| !pieces[*k].instants.is_empty());
    let mut order: Vec<usize> = held.collect();
    order.sort_by_key(|k| pieces[*k].instants[0]);
    for pair in order.windows(2) {
        follow(variable, &pieces[pair[0]], &pieces[pair[1]])?;
    }
    let mut start = 0;
    let lay = |number: usize| {
        let range = start..start + pieces[number].instants.len();
        start = range.end;
        (number, range)
    };
    Ok(order.into_iter().map(lay).collect())
}

fn follow(variable: &str, first: &Piece<'_>, second: &Piece<'_>) -> Result<(), JoinError> {
    let ends = (second.instants.first(), first.instants.last());
    if let (Some(start), Some(end)) = ends
        && start <= end
    {
        let [start, end] = [start, end].map(|t| first.calendar.date(*t));
        let difference =
            format!("the second begins at {start}, not after the first has ended at {end}");
        return Err(differ(first.file, second.file, difference));
    }
    if first.units != second.units {
        let (a, b) = (first.units, second.units);
        let difference = format!("{variable} has units {a:?} and {b:?}");
        return Err(differ(first.file, second.file, difference));
    }
    Ok(())
}

/// The error of two files that do not fit together.
pub fn differ(first: &Path, second: &Path, difference: String) -> JoinError {
    JoinError::FilesDiffer {
        first: first.to_path_buf(),
        second: second.to_path_buf(),
        difference,
    }
}

/// Refuses another grid; rounding of coordinates to f32 makes none.
///
/// # Errors
/// [`JoinError::FilesDiffer`], saying where the grids part.
pub fn same_grid(first: (&Path, &Grid), second: (&Path, &Grid)) -> Result<(), JoinError> {
    match places::difference(first.1, second.1) {
        None => Ok(()),
        Some(difference) => Err(differ(first.0, second.0, difference)),
    }
}

/// Refuses another calendar. Standard and proleptic calendars count the same seconds after the reform of 1582.
///
/// # Errors
/// [`JoinError::FilesDiffer`], with both calendars.
pub fn same_calendar(
    first: (&Path, &TimeAxis),
    second: (&Path, &TimeAxis),
) -> Result<(), JoinError> {
    let (a, b) = (first.1.calendar, second.1.calendar);
    let gregorian = |(_, times): &(&Path, &TimeAxis)| {
        let from = times.instants.first().copied().unwrap_or(Instant(0));
        is_gregorian(times.calendar, from)
    };
    if a == b || (gregorian(&first) && gregorian(&second)) {
        return Ok(());
    }
    let difference = format!("their calendars are {a} and {b}");
    Err(differ(first.0, second.0, difference))
}

pub(crate) fn is_gregorian(calendar: Calendar, from: Instant) -> bool {
    // 1582-10-15
    const REFORM: Instant = Instant(-12_219_292_800);
    match calendar {
        Calendar::Standard => from >= REFORM,
        Calendar::ProlepticGregorian => true,
        _ => false,
    }
}

/// Refuses an axis that stands still or turns back.
///
/// # Errors
/// [`JoinError::NotRising`].
pub fn rising(file: &Path, times: &TimeAxis) -> Result<(), JoinError> {
    let Some(at) = times.instants.windows(2).position(|t| t[0] >= t[1]) else {
        return Ok(());
    };
    let date = |k: usize| times.calendar.date(times.instants[k]).to_string();
    Err(JoinError::NotRising {
        file: file.to_path_buf(),
        index: at + 1,
        before: date(at),
        time: date(at + 1),
    })
}

/// Refuses variables at different times.
///
/// # Errors
/// [`JoinError::TimesDiffer`], with the first difference.
pub fn same_times(
    (first, a): (&str, &[Instant]),
    (second, b): (&str, &[Instant]),
    calendar: Calendar,
) -> Result<(), JoinError> {
    if a == b {
        return Ok(());
    }
    let apart = a
        .iter()
        .zip(b)
        .position(|(a, b)| a != b)
        .unwrap_or(a.len().min(b.len()));
    let date = |times: &[Instant]| {
        times
            .get(apart)
            .map_or("no more".to_owned(), |t| calendar.date(*t).to_string())
    };
    Err(JoinError::TimesDiffer {
        first: first.to_owned(),
        second: second.to_owned(),
        difference: format!("time number {apart} is {} and {}", date(a), date(b)),
    })
}

/// Neighbours on a rising axis that are not one [`spacing`] apart.
///
/// ```
/// use foehn_dataset::joining::gaps;
/// use foehn_field::Instant;
///
/// let times = [0, 6, 12, 30, 36].map(Instant);
/// assert_eq!(gaps(&times), [(Instant(12), Instant(30))]);
/// ```
pub fn gaps(times: &[Instant]) -> Vec<(Instant, Instant)> {
    let Some(step) = spacing(times) else {
        return Vec::new();
    };
    let pairs = times.windows(2).map(|t| (t[0], t[1]));
    pairs.filter(|(a, b)| b.since(*a) != step).collect()
}

/// The gaps of an axis in words, `None` where there is none.
///
/// ```
/// use foehn_dataset::joining::gaps_said;
/// use foehn_field::{Calendar, TimeAxis};
///
/// let calendar = Calendar::Standard;
/// let days = ["2001-01-01", "2001-01-02", "2001-01-03", "2001-01-08"];
/// let instants = days.map(|day| calendar.parse(day).unwrap()).to_vec();
/// let said = gaps_said(&TimeAxis { calendar, instants }).unwrap();
/// assert_eq!(said, "1 gap(s) in time, the first between 2001-01-03T00:00:00 and 2001-01-08T00:00:00");
/// ```
pub fn gaps_said(times: &TimeAxis) -> Option<String> {
    let gaps = gaps(&times.instants);
    let (after, before) = gaps.first()?;
    let [after, before] = [after, before].map(|t| times.calendar.date(*t));
    Some(format!(
        "{} gap(s) in time, the first between {after} and {before}",
        gaps.len()
    ))
}
