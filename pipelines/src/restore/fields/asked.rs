//! What `foehn restore apply` is asked for where the model restores fields, and what tells one input from another.

use crate::restore::apply::RestoreJob;
use crate::restore::folder::Model;
use anyhow::{Context, Result, bail};
use flate2::Crc;
use foehn_archive::Mode;
use foehn_dataset::Series;
use foehn_field::Instant;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A last date without a time of day includes its whole day, s.
const DAY: i64 = 86_400;

/// What `foehn restore apply` is asked for beside, where the model restores fields.
#[derive(Clone, Debug, Default)]
pub struct FieldOptions {
    /// The variables of the input, if they are to be checked; they must be those of the model.
    pub variables: Vec<String>,
    /// First and last date, both included; all times without.
    pub times: Option<[String; 2]>,
    /// What is written.
    pub store: FieldStore,
    /// Whether an earlier run is continued.
    pub mode: Option<Mode>,
}

/// The form of restored fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldStore {
    /// One file, `restored.nc`.
    #[default]
    Netcdf,
    /// A folder, `restored.zarr`.
    Zarr,
}

/// The form as its name on the command line has it.
impl std::str::FromStr for FieldStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "netcdf" => Ok(Self::Netcdf),
            "zarr" => Ok(Self::Zarr),
            other => Err(format!("{other:?} is neither netcdf nor zarr")),
        }
    }
}

/// How many times, the first and the last, and CRC-32 of all of them.
pub fn times_mark(instants: &[Instant]) -> String {
    let mut crc = Crc::new();
    for instant in instants {
        crc.update(&instant.0.to_le_bytes());
    }
    let end = |instant: Option<&Instant>| instant.map_or(0, |instant| instant.0);
    let (first, last) = (end(instants.first()), end(instants.last()));
    format!(
        "{} from {first} to {last}, {:08x}",
        instants.len(),
        crc.sum()
    )
}

/// Length and time of change of a file, or of what describes a Zarr store.
pub fn file_marks(path: &Path) -> Vec<(u64, u64)> {
    let parts = ["zarr.json", ".zmetadata", ".zgroup"].map(|name| path.join(name));
    let stamp = |path: &PathBuf| {
        let found = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((found.len(), changed.as_nanos() as u64))
    };
    [path.to_owned()]
        .iter()
        .chain(&parts)
        .filter_map(stamp)
        .collect()
}

/// Refuses options that only pictures have, and other variables than those of the model.
///
/// # Errors
/// If there are any.
pub fn refuse_options(job: &RestoreJob, model: &Model) -> Result<()> {
    if let Some(pictures) = job.pictures {
        bail!(
            "--pictures {pictures}: the model restores fields; choose times with --times FIRST..LAST"
        );
    }
    let own: Vec<&String> = model
        .config
        .fields
        .iter()
        .flat_map(|data| &data.variables)
        .collect();
    let asked: Vec<&String> = job.fields.variables.iter().collect();
    if !asked.is_empty() && asked != own {
        bail!(
            "--variable: the model in {} restores {own:?}, not {asked:?}",
            job.model.display()
        );
    }
    Ok(())
}

/// Positions of the times between two dates.
///
/// # Errors
/// If a text is no date, or there are none between them.
pub fn chosen(series: &Series, times: Option<&[String; 2]>) -> Result<Vec<usize>> {
    let instants = &series.times().instants;
    let Some([first, last]) = times else {
        return Ok((0..instants.len()).collect());
    };
    let date = |text: &str| {
        let date = series.calendar().parse(text);
        date.with_context(|| {
            format!("--times: {text:?} is not a date such as 2008-01-31 or 2008-01-31T06:00")
        })
    };
    let end = if last.contains(['T', ' ', ':']) {
        0
    } else {
        DAY - 1
    };
    let (from, to) = (date(first)?, date(last)?.plus(end));
    let within = |i: &usize| instants[*i] >= from && instants[*i] <= to;
    let chosen: Vec<usize> = (0..instants.len()).filter(within).collect();
    if chosen.is_empty() {
        let ends = [instants.first(), instants.last()]
            .map(|t| t.map(|t| series.calendar().date(*t).to_string()));
        bail!(
            "--times {first}..{last}: the input has none of these, only {} to {}",
            ends[0].as_deref().unwrap_or("nothing"),
            ends[1].as_deref().unwrap_or("nothing")
        );
    }
    Ok(chosen)
}
