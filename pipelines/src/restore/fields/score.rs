//! `foehn restore score` on fields: samples against the truth where it was hidden, beside plain ways.

use super::sums::{Sums, keeps_known};
use super::{Fields, State, spread_over};
use crate::progress::{Progress, Talk};
use crate::restore::baselines;
use crate::restore::config::{RestoreConfig, Start, Task};
use crate::restore::contest::{calls, samplers};
use crate::restore::drawing::{Drawing, at_once};
use crate::restore::folder::Folder;
use crate::restore::same_law::refuse_other_law;
use crate::restore::sampling::RestoreSampling;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_dataset::Split;
use foehn_dynamics::Solver;
use ndarray::Axis;
use serde::Serialize;
use std::path::PathBuf;

/// States that are scored if nothing else is said.
const USUAL: usize = 200;

/// What is scored.
#[derive(Clone, Debug)]
pub struct FieldScoring {
    /// Steps of the sampler, each a row; those of the configuration if there are none.
    pub steps: Vec<usize>,
    /// Factors k of SDEs with `e(t) = k sigma^2 (1 - t)`, each a row at all steps.
    pub noise: Vec<f64>,
    /// Samples of each state.
    pub members: usize,
    /// States, evenly spread over the period; without, at most 200.
    pub of: Option<usize>,
    /// The period.
    pub period: FieldPeriod,
    /// The file of scores; `scores.json` in the folder of the model by default.
    pub output: Option<PathBuf>,
    /// Whether it may be there already.
    pub mode: Mode,
}

/// The period that is scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldPeriod {
    /// `data.test`: for reporting.
    #[default]
    Test,
    /// `data.validation`: for choosing steps and noise.
    Validation,
}

/// The scores of a model of fields, with how they were made.
#[derive(Clone, Debug, Serialize)]
pub struct FieldScores {
    /// Name of the model.
    pub name: String,
    /// What is lost.
    pub task: Task,
    /// Where the path starts.
    pub coupling: Start,
    /// The period.
    pub period: FieldPeriod,
    /// States.
    pub states: usize,
    /// Samples of each.
    pub members: usize,
    /// Seed of masks, degradations and noise.
    pub seed: u64,
    /// The plain ways, then the samplers.
    pub methods: Vec<FieldMethod>,
    /// Whether every known value of every sample is the one that the sampler was given, bit for bit.
    pub known_unchanged: bool,
    /// The file of scores.
    pub path: PathBuf,
    /// What the numbers are.
    pub conventions: [&'static str; 5],
}

/// One way to restore.
#[derive(Clone, Debug, Serialize)]
pub struct FieldMethod {
    /// Which.
    pub method: String,
    /// Steps of the sampler.
    pub steps: Option<usize>,
    /// Its one-step method.
    pub solver: Option<Solver>,
    /// Passes through the network that a sample takes.
    pub calls: Option<usize>,
    /// One row a variable.
    pub variables: Vec<VariableScores>,
}

/// Scores of one variable, in its units.
#[derive(Clone, Debug, Serialize)]
pub struct VariableScores {
    /// Its name.
    pub variable: String,
    /// Its units.
    pub units: String,
    /// Fair CRPS; of a single field it is the mean absolute error.
    pub crps: Option<f64>,
    /// Mean absolute error of the mean of the samples, or of the single field.
    pub mae: f64,
    /// Root of the mean square error of the same.
    pub rmse: f64,
    /// Spread over error.
    pub spread_skill: Option<f64>,
    /// Share of the truth in the central 90 %.
    pub coverage_90: Option<f64>,
    /// Mean over wavenumbers of `|log10 E / E_true|`, of whole fields; none where values are missing.
    pub spectrum: Option<f64>,
}

const CONVENTIONS: [&str; 5] = [
    "cells: hidden and with a truth, weighted by area; in the units of the file",
    "crps: fair (members in ordered pairs over M (M - 1)); the CRPS of a single field is its mean absolute error",
    "spread_skill: sqrt((M + 1) / M) sqrt(mean variance, ddof 1) / RMSE of the mean",
    "coverage_90: share of truths within the central ranks, ties at random",
    "spectrum: mean over resolved shells of |log10 (E / E_true)|, E averaged over states and samples first, of whole fields; \
     modes of a limited area are cosines; of vorticity on a periodic plane E is kinetic energy",
];

/// Scores the model of `config` on a period of its data.
///
/// # Errors
/// If there is no model, or nothing is hidden.
pub fn score(
    config: &RestoreConfig,
    scoring: &FieldScoring,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<FieldScores> {
    let folder = Folder(config.folder());
    let model = folder.load(device)?;
    refuse_other_law(&folder, config)?;
    if scoring.members < 2 {
        bail!(
            "--members {}: spread and CRPS need at least 2",
            scoring.members
        );
    }
    let path = scoring.output.clone().unwrap_or_else(|| folder.scores());
    if path.exists() && scoring.mode != Mode::Overwrite {
        bail!(
            "{} exists: give --overwrite to write it again, or another --out",
            path.display()
        );
    }
    let split = match scoring.period {
        FieldPeriod::Test => Split::Test,
        FieldPeriod::Validation => Split::Validation,
    };
    let fields = Fields::of_model(config, &folder, &[split])?;
    let range = fields.series.range(split);
    let of = scoring.of.unwrap_or(USUAL.min(range.len()));
    if of == 0 || of > range.len() {
        bail!(
            "--of {of}: data.{split} has {} states; give 1 to as many",
            range.len()
        );
    }
    let steps = if scoring.steps.is_empty() {
        vec![config.sampling.steps]
    } else {
        scoring.steps.clone()
    };
    let contest = Contest {
        config,
        positions: spread_over(range, of),
        members: scoring.members,
        fields: &fields,
    };
    let mut methods = contest.plain()?;
    let samplers = samplers(config, &steps, &scoring.noise, model.law.sigma());
    let all = samplers.len() * of * scoring.members;
    let progress = Progress::new(talk, "sampling", "samples", all as u64, 0);
    let mut known_unchanged = true;
    for (name, how) in &samplers {
        let drawing = Drawing {
            model: &model,
            how,
            seed: config.seed,
            tiles: None,
            device,
            workers,
        };
        let (method, unchanged) = contest.sampled(name, &drawing, &progress)?;
        known_unchanged &= unchanged;
        methods.push(method);
    }
    progress.finish();
    let scores = FieldScores {
        name: config.name.clone(),
        task: config.task,
        coupling: config.coupling,
        period: scoring.period,
        states: of,
        members: scoring.members,
        seed: config.seed,
        methods,
        known_unchanged,
        path,
        conventions: CONVENTIONS,
    };
    write_text(&scores.path, &serde_json::to_string_pretty(&scores)?)?;
    Ok(scores)
}

struct Contest<'a> {
    config: &'a RestoreConfig,
    positions: Vec<usize>,
    members: usize,
    fields: &'a Fields<'a>,
}

impl Contest<'_> {
    fn state(&self, index: usize) -> Result<State> {
        self.fields.state(index, self.fields.by_law(index))
    }

