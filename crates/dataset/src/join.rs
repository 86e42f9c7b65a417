//! Several files joined to one series.

use std::ops::Range;
use std::path::PathBuf;

use foehn_field::{Attribute, Calendar, Instant, TimeAxis};

use crate::source::Source;
use crate::{DataError, JoinError, places};

/// Where the values of one variable are: parts of the common time axis, each in one file.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) name: String,
    /// Rising and without holes; `usize` is the number of the source.
    pub(crate) parts: Vec<(usize, Range<usize>)>,
}

/// Opens all files and joins them: every variable must come out with the same times.
pub(crate) fn join(
    paths: &[PathBuf],
    variables: &[String],
) -> Result<(Vec<Source>, Vec<Track>, TimeAxis), DataError> {
    let opened = paths.iter().map(|path| Source::open(path, variables));
    let sources = opened.collect::<Result<Vec<_>, _>>()?;
    let Some((first, rest)) = sources.split_first() else {
        let problem = "no file is named".to_owned();
        return Err(DataError::Config {
            key: "path",
            problem,
        });
    };
    for other in rest {
        same_kind(first, other)?;
    }
    let tracks = variables.iter().map(|name| track(&sources, name));
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    let instants = tracks
        .first()
        .map(|track| instants(&sources, track))
        .unwrap_or_default();
    for other in tracks.iter().skip(1) {
        same_times(&sources, &tracks[0], other)?;
    }
    let calendar = first.times.calendar;
    Ok((sources, tracks, TimeAxis { calendar, instants }))
}

/// Refuses another grid or calendar.
fn same_kind(first: &Source, second: &Source) -> Result<(), JoinError> {
    let (a, b) = (first.times.calendar, second.times.calendar);
    let calendars = (a != b && !both_gregorian(first, second))
        .then(|| format!("their calendars are {a} and {b}"));
    match places::difference(&first.grid, &second.grid).or(calendars) {
        None => Ok(()),
        Some(difference) => Err(differ(first, second, difference)),
    }
}

/// Standard and proleptic calendars count the same seconds after the reform of 1582.
fn both_gregorian(first: &Source, second: &Source) -> bool {
    [first, second]
        .iter()
        .all(|source| is_gregorian(source.times.calendar, source.ends().0))
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

fn differ(first: &Source, second: &Source, difference: String) -> JoinError {
    JoinError::FilesDiffer {
        first: first.path().to_path_buf(),
        second: second.path().to_path_buf(),
        difference,
    }
}

/// Lays the files that hold a variable end to end.
fn track(sources: &[Source], name: &str) -> Result<Track, DataError> {
    let holding = sources
        .iter()
        .enumerate()
        .filter(|(_, s)| s.layouts.contains_key(name));
    let mut holding: Vec<(usize, &Source)> = holding.collect();
    if holding.is_empty() {
        return Err(sources[0].lacks(name));
    }
    holding.sort_by_key(|(_, source)| source.ends().0);
    for pair in holding.windows(2) {
        follow(pair[0].1, pair[1].1, name)?;
    }
    let mut start = 0;
    let part = |(number, source): (usize, &Source)| {
        let range = start..start + source.times.len();
        start = range.end;
        (number, range)
    };
    Ok(Track {
        name: name.to_owned(),
        parts: holding.into_iter().map(part).collect(),
    })
}

/// Refuses files that overlap in time, or keep a variable in different units.
fn follow(first: &Source, second: &Source, name: &str) -> Result<(), JoinError> {
    if second.ends().0 <= first.ends().1 {
        let [start, end] = [second.ends().0, first.ends().1].map(|t| first.times.calendar.date(t));
        let difference =
            format!("the second begins at {start}, not after the first has ended at {end}");
        return Err(differ(first, second, difference));
    }
    let [a, b] = [first, second].map(|source| units(source, name));
    if a != b {
        let difference = format!("{name} has units {a:?} and {b:?}");
        return Err(differ(first, second, difference));
    }
    Ok(())
}

fn units(source: &Source, name: &str) -> String {
    let attributes = source.attributes(name);
    let text = attributes.get("units").and_then(Attribute::text);
    text.unwrap_or_default().to_owned()
}

fn instants(sources: &[Source], track: &Track) -> Vec<Instant> {
    let parts = track.parts.iter();
    parts
        .flat_map(|(source, _)| sources[*source].times.instants.iter().copied())
        .collect()
}

fn same_times(sources: &[Source], first: &Track, second: &Track) -> Result<(), JoinError> {
    let (a, b) = (instants(sources, first), instants(sources, second));
    if a == b {
        return Ok(());
    }
    let apart = a
        .iter()
        .zip(&b)
        .position(|(a, b)| a != b)
        .unwrap_or(a.len().min(b.len()));
    let calendar = sources[first.parts[0].0].times.calendar;
    let date = |times: &[Instant]| {
        times
            .get(apart)
            .map_or("no more".to_owned(), |t| calendar.date(*t).to_string())
    };
    Err(JoinError::TimesDiffer {
        first: first.name.clone(),
        second: second.name.clone(),
        difference: format!("time number {apart} is {} and {}", date(&a), date(&b)),
    })
}
