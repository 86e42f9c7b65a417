//! `foehn restore score`: how near restored pictures are to the truth, and to each other as a set.

use super::config::{RestoreConfig, Start, Task};
use super::conventions::RestoreConventions;
use super::distances::{DistanceRow, Sets, distances};
use super::drawing::Drawing;
use super::ensemble::{EnsembleScores, ensemble};
use super::features::{FeatureNote, Features};
use super::folder::Folder;
use super::pictures::Pictures;
use super::same_law::refuse_other_law;
use crate::progress::Talk;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use serde::Serialize;
use std::path::PathBuf;

/// What is scored.
#[derive(Clone, Debug)]
pub struct RestoreScoring {
    /// Test pictures of the distances between sets.
    pub pictures: usize,
    /// Steps of the sampler, each a row.
    pub steps: Vec<usize>,
    /// Factors k of SDEs with `e(t) = k sigma^2 (1 - t)`, each a row at all steps.
    pub noise: Vec<f64>,
    /// Samples of each picture of the scores of samples.
    pub members: usize,
    /// Test pictures of those.
    pub of: usize,
    /// Weights of Inception v3, safetensors: distances are of its features, not of a classifier's.
    pub features: Option<PathBuf>,
    /// The file of scores; `scores.json` in the folder of the model by default.
    pub output: Option<PathBuf>,
    /// Whether a file of scores, and a classifier, may be there already.
    pub mode: Mode,
}

/// The scores of a model, with how they were made.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreScores {
    /// Name of the model.
    pub name: String,
    /// What is lost.
    pub task: Task,
    /// Where the path starts.
    pub coupling: Start,
    /// Whose features distances are made of; without labels there are neither.
    pub features: Option<FeatureNote>,
    /// Test pictures of the distances, which are those to the same pictures unharmed.
    pub pictures: usize,
    /// Distances, one sample a picture.
    pub distances: Vec<DistanceRow>,
    /// Scores of several samples a picture.
    pub ensemble: Option<EnsembleScores>,
    /// The file of scores.
    pub path: PathBuf,
    /// What made each number.
    pub conventions: RestoreConventions,
}

/// Scores the model of `config` on its test pictures and writes `scores.json` beside it.
///
/// # Errors
/// If there is no model or test picture, or too few are asked for.
pub fn restore_score(
    config: &RestoreConfig,
    scoring: &RestoreScoring,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreScores> {
    if config.task == Task::Generation {
        bail!("task = \"generation\": foehn generate scores what it makes");
    }
    let folder = Folder(config.folder());
    let model = folder.load(device)?;
    refuse_other_law(&folder, config)?;
    let test = config
        .data
        .test
        .as_ref()
        .context("give data.test: pictures that nothing was learnt from")?;
    let pictures = Pictures::seen_in(config, test, model.law.channels())?;
    let labels = config.data.labels.as_ref().map(|labels| &*labels.test);
    let pictures = pictures.told(labels, model.law.classes())?;
    for (key, count, least) in [("--pictures", scoring.pictures, 2), ("--of", scoring.of, 0)] {
        if count < least || count > pictures.count() {
            bail!(
                "{key} {count}: {} has {} pictures; give {least} to as many",
                test.display(),
                pictures.count()
            );
        }
    }
    if scoring.of > 0 && scoring.members < 2 {
        bail!(
            "--members {}: spread and CRPS need at least 2; give more, or --of 0 for none",
            scoring.members
        );
    }
    if !scoring.noise.is_empty() && config.data.labels.is_none() && scoring.features.is_none() {
        bail!(
            "--noise: its rows are distances of features: give data.labels.train and data.labels.test, or --features"
        );
    }
    let path = scoring.output.clone().unwrap_or_else(|| folder.scores());
    if path.exists() && scoring.mode != Mode::Overwrite {
        bail!(
            "{} exists: give --overwrite to write it again, or another --out",
            path.display()
        );
    }
    pictures.check(workers)?;
    refuse_blind(&pictures, scoring)?;
    let drawing = Drawing {
        model: &model,
        how: &config.sampling,
        seed: config.seed,
        tiles: None,
        device,
        workers,
    };
    let file = folder.classifier();
    let features = match (&scoring.features, &config.data.labels) {
        (Some(path), _) => Some(Features::imported(path, device)?),
        (None, Some(_)) => {
            let (file, channels) = ((file.as_path(), scoring.mode), model.law.channels());
            Some(Features::open(
                config, file, channels, device, workers, talk,
            )?)
        }
        (None, None) => None,
    };
    if let Some(features) = &features {
        features.warn(scoring.pictures, talk);
    }
    let distances = match &features {
        Some(features) => distances(
            config,
            scoring,
            &Sets::new(&pictures, features, scoring.pictures, drawing)?,
            talk,
        )?,
        None => Vec::new(),
    };
    let ensemble = (scoring.of > 0).then(|| {
        ensemble(
            config,
            &pictures,
            &drawing,
            [scoring.of, scoring.members],
            talk,
        )
    });
    let scores = RestoreScores {
        name: config.name.clone(),
        task: config.task,
        coupling: config.coupling,
        features: features.map(|features| features.note),
        pictures: scoring.pictures,
        distances,
        ensemble: ensemble.transpose()?,
        path,
        conventions: RestoreConventions::of(config, test.clone(), &config.sampling),
    };
    write_text(&scores.path, &serde_json::to_string_pretty(&scores)?)?;
    Ok(scores)
}

/// Refuses masks that nothing can be scored with, before hours are spent on the others.
fn refuse_blind(pictures: &Pictures, scoring: &RestoreScoring) -> Result<()> {
    let mut hidden = 0;
    for i in 0..scoring.pictures.max(scoring.of) {
        let Some(known) = pictures.puzzle(i)?.given.known else {
            return Ok(());
        };
        if !known.iter().any(|known| *known) {
            bail!(
                "the mask of test picture {i} hides every pixel, so that plain ways have nothing to go by: hide less with \
                 task.inpainting.mask, or score fewer pictures than {} with --pictures and --of",
                i + 1
            );
        }
        if i < scoring.of {
            hidden += known.iter().filter(|known| !**known).count();
        }
    }
    if scoring.of > 0 && hidden == 0 {
        bail!(
            "the masks of the first {} test pictures hide nothing: score more with --of, or give --of 0",
            scoring.of
        );
    }
    Ok(())
}
