//! `foehn generate` of pictures: a configuration in; a model, pictures like those it learnt from, and their scores, out.

use super::config::{RestoreConfig, Task};
use super::drawing::Drawing;
use super::features::Features;
use super::folder::{Folder, Model};
use super::generation_samples::{Samples as Output, each_picture};
use super::generation_scores::{GenerationScores, scores};
use super::generation_writing::Writing;
use super::pictures::Pictures;
use super::sampling::RestoreSampling;
use super::training::learn;
use crate::continuation::difference;
use crate::generate::Comparison;
use crate::progress::{Progress, Talk};
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// Pictures that are drawn where nobody says how many.
const SAMPLES: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct PictureJob {
    /// How many pictures.
    pub samples: Option<usize>,
    /// Name or number of their class; all in turn without.
    pub class: Option<String>,
    /// Seed of their noise, and of the training where there is one.
    pub seed: Option<u64>,
    /// Where they go: a folder or a file.npy; a folder within that of the model without.
    pub output: Option<PathBuf>,
    /// Weights of Inception v3, safetensors: distances are of its features, not of a classifier's.
    pub features: Option<PathBuf>,
    /// Whether the table of scores is made again, where it is there.
    pub table: Comparison,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct PictureSummary {
    /// The model.
    pub model: PathBuf,
    /// Loss on the pictures set aside, where it was trained now.
    pub validation_loss: Option<f64>,
    /// Pictures that were drawn now.
    pub samples: usize,
    /// Where pictures are.
    pub output: PathBuf,
    /// The table, where it was made now.
    pub scores: Option<GenerationScores>,
}

/// Trains the model of `config`, unless it is there; draws pictures; and scores it, where labels allow for that and unless
/// it was done.
///
/// # Errors
/// If the configuration is not one of generation, pictures cannot be read, another model is in the way, or pictures would
/// be written over.
pub fn generate_pictures(
    config: &RestoreConfig,
    job: &PictureJob,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<PictureSummary> {
    let mut config = config.clone();
    config.seed = job.seed.unwrap_or(config.seed);
    let folder = Folder(config.folder());
    let output = Output::at(job.output.as_deref(), &folder);
    let wanted = asked(&config, job, mode, &output)?;
    let imported = job
        .features
        .as_deref()
        .map(|path| Features::imported(path, device));
    let imported = imported.transpose()?;
    let validation_loss = train(&config, &folder, mode, device, workers, talk)?;
    let model = folder.load(device)?;
    let drawing = Drawing {
        model: &model,
        how: &config.sampling,
        seed: config.seed,
        tiles: None,
        device,
        workers,
    };
    // before anything is drawn: labels and pictures may not go together
    let features = features(&drawing, &config, job, (&folder, imported), talk)?;
    if wanted > 0 {
        if job.output.is_none() {
            // what an interrupted run left
            output.remove()?;
        }
        write(&drawing, job, &output, &drawn(&config, job)?, talk)?;
    }
    let scores = features.map(|features| {
        // another seed is one of other pictures, and not of another table
        let drawing = Drawing {
            seed: model.config.seed,
            ..drawing
        };
        scores(&config, &folder, features, &drawing, job.table, talk)
    });
    Ok(PictureSummary {
        model: folder.0,
        validation_loss,
        samples: wanted,
        output: output.path().to_owned(),
        scores: scores.transpose()?.flatten(),
    })
}

/// What makes the features of the table, where there are test pictures and something to make features by.
fn features(
    drawing: &Drawing,
    config: &RestoreConfig,
    job: &PictureJob,
    (folder, imported): (&Folder, Option<Features>),
    talk: Talk,
) -> Result<Option<Features>> {
    let asked = job.table == Comparison::Sweep || job.features.is_some();
    // pictures that go elsewhere leave the table of the model as it is
    let kept = !asked && job.output.is_some() && folder.scores().exists();
    if kept || !comparable(config, job) {
        return Ok(None);
    }
    let own = config.data.labels.as_ref().map(|_| {
        let file = folder.classifier();
        let (device, workers) = (drawing.device, drawing.workers);
        let channels = drawing.model.law.channels();
        Features::open(
            config,
            (&file, Mode::Create),
            channels,
            device,
            workers,
            talk,
        )
    });
    Ok(match (imported, own.transpose()?) {
        (Some(imported), Some(own)) => Some(imported.beside(own)),
        (one, other) => one.or(other),
    })
}

/// Whether there are test pictures, and something to make features by.
fn comparable(config: &RestoreConfig, job: &PictureJob) -> bool {
    config.data.test.is_some() && (config.data.labels.is_some() || job.features.is_some())
}

/// How many pictures are wanted; what cannot be is refused before a training.
fn asked(config: &RestoreConfig, job: &PictureJob, mode: Mode, output: &Output) -> Result<usize> {
    if config.task != Task::Generation {
        bail!(
            "the configuration is of a model that restores: use foehn restore, or set task = \"generation\""
        );
    }
    if job.samples == Some(0) {
        bail!("--samples 0: ask for at least one");
    }
    let asked = job.table == Comparison::Sweep || job.features.is_some();
    if asked && !comparable(config, job) {
        bail!(
            "--sweep: its rows are distances of features: give data.test, and data.labels.train and data.labels.test or \
             --features"
        );
    }
    if let Some(called) = &job.class {
        let Some(classes) = &config.classes else {
            bail!(
                "--class {called}: the model is not told classes; leave it out, or set the section [classes]"
            );
        };
        let pictures = Pictures::open(config, &config.data.train)?;
        let labels = config.data.labels.as_ref().map(|labels| &*labels.train);
        let count = pictures.told(labels, None)?.classes();
        classes.find(called, count.unwrap_or(0))?;
    }
    // what belongs to an older model goes with it
    let own = job.output.is_none();
    if own && mode == Mode::Overwrite {
        return Ok(job.samples.unwrap_or(SAMPLES));
    }
    if own && let Some(before) = output.drawn() {
        if let Some(difference) = difference(&before.parse()?, &drawn(config, job)?.parse()?, "") {
            bail!(
                "{} holds pictures that were drawn otherwise ({difference}): give another --out, a folder or a file.npy",
                output.path().display()
            );
        }
        return Ok(0);
    }
    if !own {
        output.refuse()?;
    }
    Ok(job.samples.unwrap_or(SAMPLES))
}

/// All that decides what is drawn from a model, as it lies beside the pictures.
fn drawn(config: &RestoreConfig, job: &PictureJob) -> Result<String> {
    #[derive(Serialize)]
    struct Drawn<'a> {
        seed: u64,
        samples: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<&'a str>,
        sampling: RestoreSampling,
    }
    Ok(toml::to_string(&Drawn {
        seed: config.seed,
        samples: job.samples.unwrap_or(SAMPLES),
        class: job.class.as_deref(),
        sampling: config.sampling,
    })?)
}

/// Trains the model unless it is there, of this configuration but for the seed.
fn train(
    config: &RestoreConfig,
    folder: &Folder,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<Option<f64>> {
    if mode == Mode::Overwrite || !folder.weights().exists() {
        return Ok(learn(config, mode, device, workers, talk)?.validation_loss);
    }
    let before = RestoreConfig::load(&folder.config(), &[])?;
    let same = RestoreConfig {
        seed: before.seed,
        ..config.clone()
    };
    folder.refuse(&same, Mode::Resume)?;
    Ok(None)
}

fn write(
    drawing: &Drawing,
    job: &PictureJob,
    output: &Output,
    how: &str,
    talk: Talk,
) -> Result<()> {
    let wanted = job.samples.unwrap_or(SAMPLES);
    let Model { config, law, .. } = drawing.model;
    let asked = drawing.model.class(job.class.as_deref())?;
    let class = |i: usize| law.classes().map(|count| asked.unwrap_or(i % count));
    let classes: Vec<_> = (0..wanted).map(class).collect();
    let progress = Progress::new(talk, "drawing", "pictures", wanted as u64, 0);
    let guided = drawing.how.guidance() > 0.0;
    let told = classes.iter().map(|class| class.filter(|_| guided));
    let told: Vec<Option<usize>> = told.collect();
    let [h, w] = drawing.model.size()?;
    let mut writing = Writing::begin(output, &told, [law.channels(), h, w])?;
    each_picture(drawing, &classes, Some(&progress), |picture| {
        writing.push(&picture)
    })?;
    progress.finish();
    let name = |i: usize| config.classes.as_ref().map_or(String::new(), |c| c.name(i));
    writing.finish(name, how)
}

impl PictureSummary {
    /// As text.
    pub fn text(&self) -> String {
        let (output, model) = (self.output.display(), self.model.display());
        let mut text = match self.samples {
            0 => format!("pictures were in {output} already; --out writes others"),
            n => format!("{n} pictures in {output}"),
        };
        // writing to a string cannot fail
        let _ = write!(text, "; model in {model}");
        if let Some(loss) = self.validation_loss {
            let _ = write!(text, ", validation loss {loss:.4}");
        }
        if let Some(scores) = &self.scores {
            text = format!("{}\n{text}", scores.text());
        }
        text
    }
}
