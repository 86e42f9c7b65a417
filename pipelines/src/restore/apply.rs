//! `foehn restore apply`: pictures in, samples of what they may have been out.

use super::case::Case;
use super::config::Task;
use super::drawing::Drawing;
use super::fields::{self, FieldOptions};
use super::folder::{Folder, Model};
use super::inputs::{looked_at, refuse_bad, refuse_field_options, refuse_one_name};
use super::memory::{Fit, Load, USUAL, fewer, room};
use super::record::Record;
use super::written::{Written, residual, save, write};
use crate::progress::{Progress, Talk};
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::ByteSize;
use foehn_restoration::{Collection, Degradation, Sheet};
use ndarray::Array4;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The sheet of several pictures, beside their folders.
pub const TOGETHER: &str = "sheet.png";
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
    /// Name or number of the class of the input, where the model is told classes.
    pub class: Option<String>,
    /// How strongly the class guides, if not as in the model's configuration.
    pub guidance: Option<f64>,
    /// Seed of the noise, and of what `--degrade` takes, if not that of the model.
    pub seed: Option<u64>,
    /// Side of tiles and how far they overlap, where pictures are too large for the memory.
    pub tiles: Option<[usize; 2]>,
    /// Memory that tiles are chosen for, where they are not given; 4 GiB without.
    pub memory: Option<ByteSize>,
    /// Whether samples are made to reduce to the input exactly.
    pub projection: Projection,
    /// What only fields have.
    pub fields: FieldOptions,
    /// Folder of the results.
    pub output: PathBuf,
}

/// What is lost of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The input is damaged: a coarse, blurred or noisy picture.
    Done,
    /// What is white in an image of the same size, or in the image of the same name in a folder.
    Mask(PathBuf),
    /// What the model's own law takes from it: the input is the truth.
    ByLaw,
}

/// What becomes of the difference between a reduced sample and the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// It is reported.
    None,
    /// It is spread over the pixels of its block, between black and white and in whole integers.
    Exact,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreSummary {
    /// Pictures, or fields.
    pub pictures: usize,
    /// Whether they are fields.
    pub fields: bool,
    /// Samples of each.
    pub samples: usize,
    /// Sides of the tiles in which large ones were seen.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tiles: BTreeSet<usize>,
    /// Where they are.
    pub output: PathBuf,
    /// Largest difference between a written sample's mean over a block and the input, in units of the range [-1, 1]; where
    /// resolution was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_residual: Option<f64>,
}

