//! What is written of a restored picture.

use super::apply::Projection;
use super::case::Case;
use super::drawing::mean_and_spread;
use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_restoration::{Depth, Picture, Sheet, area_mean};
use ndarray::{Array3, Array4, Axis};
use std::fs;
use std::path::Path;

/// Samples on a contact sheet.
const SHOWN: usize = 6;

/// The largest difference between what is written, reduced, and the coarse picture.
pub fn residual(written: &Picture, coarse: &Array3<f32>, factor: usize) -> f64 {
    let reduced = area_mean(written.unit().view(), factor);
    let differences = reduced.map(|mean| (coarse - &mean).mapv(f32::abs));
    let largest = |all: &Array3<f32>| all.iter().fold(0f32, |a, b| a.max(*b));
    differences
        .as_ref()
        .map_or(0.0, |all| f64::from(largest(all)))
}

/// What is written of a picture, in integers.
pub struct Written {
    /// Samples.
    pub samples: Vec<Picture>,
    /// Their mean.
    pub mean: Picture,
    /// Their spread; white is a standard deviation of half the range.
    pub spread: Picture,
}

impl Written {
    /// What is written of drawn samples.
    ///
    /// # Errors
    /// Never of values of the case's shape.
    pub fn of(case: &Case, mut samples: Array4<f32>, projection: Projection) -> Result<Self> {
        let mut pictures = Vec::new();
        for mut sample in samples.axis_iter_mut(Axis(0)) {
            let picture = case.restored(&sample.to_owned(), projection)?;
            // mean and spread are of what is written
            sample.assign(&picture.unit());
            pictures.push(picture);
        }
        let (mean, spread) = mean_and_spread(&samples);
        Ok(Self {
            samples: pictures,
            mean: case.restored(&mean, projection)?,
            spread: Picture::from_unit(&spread.mapv(|s| 2.0 * s - 1.0), Depth::Eight)?,
        })
    }
}

/// Writes what was made of a picture; the row of its sheet.
///
/// # Errors
/// If the disk refuses.
pub fn write(case: &Case, written: Written, folder: &Path) -> Result<Vec<Picture>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut row = vec![case.shown.clone()];
    for (m, picture) in written.samples.into_iter().enumerate() {
        save(&picture, &folder.join(format!("sample-{}.png", m + 1)))?;
        if m < SHOWN {
            row.push(picture);
        }
    }
    let (mean, spread) = (written.mean, written.spread);
    save(&mean, &folder.join("mean.png"))?;
    save(&spread, &folder.join("spread.png"))?;
    row.extend([mean, spread]);
    row.extend(case.truth.clone());
    let mut sheet = Sheet::default();
    sheet.push(row.clone());
    save(&sheet.picture()?, &folder.join("sheet.png"))?;
    Ok(row)
}

/// Writes a picture as PNG.
///
/// # Errors
/// If the disk refuses.
pub fn save(picture: &Picture, path: &Path) -> Result<()> {
    write_whole(path, &picture.png()?).with_context(|| format!("cannot write {}", path.display()))
}
