//! One file of the input: where the axes of its variables are.

use std::ops::Range;
use std::path::{Path, PathBuf};

use foehn_archive::{Archive, Variable, open};
use foehn_field::{Attribute, Attributes, Grid, TimeAxis};
use ndarray::{Array3, ArrayD, Axis};

use crate::PrepareError;
use crate::preparation::Preparation;

/// Where the axes of a variable are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axes {
    pub(crate) time: Option<usize>,
    /// A further dimension with its values and units.
    pub(crate) level: Option<Levels>,
    y: usize,
    x: usize,
    rank: usize,
}

/// The level dimension of a variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Levels {
    axis: usize,
    pub(crate) dim: String,
    pub(crate) values: Vec<f64>,
    pub(crate) units: Option<String>,
}

/// What planning keeps of a file; it is opened again when it is read.
#[derive(Debug, Clone)]
pub(crate) struct InputFile {
    pub(crate) path: PathBuf,
    pub(crate) variables: Vec<InputVariable>,
}

/// A wanted variable in one file.
#[derive(Debug, Clone)]
pub(crate) struct InputVariable {
    pub(crate) name: String,
    pub(crate) axes: Axes,
    pub(crate) times: Option<TimeAxis>,
    /// States in a stored chunk, which are best read together.
    pub(crate) stride: usize,
    /// Forgotten once it is known to be that of the other files.
    pub(crate) grid: Option<Grid>,
    pub(crate) attributes: Attributes,
}

impl InputFile {
    /// Looks at the wanted variables that a file holds.
    pub(crate) fn look(path: &Path, wanted: &[String]) -> Result<Self, PrepareError> {
        let archive = open(path)?;
        let held = wanted
            .iter()
            .filter(|name| archive.variables().contains_key(*name));
        let variables = held.map(|name| InputVariable::look(&archive, name));
        Ok(Self {
            path: path.to_path_buf(),
            variables: variables.collect::<Result<_, _>>()?,
        })
    }
}

impl InputVariable {
    fn look(archive: &Archive, name: &str) -> Result<Self, PrepareError> {
        let variable = archive.variable(name)?;
        let (grid, plane) = archive.placed_grid(name)?;
        known_places(archive, variable, &grid)?;
        let (time, times) = match archive.valid_times(name)? {
            Some((axis, times)) => (Some(axis), Some(times)),
            None => (None, None),
        };
        Ok(Self {
            name: name.to_owned(),
            axes: axes(archive, variable, time, plane)?,
            stride: stride(variable, time),
            times,
            grid: Some(grid),
            attributes: variable.attributes.clone(),
        })
    }
}

/// Refuses an axis of places with a hole in it.
fn known_places(archive: &Archive, variable: &Variable, grid: &Grid) -> Result<(), PrepareError> {
    let axes = match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => [("latitude", latitude), ("longitude", longitude)],
        Grid::Cartesian { y, x, .. } => [("y", y), ("x", x)],
        // corners of the plane may be nowhere
        Grid::Curvilinear { .. } => return Ok(()),
    };
    let hole = axes.iter().find_map(|(name, values)| {
        let at = values.iter().position(|value| !value.is_finite())?;
        Some(format!(
            "{name}[{at}] is {}: every row and column needs a place",
            values[at]
        ))
    });
    hole.map_or(Ok(()), |problem| {
        Err(PrepareError::Variable {
            file: archive.path().to_path_buf(),
            variable: variable.name.clone(),
            problem,
        })
    })
}

fn stride(variable: &Variable, time: Option<usize>) -> usize {
    let chunks = variable.chunks.as_ref();
    let along = time.and_then(|axis| chunks?.get(axis).copied());
    along.unwrap_or(1).max(1)
}

fn axes(
    archive: &Archive,
    variable: &Variable,
    time: Option<usize>,
    [y, x]: [usize; 2],
) -> Result<Axes, PrepareError> {
    let refuse = |problem: String| PrepareError::Variable {
        file: archive.path().to_path_buf(),
        variable: variable.name.clone(),
        problem,
    };
    let (shape, dims) = (&variable.shape, &variable.dims);
    let rank = shape.len();
    let others: Vec<usize> = (0..rank)
        .filter(|axis| ![Some(y), Some(x), time.or(Some(y))].contains(&Some(*axis)))
        .collect();
    let long: Vec<usize> = others
        .iter()
        .copied()
        .filter(|axis| shape[*axis] > 1)
        .collect();
    if long.len() > 1 {
        let names: Vec<&String> = long.iter().map(|axis| &dims[*axis]).collect();
        return Err(refuse(format!(
            "besides time and the grid it has the dimensions {names:?}; one of them (levels) can be taken, so choose one of the \
             others first, for example with xarray: data.isel({}=0)",
            names[0]
        )));
    }
    let axis = long.first().or(others.first()).copied();
    Ok(Axes {
        time,
        level: axis
            .map(|axis| levels(archive, variable, axis))
            .transpose()?,
        y,
        x,
        rank,
    })
}

