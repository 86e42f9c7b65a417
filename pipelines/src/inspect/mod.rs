//! `foehn inspect`: what a file holds, and what would break a run.

mod axes;
mod run_plan;
mod statistics;
mod text;

use anyhow::Result;
use axes::{GridReport, LeadReport, TimeReport};
use foehn_archive::{Archive, Role, Variable, open};
use serde::Serialize;
use statistics::Statistics;
use std::path::Path;

pub use run_plan::{RunPlan, run_plan};

/// How much of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The labels and coordinates.
    Labels,
    /// Every value, but not those of a NetCDF variable that has very many more than its file can hold.
    Values,
    /// Every value.
    EveryValue,
}

/// What a file holds.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file.
    pub path: String,
    /// Each dimension once, with what it stands for.
    pub dimensions: Vec<DimensionReport>,
    /// Each variable.
    pub variables: Vec<VariableReport>,
    /// The time axis, if there is one.
    pub time: Option<TimeReport>,
    /// Leads of forecasts.
    pub leads: Option<LeadReport>,
    /// The horizontal grid of the largest variable that has one.
    pub grid: Option<GridReport>,
    /// All variables unpacked to 32-bit floats, bytes.
    pub bytes: u64,
    /// What would break a run.
    pub warnings: Vec<String>,
}

/// One dimension.
#[derive(Clone, Debug, Serialize)]
pub struct DimensionReport {
    /// Its name.
    pub name: String,
    /// Its length.
    pub length: usize,
    /// What it stands for: time, init, lead, member, level, y, x, place, letter or other.
    pub role: &'static str,
}

/// One variable.
#[derive(Clone, Debug, Serialize)]
pub struct VariableReport {
    /// Its name.
    pub name: String,
    /// Dimensions with their lengths.
    pub dimensions: Vec<(String, usize)>,
    /// What each dimension stands for.
    pub roles: Vec<&'static str>,
    /// Type as stored.
    pub dtype: String,
    /// Units.
    pub units: Option<String>,
    /// CF standard name.
    pub standard_name: Option<String>,
    /// Shape of a chunk.
    pub chunks: Option<Vec<usize>>,
    /// Size when unpacked to 32-bit floats, bytes.
    pub bytes: u64,
    /// Share of missing values and moments, where every value was read.
    pub statistics: Option<Statistics>,
}

/// Reads the labels of a path or address and, where asked, its values.
///
/// # Errors
/// If it is missing or neither NetCDF nor Zarr.
pub fn inspect(path: &Path, depth: Depth) -> Result<Inspection> {
    let archive = open(path)?;
    let mut warnings = Vec::new();
    let mut variables = Vec::new();
    for variable in archive.variables().values() {
        let mut report = describe(&archive, variable)?;
        if depth != Depth::Labels {
            match statistics::of(&archive, variable, depth) {
                Ok(statistics) => report.statistics = statistics,
                Err(error) => warnings.push(error.to_string()),
            }
        }
        variables.push(report);
    }
    let main = main_variable(&archive);
    let time = axes::time(&archive, main, &mut warnings);
    let leads = axes::leads(&archive, &mut warnings);
    let grid = axes::grid(&archive, main, &mut warnings);
    warn_of_values(&archive, &variables, &mut warnings);
    Ok(Inspection {
        path: path.display().to_string(),
        dimensions: dimensions(&variables),
        bytes: variables
            .iter()
            .fold(0, |sum, v: &VariableReport| sum.saturating_add(v.bytes)),
        variables,
        time,
        leads,
        grid,
        warnings,
    })
}

fn describe(archive: &Archive, v: &Variable) -> Result<VariableReport> {
    let dimensions = v.dims.iter().cloned().zip(v.shape.iter().copied());
    let cells = v
        .shape
        .iter()
        .fold(1_u64, |n, m| n.saturating_mul(*m as u64));
    Ok(VariableReport {
        name: v.name.clone(),
        dimensions: dimensions.collect(),
        roles: archive.roles(&v.name)?.iter().map(|r| r.name()).collect(),
        dtype: v.dtype.clone(),
        units: v.units().map(str::to_owned),
        standard_name: v.text("standard_name").map(str::to_owned),
        chunks: v.chunks.clone(),
        bytes: cells.saturating_mul(4),
        statistics: None,
    })
}

/// The variable with the most dimensions that is no coordinate, the largest of them.
fn main_variable(archive: &Archive) -> Option<&Variable> {
    let size = |v: &&Variable| (v.dims.len(), v.shape.iter().product::<usize>());
    archive
        .variables()
        .values()
        .filter(|v| v.dims.iter().all(|dim| *dim != v.name))
        .filter(|v| !["string", "char"].contains(&v.dtype.as_str()))
        .max_by_key(size)
}

/// Dimensions of one name may differ between groups: each length once.
fn dimensions(variables: &[VariableReport]) -> Vec<DimensionReport> {
    let mut all: Vec<DimensionReport> = Vec::new();
    for variable in variables {
        for ((name, length), role) in variable.dimensions.iter().zip(&variable.roles) {
            let known = all
                .iter_mut()
                .find(|d| d.name == *name && d.length == *length);
            match known {
                // a forecast says more of a dimension than its coordinate alone
                Some(known) if *role == Role::Init.name() => known.role = role,
                Some(_) => {}
                None => all.push(DimensionReport {
                    name: name.clone(),
                    length: *length,
                    role,
                }),
            }
        }
    }
    all
}

fn warn_of_values(archive: &Archive, variables: &[VariableReport], warnings: &mut Vec<String>) {
    for report in variables {
        let name = &report.name;
        // reading nothing tells whether anything can be read
        let nothing: Vec<_> = report.dimensions.iter().map(|_| 0..0).collect();
        let text = ["string", "char"].contains(&report.dtype.as_str());
        if !text && let Err(error) = archive.read(name, &nothing) {
            warnings.push(error.to_string());
        }
        if let Some((dim, _)) = report.dimensions.iter().find(|(_, length)| *length == 0) {
            warnings.push(format!("{name}: it has no values: {dim} has length 0"));
        }
        let Some(statistics) = &report.statistics else {
            continue;
        };
        if statistics.infinite > 0 {
            warnings.push(format!(
                "{name}: {} value(s) are infinite: a run is refused",
                statistics.infinite
            ));
        }
        if statistics.undeclared_nan > 0 {
            warnings.push(format!(
                "{name}: {} value(s) are NaN though nothing declares them missing: a run is refused",
                statistics.undeclared_nan
            ));
        }
        if statistics.missing > 0 {
            warnings.push(format!(
                "{name}: {:.3} % missing: a run needs data.missing = \"mask\"",
                100.0 * statistics.missing_share
            ));
        }
        let is_coordinate = report.dimensions.iter().any(|(dim, _)| dim == name);
        let is_constant = statistics.count > 1 && statistics.minimum == statistics.maximum;
        if is_constant && !is_coordinate {
            warnings.push(format!(
                "{name}: every value is {}: it has no scale",
                statistics.minimum
            ));
        }
    }
}
