//! `foehn restore apply`: pictures in, samples of what they may have been out.

use super::config::Task;
use super::drawing::{Drawing, mean_and_spread};
use super::folder::{Folder, Model};
use super::law::Given;
use super::pictures::{degraded, hidden};
use crate::progress::{Progress, Talk};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::write_whole;
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use foehn_restoration::{
    Collection, Degradation, Depth, Picture, Resampling, Sheet, area_mean, enlarged, mask_of,
};
use ndarray::{Array3, Array4, Axis};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Samples on a contact sheet.
const SHOWN: usize = 6;

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

/// A picture with what is known of it.
struct Case {
    name: String,
    number: usize,
    depth: Depth,
    /// The input, where it is the truth.
    truth: Option<Picture>,
    /// What the sheet shows first.
    shown: Picture,
    /// Values that are written back as they are.
    original: Option<Picture>,
    /// The coarse picture, where resolution was lost.
    coarse: Option<(Array3<f32>, usize)>,
    given: Given,
}

/// Restores pictures with a trained model and writes, for each, samples, mean, spread (white: a standard deviation of half
/// the range) and a contact sheet, as PNG.
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
        case(job, &model, &collection, i)?;
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
    for i in 0..count {
        let case = case(job, &model, &collection, i)?;
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
        write(&case, &samples, &folder)?;
    }
    progress.finish();
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

fn case(job: &RestoreJob, model: &Model, collection: &Collection, i: usize) -> Result<Case> {
    let name = collection.name(i);
    let picture = collection.picture(i)?;
    let (found, needed) = (picture.channels(), model.law.channels());
    let picture = picture.in_channels(needed).with_context(|| {
        format!(
            "{name} has {found} channels and the model {needed}: make the picture grey, or take a model of colour pictures"
        )
    })?;
    let case = Case {
        name,
        number: i,
        depth: picture.depth(),
        truth: None,
        shown: picture.clone(),
        original: None,
        coarse: None,
        given: Given {
            condition: picture.unit(),
            known: None,
        },
    };
    match (model.law.task(), &job.damage) {
        (Task::Inpainting { .. }, Damage::Done) => bail!(
            "the model fills what is hidden: give --mask FILE (white where to restore), or --degrade to hide what its own \
             law hides"
        ),
        (Task::Inpainting { .. }, Damage::Mask(path)) => {
            let known = mask_of(&Picture::read(path)?, picture.size())
                .with_context(|| format!("{} for {}", path.display(), case.name))?;
            let given = hidden(&picture.unit(), known);
            shown_hidden(Case { given, ..case }, picture)
        }
        (Task::Inpainting { .. }, Damage::ByLaw) => {
            let given = degraded(model.law.task(), &picture.unit(), &key(model, i))?;
            let truth = Some(picture.clone());
            shown_hidden(
                Case {
                    given,
                    truth,
                    ..case
                },
                picture,
            )
        }
        (Task::Degraded { .. }, Damage::Mask(path)) => bail!(
            "--mask {}: the model sharpens whole pictures; take a model of in-painting, or leave it out",
            path.display()
        ),
        (Task::Degraded { degradation, .. }, Damage::Done) => match degradation {
            Degradation::Reduce { factor, up } => Ok(enlarge(case, &picture, factor, up)),
            Degradation::Blur { .. } | Degradation::Noise { .. } => Ok(case),
        },
        (task @ Task::Degraded { degradation, .. }, Damage::ByLaw) => {
            let truth = Some(picture.clone());
            let given = degraded(task, &picture.unit(), &key(model, i))?;
            let shown = Picture::from_unit(&given.condition, picture.depth())?;
            let coarse = match degradation {
                Degradation::Reduce { factor, .. } => {
                    area_mean(picture.unit().view(), factor).map(|coarse| (coarse, factor))
                }
                Degradation::Blur { .. } | Degradation::Noise { .. } => None,
            };
            Ok(Case {
                given,
                truth,
                shown,
                coarse,
                ..case
            })
        }
    }
}

fn key(model: &Model, i: usize) -> Key {
    Key::new(model.config.seed, Purpose::Degrade).init(i as i64)
}

fn enlarge(case: Case, picture: &Picture, factor: usize, up: Resampling) -> Case {
    let coarse = picture.unit();
    let condition = enlarged(coarse.view(), factor, up);
    let shown = Picture::from_unit(
        &enlarged(coarse.view(), factor, Resampling::Nearest),
        picture.depth(),
    );
    Case {
        given: Given {
            condition,
            known: None,
        },
        shown: shown.unwrap_or(case.shown),
        coarse: Some((coarse, factor)),
        ..case
    }
}

/// The sheet shows grey where the picture is hidden.
fn shown_hidden(case: Case, picture: Picture) -> Result<Case> {
    Ok(Case {
        shown: Picture::from_unit(&case.given.condition, picture.depth())?,
        original: Some(picture),
        ..case
    })
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

fn write(case: &Case, samples: &Array4<f32>, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (mean, spread) = mean_and_spread(samples);
    let mut row = vec![case.shown.clone()];
    for (m, sample) in samples.outer_iter().enumerate() {
        let picture = restored(case, &sample.to_owned())?;
        save(&picture, &folder.join(format!("sample-{}.png", m + 1)))?;
        if m < SHOWN {
            row.push(picture);
        }
    }
    let mean = restored(case, &mean)?;
    let spread = Picture::from_unit(&spread.mapv(|s| 2.0 * s - 1.0), Depth::Eight)?;
    save(&mean, &folder.join("mean.png"))?;
    save(&spread, &folder.join("spread.png"))?;
    row.extend([mean, spread]);
    row.extend(case.truth.clone());
    let mut sheet = Sheet::default();
    sheet.push(row);
    save(&sheet.picture()?, &folder.join("sheet.png"))
}

/// The picture of a sample, known values as they were.
fn restored(case: &Case, sample: &Array3<f32>) -> Result<Picture> {
    let picture = Picture::from_unit(sample, case.depth)?;
    let (Some(original), Some(known)) = (&case.original, &case.given.known) else {
        return Ok(picture);
    };
    let mut values = picture.values().clone();
    for ((c, i, j), value) in values.indexed_iter_mut() {
        if known[[i, j]] {
            *value = original.values()[[c, i, j]];
        }
    }
    Ok(Picture::new(values, case.depth)?)
}

fn save(picture: &Picture, path: &Path) -> Result<()> {
    write_whole(path, &picture.png()?).with_context(|| format!("cannot write {}", path.display()))
}
