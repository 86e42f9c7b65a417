//! Finding horizontal grids by the CF conventions.

use foehn_field::{Attribute, Grid};
use ndarray::{Array2, ArrayD, Axis as Along, Ix2};

use crate::role::{Role, roles};
use crate::{Archive, ReadError, Variable};

/// The two directions of a horizontal grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Latitude,
    Longitude,
    Y,
    X,
}

/// Units of latitude in the conventions, in lower case.
const NORTH: &[&str] = &[
    "degrees_north",
    "degree_north",
    "degree_n",
    "degrees_n",
    "degreen",
    "degreesn",
];
/// Units of longitude in the conventions, in lower case.
const EAST: &[&str] = &[
    "degrees_east",
    "degree_east",
    "degree_e",
    "degrees_e",
    "degreee",
    "degreese",
];

impl Axis {
    /// Whether a variable is this coordinate: by standard name, else by units or axis, else by name.
    fn is(self, variable: &Variable) -> bool {
        let (standard, units, letter, names): (_, &[&str], _, &[&str]) = match self {
            Self::Latitude => ("latitude", NORTH, None, &["lat", "latitude", "nav_lat"]),
            Self::Longitude => ("longitude", EAST, None, &["lon", "longitude", "nav_lon"]),
            Self::Y => ("projection_y_coordinate", &[], Some("Y"), &["y", "yc"]),
            Self::X => ("projection_x_coordinate", &[], Some("X"), &["x", "xc"]),
        };
        if let Some(name) = variable.text("standard_name") {
            return name == standard;
        }
        let local = variable.name[variable.group().len()..].to_ascii_lowercase();
        let unit = variable.units().map(str::to_ascii_lowercase);
        let by_units = unit.is_some_and(|unit| units.contains(&unit.as_str()));
        let by_axis = letter.is_some() && variable.text("axis") == letter;
        by_units || by_axis || names.contains(&local.as_str())
    }
}

/// The horizontal grid of a variable, and which of its dimensions are the rows and the columns.
pub(crate) fn grid(
    archive: &Archive,
    variable: &Variable,
) -> Result<(Grid, [usize; 2]), ReadError> {
    let place = |dim: &String| variable.dims.iter().position(|d| d == dim).unwrap_or(0);
    let candidates = candidates(archive, variable);
    let pairs = |first: Axis, second: Axis| {
        let of = |axis: Axis| candidates.iter().copied().filter(move |c| axis.is(c));
        of(first)
            .flat_map(|a| of(second).map(move |b| (a, b)))
            .collect::<Vec<_>>()
    };
    let horizontal = pairs(Axis::Latitude, Axis::Longitude);
    let both = |rank: usize| {
        move |(a, b): &&(&Variable, &Variable)| a.dims.len() == rank && a.dims == b.dims
    };
    let apart = |(a, b): &&(&Variable, &Variable)| separate(a, b);
    if let Some((latitude, longitude)) = horizontal.iter().find(both(2)) {
        let axes = [0, 1].map(|k| place(&latitude.dims[k]));
        let (latitude, longitude) = (plane(archive, latitude)?, plane(archive, longitude)?);
        let grid = Grid::Curvilinear {
            latitude,
            longitude,
        };
        return Ok((grid, axes));
    }
    if let Some((latitude, longitude)) = horizontal.iter().find(both(3))
        && let Some(repeated) = repeated_along(archive, latitude)
    {
        let rest = (0..3).filter(|axis| *axis != repeated);
        let axes: Vec<usize> = rest.map(|axis| place(&latitude.dims[axis])).collect();
        let grid = Grid::Curvilinear {
            latitude: unmoved(archive, latitude, repeated)?,
            longitude: unmoved(archive, longitude, repeated)?,
        };
        return Ok((grid, [axes[0], axes[1]]));
    }
    if let Some((latitude, longitude)) = horizontal.iter().find(apart) {
        let axes = [latitude, longitude].map(|c| place(&c.dims[0]));
        let (latitude, longitude) = (line(archive, latitude)?, line(archive, longitude)?);
        let grid = Grid::Rectilinear {
            latitude,
            longitude,
        };
        return Ok((grid, axes));
    }
    if horizontal.iter().any(|pair| both(1)(&pair)) {
        let why = "its cells are a list of points with one latitude and longitude each";
        return Err(no_grid(archive, variable, why));
    }
    let on_plane = pairs(Axis::Y, Axis::X);
    let (y, x) = on_plane
        .iter()
        .find(apart)
        .ok_or_else(|| no_grid(archive, variable, NOWHERE))?;
    let grid = Grid::Cartesian {
        y: line(archive, y)?,
        x: line(archive, x)?,
        period: period(y, x),
    };
    Ok((grid, [y, x].map(|c| place(&c.dims[0]))))
}

