//! All files of the input as one series, by the rules of [`joining`].

use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_archive::{is_address, open};
use foehn_dataset::joining::{
    Piece, differ, end_to_end, rising, same_calendar, same_grid, same_times, spacing,
};
use foehn_field::{Attribute, Calendar, Grid, Instant, TimeAxis};

use crate::input::{InputFile, InputVariable};
use crate::{PrepareConfig, PrepareError};

/// The input as one time axis, with where each variable's values are.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) files: Vec<InputFile>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) times: TimeAxis,
    /// The most common time between two states, s; 0 for a single state.
    pub(crate) step: i64,
    pub(crate) grid: Grid,
}

/// The parts of the time axis that a variable has in each file.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of the time axis in one file.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) file: usize,
    pub(crate) variable: usize,
    /// Position in the file of the part's first time.
    pub(crate) offset: usize,
    /// Positions on the joined axis.
    pub(crate) axis: Range<usize>,
}

impl Joined {
    /// Looks at every file and joins them.
    pub(crate) fn open(config: &PrepareConfig) -> Result<Self, PrepareError> {
        if config.variables.is_empty() {
            let problem = "no variable is named; `foehn inspect FILE` lists them";
            return Err(PrepareError::config("variables", problem));
        }
        let paths = paths(config.from.as_slice())?;
        let wanted: Vec<String> = config
            .variables
            .iter()
            .chain(&config.statics)
            .cloned()
            .collect();
        let (files, grid) = look(&paths, &wanted)?;
        let calendar = one_calendar(&files, &config.variables)?;
        let period = period(config.period.as_ref(), calendar)?;
        let tracks = config.variables.iter();
        let tracks = tracks.map(|name| track(&files, name, &period));
        let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
        let common = instants(&files, &tracks[0]);
        for other in &tracks[1..] {
            let first = (tracks[0].name.as_str(), common.as_slice());
            same_times(first, (&other.name, &instants(&files, other)), calendar)?;
        }
        if common.is_empty() {
            let problem = "the files have no state in it";
            return Err(PrepareError::config("period", problem));
        }
        Ok(Self {
            step: spacing(&common).unwrap_or(0),
            times: TimeAxis {
                calendar,
                instants: common,
            },
            files,
            tracks,
            grid,
        })
    }

    pub(crate) fn variable(&self, part: &Part) -> &InputVariable {
        &self.files[part.file].variables[part.variable]
    }
}

/// The files and addresses that the names and patterns stand for, in the order of their names.
fn paths(patterns: &[String]) -> Result<Vec<PathBuf>, PrepareError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let missing = || PrepareError::NoFile {
            pattern: pattern.clone(),
        };
        if is_address(Path::new(pattern)) || Path::new(pattern).exists() {
            paths.push(PathBuf::from(pattern));
            continue;
        }
        let found = glob::glob(pattern)
            .map_err(|error| PrepareError::config("from", format!("{pattern:?}: {error}")))?;
        let found: Vec<PathBuf> = found.filter_map(Result::ok).collect();
        if found.is_empty() {
            return Err(missing());
        }
        paths.extend(found);
    }
    if paths.is_empty() {
        return Err(PrepareError::config("from", "no file is named"));
    }
    Ok(paths)
}

