//! Choices made on the validation part: how much noise makes spread equal to error.

use crate::config::RunConfig;
use crate::ensemble::Runner;
use crate::law::Law;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Result, bail};
use foehn_compute::Workers;
use foehn_dataset::{Series, Split, Window};
use foehn_forecast::Sampling;
use foehn_network::UNet;
use foehn_verification::{Case, Choices, Scores};
use ndarray::{Array4, Axis, Zip, s};
use serde::{Deserialize, Serialize};

/// Forecasts that run together on a worker.
const TOGETHER: usize = 32;

/// What was tried on the validation part, and what was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tuning {
    /// The factor on the sampler's noise that was taken.
    pub inflation: f64,
    /// How members were sampled otherwise.
    pub sampling: Sampling,
    /// Members of the ensembles.
    pub members: usize,
    /// Initial states.
    pub cases: usize,
    /// Each factor that was tried.
    pub trials: Vec<Trial>,
}

/// One factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The factor on the sampler's noise.
    pub inflation: f64,
    /// Mean over leads of |log(spread / skill)|: zero when calibrated; none where there was no spread.
    pub miscalibration: Option<f64>,
    /// Fair CRPS of the first variable, a lead each.
    pub crps: Vec<f64>,
    /// Spread/skill of the first variable, a lead each; none where there was no error.
    pub spread_skill: Vec<Option<f64>>,
}

/// The initial states on which factors are tried; none where there are no factors.
///
/// # Errors
/// If the validation part is too short.
pub fn initial_states(config: &RunConfig, series: &Series) -> Result<Vec<Window>> {
    let tune = &config.tune;
    if tune.inflation.is_empty() {
        return Ok(Vec::new());
    }
    let windows = series.initial_states(Split::Validation, tune.leads, tune.every);
    if windows.is_empty() {
        bail!(
            "tune: the validation part has no initial state with tune.leads = {} leads after it: \
             choose longer dates or fewer leads",
            tune.leads
        );
    }
    Ok(windows)
}

/// Tries every factor of `tune.inflation`; `None` where there are none.
///
/// # Errors
/// If the validation part is too short or a forecast fails.
pub fn tune(
    config: &RunConfig,
    law: &Law,
    networks: &[UNet],
    series: &Series,
    workers: &Workers,
    talk: Talk,
) -> Result<Option<Tuning>> {
    let tune = &config.tune;
    if tune.inflation.is_empty() {
        return Ok(None);
    }
    let windows = initial_states(config, series)?;
    let job = Job {
        config,
        law,
        networks,
        series,
        windows: &windows,
    };
    let pieces = job.pieces() as u64 * tune.inflation.len() as u64;
    let progress = Progress::new(talk, "tuning", "blocks", pieces, 0);
    let mut trials = Vec::new();
    for &inflation in &tune.inflation {
        let trial = job.trial(inflation, workers, &progress)?;
        progress.say(&format!(
            "inflation {inflation:.2}: spread/skill {:.2?}, fair CRPS {:.4?}",
            trial
                .spread_skill
                .iter()
                .map(|r| r.unwrap_or(f64::NAN))
                .collect::<Vec<_>>(),
            trial.crps
        ));
        trials.push(trial);
    }
    progress.finish();
    let calibrated = |trial: &&Trial| trial.miscalibration.is_some();
    let best = trials.iter().filter(calibrated).min_by(|a, b| {
        let of = |trial: &Trial| trial.miscalibration.unwrap_or(f64::INFINITY);
        of(a).total_cmp(&of(b))
    });
    let Some(best) = best else {
        bail!(
            "tune: no factor of tune.inflation = {:?} gave members that differ and an error to compare with",
            tune.inflation
        );
    };
    Ok(Some(Tuning {
        sampling: Sampling {
            inflation: None,
            ..config.sampling
        },
        inflation: best.inflation,
        members: tune.members,
        cases: windows.len(),
        trials: trials.clone(),
    }))
}

struct Job<'a> {
    config: &'a RunConfig,
    law: &'a Law,
    networks: &'a [UNet],
    series: &'a Series,
    windows: &'a [Window],
}

