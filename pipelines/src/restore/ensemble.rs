//! Scores of several samples of each picture.

use super::baselines;
use super::config::{RestoreConfig, Task};
use super::contest::calls;
use super::drawing::{Drawing, mean_and_spread};
use super::features::as_written;
use super::law::Given;
use super::pictures::Pictures;
use super::puzzle::Puzzle;
use crate::progress::{Progress, Talk};
use anyhow::{Context, Result};
use foehn_restoration::{Degradation, Edges, area_mean, ssim};
use foehn_verification::{Case, Choices, Scores, Weighting};
use ndarray::{Array2, Array3, Array4, ArrayView3, Axis, s};
use serde::Serialize;

/// Pictures whose samples are held at once.
const PIECE: usize = 100;
/// Samples of the mean whose PSNR is taken.
const AVERAGED: usize = 8;
/// From -1 to 1.
const RANGE: f64 = 2.0;

/// Scores of samples on what was hidden; values in units of the range [-1, 1].
#[derive(Clone, Debug, Serialize)]
pub struct EnsembleScores {
    /// Test pictures.
    pub pictures: usize,
    /// Samples of each.
    pub members: usize,
    /// Steps of the sampler.
    pub steps: usize,
    /// Passes through the network that a sample takes.
    pub calls: usize,
    /// One row for the mean of samples, one for each plain way.
    pub means: Vec<MeanRow>,
    /// Fair CRPS.
    pub crps: f64,
    /// Spread over error of the mean, `sqrt((M + 1)/M) spread / RMSE`.
    pub spread_skill: Option<f64>,
    /// Share of the truth in the central 90 %, ranks of equal values at random, of all hidden pixels.
    pub coverage_90: Option<f64>,
    /// The same of those whose samples and truth are not all one value of 8 bits.
    pub coverage_90_varying: Option<f64>,
    /// The share of those.
    pub varying: f64,
    /// Whether every known value of every sample is the one of its picture, bit for bit.
    pub known_unchanged: bool,
    /// Where resolution was lost: the largest difference between a sample's mean over a block, as written in 8 bits, and
    /// the coarse picture.
    pub largest_residual: Option<f64>,
}

/// A single picture for each puzzle, against the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeanRow {
    /// How it was made.
    pub method: String,
    /// Decibel, of the error averaged over all hidden pixels of all pictures.
    pub psnr: f64,
    /// Structural similarity of whole pictures, averaged; none of pictures under 11 pixels.
    pub ssim: Option<f64>,
    /// Mean absolute error of hidden pixels: the CRPS of a forecast without spread.
    pub mae: f64,
}

/// Draws samples of the first test pictures and scores them.
///
/// # Errors
/// As drawing.
pub fn ensemble(
    config: &RestoreConfig,
    pictures: &Pictures,
    drawing: &Drawing,
    [count, members]: [usize; 2],
    talk: Talk,
) -> Result<EnsembleScores> {
    let (channels, h, w) = pictures.puzzle(0)?.truth.dim();
    let choices = Choices {
        weighting: Weighting::Uniform,
        ..Choices::new(members)
    };
    let mut all = Scores::new((channels * h, w), choices)?;
    let mut varying = Scores::new((channels * h, w), choices)?;
    let ways = baselines::names(config.task);
    let mut errors = vec![Errors::default(); 1 + ways.len()];
    let (mut known_unchanged, mut hidden, mut moving) = (true, 0, 0);
    let mut largest_residual = None;
    let progress = Progress::new(talk, "sampling", "samples", (count * members) as u64, 0);
    for begin in (0..count).step_by(PIECE) {
        let numbers = begin..(begin + PIECE).min(count);
        let puzzles = numbers
            .map(|i| pictures.puzzle(i))
            .collect::<Result<Vec<Puzzle>>>()?;
        let names: Vec<i64> = (begin..begin + puzzles.len()).map(|i| i as i64).collect();
        let given: Vec<Given> = puzzles.iter().map(|puzzle| puzzle.given.clone()).collect();
        let samples = drawing.samples(&given, &names, members, Some(&progress))?;
        for (k, (puzzle, samples)) in puzzles.iter().zip(&samples).enumerate() {
            known_unchanged &= keeps_known(puzzle, samples);
            let averaged = samples.slice(s![..members.min(AVERAGED), .., .., ..]);
            let mean = mean_and_spread(&averaged.to_owned()).0;
            errors[0].add(puzzle, &mean);
            for (way, errors) in ways.iter().zip(&mut errors[1..]) {
                errors.add(
                    puzzle,
                    &baselines::plain(config.task, way, puzzle, Edges::CLOSED)?,
                );
            }
            let (rounded, truth) = (written(samples)?, as_written(&puzzle.truth)?);
            largest_residual = furthest(config.task, puzzle, &rounded)?
                .map(|d| largest_residual.map_or(d, |largest: f64| largest.max(d)));
            let known = known(puzzle);
            let still = Array3::from_shape_fn(truth.dim(), |at| {
                let values = rounded.slice(s![.., at.0, at.1, at.2]);
                known[at] || values.iter().all(|v| *v == truth[at])
            });
            hidden += known.iter().filter(|known| !**known).count();
            moving += still.iter().filter(|still| !**still).count();
            add(&mut all, (begin + k) as i64, &rounded, &truth, &known)?;
            add(&mut varying, (begin + k) as i64, &rounded, &truth, &still)?;
        }
    }
    progress.finish();
    let table = all.finish()?;
    let moved = (moving > 0).then(|| varying.finish()).transpose()?;
    let moved = moved.and_then(|moved| moved.coverage_90);
    let mut means = vec![errors[0].row(format!("mean of {} samples", members.min(AVERAGED)))];
    means.extend(
        ways.iter()
            .zip(&errors[1..])
            .map(|(way, errors)| errors.row((*way).to_owned())),
    );
    Ok(EnsembleScores {
        pictures: count,
        members,
        steps: config.sampling.steps,
        calls: calls(&config.sampling),
        means,
        crps: table.crps,
        spread_skill: table.spread_skill,
        coverage_90: table.coverage_90,
        coverage_90_varying: moved,
        varying: moving as f64 / hidden.max(1) as f64,
        known_unchanged,
        largest_residual,
    })
}

