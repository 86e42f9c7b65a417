//! How far sets of restored pictures lie from the true ones.

use super::baselines;
use super::config::RestoreConfig;
use super::contest::{calls, samplers};
use super::drawing::{Drawing, at_once};
use super::features::{Features, as_written};
use super::law::Given;
use super::pictures::Pictures;
use super::puzzle::Puzzle;
use super::sampling::RestoreSampling;
use super::score::RestoreScoring;
use crate::progress::{Progress, Talk};
use anyhow::Result;
use foehn_dynamics::Solver;
use foehn_restoration::{Edges, Moments, frechet_distance, paired_kernel_distance};
use ndarray::{Array2, Array3, Axis};
use serde::Serialize;

/// Pictures whose samples are drawn before the next are read, the most.
const PIECE: usize = 500;

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

/// The rows of the plain ways, then those of the samplers.
///
/// # Errors
/// If a picture cannot be read or restored, or after an interruption.
pub fn distances(
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
pub struct Sets<'a> {
    pictures: &'a Pictures<'a>,
    features: &'a Features,
    count: usize,
    drawing: Drawing<'a>,
    truth: Array2<f32>,
}

impl<'a> Sets<'a> {
    /// Makes the features of the true pictures.
    ///
    /// # Errors
    /// If one cannot be read, or after an interruption.
    pub fn new(
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
        let piece = at_once(self.pictures.middle(0)?.len()).min(PIECE);
        for begin in (0..self.count).step_by(piece) {
            let made = make(begin..(begin + piece).min(self.count))?;
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
