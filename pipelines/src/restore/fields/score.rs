//! `foehn restore score` on fields: samples against the truth where it was hidden, beside plain ways.

use super::{Fields, State, spread_over};
use crate::progress::{Progress, Talk};
use crate::restore::baselines;
use crate::restore::config::{RestoreConfig, RestoreSampling, Start, Task};
use crate::restore::contest::{calls, samplers};
use crate::restore::drawing::Drawing;
use crate::restore::folder::Folder;
use crate::spectra::{Spectra, spectrometer};
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_dataset::Split;
use foehn_dynamics::Solver;
use foehn_verification::{Case, Choices, Scores, Spectrometer, Weighting};
use ndarray::{Array2, Array4, ArrayView3, Axis, s};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// States whose samples are held at once.
const PIECE: usize = 50;
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
    /// Whether every known value of every sample is the one of the file, bit for bit.
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
    folder.refuse(config, Mode::Resume)?;
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
        plan: fields.whole_plan(),
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

impl Fields<'_> {
    /// A plan of spectra, where the grid has one.
    fn whole_plan(&self) -> Option<Spectrometer> {
        spectrometer(&self.series)
    }
}

struct Contest<'a> {
    config: &'a RestoreConfig,
    plan: Option<Spectrometer>,
    positions: Vec<usize>,
    members: usize,
    fields: &'a Fields<'a>,
}

