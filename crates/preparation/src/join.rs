//! All files of the input as one series.

use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_archive::open;
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
        let first = first_variable(&files, &config.variables, &paths)?;
        let calendar = calendar(first.1);
        for (file, variable) in all(&files) {
            same_calendar(first, (file, variable), calendar)?;
        }
        let period = period(config.period.as_ref(), calendar)?;
        let tracks = config
            .variables
            .iter()
            .map(|name| track(&files, name, &period));
        let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
        let instants = instants(&files, &tracks[0]);
        for other in &tracks[1..] {
            same_times(&files, &tracks[0], other, calendar)?;
        }
        if instants.is_empty() {
            return Err(PrepareError::config(
                "period",
                "the files have no state in it",
            ));
        }
        let step = common_step(&instants);
        let times = TimeAxis { calendar, instants };
        Ok(Self {
            files,
            tracks,
            times,
            step,
            grid,
        })
    }

    pub(crate) fn variable(&self, part: &Part) -> &InputVariable {
        &self.files[part.file].variables[part.variable]
    }
}

/// The files that the names and patterns stand for, in the order of their names.
fn paths(patterns: &[String]) -> Result<Vec<PathBuf>, PrepareError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let missing = || PrepareError::NoFile {
            pattern: pattern.clone(),
        };
        if Path::new(pattern).exists() {
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

fn all(files: &[InputFile]) -> impl Iterator<Item = (&InputFile, &InputVariable)> {
    files
        .iter()
        .flat_map(|file| file.variables.iter().map(move |variable| (file, variable)))
}

fn first_variable<'a>(
    files: &'a [InputFile],
    wanted: &[String],
    paths: &[PathBuf],
) -> Result<(&'a InputFile, &'a InputVariable), PrepareError> {
    for name in wanted {
        if !all(files).any(|(_, variable)| variable.name == *name) {
            // the archive knows the nearest name
            open(&paths[0])?.variable(name)?;
        }
    }
    let lacking = || PrepareError::config("variables", "none is in the files");
    all(files)
        .find(|(_, v)| v.name == wanted[0])
        .ok_or_else(lacking)
}

fn calendar(variable: &InputVariable) -> Calendar {
    variable
        .times
        .as_ref()
        .map_or(Calendar::ProlepticGregorian, |times| times.calendar)
}

/// Looks at all files, which must have one grid.
fn look(paths: &[PathBuf], wanted: &[String]) -> Result<(Vec<InputFile>, Grid), PrepareError> {
    let mut common: Option<(PathBuf, String, Grid)> = None;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let mut file = InputFile::look(path, wanted)?;
        for variable in &mut file.variables {
            let Some(grid) = variable.grid.take() else {
                continue;
            };
            let (first, name, known) =
                common.get_or_insert_with(|| (path.clone(), variable.name.clone(), grid.clone()));
            if !same_grid(known, &grid) {
                return Err(PrepareError::FilesDiffer {
                    first: first.clone(),
                    second: path.clone(),
                    difference: format!("{name} and {} lie on different grids", variable.name),
                });
            }
        }
        files.push(file);
    }
    if let Some((.., grid)) = common {
        Ok((files, grid))
    } else {
        // the archive knows the nearest name
        let name = wanted.first().map_or("", String::as_str);
        open(&paths[0])?.variable(name)?;
        Err(PrepareError::config(
            "variables",
            "none is in the files; `foehn inspect FILE` lists theirs",
        ))
    }
}

/// Refuses another calendar.
fn same_calendar(
    (first, _): (&InputFile, &InputVariable),
    (file, b): (&InputFile, &InputVariable),
    calendar: Calendar,
) -> Result<(), PrepareError> {
    let gregorian = |c: Calendar| matches!(c, Calendar::Standard | Calendar::ProlepticGregorian);
    let fits = |c: &Calendar| *c == calendar || (gregorian(*c) && gregorian(calendar));
    match b
        .times
        .as_ref()
        .map(|times| times.calendar)
        .filter(|c| !fits(c))
    {
        None => Ok(()),
        Some(other) => Err(PrepareError::FilesDiffer {
            first: first.path.clone(),
            second: file.path.clone(),
            difference: format!("their calendars are {calendar} and {other}"),
        }),
    }
}