    /// The plain ways, a field each.
    fn plain(&self) -> Result<Vec<FieldMethod>> {
        let (config, edges) = (self.config, self.fields.edges);
        let mut methods = Vec::new();
        for name in baselines::names(config.task) {
            let mut sums = Sums::new(self.fields, 1)?;
            for index in &self.positions {
                let state = self.state(*index)?;
                let restored = baselines::plain(config.task, name, &state.puzzle, edges)
                    .with_context(|| {
                        let date = self.fields.series.calendar().date(state.instant);
                        format!("{name} of {date}: score other states with --of, or another period")
                    })?;
                let restored = self.fields.physical(&state, restored);
                sums.add(&state, &restored.insert_axis(Axis(0)))?;
            }
            methods.push(FieldMethod {
                method: (*name).to_owned(),
                steps: None,
                solver: None,
                calls: None,
                variables: sums.finish()?,
            });
        }
        Ok(methods)
    }

    /// Samples of every state; and whether known values are as they were.
    fn sampled(
        &self,
        name: &str,
        drawing: &Drawing,
        progress: &Progress,
    ) -> Result<(FieldMethod, bool)> {
        let how: &RestoreSampling = drawing.how;
        let mut sums = Sums::new(self.fields, self.members)?;
        let mut unchanged = true;
        let (c, (h, w)) = (self.fields.channels(), self.fields.size());
        let piece = at_once(self.members * c * h * w);
        for positions in self.positions.chunks(piece) {
            let states = positions.iter().map(|index| self.state(*index));
            let states = states.collect::<Result<Vec<_>>>()?;
            let given: Vec<_> = states
                .iter()
                .map(|state| state.puzzle.given.clone())
                .collect();
            let names: Vec<i64> = states.iter().map(|state| state.instant.0).collect();
            let drawn = drawing.samples(&given, &names, self.members, Some(progress))?;
            for (state, mut samples) in states.iter().zip(drawn) {
                unchanged &= keeps_known(&state.puzzle.given, &samples);
                for mut sample in samples.outer_iter_mut() {
                    let physical = self.fields.physical(state, sample.to_owned());
                    sample.assign(&physical);
                }
                sums.add(state, &samples)?;
            }
        }
        let method = FieldMethod {
            method: name.to_owned(),
            steps: Some(how.steps),
            solver: Some(how.solver()),
            calls: Some(calls(how)),
            variables: sums.finish()?,
        };
        Ok((method, unchanged))
    }
}
