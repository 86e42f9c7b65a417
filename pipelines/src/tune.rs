//! Choices made on the validation part: how much noise makes spread equal to error.

use crate::budget;
use crate::config::RunConfig;
use crate::law::Law;
use crate::model::Model;
use crate::model_folder::{ModelFolder, as_trained};
use crate::progress::{Progress, Talk};
use crate::text_file::write_text;
use crate::validation::{Validation, initial_states};
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::{Series, Split};
use foehn_forecast::Sampling;
use foehn_network::UNet;
use foehn_verification::Scores;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::Path;

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

/// Chooses the factor again for a trained model, by the run's own `[sampling]` and `[tune]`, and keeps it with the model.
///
/// # Errors
/// If there is no model, no factor to try, or the validation part is too short; or after Ctrl-C.
pub fn retune(
    config: &RunConfig,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<Tuning> {
    let series = Series::open_splits(&config.data, Path::new(""), &[Split::Validation])?;
    let config = of_run(config)?;
    let config = &budget::forecasting(&config, &series, workers.count())?;
    let model = Model::load(config, &series, device)?;
    let Some(tuning) = model.tuned(config, &series, workers, talk)? else {
        bail!("tune.inflation is empty: list the factors to try, such as [1.0, 1.1, 1.2]");
    };
    tuning.save(&ModelFolder::of(config))?;
    Ok(tuning)
}

/// The run with its model's own law, but its own `[tune]`.
///
/// # Errors
/// If there is no model, or the run asks for another law than was learnt.
pub fn of_run(config: &RunConfig) -> Result<RunConfig> {
    Ok(RunConfig {
        tune: config.tune.clone(),
        ..as_trained(config)?
    })
}

impl Tuning {
    /// Writes it beside the weights.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save(&self, folder: &ModelFolder) -> Result<()> {
        write_text(&folder.tuning(), &serde_json::to_string_pretty(self)?)
    }

    /// What was tried, and what was taken.
    pub fn text(&self) -> String {
        let mut text = format!("{} initial states x {} members\n", self.cases, self.members);
        for trial in &self.trials {
            let ratios = trial.spread_skill.iter().map(|r| r.unwrap_or(f64::NAN));
            let _ = writeln!(
                text,
                "inflation {:.2}: spread/skill {:.3?}, fair CRPS {:.4?}",
                trial.inflation,
                ratios.collect::<Vec<_>>(),
                trial.crps
            );
        }
        let _ = write!(text, "taken: {}", self.inflation);
        text
    }
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