/// Equal up to the rounding of coordinates stored as f32.
fn same_grid(a: &Grid, b: &Grid) -> bool {
    let near = |a: &[f64], b: &[f64]| {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs().max(1.0))
    };
    match (a, b) {
        (
            Grid::Rectilinear {
                latitude: a,
                longitude: c,
            },
            Grid::Rectilinear {
                latitude: b,
                longitude: d,
            },
        )
        | (Grid::Cartesian { y: a, x: c, .. }, Grid::Cartesian { y: b, x: d, .. }) => {
            near(a, b) && near(c, d)
        }
        _ => a == b,
    }
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
    let mut parts = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let found = file
            .variables
            .iter()
            .enumerate()
            .find(|(_, variable)| variable.name == name);
        let Some((index, variable)) = found else {
            continue;
        };
        let no_time = || PrepareError::Variable {
            file: file.path.clone(),
            variable: name.to_owned(),
            problem: "has no time; name it in prepare.statics".to_owned(),
        };
        let times = &variable.times.as_ref().ok_or_else(no_time)?.instants;
        rising(file, variable, times)?;
        let inside = times.partition_point(|t| *t < period.start)
            ..times.partition_point(|t| *t < period.end);
        if !inside.is_empty() {
            parts.push((
                times[inside.start],
                times[inside.end - 1],
                Part {
                    file: number,
                    variable: index,
                    offset: inside.start,
                    axis: inside,
                },
            ));
        }
    }
    parts.sort_by_key(|(start, ..)| *start);
    for pair in parts.windows(2) {
        follow(files, (pair[0].1, &pair[0].2), (pair[1].0, &pair[1].2))?;
    }
    let mut start = 0;
    let lay = |(_, _, part): (Instant, Instant, Part)| {
        let axis = start..start + part.axis.len();
        start = axis.end;
        Part { axis, ..part }
    };
    let parts = parts.into_iter().map(lay).collect();
    Ok(Track {
        name: name.to_owned(),
        parts,
    })
}

fn rising(
    file: &InputFile,
    variable: &InputVariable,
    times: &[Instant],
) -> Result<(), PrepareError> {
    let Some(at) = times.windows(2).position(|t| t[0] >= t[1]) else {
        return Ok(());
    };
    let date = |k: usize| calendar(variable).date(times[k]);
    Err(PrepareError::Variable {
        file: file.path.clone(),
        variable: variable.name.clone(),
        problem: format!(
            "time {} comes after {} (number {})",
            date(at + 1),
            date(at),
            at + 1
        ),
    })
}

/// Refuses files that overlap in time, or keep a variable in different units or on different levels.
fn follow(
    files: &[InputFile],
    (end, a): (Instant, &Part),
    (start, b): (Instant, &Part),
) -> Result<(), PrepareError> {
    let [first, second] = [a, b].map(|part| &files[part.file].variables[part.variable]);
    let units = |v: &InputVariable| {
        v.attributes
            .get("units")
            .and_then(Attribute::text)
            .unwrap_or_default()
            .to_owned()
    };
    let difference = if start <= end {
        let [start, end] = [start, end].map(|t| calendar(first).date(t));
        format!("the second begins at {start}, not after the first has ended at {end}")
    } else if units(first) != units(second) {
        format!(
            "{} has units {:?} and {:?}",
            first.name,
            units(first),
            units(second)
        )
    } else if first.axes.level.as_ref().map(|l| &l.values)
        != second.axes.level.as_ref().map(|l| &l.values)
    {
        format!("{} has different levels", first.name)
    } else {
        return Ok(());
    };
    let [first, second] = [a, b].map(|part| files[part.file].path.clone());
    Err(PrepareError::FilesDiffer {
        first,
        second,
        difference,
    })
}

fn instants(files: &[InputFile], track: &Track) -> Vec<Instant> {
    let of = |part: &Part| {
        let times = files[part.file].variables[part.variable].times.as_ref();
        let times = times.map(|t| t.instants[part.offset..part.offset + part.axis.len()].to_vec());
        times.unwrap_or_default()
    };
    track.parts.iter().flat_map(of).collect()
}

fn same_times(
    files: &[InputFile],
    first: &Track,
    second: &Track,
    calendar: Calendar,
) -> Result<(), PrepareError> {
    let (a, b) = (instants(files, first), instants(files, second));
    if a == b {
        return Ok(());
    }
    let apart = a
        .iter()
        .zip(&b)
        .position(|(a, b)| a != b)
        .unwrap_or(a.len().min(b.len()));
    let date = |times: &[Instant]| {
        times
            .get(apart)
            .map_or("no more".to_owned(), |t| calendar.date(*t).to_string())
    };
    Err(PrepareError::TimesDiffer {
        first: first.name.clone(),
        second: second.name.clone(),
        difference: format!("time number {apart} is {} and {}", date(&a), date(&b)),
    })
}

fn common_step(instants: &[Instant]) -> i64 {
    let mut steps: Vec<i64> = instants.windows(2).map(|t| t[1].since(t[0])).collect();
    steps.sort_unstable();
    let mut runs: Vec<(usize, i64)> = Vec::new();
    for step in steps {
        match runs.last_mut() {
            Some((count, known)) if *known == step => *count += 1,
            _ => runs.push((1, step)),
        }
    }
    // of equally common ones the shortest
    runs.iter()
        .rev()
        .max_by_key(|(count, _)| *count)
        .map_or(0, |(_, step)| *step)
}
