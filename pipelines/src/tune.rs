//! Choices made on the validation part: how much noise makes spread equal to error.

use crate::config::RunConfig;
use crate::law::Law;
use crate::progress::{Progress, Talk};
use crate::validation::{Validation, initial_states};
use anyhow::{Result, bail};
use foehn_compute::Workers;
use foehn_dataset::Series;
use foehn_forecast::Sampling;
use foehn_network::UNet;
use foehn_verification::Scores;
use serde::{Deserialize, Serialize};

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

/// Refuses a validation part that is too short, before anything is trained.
///
/// # Errors
/// If factors are to be tried and no initial state has its leads.
pub fn refuse_short(config: &RunConfig, series: &Series) -> Result<()> {
    if config.tune.inflation.is_empty() {
        return Ok(());
    }
    initial_states(&config.tune, series).map(drop)
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
    let validation = Validation::new(config, law, networks, series)?;
    let pieces = validation.pieces() as u64 * tune.inflation.len() as u64;
    let progress = Progress::new(talk, "tuning", "blocks", pieces, 0);
    let mut trials = Vec::new();
    for &inflation in &tune.inflation {
        let sampling = Sampling {
            inflation: Some(inflation),
            ..config.sampling
        };
        let scores = validation.scores(sampling, workers, &progress)?;
        let trial = Trial::new(inflation, &scores)?;
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
        cases: validation.cases(),
        trials: trials.clone(),
    }))
}

impl Trial {
    /// From the scores of all leads.
    fn new(inflation: f64, leads: &[Scores]) -> Result<Self> {
        let tables = leads.iter().map(Scores::finish);
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        let spread_skill: Vec<Option<f64>> = tables.iter().map(|t| t.spread_skill).collect();
        let distances: Option<Vec<f64>> = spread_skill
            .iter()
            .map(|ratio| ratio.filter(|r| *r > 0.0).map(|r| r.ln().abs()))
            .collect();
        Ok(Self {
            inflation,
            miscalibration: distances.map(|d| d.iter().sum::<f64>() / tables.len() as f64),
            crps: tables.iter().map(|t| t.crps).collect(),
            spread_skill,
        })
    }
}
