//! Times, leads and grids as a report shows them.

use foehn_archive::{Archive, Role, Variable};
use foehn_field::{Grid, Instant, TimeAxis};
use serde::Serialize;

/// How many gaps or repetitions are named.
const NAMED: usize = 20;

/// A time axis.
#[derive(Clone, Debug, Serialize)]
pub struct TimeReport {
    /// The dimension or coordinate.
    pub name: String,
    /// Calendar.
    pub calendar: String,
    /// Units as stored.
    pub units: Option<String>,
    /// First time.
    pub first: String,
    /// Last time.
    pub last: String,
    /// Number of times.
    pub count: usize,
    /// The most frequent step, s.
    pub step_seconds: Option<i64>,
    /// Steps that are longer.
    pub gaps: usize,
    /// Times that occur twice or run back.
    pub disorder: usize,
    /// Times that occur twice.
    pub duplicates: usize,
    /// The first gaps: the times around them.
    pub gap_between: Vec<(String, String)>,
    /// The first times that do not come after the one before.
    pub disorder_at: Vec<String>,
}

/// The leads of forecasts.
#[derive(Clone, Debug, Serialize)]
pub struct LeadReport {
    /// The coordinate.
    pub name: String,
    /// Number of leads.
    pub count: usize,
    /// The first lead, s.
    pub first_seconds: i64,
    /// The last lead, s.
    pub last_seconds: i64,
}

/// A horizontal grid.
#[derive(Clone, Debug, Serialize)]
pub struct GridReport {
    /// `latitude_longitude`, `curvilinear` or `plane`.
    pub kind: &'static str,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// First and last latitude or y; on a curvilinear grid the least and greatest.
    pub y: (f64, f64),
    /// First and last longitude or x; on a curvilinear grid the least and greatest.
    pub x: (f64, f64),
}

pub(super) fn time(
    archive: &Archive,
    main: Option<&Variable>,
    warnings: &mut Vec<String>,
) -> Option<TimeReport> {
    warn_of_several(archive, warnings);
    let found = match main.map(|v| archive.valid_times(&v.name)) {
        Some(Ok(Some((axis, times)))) => main.map(|v| Ok((v.dims[axis].clone(), times))),
        Some(Err(error)) => Some(Err(error)),
        _ => {
            if let Some(main) = main.filter(|v| v.dims.len() > 1) {
                warnings.push(format!(
                    "{}: no time runs along its dimensions {:?}: a run needs states in time",
                    main.name, main.dims
                ));
            }
            let counted = archive.variables().values();
            let mut counted = counted.filter(|v| v.units().is_some_and(|u| u.contains(" since ")));
            counted
                .next()
                .map(|v| archive.times(&v.name).map(|times| (v.name.clone(), times)))
        }
    };
    match found {
        Some(Ok((name, axis))) => {
            let variable = archive.variables().get(&name);
            let units = variable.and_then(Variable::units);
            let report = time_report(&name, units, &axis);
            warn_of_times(&report, warnings);
            warn_of_moved(archive, &name, &axis, warnings);
            return Some(report);
        }
        Some(Err(error)) => {
            warnings.push(format!("the time axis cannot be read: {error}"));
            return None;
        }
        None => {}
    }
    warn_of_other_times(archive, warnings);
    None
}

/// Variables whose states lie on different axes of time make no state together.
fn warn_of_several(archive: &Archive, warnings: &mut Vec<String>) {
    let fields = archive.variables().values().filter(|v| v.dims.len() > 1);
    let mut known: Vec<(&str, &str)> = Vec::new();
    for field in fields {
        let roles = archive.roles(&field.name).unwrap_or_default();
        let along = roles.iter().position(|role| *role == Role::Time);
        let Some(dim) = along.and_then(|axis| field.dims.get(axis)) else {
            continue;
        };
        let local = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        if !archive.is_coordinate(&field.name).unwrap_or(true)
            && known.iter().all(|(other, _)| local(other) != local(dim))
        {
            known.push((dim.as_str(), field.name.as_str()));
        }
    }
    if known.len() > 1 {
        let each: Vec<String> = known
            .iter()
            .map(|(dim, v)| format!("{v} on {dim}"))
            .collect();
        warnings.push(format!(
            "variables lie on different axes of time ({}): those of one axis make a run",
            each.join(", ")
        ));
    }
}

/// Times in single precision come rounded; they are put on the clock step that all of them may have been meant at.
fn warn_of_moved(archive: &Archive, name: &str, axis: &TimeAxis, warnings: &mut Vec<String>) {
    let Some(variable) = archive
        .variables()
        .get(name)
        .filter(|v| v.dtype == "float32")
    else {
        return;
    };
    let values = archive
        .read_f64(name)
        .map(|values| values.into_iter().collect::<Vec<f64>>());
    let units = variable.units().unwrap_or_default();
    let moved = values
        .ok()
        .and_then(|values| axis.moved(&values, units).ok());
    if let Some(seconds) = moved.filter(|seconds| *seconds >= 1.0) {
        warnings.push(format!(
            "{name}: its single precision rounds times; they are moved by up to {seconds:.0} s to the nearest clock step"
        ));
    }
}

