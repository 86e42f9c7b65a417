//! What the dimensions of a variable stand for.

use std::fmt;

use crate::role_names::{NAMES, STANDARD, listed};
use crate::{Archive, Variable};

/// What a dimension stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Times of validity, or simply times.
    Time,
    /// Times at which forecasts start.
    Init,
    /// Time since the start of a forecast.
    Lead,
    /// Members of an ensemble.
    Member,
    /// Heights, pressures or depths.
    Level,
    /// Rows of a horizontal grid.
    Y,
    /// Columns of a horizontal grid.
    X,
    /// Places in a list: stations, cells of an unstructured grid.
    Place,
    /// Letters of a text.
    Letter,
    /// Nothing that is known here.
    Other,
}

impl Role {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Init => "init",
            Self::Lead => "lead",
            Self::Member => "member",
            Self::Level => "level",
            Self::Y => "y",
            Self::X => "x",
            Self::Place => "place",
            Self::Letter => "letter",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The role of every dimension: by the attributes of its coordinate, else by names.
pub(crate) fn roles(archive: &Archive, variable: &Variable) -> Vec<Role> {
    let last = variable.dims.len().wrapping_sub(1);
    let of = |(axis, dim): (usize, &String)| {
        if variable.dtype == "char" && axis == last {
            Role::Letter
        } else {
            role(archive, variable, dim)
        }
    };
    let mut roles: Vec<Role> = variable.dims.iter().enumerate().map(of).collect();
    // forecasts whose starts are called time
    if roles.contains(&Role::Lead)
        && !roles.contains(&Role::Init)
        && let Some(role) = roles.iter_mut().find(|role| **role == Role::Time)
    {
        *role = Role::Init;
    }
    roles
}

fn role(archive: &Archive, variable: &Variable, dim: &str) -> Role {
    let known = archive.variables();
    let named = known
        .get(&format!("{}{dim}", variable.group()))
        .or_else(|| known.get(dim))
        .filter(|c| c.dims == [dim] || c.dims.is_empty());
    if let Some(role) = named.and_then(by_attributes) {
        return role;
    }
    // coordinates along it that have another name
    let along: Vec<Role> = known
        .values()
        .filter(|c| c.dims.first().is_some_and(|d| d == dim) && c.name != dim)
        .filter(|c| c.dims.len() == 1 || c.dtype == "char")
        .filter_map(by_attributes)
        .collect();
    if along.contains(&Role::Place) || (along.contains(&Role::Y) && along.contains(&Role::X)) {
        return Role::Place;
    }
    if let Some(role) = listed(&NAMES, &local(dim).to_ascii_lowercase()) {
        return role;
    }
    let named = along.into_iter().find(|role| *role != Role::Other);
    named.unwrap_or(Role::Other)
}

/// By its dimension, its attributes or its name.
pub(crate) fn is_coordinate(variable: &Variable) -> bool {
    let name = local(&variable.name);
    variable.dims == [name]
        || by_attributes(variable).is_some()
        || listed(&NAMES, &name.to_ascii_lowercase()).is_some()
}

fn local(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What a coordinate's attributes say it is.
fn by_attributes(coordinate: &Variable) -> Option<Role> {
    if let Some(role) = coordinate
        .text("standard_name")
        .and_then(|name| listed(&STANDARD, name))
    {
        return Some(role);
    }
    let places = ["timeseries_id", "profile_id", "trajectory_id"];
    if coordinate
        .text("cf_role")
        .is_some_and(|r| places.contains(&r))
    {
        return Some(Role::Place);
    }
    let name = local(&coordinate.name).to_ascii_lowercase();
    let units = coordinate.units().unwrap_or_default().to_ascii_lowercase();
    if units.contains(" since ") {
        let start = listed(&NAMES, &name) == Some(Role::Init);
        return Some(if start { Role::Init } else { Role::Time });
    }
    if units.starts_with("degree") && units.len() > 7 {
        let direction = units
            .trim_start_matches("degrees")
            .trim_start_matches("degree");
        match direction.trim_start_matches('_') {
            "north" | "n" => return Some(Role::Y),
            "east" | "e" => return Some(Role::X),
            _ => {}
        }
    }
    let spans = coordinate.dtype.starts_with("timedelta64")
        || coordinate
            .text("dtype")
            .is_some_and(|dtype| dtype.starts_with("timedelta64"));
    if spans {
        return Some(Role::Lead);
    }
    if coordinate.text("positive").is_some() {
        return Some(Role::Level);
    }
    match coordinate.text("axis") {
        Some("T") => Some(Role::Time),
        Some("Z") => Some(Role::Level),
        Some("Y") => Some(Role::Y),
        Some("X") => Some(Role::X),
        Some("E") => Some(Role::Member),
        _ => None,
    }
}