/// Sums of errors over hidden pixels.
#[derive(Clone, Debug, Default)]
struct Errors {
    square: f64,
    absolute: f64,
    pixels: usize,
    similarity: f64,
    pictures: usize,
}

impl Errors {
    fn add(&mut self, puzzle: &Puzzle, restored: &Array3<f32>) {
        let known = known(puzzle);
        for ((at, truth), value) in puzzle.truth.indexed_iter().zip(restored) {
            if !known[at] {
                // a file cuts what lies beyond black and white
                let error = f64::from(value.clamp(-1.0, 1.0)) - f64::from(*truth);
                self.square += error * error;
                self.absolute += error.abs();
                self.pixels += 1;
            }
        }
        for (truth, plane) in puzzle.truth.outer_iter().zip(restored.outer_iter()) {
            if let Ok(similarity) = ssim(truth, plane.mapv(|v| v.clamp(-1.0, 1.0)).view(), RANGE) {
                self.similarity += similarity;
                self.pictures += 1;
            }
        }
    }

    fn row(&self, method: String) -> MeanRow {
        let pixels = self.pixels.max(1) as f64;
        MeanRow {
            method,
            psnr: 10.0 * (RANGE * RANGE * pixels / self.square).log10(),
            ssim: (self.pictures > 0).then(|| self.similarity / self.pictures as f64),
            mae: self.absolute / pixels,
        }
    }
}

/// Where every channel is known; nowhere but in in-painting.
fn known(puzzle: &Puzzle) -> Array3<bool> {
    let dim = puzzle.truth.dim();
    match &puzzle.given.known {
        Some(known) => Array3::from_shape_fn(dim, |(_, i, j)| known[[i, j]]),
        None => Array3::from_elem(dim, false),
    }
}

fn keeps_known(puzzle: &Puzzle, samples: &Array4<f32>) -> bool {
    let known = known(puzzle);
    samples.outer_iter().all(|sample| {
        let pairs = sample.indexed_iter().filter(|(at, _)| known[*at]);
        pairs
            .into_iter()
            .all(|(at, value)| value.to_bits() == puzzle.truth[at].to_bits())
    })
}

fn written(samples: &Array4<f32>) -> Result<Array4<f32>> {
    let mut rounded = samples.clone();
    for mut sample in rounded.axis_iter_mut(Axis(0)) {
        let picture = as_written(&sample.to_owned())?;
        sample.assign(&picture);
    }
    Ok(rounded)
}

/// The largest residual of samples as written, where resolution was lost.
fn furthest(task: Task, puzzle: &Puzzle, written: &Array4<f32>) -> Result<Option<f64>> {
    let Task::Degraded {
        degradation: Degradation::Reduce { factor, .. },
        ..
    } = task
    else {
        return Ok(None);
    };
    let coarse =
        area_mean(puzzle.truth.view(), factor).context("blocks do not tile the picture")?;
    let of = |sample: ArrayView3<f32>| {
        let reduced = area_mean(sample, factor)?;
        let differences = (&coarse - &reduced).mapv(f32::abs);
        Some(differences.iter().fold(0f32, |a, b| a.max(*b)))
    };
    let largest = written.outer_iter().filter_map(of).fold(0f32, f32::max);
    Ok(Some(f64::from(largest)))
}

/// Channels are put below each other.
fn add(
    scores: &mut Scores,
    number: i64,
    members: &Array4<f32>,
    truth: &Array3<f32>,
    missing: &Array3<bool>,
) -> Result<()> {
    let (c, h, w) = truth.dim();
    let rows = (c * h, w);
    if missing.iter().all(|missing| *missing) {
        return Ok(());
    }
    let weights = Array2::ones(rows);
    let members: ArrayView3<f32> =
        members
            .view()
            .into_shape_with_order((members.dim().0, c * h, w))?;
    scores.add_case(&Case {
        init: number,
        members,
        truth: truth.view().into_shape_with_order(rows)?,
        weights: weights.view(),
        missing: Some(missing.view().into_shape_with_order(rows)?),
    })?;
    Ok(())
}