impl Job<'_> {
    /// Initial states whose whole ensembles run together.
    fn inits_together(&self) -> usize {
        (TOGETHER / self.config.tune.members).max(1)
    }

    fn pieces(&self) -> usize {
        self.windows.len().div_ceil(self.inits_together())
    }

    fn trial(&self, inflation: f64, workers: &Workers, progress: &Progress) -> Result<Trial> {
        let sampling = Sampling {
            inflation: Some(inflation),
            ..self.config.sampling
        };
        let parts = workers.map(self.pieces(), |piece| {
            check_interrupt()?;
            let scores = self.piece(piece, sampling)?;
            progress.advance(1);
            Ok::<_, anyhow::Error>(scores)
        })?;
        let mut merged: Vec<Scores> = Vec::new();
        for part in parts {
            if merged.is_empty() {
                merged = part;
                continue;
            }
            for (total, part) in merged.iter_mut().zip(part) {
                total.merge(part)?;
            }
        }
        let tables = merged
            .iter()
            .map(Scores::finish)
            .collect::<Result<Vec<_>, _>>()?;
        let spread_skill: Vec<Option<f64>> = tables.iter().map(|t| t.spread_skill).collect();
        let distances: Option<Vec<f64>> = spread_skill
            .iter()
            .map(|ratio| ratio.filter(|r| *r > 0.0).map(|r| r.ln().abs()))
            .collect();
        let leads = tables.len() as f64;
        Ok(Trial {
            inflation,
            miscalibration: distances.map(|d| d.iter().sum::<f64>() / leads),
            crps: tables.iter().map(|t| t.crps).collect(),
            spread_skill,
        })
    }

    /// Scores of the first variable, a lead each.
    fn piece(&self, piece: usize, sampling: Sampling) -> Result<Vec<Scores>> {
        let start = piece * self.inits_together();
        let windows = &self.windows[start..(start + self.inits_together()).min(self.windows.len())];
        let leads = self.members(windows, sampling)?;
        (1u32..)
            .zip(leads)
            .map(|(lead, members)| self.score(windows, lead, &members))
            .collect()
    }

    /// The members of some ensembles, a lead each: (initial states, members, ny, nx).
    fn members(&self, windows: &[Window], sampling: Sampling) -> Result<Vec<Array4<f32>>> {
        let tune = &self.config.tune;
        let plan = Runner::plan(
            windows,
            self.config,
            tune.members,
            windows.len() * tune.members,
        );
        let runner = Runner {
            series: self.series,
            windows,
            plan: &plan,
            leads: tune.leads as u32,
            device: &self.law.device,
            valid: self.law.statistics.valid(),
        };
        let predictors: Vec<_> = self
            .networks
            .iter()
            .map(|n| self.law.predictor(n, sampling))
            .collect();
        let (_, ny, nx) = self.series.shape();
        let mut leads = vec![Array4::zeros((windows.len(), tune.members, ny, nx)); tune.leads];
        for block in plan.blocks() {
            runner.run(&predictors, &block, |lead, values| {
                for (&(init, member), field) in block.pairs.iter().zip(values.outer_iter()) {
                    let place = s![init, member as usize, .., ..];
                    leads[lead as usize - 1]
                        .slice_mut(place)
                        .assign(&field.index_axis(Axis(0), 0));
                }
                Ok(())
            })?;
        }
        Ok(leads)
    }

    fn score(&self, windows: &[Window], lead: u32, members: &Array4<f32>) -> Result<Scores> {
        let (_, ny, nx) = self.series.shape();
        let choices = Choices {
            seed: self.config.seed,
            lead,
            ..Choices::new(self.config.tune.members)
        };
        let mut scores = Scores::new((ny, nx), choices)?;
        for (window, members) in windows.iter().zip(members.outer_iter()) {
            let truth = self
                .series
                .frame(window.index + lead as usize * self.series.stride())?;
            let truth = truth.values.index_axis(Axis(0), 0);
            let initial = members.index_axis(Axis(0), 0);
            // members are missing where their initial state was
            let missing = Zip::from(&truth)
                .and(&initial)
                .map_collect(|t: &f32, m: &f32| t.is_nan() || m.is_nan());
            scores.add_case(&Case {
                init: window.instant.seconds(),
                members,
                truth,
                weights: self.series.weights().view(),
                missing: Some(missing.view()),
            })?;
        }
        Ok(scores)
    }
}
