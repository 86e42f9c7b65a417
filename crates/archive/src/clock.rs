//! Finding times by the CF conventions, and in the texts that WRF writes.

use foehn_field::{Calendar, TimeAxis, TimeError};

use crate::role::{Role, roles};
use crate::role_names::{NAMES, STANDARD, listed};
use crate::{Archive, ReadError, Variable};

/// The times along a dimension, of a time coordinate, or of a data variable.
pub(crate) fn times(archive: &Archive, name: &str) -> Result<TimeAxis, ReadError> {
    let no_time = || ReadError::NoTime {
        path: archive.path().to_path_buf(),
        name: name.to_owned(),
    };
    decode(archive, time_variable(archive, name).ok_or_else(no_time)?)
}

/// The axis of a variable along which time runs, and when its values are valid.
///
/// Where that axis counts the starts of forecasts and the file has one lead, the lead is added, or the times of
/// validity beside the starts are taken.
pub(crate) fn valid_times(
    archive: &Archive,
    variable: &Variable,
) -> Result<Option<(usize, TimeAxis)>, ReadError> {
    let mut dims = variable.dims.iter().enumerate();
    let timed = dims.find_map(|(axis, dim)| Some((axis, dim, time_variable(archive, dim)?)));
    let Some((axis, dim, found)) = timed else {
        return Ok(None);
    };
    let known = archive.variables().values();
    let starts = standard(found) == Some(Role::Init);
    if !starts || roles(archive, variable).contains(&Role::Lead) {
        return Ok(Some((axis, decode(archive, found)?)));
    }
    let mut along = known.clone().filter(|v| v.dims == [dim.clone()]);
    if let Some(valid) = along.find(|v| counts_time(v) && standard(v) == Some(Role::Time)) {
        return Ok(Some((axis, decode(archive, valid)?)));
    }
    let mut times = decode(archive, found)?;
    let lead = known.filter(|v| v.shape.iter().all(|n| *n == 1) && v.group() == variable.group());
    if let Some(lead) = lead.into_iter().find(|v| is_lead(v)) {
        let shift = archive.leads(&lead.name)?.first().copied().unwrap_or(0);
        for instant in &mut times.instants {
            instant.0 += shift;
        }
    }
    Ok(Some((axis, times)))
}

fn standard(variable: &Variable) -> Option<Role> {
    variable
        .text("standard_name")
        .and_then(|name| listed(&STANDARD, name))
}

/// A lead by its standard name, or by its name where there is none.
fn is_lead(variable: &Variable) -> bool {
    let spans = variable
        .units()
        .is_some_and(|units| !units.contains(" since "));
    let named = || listed(&NAMES, &variable.name.to_ascii_lowercase()) == Some(Role::Lead);
    let role = variable.text("standard_name").map(|_| standard(variable));
    spans && role.map_or_else(named, |role| role == Some(Role::Lead))
}

fn decode(archive: &Archive, variable: &Variable) -> Result<TimeAxis, ReadError> {
    let calendar = variable.text("calendar").unwrap_or_default();
    let refuse = |cause: TimeError| ReadError::Time {
        path: archive.path().to_path_buf(),
        variable: variable.name.clone(),
        cause,
    };
    if is_text(variable) {
        return in_text(&archive.read_texts(&variable.name)?, calendar).map_err(refuse);
    }
    let units = variable.units().unwrap_or_default();
    let values: Vec<f64> = archive.read_f64(&variable.name)?.into_iter().collect();
    TimeAxis::decode(&values, units, calendar).map_err(refuse)
}

/// The calendar of a lead: its own, else that of the starts.
pub(crate) fn calendar(archive: &Archive, lead: &Variable) -> Calendar {
    let starts = archive.variables().values().filter(|v| counts_time(v));
    let mut named = std::iter::once(lead)
        .chain(starts)
        .filter_map(|v| v.text("calendar")?.parse().ok());
    named.next().unwrap_or(Calendar::Standard)
}

/// Dates such as `2000-01-24_12:00:00`.
fn in_text(texts: &ndarray::ArrayD<String>, calendar: &str) -> Result<TimeAxis, TimeError> {
    let calendar: Calendar = calendar.parse()?;
    let instants = texts
        .iter()
        .map(|text| calendar.parse(&text.trim().replace('_', "T")));
    Ok(TimeAxis {
        calendar,
        instants: instants.collect::<Result<_, _>>()?,
    })
}

/// The variable itself, the coordinate of the dimension, or the time coordinate of a data variable.
fn time_variable<'a>(archive: &'a Archive, name: &str) -> Option<&'a Variable> {
    let variables = archive.variables();
    let along = |dim: &str| {
        let named = variables.get(dim).filter(|v| counts_time(v));
        let other = || {
            variables
                .values()
                .find(|v| v.dims == [dim] && counts_time(v))
        };
        let text = || variables.values().find(|v| is_text(v) && v.dims[0] == dim);
        named.or_else(other).or_else(text)
    };
    match variables.get(name) {
        Some(variable) if counts_time(variable) || is_text(variable) => Some(variable),
        Some(variable) => variable
            .dims
            .iter()
            .filter(|dim| *dim != name)
            .find_map(|dim| along(dim)),
        None => along(name),
    }
}

fn counts_time(variable: &Variable) -> bool {
    variable
        .units()
        .is_some_and(|units| units.to_ascii_lowercase().contains(" since "))
}

/// WRF's `Times`: a text a time.
fn is_text(variable: &Variable) -> bool {
    let rank = match variable.dtype.as_str() {
        "char" => 2,
        "string" => 1,
        _ => return false,
    };
    variable.dims.len() == rank && variable.name == "Times" && variable.unreadable.is_none()
}
