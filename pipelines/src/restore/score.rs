//! `foehn restore score`: how near restored pictures are to the truth, and to each other as a set.

use super::baselines;
use super::config::{RestoreConfig, Start, Task};
use super::contest::{calls, samplers};
use super::conventions::RestoreConventions;
use super::drawing::Drawing;
use super::ensemble::{EnsembleScores, ensemble};
use super::features::{FeatureNote, Features, as_written};
use super::folder::Folder;
use super::law::Given;
use super::pictures::{Pictures, Puzzle};
use super::same_law::refuse_other_law;
use super::sampling::RestoreSampling;
use crate::progress::{Progress, Talk};
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_dynamics::Solver;
use foehn_restoration::{Edges, Moments, frechet_distance, paired_kernel_distance};
use ndarray::{Array2, Array3, Axis};
use serde::Serialize;
use std::path::PathBuf;

/// Pictures whose samples are drawn before the next are read.
const PIECE: usize = 500;

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

/// How far a set of restored pictures lies from the true ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DistanceRow {
    /// How they were restored.
    pub method: String,
    /// Steps of the sampler.
    pub steps: Option<usize>,
    /// Its one-step method.
    pub solver: Option<Solver>,
    /// Passes through the network that a sample takes.
    pub calls: Option<usize>,
    /// The Fréchet distance.
    pub frechet: f64,
    /// The kernel distance, pairs of a picture and its truth left out; unbiased, so that it may be negative.
    pub kernel: f64,
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

/// The rows of the plain ways, then those of the samplers.
fn distances(
    config: &RestoreConfig,
    scoring: &RestoreScoring,
    sets: &Sets,
    talk: Talk,
) -> Result<Vec<DistanceRow>> {
    let mut rows = Vec::new();
    for name in baselines::names(config.task) {
        let plain = |puzzle: &Puzzle| baselines::plain(config.task, name, puzzle, Edges::CLOSED);
        rows.push(sets.row(name, None, &sets.by(plain)?)?);
    }
    let samplers = samplers(
        config,
        &scoring.steps,
        &scoring.noise,
        sets.drawing.model.law.sigma(),
    );
    let all = (samplers.len() * scoring.pictures) as u64;
    let progress = Progress::new(talk, "restoring", "pictures", all, 0);
    for (name, how) in &samplers {
        let restored = sets.sampled(how, &progress)?;
        rows.push(sets.row(name, Some(how), &restored)?);
    }
    progress.finish();
    Ok(rows)
}

/// The true pictures' features, and what makes others to compare them with.
struct Sets<'a> {
    pictures: &'a Pictures<'a>,
    features: &'a Features,
    count: usize,
    drawing: Drawing<'a>,
    truth: Array2<f32>,
}

impl<'a> Sets<'a> {
    fn new(
        pictures: &'a Pictures<'a>,
        features: &'a Features,
        count: usize,
        drawing: Drawing<'a>,
    ) -> Result<Self> {
        let mut sets = Self {
            pictures,
            features,
            count,
            drawing,
            truth: Array2::zeros((0, 0)),
        };
        sets.truth = sets.by(|puzzle| Ok(puzzle.truth.clone()))?;
        Ok(sets)
    }

    /// The features of pictures made of each puzzle.
    fn by(&self, make: impl Fn(&Puzzle) -> Result<Array3<f32>> + Sync) -> Result<Array2<f32>> {
        self.piecewise(|numbers| {
            let make = |i| as_written(&make(&self.pictures.puzzle(i)?)?);
            self.drawing
                .workers
                .map(numbers.len(), |k| make(numbers.start + k))
        })
    }

    /// The features of one sample of each puzzle.
    fn sampled(&self, how: &RestoreSampling, progress: &Progress) -> Result<Array2<f32>> {
        let drawing = Drawing {
            how,
            ..self.drawing
        };
        self.piecewise(|numbers| {
            let given: Vec<Given> = numbers
                .clone()
                .map(|i| Ok(self.pictures.puzzle(i)?.given))
                .collect::<Result<_>>()?;
            let names: Vec<i64> = numbers.clone().map(|i| i as i64).collect();
            let samples = drawing.samples(&given, &names, 1, Some(progress))?;
            samples
                .iter()
                .map(|one| as_written(&one.index_axis(Axis(0), 0).to_owned()))
                .collect()
        })
    }

    fn piecewise(
        &self,
        make: impl Fn(std::ops::Range<usize>) -> Result<Vec<Array3<f32>>>,
    ) -> Result<Array2<f32>> {
        let mut tables = Vec::new();
        for begin in (0..self.count).step_by(PIECE) {
            let made = make(begin..(begin + PIECE).min(self.count))?;
            tables.push(
                self.features
                    .of(&made, self.drawing.device, self.drawing.workers)?,
            );
        }
        let views: Vec<_> = tables.iter().map(|table| table.view()).collect();
        Ok(ndarray::concatenate(Axis(0), &views)?)
    }

    fn row(
        &self,
        method: &str,
        how: Option<&RestoreSampling>,
        restored: &Array2<f32>,
    ) -> Result<DistanceRow> {
        let (truth, restored) = (self.truth.view(), restored.view());
        Ok(DistanceRow {
            method: method.to_owned(),
            steps: how.map(|how| how.steps),
            solver: how.map(RestoreSampling::solver),
            calls: how.map(calls),
            frechet: frechet_distance(&Moments::of(restored), &Moments::of(truth))?,
            kernel: paired_kernel_distance(restored, truth)?,
        })
    }
}
