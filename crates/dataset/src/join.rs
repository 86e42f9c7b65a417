//! Several files joined to one series.

use std::ops::Range;
use std::path::PathBuf;

use foehn_field::{Attribute, Instant, TimeAxis};

use crate::DataError;
use crate::joining::{Piece, end_to_end, same_calendar, same_grid, same_times};
use crate::source::Source;

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
        same_grid((first.path(), &first.grid), (other.path(), &other.grid))?;
        same_calendar((first.path(), &first.times), (other.path(), &other.times))?;
    }
    let tracks = variables.iter().map(|name| track(&sources, name));
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    let calendar = first.times.calendar;
    let times_of = |track: &Track| instants(&sources, track);
    let common = tracks.first().map(times_of).unwrap_or_default();
    for other in tracks.iter().skip(1) {
        let first = (tracks[0].name.as_str(), common.as_slice());
        same_times(first, (&other.name, &times_of(other)), calendar)?;
    }
    let times = TimeAxis {
        calendar,
        instants: common,
    };
    Ok((sources, tracks, times))
}

/// Lays the files that hold a variable end to end.
fn track(sources: &[Source], name: &str) -> Result<Track, DataError> {
    let numbers: Vec<usize> = (0..sources.len())
        .filter(|k| sources[*k].layouts.contains_key(name))
        .collect();
    if numbers.is_empty() {
        return Err(sources[0].lacks(name));
    }
    let units: Vec<String> = numbers.iter().map(|k| units(&sources[*k], name)).collect();
    let piece = |(k, units)| {
        let source: &Source = &sources[k];
        Piece {
            file: source.path(),
            instants: &source.times.instants,
            calendar: source.times.calendar,
            units,
        }
    };
    let each = numbers
        .iter()
        .copied()
        .zip(units.iter().map(String::as_str));
    let pieces: Vec<Piece<'_>> = each.map(piece).collect();
    let laid = end_to_end(name, &pieces)?;
    Ok(Track {
        name: name.to_owned(),
        parts: laid
            .into_iter()
            .map(|(k, range)| (numbers[k], range))
            .collect(),
    })
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
