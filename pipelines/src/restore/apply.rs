//! `foehn restore apply`: pictures in, samples of what they may have been out.

use super::case::Case;
use super::drawing::{Drawing, mean_and_spread};
use super::folder::Folder;
use crate::progress::{Progress, Talk};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::write_whole;
use foehn_compute::Workers;
use foehn_restoration::{Collection, Depth, Picture, Resampling, Sheet, area_mean, enlarged};
use ndarray::{Array3, Array4, Axis};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Samples on a contact sheet.
const SHOWN: usize = 6;
/// Pictures on the sheet of all.
const ROWS: usize = 8;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct RestoreJob {
    /// Folder of the model.
    pub model: PathBuf,
    /// An image file, a folder of them, or an IDX file.
    pub input: PathBuf,
    /// Which of them: the first ones, or all.
    pub pictures: Option<usize>,
    /// What is lost of the input.
    pub damage: Damage,
    /// Samples of each.
    pub samples: usize,
    /// Steps, if not those of the model.
    pub steps: Option<usize>,
    /// Seed of the noise, if not that of the model.
    pub seed: Option<u64>,
    /// Side of tiles and how far they overlap, where pictures are too large for the memory.
    pub tiles: Option<[usize; 2]>,
    /// Whether samples are made to reduce to the input exactly.
    pub projection: Projection,
    /// Folder of the results.
    pub output: PathBuf,
}

/// What is lost of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The input is damaged: a coarse, blurred or noisy picture.
    Done,
    /// What is white in an image of the same size.
    Mask(PathBuf),
    /// What the model's own law takes from it: the input is the truth.
    ByLaw,
}

/// What becomes of the difference between a reduced sample and the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// It is reported.
    None,
    /// It is added to every pixel of its block.
    Exact,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreSummary {
    /// Pictures.
    pub pictures: usize,
    /// Samples of each.
    pub samples: usize,
    /// Where they are.
    pub output: PathBuf,
    /// Largest difference between a sample's mean over a block and the input, in units of the range [-1, 1]; where
    /// resolution was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_residual: Option<f64>,
}

/// Restores pictures with a trained model and writes, for each, samples, mean, spread (white: a standard deviation of half
/// the range) and a contact sheet (what is known, samples, mean, spread, and the truth where it is there), as PNG. The first
/// pictures of several are on one sheet together, if they have one size.
///
/// # Errors
/// If a picture, the mask or the model does not fit, or the folder of results is not empty.
pub fn restore_apply(
    job: &RestoreJob,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreSummary> {
    if job.samples == 0 {
        bail!("--samples 0: ask for at least one");
    }
    let model = Folder(job.model.clone()).load(device)?;
    let mut how = model.config.sampling;
    how.steps = job.steps.unwrap_or(how.steps);
    let collection = Collection::open(&job.input)?;
    let count = job
        .pictures
        .map_or(collection.count(), |n| n.min(collection.count()));
    refuse_full(&job.output)?;
    // every input is looked at before the first is restored
    for i in 0..count {
        Case::new(&model, &job.damage, &collection, i)?;
    }
    let drawing = Drawing {
        model: &model,
        how: &how,
        seed: job.seed.unwrap_or(model.config.seed),
        tiles: job.tiles,
        device,
        workers,
    };
    let progress = Progress::new(
        talk,
        "restoring",
        "samples",
        (count * job.samples) as u64,
        0,
    );
    let mut largest: Option<f64> = None;
    let mut together = Vec::new();
    for i in 0..count {
        let case = Case::new(&model, &job.damage, &collection, i)?;
        let mut drawn = drawing.samples(
            std::slice::from_ref(&case.given),
            case.number,
            job.samples,
            Some(&progress),
        )?;
        let mut samples = drawn.swap_remove(0);
        if let Some((coarse, factor)) = &case.coarse {
            if job.projection == Projection::Exact {
                project(&mut samples, coarse, *factor);
            }
            let residual = residual(&samples, coarse, *factor);
            largest = Some(largest.map_or(residual, |largest| largest.max(residual)));
        }
        let folder = if count == 1 {
            job.output.clone()
        } else {
            job.output.join(&case.name)
        };
        let row = write(&case, &samples, &folder)?;
        if together.len() < ROWS {
            together.push(row);
        }
    }
    progress.finish();
    if let Some(sheet) = Sheet::of_one_size(together).filter(|_| count > 1) {
        save(&sheet.picture()?, &job.output.join("sheet.png"))?;
    }
    Ok(RestoreSummary {
        pictures: count,
        samples: job.samples,
        output: job.output.clone(),
        largest_residual: largest,
    })
}

fn refuse_full(output: &Path) -> Result<()> {
    let full = fs::read_dir(output).is_ok_and(|mut entries| entries.next().is_some());
    if full || output.is_file() {
        bail!(
            "{} exists and is not empty: give another --out",
            output.display()
        );
    }
    Ok(())
}

/// Adds to every block the difference between the input and its mean.
fn project(samples: &mut Array4<f32>, coarse: &Array3<f32>, factor: usize) {
    for mut sample in samples.axis_iter_mut(Axis(0)) {
        if let Some(mean) = area_mean(sample.view(), factor) {
            sample += &enlarged((coarse - &mean).view(), factor, Resampling::Nearest);
        }
    }
}

fn residual(samples: &Array4<f32>, coarse: &Array3<f32>, factor: usize) -> f64 {
    let mut largest = 0f32;
    for sample in samples.outer_iter() {
        if let Some(mean) = area_mean(sample, factor) {
            largest = (coarse - &mean)
                .iter()
                .fold(largest, |largest, d| largest.max(d.abs()));
        }
    }
    f64::from(largest)
}

/// Writes what was made of a picture; the row of its sheet.
fn write(case: &Case, samples: &Array4<f32>, folder: &Path) -> Result<Vec<Picture>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (mean, spread) = mean_and_spread(samples);
    let mut row = vec![case.shown.clone()];
    for (m, sample) in samples.outer_iter().enumerate() {
        let picture = case.restored(&sample.to_owned())?;
        save(&picture, &folder.join(format!("sample-{}.png", m + 1)))?;
        if m < SHOWN {
            row.push(picture);
        }
    }
    let mean = case.restored(&mean)?;
    let spread = Picture::from_unit(&spread.mapv(|s| 2.0 * s - 1.0), Depth::Eight)?;
    save(&mean, &folder.join("mean.png"))?;
    save(&spread, &folder.join("spread.png"))?;
    row.extend([mean, spread]);
    row.extend(case.truth.clone());
    let mut sheet = Sheet::default();
    sheet.push(row.clone());
    save(&sheet.picture()?, &folder.join("sheet.png"))?;
    Ok(row)
}

fn save(picture: &Picture, path: &Path) -> Result<()> {
    write_whole(path, &picture.png()?).with_context(|| format!("cannot write {}", path.display()))
}