const NOWHERE: &str = "neither latitude and longitude (standard_name, or units degrees_north and degrees_east, or names) \
     nor x and y (projection_x_coordinate, axis, or names) lie on its dimensions";

fn no_grid(archive: &Archive, variable: &Variable, why: &str) -> ReadError {
    ReadError::NoGrid {
        path: archive.path().to_path_buf(),
        variable: variable.name.clone(),
        dims: variable.dims.clone(),
        why: why.to_owned(),
    }
}

/// Variables that may be coordinates of this one: those it names, those named as its dimensions, then all others.
fn candidates<'a>(archive: &'a Archive, variable: &Variable) -> Vec<&'a Variable> {
    let known = archive.variables();
    let lookup = |name: &str| {
        known
            .get(&format!("{}{name}", variable.group()))
            .or_else(|| known.get(name))
    };
    let named = variable
        .text("coordinates")
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(lookup);
    let dims = variable.dims.iter().filter_map(|dim| lookup(dim));
    let fits =
        |c: &&Variable| !c.dims.is_empty() && c.dims.iter().all(|dim| variable.dims.contains(dim));
    named
        .chain(dims)
        .chain(known.values())
        .filter(fits)
        .filter(|c| c.name != variable.name)
        .collect()
}

fn separate(a: &Variable, b: &Variable) -> bool {
    a.dims.len() == 1 && b.dims.len() == 1 && a.dims != b.dims
}

fn line(archive: &Archive, variable: &Variable) -> Result<Vec<f64>, ReadError> {
    Ok(positions(archive, variable)?.into_iter().collect())
}

/// The axis of a position (time, y, x), as WRF writes it, along which it is only repeated.
fn repeated_along(archive: &Archive, position: &Variable) -> Option<usize> {
    let roles = roles(archive, position);
    roles
        .iter()
        .position(|role| matches!(role, Role::Time | Role::Init))
}

/// A position that is the same at every time.
fn unmoved(archive: &Archive, variable: &Variable, axis: usize) -> Result<Array2<f64>, ReadError> {
    let values = positions(archive, variable)?;
    let mut moments = values.axis_iter(Along(axis));
    let first = moments.next();
    let same = |moment: &ndarray::ArrayViewD<'_, f64>| {
        first.as_ref().is_some_and(|first| {
            let mut pairs = first.iter().zip(moment);
            pairs.all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
        })
    };
    if let Some(moved) = moments.position(|moment| !same(&moment)) {
        let why = format!(
            "{} differs between {}[0] and [{}]: a grid that moves is not read",
            variable.name,
            variable.dims[axis],
            moved + 1
        );
        return Err(no_grid(archive, variable, &why));
    }
    let first = first.and_then(|first| first.to_owned().into_dimensionality::<Ix2>().ok());
    first.ok_or_else(|| no_grid(archive, variable, "its positions have no times"))
}

/// Latitudes or longitudes in degrees, or the x and y of a plane as they are.
fn positions(archive: &Archive, variable: &Variable) -> Result<ArrayD<f64>, ReadError> {
    let mut values = archive.read_f64(&variable.name)?;
    if !Axis::Latitude.is(variable) && !Axis::Longitude.is(variable) {
        return Ok(values);
    }
    let units = variable.units().unwrap_or_default().to_ascii_lowercase();
    match units.trim() {
        // as CESM, ICON and MPAS write them
        "radian" | "radians" | "rad" => values.mapv_inplace(f64::to_degrees),
        "m" | "km" | "meter" | "meters" | "metre" | "metres" => {
            let why = format!(
                "{} has units {units:?}, which are not degrees or radians",
                variable.name
            );
            return Err(no_grid(archive, variable, &why));
        }
        _ => {}
    }
    Ok(values)
}

fn plane(archive: &Archive, variable: &Variable) -> Result<Array2<f64>, ReadError> {
    let values = positions(archive, variable)?;
    let cause = "its shape is not that of its dimensions".to_owned();
    let damaged = || ReadError::Damaged {
        path: archive.path().to_path_buf(),
        variable: variable.name.clone(),
        cause,
    };
    values.into_dimensionality::<Ix2>().map_err(|_| damaged())
}

/// The lengths after which a plane repeats, where both axes carry the attribute `period`.
fn period(y: &Variable, x: &Variable) -> Option<(f64, f64)> {
    let of = |axis: &Variable| axis.attributes.get("period").and_then(Attribute::number);
    of(y).zip(of(x))
}