/// Looks at all files, which must have one grid and something of what is wanted.
fn look(paths: &[PathBuf], wanted: &[String]) -> Result<(Vec<InputFile>, Grid), PrepareError> {
    let mut common: Option<(PathBuf, Grid)> = None;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let mut file = InputFile::look(path, wanted)?;
        if file.variables.is_empty() && paths.len() > 1 {
            return Err(PrepareError::NothingWanted {
                file: path.clone(),
                wanted: wanted.join(", "),
                known: open(path)?
                    .variables()
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        for variable in &mut file.variables {
            let Some(grid) = variable.grid.take() else {
                continue;
            };
            let (first, known) = common.get_or_insert_with(|| (path.clone(), grid.clone()));
            same_grid((first, known), (path, &grid))?;
        }
        files.push(file);
    }
    for name in wanted {
        let held = |file: &InputFile| file.variables.iter().any(|v| v.name == *name);
        if !files.iter().any(held) {
            // the archive knows the nearest name
            open(&paths[0])?.variable(name)?;
        }
    }
    let none = || PrepareError::config("variables", "none is in the files");
    Ok((files, common.ok_or_else(none)?.1))
}

/// The calendar of all variables.
fn one_calendar(files: &[InputFile], wanted: &[String]) -> Result<Calendar, PrepareError> {
    let timed = files.iter().flat_map(|file| {
        let series = file.variables.iter().filter(|v| wanted.contains(&v.name));
        series.filter_map(|v| Some((file.path.as_path(), v.times.as_ref()?)))
    });
    let mut first = None;
    for other in timed {
        same_calendar(*first.get_or_insert(other), other)?;
    }
    Ok(first.map_or(Calendar::ProlepticGregorian, |(_, times)| times.calendar))
}

/// First and last instant that count.
pub(crate) fn period(
    dates: Option<&[String; 2]>,
    calendar: Calendar,
) -> Result<Range<Instant>, PrepareError> {
    let Some([first, last]) = dates else {
        return Ok(Instant(i64::MIN)..Instant(i64::MAX));
    };
    let end = calendar.parse(last)?;
    // a date without a time of day means all of that day
    let whole_day = !last.trim().contains(['T', ' ']);
    Ok(calendar.parse(first)?..end.plus(if whole_day { 86_400 } else { 1 }))
}

/// Lays the files that hold a variable end to end.
fn track(files: &[InputFile], name: &str, period: &Range<Instant>) -> Result<Track, PrepareError> {
    let (mut pieces, mut parts) = (Vec::new(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        let mut held = file.variables.iter().enumerate();
        let Some((index, variable)) = held.find(|(_, variable)| variable.name == name) else {
            continue;
        };
        let no_time = || PrepareError::Variable {
            file: file.path.clone(),
            variable: name.to_owned(),
            problem: "has no time; name it in prepare.statics".to_owned(),
        };
        let times = variable.times.as_ref().ok_or_else(no_time)?;
        rising(&file.path, times)?;
        let inside = times.instants.partition_point(|t| *t < period.start)
            ..times.instants.partition_point(|t| *t < period.end);
        let units = variable.attributes.get("units").and_then(Attribute::text);
        pieces.push(Piece {
            file: &file.path,
            instants: &times.instants[inside.clone()],
            calendar: times.calendar,
            units: units.unwrap_or_default(),
        });
        parts.push(Part {
            file: number,
            variable: index,
            offset: inside.start,
            axis: 0..0,
        });
    }
    let laid = end_to_end(name, &pieces)?.into_iter();
    let parts = laid.map(|(number, axis)| Part {
        axis,
        ..parts[number].clone()
    });
    let parts: Vec<Part> = parts.collect();
    for pair in parts.windows(2) {
        same_levels(files, &pair[0], &pair[1])?;
    }
    Ok(Track {
        name: name.to_owned(),
        parts,
    })
}

/// Refuses a variable on other levels.
fn same_levels(files: &[InputFile], first: &Part, second: &Part) -> Result<(), PrepareError> {
    let of = |part: &Part| {
        (
            &files[part.file],
            &files[part.file].variables[part.variable],
        )
    };
    let ((a, first), (b, second)) = (of(first), of(second));
    let levels = |v: &InputVariable| v.axes.level.as_ref().map(|l| l.values.clone());
    if levels(first) == levels(second) {
        return Ok(());
    }
    let difference = format!("{} has different levels", first.name);
    Err(differ(&a.path, &b.path, difference).into())
}

fn instants(files: &[InputFile], track: &Track) -> Vec<Instant> {
    let of = |part: &Part| {
        let times = files[part.file].variables[part.variable].times.as_ref();
        let times = times.map(|t| t.instants[part.offset..part.offset + part.axis.len()].to_vec());
        times.unwrap_or_default()
    };
    track.parts.iter().flat_map(of).collect()
}
