//! `foehn inspect`: what a file holds, and what would break a run.

use anyhow::Result;
use foehn_archive::open;
use foehn_field::TimeAxis;
use serde::Serialize;
use std::path::Path;

/// What a file holds.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file.
    pub path: String,
    /// Each variable.
    pub variables: Vec<VariableReport>,
    /// The time axis, if there is one.
    pub time: Option<TimeReport>,
    /// What would break a run.
    pub warnings: Vec<String>,
}

/// One variable.
#[derive(Clone, Debug, Serialize)]
pub struct VariableReport {
    /// Its name.
    pub name: String,
    /// Dimensions with their lengths.
    pub dimensions: Vec<(String, usize)>,
    /// Type as stored.
    pub dtype: String,
    /// Units.
    pub units: Option<String>,
    /// Shape of a chunk.
    pub chunks: Option<Vec<usize>>,
    /// Size when unpacked to 32-bit floats, bytes.
    pub bytes: u64,
}

/// A time axis.
#[derive(Clone, Debug, Serialize)]
pub struct TimeReport {
    /// Calendar.
    pub calendar: String,
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
}

/// Reads the labels of `path`, not its values.
///
/// # Errors
/// If it is missing or neither NetCDF nor Zarr.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let archive = open(path)?;
    let variables: Vec<_> = archive
        .variables()
        .values()
        .map(|v| VariableReport {
            name: v.name.clone(),
            dimensions: v
                .dims
                .iter()
                .cloned()
                .zip(v.shape.iter().copied())
                .collect(),
            dtype: v.dtype.clone(),
            units: v.units().map(str::to_owned),
            chunks: v.chunks.clone(),
            bytes: 4 * v.shape.iter().map(|n| *n as u64).product::<u64>(),
        })
        .collect();
    let mut warnings = Vec::new();
    let has_time = archive.variables().contains_key("time");
    let time = match has_time.then(|| archive.times("time")) {
        Some(Ok(axis)) => Some(time_report(&axis)),
        Some(Err(error)) => {
            warnings.push(format!("the time axis cannot be read: {error}"));
            None
        }
        None => None,
    };
    if let Some(time) = &time {
        if time.gaps > 0 {
            warnings.push(format!(
                "{} gap(s) in time: no forecast crosses them",
                time.gaps
            ));
        }
        if time.disorder > 0 {
            warnings.push(format!(
                "{} time(s) repeated or out of order: a run is refused",
                time.disorder
            ));
        }
    }
    Ok(Inspection {
        path: path.display().to_string(),
        variables,
        time,
        warnings,
    })
}

fn time_report(axis: &TimeAxis) -> TimeReport {
    let mut steps: Vec<i64> = axis.instants.windows(2).map(|t| t[1].since(t[0])).collect();
    let disorder = steps.iter().filter(|s| **s <= 0).count();
    steps.sort_unstable();
    let longest = steps.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
    let step = longest.and_then(|run| run.first().copied());
    let date = |i: Option<&foehn_field::Instant>| {
        i.map_or(String::new(), |i| axis.calendar.date(*i).to_string())
    };
    TimeReport {
        calendar: format!("{:?}", axis.calendar),
        first: date(axis.instants.first()),
        last: date(axis.instants.last()),
        count: axis.len(),
        step_seconds: step,
        gaps: steps.iter().filter(|s| Some(**s) > step).count(),
        disorder,
    }
}

impl Inspection {
    /// The inspection as text.
    pub fn text(&self) -> String {
        let mut lines = vec![self.path.clone()];
        if let Some(t) = &self.time {
            let step = t.step_seconds.map_or(String::new(), |s| {
                format!(", step {}", crate::scores::lead_name(s))
            });
            lines.push(format!(
                "  time: {} to {}, {} times{step}, calendar {}",
                t.first, t.last, t.count, t.calendar
            ));
        }
        for v in &self.variables {
            let dims: Vec<String> = v
                .dimensions
                .iter()
                .map(|(d, n)| format!("{d} {n}"))
                .collect();
            let units = v
                .units
                .as_ref()
                .map_or(String::new(), |u| format!(" [{u}]"));
            let chunks = v
                .chunks
                .as_ref()
                .map_or(String::new(), |c| format!(", chunks {c:?}"));
            lines.push(format!(
                "  {}{units}: {} ({}), {:.1} MB as f32{chunks}",
                v.name,
                v.dtype,
                dims.join(", "),
                v.bytes as f64 / 1e6
            ));
        }
        lines.extend(self.warnings.iter().map(|w| format!("  warning: {w}")));
        lines.join("\n")
    }
}
