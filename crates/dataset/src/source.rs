//! One open file of a series.

use std::ops::Range;
use std::path::Path;

use foehn_archive::{Archive, Variable, open};
use foehn_field::{Attributes, Grid, TimeAxis};
use indexmap::IndexMap;
use ndarray::Array3;

use crate::layout::Layout;
use crate::{DataError, JoinError, joining, places};

/// A file, its time axis, its grid, and where its axes are.
#[derive(Debug)]
pub(crate) struct Source {
    archive: Archive,
    pub(crate) times: TimeAxis,
    pub(crate) grid: Grid,
    /// The wanted variables that this file holds.
    pub(crate) layouts: IndexMap<String, Layout>,
}

/// Values of one variable at some times, (time, y, x), and where they are declared missing.
#[derive(Debug, Clone)]
pub(crate) struct Slab {
    pub(crate) values: Array3<f32>,
    pub(crate) missing: Option<Array3<bool>>,
}

impl Source {
    /// Opens a file that holds at least one of the wanted variables.
    pub(crate) fn open(path: &Path, wanted: &[String]) -> Result<Self, DataError> {
        let archive = open(path)?;
        let held: Vec<&String> = wanted
            .iter()
            .filter(|name| archive.variables().contains_key(*name))
            .collect();
        let Some(first) = held.first() else {
            let name = wanted.first().map_or("", String::as_str);
            return Err(no_variable(&archive, name));
        };
        let (grid, _) = archive.placed_grid(first)?;
        let mut layouts = IndexMap::new();
        let mut along: Option<(&str, TimeAxis)> = None;
        for name in &held {
            let variable = archive.variable(name)?;
            let found = archive.valid_times(name)?;
            let (axis, own) = found.ok_or_else(|| no_time(path, variable))?;
            let dim = variable.dims[axis].as_str();
            let (known, _) = along.get_or_insert((dim, own));
            let times = (*known != dim).then(|| format!("times along {known:?} and {dim:?}"));
            let (own, plane) = archive.placed_grid(name)?;
            let grids = places::difference(&grid, &own);
            if let Some(difference) = times.or(grids) {
                return Err(variables_differ(path, [first, name], difference));
            }
            let layout = Layout::of(variable, Some(axis), plane, path)?;
            layouts.insert((*name).clone(), layout);
        }
        let times = match along {
            Some((_, times)) => times,
            None => archive.times(first)?,
        };
        rising(path, &times)?;
        Ok(Self {
            archive,
            times,
            grid,
            layouts,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.archive.path()
    }

    pub(crate) fn attributes(&self, name: &str) -> Attributes {
        let variable = self.archive.variables().get(name);
        variable.map(|v| v.attributes.clone()).unwrap_or_default()
    }

    /// A variable of the state at some positions of this file's time axis.
    pub(crate) fn read(&self, name: &str, times: &Range<usize>) -> Result<Slab, DataError> {
        match self.layouts.get(name) {
            Some(layout) => self.slab(name, layout, times),
            None => Err(no_variable(&self.archive, name)),
        }
    }

    /// A variable without time, where this file has it.
    pub(crate) fn read_static(&self, name: &str) -> Result<Option<Slab>, DataError> {
        let Some(variable) = self.archive.variables().get(name) else {
            return Ok(None);
        };
        let file = self.path();
        // one state only: its time says when it was made, not when it is valid
        let axis = self.archive.valid_times(name)?.map(|(axis, _)| axis);
        if let Some(axis) = axis.filter(|axis| variable.shape.get(*axis) != Some(&1)) {
            return Err(DataError::NotStatic {
                file: file.to_path_buf(),
                variable: name.to_owned(),
                dim: variable.dims.get(axis).cloned().unwrap_or_default(),
            });
        }
        let (own, plane) = self.archive.placed_grid(name)?;
        if let Some(difference) = places::difference(&self.grid, &own) {
            let first = self.layouts.keys().next().cloned().unwrap_or_default();
            return Err(variables_differ(
                file,
                [&first, &name.to_owned()],
                difference,
            ));
        }
        let layout = Layout::of(variable, None, plane, file)?;
        self.slab(name, &layout, &(0..1)).map(Some)
    }

    /// The error that says that this file lacks a variable.
    pub(crate) fn lacks(&self, name: &str) -> DataError {
        no_variable(&self.archive, name)
    }

    fn slab(&self, name: &str, layout: &Layout, times: &Range<usize>) -> Result<Slab, DataError> {
        let field = self.archive.read(name, &layout.ranges(times))?;
        let shape = field.values.shape().to_vec();
        let misfit = |_| {
            let (file, variable) = (self.path().to_path_buf(), name.to_owned());
            let (dims, (ny, nx)) = (field.dims.clone(), self.grid.shape());
            DataError::OffGrid {
                file,
                variable,
                dims,
                shape: shape.clone(),
                ny,
                nx,
            }
        };
        let values = layout.arrange(field.values).map_err(misfit)?;
        let missing = field
            .missing
            .map(|mask| layout.arrange(mask))
            .transpose()
            .map_err(misfit)?;
        Ok(Slab { values, missing })
    }
}

fn no_time(path: &Path, variable: &Variable) -> DataError {
    DataError::NoTime {
        file: path.to_path_buf(),
        variable: variable.name.clone(),
        dims: variable.dims.clone(),
    }
}

fn variables_differ(path: &Path, [first, second]: [&String; 2], difference: String) -> DataError {
    DataError::Join(JoinError::VariablesDiffer {
        file: path.to_path_buf(),
        first: first.clone(),
        second: second.clone(),
        difference,
    })
}

/// Names the variable of at least two dimensions whose name is nearest.
fn no_variable(archive: &Archive, name: &str) -> DataError {
    let fields = archive.variables().values().filter(|v| v.dims.len() > 1);
    let names: Vec<&str> = fields.map(|v| v.name.as_str()).collect();
    let likeness = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let nearest = names
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    DataError::NoVariable {
        file: archive.path().to_path_buf(),
        name: name.to_owned(),
        nearest: nearest
            .filter(|known| likeness(known) > 0.6)
            .map(|&known| known.to_owned()),
        known: if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        },
    }
}

/// Refuses an axis that is empty, stands still or turns back.
fn rising(path: &Path, times: &TimeAxis) -> Result<(), DataError> {
    if times.is_empty() {
        let problem = format!("{} has no times", path.display());
        return Err(DataError::Config {
            key: "path",
            problem,
        });
    }
    Ok(joining::rising(path, times)?)
}