/// Restores pictures with a trained model and writes, for each, samples, mean, spread (white: a standard deviation of half
/// the range) and a contact sheet (what is known, samples, mean, spread, and the truth where it is there), as PNG. The first
/// pictures of several are on one sheet together, if they have one size.
///
/// # Errors
/// If a picture, the mask or the model does not fit, or the folder of results is not empty. Of several pictures the good ones
/// are restored before a bad one is refused.
pub fn restore_apply(
    job: &RestoreJob,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreSummary> {
    let asked = [
        ("--samples", Some(job.samples)),
        ("--pictures", job.pictures),
        ("--steps", job.steps),
    ];
    if let Some((option, _)) = asked.iter().find(|(_, asked)| *asked == Some(0)) {
        bail!("{option} 0: ask for at least one");
    }
    let folder = Folder(job.model.clone());
    let model = folder.load(device)?;
    if job.projection == Projection::Exact && !reduces(model.law.task()) {
        bail!(
            "--project: the model in {} was not trained to restore resolution, so that there is nothing that samples could \
             reduce to: leave it out",
            job.model.display()
        );
    }
    let class = class(job, &model)?;
    if model.config.fields.is_some() {
        return fields::apply(job, &model, device, workers, talk);
    }
    refuse_field_options(&job.fields)?;
    let mut how = model.config.guided(job.guidance)?.sampling;
    how.steps = job.steps.unwrap_or(how.steps);
    let collection = Collection::open(&job.input)?;
    let count = job
        .pictures
        .map_or(collection.count(), |n| n.min(collection.count()));
    refuse_full(&job.output)?;
    if count > 1 {
        refuse_one_name(&collection, count)?;
    }
    let seed = job.seed.unwrap_or(model.config.seed);
    let (good, bad) = looked_at(&model, (&job.damage, seed), &collection, count)?;
    let drawing = Drawing {
        model: &model,
        how: &how,
        seed,
        tiles: job.tiles,
        device,
        workers,
    };
    let progress = Progress::new(
        talk,
        "restoring",
        "samples",
        (good.len() * job.samples) as u64,
        0,
    );
    let mut largest: Option<f64> = None;
    let mut together = Vec::new();
    let mut sides = BTreeSet::new();
    let weights = folder.mark()?;
    for i in good {
        let mut case = Case::new(&model, (&job.damage, seed), &collection, i)?;
        case.given.class = class;
        let (drawn, tiles) = drawn(job, &drawing, &case, &progress)?;
        sides.extend(tiles.map(|[side, _]| side));
        let written = Written::of(&case, drawn, job.projection)?;
        if let Some((coarse, factor)) = &case.coarse {
            for sample in &written.samples {
                let residual = residual(sample, coarse, *factor);
                largest = Some(largest.map_or(residual, |largest| largest.max(residual)));
            }
        }
        let place = if count == 1 {
            job.output.clone()
        } else {
            job.output.join(&case.name)
        };
        let row = write(&case, written, &place)?;
        let record = Record {
            weights: &weights,
            sampling: &how,
            seed,
            samples: job.samples,
            class,
            tiles,
        };
        record.write(&place)?;
        if together.len() < ROWS {
            together.push(row);
        }
    }
    progress.finish();
    if let Some(sheet) = Sheet::of_one_size(together).filter(|_| count > 1) {
        save(&sheet.picture()?, &job.output.join(TOGETHER))?;
    }
    refuse_bad(&bad, count, &job.output)?;
    Ok(RestoreSummary {
        pictures: count,
        fields: false,
        samples: job.samples,
        tiles: sides,
        output: job.output.clone(),
        largest_residual: largest,
    })
}

/// The samples of a picture, and the tiles that they were drawn in where it is large.
///
/// # Shapes
/// (samples, C, H, W).
fn drawn(
    job: &RestoreJob,
    drawing: &Drawing,
    case: &Case,
    progress: &Progress,
) -> Result<(Array4<f32>, Option<[usize; 2]>)> {
    let size: [usize; 3] = case.given.condition.dim().into();
    let load = Load {
        size,
        held: job.samples * size.iter().product::<usize>(),
        kept: 0,
        workers: drawing.workers.count(),
        periodic: drawing.model.config.network.periodic(),
    };
    let room = room(job, drawing.model, load)?;
    let fewer = fewer(room, drawing.workers)?;
    let drawing = Drawing {
        tiles: room.tiles,
        workers: fewer.as_ref().unwrap_or(drawing.workers),
        ..*drawing
    };
    if let Some(said) = said(job, room) {
        progress.say(&format!("{}: {said}", case.name));
    }
    let given = std::slice::from_ref(&case.given);
    let mut drawn = drawing.samples(given, &[case.noise], job.samples, Some(progress))?;
    Ok((drawn.swap_remove(0), room.tiles))
}

/// That something is seen in tiles, where nobody asked for those.
pub fn said(job: &RestoreJob, room: Fit) -> Option<String> {
    let [side, overlap] = room.tiles.filter(|_| job.tiles.is_none())?;
    let memory = job.memory.unwrap_or(USUAL);
    Some(format!(
        "seen in tiles of {side} cells that overlap by {overlap}, which fit {memory}"
    ))
}

/// The class of the input, if it is told; without one nothing guides.
fn class(job: &RestoreJob, model: &Model) -> Result<Option<usize>> {
    let class = model.class(job.class.as_deref())?;
    match (job.guidance, class) {
        (Some(w), None) => bail!(
            "--guidance {w}: there is no class that could guide: give --class, or leave it out"
        ),
        _ => Ok(class),
    }
}

/// Whether resolution was lost.
pub fn reduces(task: Task) -> bool {
    let Task::Degraded { degradation, .. } = task else {
        return false;
    };
    matches!(degradation, Degradation::Reduce { .. })
}

/// Refuses a folder of results that holds anything.
///
/// # Errors
/// If it does.
pub fn refuse_full(output: &Path) -> Result<()> {
    let full = fs::read_dir(output).is_ok_and(|mut entries| entries.next().is_some());
    if full || output.is_file() {
        bail!(
            "{} exists and is not empty: give another --out",
            output.display()
        );
    }
    Ok(())
}
