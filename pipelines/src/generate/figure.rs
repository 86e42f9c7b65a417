//! Data and samples as points.

use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_report::{Axis, Cloud, Figure, Scatter};
use ndarray::Array2;
use std::path::Path;

/// Draws the first two columns of each table, as many rows of each; of one column nothing is drawn.
///
/// # Errors
/// If the file cannot be written.
pub fn write_points(path: &Path, clouds: &[(&str, Array2<f32>)]) -> Result<()> {
    if clouds.iter().any(|(_, rows)| rows.ncols() < 2) {
        return Ok(());
    }
    let fewest = clouds.iter().map(|(_, rows)| rows.nrows()).min();
    let cloud = |(title, rows): &(&str, Array2<f32>)| Cloud {
        title: (*title).to_owned(),
        points: rows
            .rows()
            .into_iter()
            .take(fewest.unwrap_or(0))
            .map(|row| (f64::from(row[0]), f64::from(row[1])))
            .collect(),
        links: Vec::new(),
    };
    let figure = Scatter {
        title: String::new(),
        x: Axis::new("column 0", ""),
        y: Axis::new("column 1", ""),
        clouds: clouds.iter().map(cloud).collect(),
    };
    write_whole(path, &figure.png()?).with_context(|| format!("cannot write {}", path.display()))
}