/// The values of a dimension: its coordinate, or the count where it has none.
fn levels(archive: &Archive, variable: &Variable, axis: usize) -> Result<Levels, PrepareError> {
    let dim = &variable.dims[axis];
    let coordinate = archive
        .variables()
        .get(dim)
        .filter(|c| c.dims == [dim.clone()]);
    let values = match coordinate {
        Some(found) => archive.read_f64(&found.name)?.into_iter().collect(),
        None => (0..variable.shape[axis]).map(|k| k as f64).collect(),
    };
    let units = coordinate
        .and_then(|c| c.attributes.get("units"))
        .and_then(Attribute::text);
    Ok(Levels {
        axis,
        dim: dim.clone(),
        values,
        units: units.map(str::to_owned),
    })
}

impl Axes {
    /// Reads some times and levels of a region: one array (time, y, x) a level, NaN where missing.
    pub(crate) fn read(
        &self,
        archive: &Archive,
        name: &str,
        times: &Range<usize>,
        levels: &[usize],
        plan: &Preparation,
    ) -> Result<Vec<Array3<f32>>, PrepareError> {
        let region = &plan.region;
        let mut result = Vec::with_capacity(levels.len().max(1));
        for span in spans(levels) {
            let parts = region.columns.iter().map(|columns| {
                let ranges = self.ranges(times, &span, &region.rows, columns);
                Ok::<_, PrepareError>(self.arrange(plan.values(archive, name, &ranges)?))
            });
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let whole = if parts.len() == 1 {
                parts.into_iter().next().unwrap_or_default()
            } else {
                let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
                ndarray::concatenate(Axis(3), &views).unwrap_or_default()
            };
            for k in 0..span.len() {
                let level = whole.index_axis(Axis(1), k);
                let level = level.into_dimensionality::<ndarray::Ix3>();
                // a single level keeps its memory
                result.push(
                    level
                        .map(|plane| plane.as_standard_layout().into_owned())
                        .unwrap_or_default(),
                );
            }
        }
        Ok(result)
    }

    fn ranges(
        &self,
        times: &Range<usize>,
        level: &Range<usize>,
        rows: &Range<usize>,
        columns: &Range<usize>,
    ) -> Vec<Range<usize>> {
        let mut ranges = vec![0..1; self.rank];
        if let Some(axis) = self.time {
            ranges[axis] = times.clone();
        }
        if let Some(levels) = &self.level {
            ranges[levels.axis] = level.clone();
        }
        ranges[self.y] = rows.clone();
        ranges[self.x] = columns.clone();
        ranges
    }

    /// Values as read, with axes (time, level, y, x).
    fn arrange(&self, values: ArrayD<f32>) -> ArrayD<f32> {
        let level = self.level.as_ref().map(|levels| levels.axis);
        let named = [self.time, level, Some(self.y), Some(self.x)];
        let rest = (0..self.rank).filter(|axis| !named.contains(&Some(*axis)));
        let order: Vec<usize> = rest.chain(named.into_iter().flatten()).collect();
        let length = |axis: Option<usize>| axis.map_or(1, |axis| values.shape()[axis]);
        let shape = named.map(length);
        let values = values.permuted_axes(order);
        let values = if values.is_standard_layout() {
            values
        } else {
            values.as_standard_layout().into_owned()
        };
        // the other axes have length one, so the number of values is the same
        values
            .into_shape_with_order(shape.to_vec())
            .unwrap_or_default()
    }
}

/// Neighbouring levels are read together.
fn spans(levels: &[usize]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for &level in levels {
        match spans.last_mut() {
            Some(span) if span.end == level => span.end += 1,
            _ => spans.push(level..level + 1),
        }
    }
    if spans.is_empty() {
        spans.push(0..1);
    }
    spans
}