impl Contest<'_> {
    fn states(&self, positions: &[usize]) -> Result<Vec<State>> {
        let states = positions.iter();
        states
            .map(|index| self.fields.state(*index, self.fields.by_law(*index)))
            .collect()
    }

    /// The plain ways, a field each.
    fn plain(&self) -> Result<Vec<FieldMethod>> {
        let (config, edges) = (self.config, self.fields.edges);
        let mut methods = Vec::new();
        for name in baselines::names(config.task) {
            let mut sums = Sums::new(self, 1);
            for state in self.states(&self.positions)? {
                let restored = baselines::plain(config.task, name, &state.puzzle, edges)?;
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
        let mut sums = Sums::new(self, self.members);
        let mut unchanged = true;
        for positions in self.positions.chunks(PIECE) {
            let states = self.states(positions)?;
            let given: Vec<_> = states
                .iter()
                .map(|state| state.puzzle.given.clone())
                .collect();
            let names: Vec<i64> = states.iter().map(|state| state.instant.0).collect();
            let drawn = drawing.samples(&given, &names, self.members, Some(progress))?;
            for (state, mut samples) in states.iter().zip(drawn) {
                for mut sample in samples.outer_iter_mut() {
                    let physical = self.fields.physical(state, sample.to_owned());
                    sample.assign(&physical);
                }
                unchanged &= keeps_known(state, &samples);
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

fn keeps_known(state: &State, samples: &Array4<f32>) -> bool {
    let Some(known) = &state.puzzle.given.known else {
        return true;
    };
    samples.outer_iter().all(|sample| {
        let kept = sample
            .indexed_iter()
            .filter(|((_, y, x), _)| known[[*y, *x]]);
        kept.into_iter()
            .all(|(at, value)| value.to_bits() == state.frame.values[at].to_bits())
    })
}

/// Sums of one way to restore, a variable each.
struct Sums<'a, 'b> {
    contest: &'a Contest<'b>,
    scores: Vec<Option<Scores>>,
    spectra: Vec<Option<Spectra>>,
    /// Weight, absolute and square errors of the mean.
    errors: Vec<[f64; 3]>,
    broken: bool,
}

impl<'a, 'b> Sums<'a, 'b> {
    fn new(contest: &'a Contest<'b>, members: usize) -> Self {
        let count = contest.fields.channels();
        let choices = Choices {
            weighting: Weighting::CellArea,
            ..Choices::new(members)
        };
        let scores = || {
            (members > 1)
                .then(|| Scores::new(contest.fields.size(), choices).ok())
                .flatten()
        };
        Self {
            contest,
            scores: (0..count).map(|_| scores()).collect(),
            spectra: (0..count).map(|_| None).collect(),
            errors: vec![[0.0; 3]; count],
            broken: contest.plan.is_none(),
        }
    }

    /// # Shapes
    /// `samples`: (members, variables, ny, nx), in the units of the file.
    fn add(&mut self, state: &State, samples: &Array4<f32>) -> Result<()> {
        let missing = self.unscored(state);
        self.broken |= !state.there.iter().all(|there| *there);
        let weights = self.contest.fields.series.weights();
        for k in 0..self.errors.len() {
            let members = samples.slice(s![.., k, .., ..]);
            let truth = state.frame.values.index_axis(Axis(0), k);
            self.add_errors(k, &members, (&missing, weights), &truth.to_owned());
            if let Some(scores) = &mut self.scores[k]
                && missing.iter().any(|missing| !missing)
            {
                scores.add_case(&Case {
                    init: state.instant.0,
                    members,
                    truth,
                    weights: weights.view(),
                    missing: Some(missing.view()),
                })?;
            }
            if let (Some(plan), false) = (&self.contest.plan, self.broken) {
                let spectra = Spectra::of(plan, &members, &truth)?;
                match &mut self.spectra[k] {
                    Some(sum) => sum.merge(&spectra)?,
                    none => *none = Some(spectra),
                }
            }
        }
        Ok(())
    }

    /// Where there is nothing to score: what is known, what has no truth, what no model has learnt.
    fn unscored(&self, state: &State) -> Array2<bool> {
        let mut missing = state.there.mapv(|there| !there);
        if let Some(known) = &state.puzzle.given.known {
            missing |= known;
        }
        if let Some(learnt) = &self.contest.fields.learnt {
            missing |= &learnt.mapv(|learnt| !learnt);
        }
        missing
    }

    fn add_errors(
        &mut self,
        k: usize,
        members: &ArrayView3<f32>,
        (missing, weights): (&Array2<bool>, &Array2<f64>),
        truth: &Array2<f32>,
    ) {
        let wide = members.mapv(f64::from);
        let Some(mean) = wide.mean_axis(Axis(0)) else {
            return;
        };
        for (at, mean) in mean.indexed_iter().filter(|(at, _)| !missing[*at]) {
            let (error, weight) = (mean - f64::from(truth[at]), weights[at]);
            let [total, absolute, square] = &mut self.errors[k];
            *total += weight;
            *absolute += weight * error.abs();
            *square += weight * error * error;
        }
    }

    fn finish(self) -> Result<Vec<VariableScores>> {
        let variables = self.contest.fields.series.variables();
        let mut rows = Vec::new();
        for (k, channel) in variables.iter().enumerate() {
            let [total, absolute, square] = self.errors[k];
            if total == 0.0 {
                bail!(
                    "nothing with a truth is hidden in these states: hide more with task.inpainting, or score more of them \
                     with --of"
                );
            }
            let table = self.scores[k].as_ref().map(Scores::finish).transpose()?;
            let spectrum = match (&self.contest.plan, &self.spectra[k]) {
                (Some(plan), Some(spectra)) if !self.broken => {
                    let scores = spectra.scores(plan);
                    Some(scores.context("the spectra")?.log_distance)
                }
                _ => None,
            };
            rows.push(VariableScores {
                variable: channel.name.clone(),
                units: channel.units().to_owned(),
                crps: table.as_ref().map(|table| table.crps),
                mae: absolute / total,
                rmse: (square / total).sqrt(),
                spread_skill: table.as_ref().and_then(|table| table.spread_skill),
                coverage_90: table.as_ref().and_then(|table| table.coverage_90),
                spectrum,
            });
        }
        Ok(rows)
    }
}

impl FieldScores {
    /// As tables to read.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}: {:?} coupling; {} samples of {} states of the {:?} period\n{:<34} {:>15} {:>5} {:>5} {:>10} {:>10} {:>10} {:>12} {:>9} {:>9}\n",
            self.name,
            self.coupling,
            self.members,
            self.states,
            self.period,
            "hidden cells",
            "solver",
            "steps",
            "calls",
            "fair CRPS",
            "MAE",
            "RMSE",
            "spread/skill",
            "90 % hold",
            "spectrum"
        );
        let or = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
        };
        for method in &self.methods {
            for row in &method.variables {
                let name = format!("{}, {}", method.method, row.variable);
                let solver = method.solver.map_or(String::new(), |s| format!("{s:?}"));
                let count = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
                let _ = writeln!(
                    text,
                    "{name:<34} {solver:>15} {:>5} {:>5} {:>10} {:>10.4} {:>10.4} {:>12} {:>9} {:>9}",
                    count(method.steps),
                    count(method.calls),
                    or(row.crps, 4),
                    row.mae,
                    row.rmse,
                    or(row.spread_skill, 3),
                    or(row.coverage_90, 3),
                    or(row.spectrum, 3)
                );
            }
        }
        let known = if self.known_unchanged {
            "unchanged"
        } else {
            "CHANGED"
        };
        let _ = write!(
            text,
            "known values {known}; scores in {}",
            self.path.display()
        );
        text
    }
}
