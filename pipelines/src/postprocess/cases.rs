//! Where the cases come from.

use super::config::PostprocessConfig;
use anyhow::{Context, Result, bail};
use foehn_archive::open;
use foehn_calibration::{Cases, Layout, Table};
use foehn_compute::Workers;
use std::fs::File;
use std::path::Path;

/// Reads the cases of a configuration, and makes them before where they are simulated and not there yet.
///
/// # Errors
/// If they cannot be read, are a text table without a map of its columns, or are there and simulated otherwise.
pub(crate) fn read(config: &PostprocessConfig, workers: &Workers) -> Result<Cases> {
    let data = &config.data;
    if let Some(simulated) = &data.simulated {
        let ready = if data.path.exists() {
            simulated.made(config.seed).check(&data.path)
        } else {
            simulated.write(&data.path, &data.variables, config.seed, workers)
        };
        ready.with_context(|| format!("data.simulated, {}", data.path.display()))?;
    }
    of_file(config).with_context(|| data.path.display().to_string())
}

fn of_file(config: &PostprocessConfig) -> Result<Cases> {
    let data = &config.data;
    let map = data.csv.as_ref().or(data.parquet.as_ref());
    if let Some(map) = map {
        let file = File::open(&data.path)?;
        let table = match data.parquet {
            Some(_) => Table::read_parquet(file, map)?,
            None => Table::read_csv(file, map)?,
        };
        let layout = Layout::of_stations(&table.columns().stations, &data.variables);
        return Ok(Cases {
            table,
            layout,
            oddities: Vec::new(),
        });
    }
    if let Some(section) = needed(&data.path) {
        bail!(
            "such a table needs a section [{section}] that says which column is what: station, date, members (such as \
             [\"m*\"]), observation, units, observation_units"
        );
    }
    Ok(Cases::read(&open(&data.path)?, &data.variables)?)
}

/// The section that a file of this ending is read by.
fn needed(path: &Path) -> Option<&'static str> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match ending.to_ascii_lowercase().as_str() {
        "csv" | "txt" | "tsv" | "dat" if path.is_file() => Some("data.csv"),
        "parquet" | "pq" if path.is_file() => Some("data.parquet"),
        _ => None,
    }
}