/// Times that nobody can read: CDO's absolute ones, and texts.
fn warn_of_other_times(archive: &Archive, warnings: &mut Vec<String>) {
    let named = |v: &&Variable| v.dims == [v.name.clone()] && v.name.eq_ignore_ascii_case("time");
    if let Some(time) = archive.variables().values().find(named) {
        warnings.push(format!(
            "{} with units {:?} is no time axis: it needs units such as \"hours since 2000-01-01\" (of absolute times, \
             cdo -r makes relative ones)",
            time.name,
            time.units().unwrap_or_default()
        ));
    }
}

fn warn_of_times(time: &TimeReport, warnings: &mut Vec<String>) {
    if time.gaps > 0 {
        let (after, before) = &time.gap_between[0];
        warnings.push(format!(
            "{} gap(s) in time, the first between {after} and {before}: no forecast crosses them",
            time.gaps
        ));
    }
    if time.disorder > 0 {
        warnings.push(format!(
            "{} time(s) repeated or out of order, the first {}: a run is refused",
            time.disorder, time.disorder_at[0]
        ));
    }
}

fn time_report(name: &str, units: Option<&str>, axis: &TimeAxis) -> TimeReport {
    let date = |t: Instant| axis.calendar.date(t).to_string();
    let pairs: Vec<(Instant, Instant)> = axis.instants.windows(2).map(|t| (t[0], t[1])).collect();
    let mut steps: Vec<i64> = pairs
        .iter()
        .map(|(a, b)| b.since(*a))
        .filter(|s| *s > 0)
        .collect();
    steps.sort_unstable();
    let longest = steps.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
    let step = longest.and_then(|run| run.first().copied());
    let longest = step.map(longest_of_its_kind);
    let gaps = || pairs.iter().filter(|(a, b)| Some(b.since(*a)) > longest);
    let disorder = || pairs.iter().filter(|(a, b)| b <= a);
    let mut sorted = axis.instants.clone();
    sorted.sort_unstable();
    sorted.dedup();
    TimeReport {
        name: name.to_owned(),
        calendar: axis.calendar.name().to_owned(),
        units: units.map(str::to_owned),
        first: axis.instants.first().map_or(String::new(), |t| date(*t)),
        last: axis.instants.last().map_or(String::new(), |t| date(*t)),
        count: axis.len(),
        step_seconds: step,
        gaps: step.map_or(0, |_| gaps().count()),
        disorder: disorder().count(),
        duplicates: axis.len() - sorted.len(),
        gap_between: step.map_or(Vec::new(), |_| {
            let named = gaps().take(NAMED);
            named.map(|(a, b)| (date(*a), date(*b))).collect()
        }),
        disorder_at: disorder().take(NAMED).map(|(_, b)| date(*b)).collect(),
    }
}

/// Months and years differ in length: the longest step that leaves none out.
fn longest_of_its_kind(step: i64) -> i64 {
    const DAY: i64 = 86_400;
    match step {
        s if (28 * DAY..=31 * DAY).contains(&s) => 31 * DAY,
        s if (365 * DAY..=366 * DAY).contains(&s) => 366 * DAY,
        s => s,
    }
}

pub(super) fn leads(archive: &Archive, warnings: &mut Vec<String>) -> Option<LeadReport> {
    let all = archive.variables().values();
    let lead = all.filter(|v| v.dims == [v.name.clone()]).find(|v| {
        let roles = archive.roles(&v.name);
        roles.is_ok_and(|roles| roles == [Role::Lead])
    })?;
    match archive.leads(&lead.name) {
        Ok(seconds) => Some(LeadReport {
            name: lead.name.clone(),
            count: seconds.len(),
            first_seconds: seconds.first().copied().unwrap_or(0),
            last_seconds: seconds.last().copied().unwrap_or(0),
        }),
        Err(error) => {
            warnings.push(format!("the leads cannot be read: {error}"));
            None
        }
    }
}

pub(super) fn grid(
    archive: &Archive,
    main: Option<&Variable>,
    warnings: &mut Vec<String>,
) -> Option<GridReport> {
    let name = &main.filter(|v| v.dims.len() > 1)?.name;
    let grid = match archive.grid(name) {
        Ok(grid) => grid,
        Err(error) => {
            warnings.push(error.to_string());
            return None;
        }
    };
    if let Err(error) = grid.cell_areas() {
        warnings.push(format!("the grid has no cell areas: {error}"));
    }
    let ends = |values: &[f64]| {
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        (end(values.first()), end(values.last()))
    };
    let reach = |values: &ndarray::Array2<f64>| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (least, greatest)
    };
    let (kind, y, x) = match &grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => ("latitude_longitude", ends(latitude), ends(longitude)),
        Grid::Curvilinear {
            latitude,
            longitude,
        } => ("curvilinear", reach(latitude), reach(longitude)),
        Grid::Cartesian { y, x, .. } => ("plane", ends(y), ends(x)),
    };
    Some(GridReport {
        kind,
        shape: grid.shape(),
        y,
        x,
    })
}
