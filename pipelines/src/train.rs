//! `foehn train`: data in, model out.

use crate::config::RunConfig;
use crate::drift_loss::{Sampled, loss};
use crate::law::Law;
use crate::loss_log::LossLog;
use crate::model_folder::{ModelFolder, prepare_folder, refuse_folder};
use crate::progress::{Progress, Talk, check_interrupt};
use crate::text_file::write_text;
use crate::tune;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_dataset::{Batches, Loader, Series, Split, Statistics};
use foehn_forecast::{ForecastError, Increments};
use foehn_network::UNet;
use foehn_noise::{Key, Purpose};
use foehn_training::{LayoutError, Metadata, TrainError, Trainer, latest};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Checkpoints that are kept: the last ones.
const KEPT: usize = 2;
/// Windows of the validation loss.
const VALIDATION_WINDOWS: usize = 256;

/// What training ends with.
#[derive(Clone, Debug, Serialize)]
pub struct TrainSummary {
    /// The model.
    pub model: PathBuf,
    /// Networks.
    pub networks: usize,
    /// Weights of each.
    pub weights: usize,
    /// Steps of each.
    pub steps: usize,
    /// Their mean loss on the validation part at the end.
    pub validation_loss: f64,
    /// What was chosen there.
    pub tuning: Option<tune::Tuning>,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Forecast(#[from] ForecastError),
}

/// Trains the run's model; with [`Mode::Resume`] from its last checkpoint.
///
/// # Errors
/// If data are missing or wrong, the output exists ([`Mode::Create`]), or the loss is not finite.
pub fn train(
    config: &RunConfig,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<TrainSummary> {
    let series = Arc::new(Series::open(&config.data, Path::new(""))?);
    let folder = ModelFolder::of(config);
    refuse_folder(config, &folder, mode)?;
    tune::initial_states(config, &series)?;
    let statistics = Arc::new(Statistics::compute(&series)?);
    let loader = Arc::new(Loader::new(series.clone(), statistics.clone())?);
    // that either part has a window is refused here, and not after hours
    for split in [Split::Train, Split::Validation] {
        Batches::new(loader.clone(), split, 1, config.seed)?;
    }
    let increments = Increments::compute(&loader, config.interpolant.noise)?;
    let law = Law::new(config, &series, statistics.clone(), &increments, device)?;
    law.architecture(config).unet(device)?;
    // all that can be refused has been: only now may an older model give way
    prepare_folder(config, &folder, mode)?;
    statistics.save(&folder.statistics())?;
    increments.save(&folder.increments())?;
    let mut networks = Vec::new();
    let mut losses = Vec::new();
    let mut weights = 0;
    for number in 0..config.train.networks {
        let mut job = Job::new(config, &law, &loader, workers, number)?;
        job.run(&folder, talk)?;
        job.trainer
            .save_model(&folder.weights(number), &job.metadata()?)?;
        networks.push(job.trainer.averaged()?);
        losses.push(job.validation_loss()?);
        weights = job.trainer.weight_count();
    }
    let tuning = tune::tune(config, &law, &networks, &series, workers, talk)?;
    if let Some(tuning) = &tuning {
        write_text(&folder.tuning(), &serde_json::to_string_pretty(tuning)?)?;
    }
    Ok(TrainSummary {
        model: folder.0,
        networks: networks.len(),
        weights,
        steps: config.train.steps,
        validation_loss: losses.iter().sum::<f64>() / losses.len().max(1) as f64,
        tuning,
    })
}

/// The training of one network.
struct Job<'a> {
    number: usize,
    /// The seed of the run, or for further networks one drawn from it.
    seed: u64,
    config: &'a RunConfig,
    law: &'a Law,
    loader: &'a Arc<Loader>,
    workers: &'a Workers,
    trainer: Trainer<UNet>,
    architecture: String,
}

impl<'a> Job<'a> {
    fn new(
        config: &'a RunConfig,
        law: &'a Law,
        loader: &'a Arc<Loader>,
        workers: &'a Workers,
        number: usize,
    ) -> Result<Self> {
        let seed = match number {
            0 => config.seed,
            _ => Key::new(config.seed, Purpose::Weights)
                .member(number as u32)
                .seed_from(),
        };
        let architecture = law.architecture(config);
        law.device
            .seed(Key::new(seed, Purpose::Weights).seed_from());
        let network = architecture.unet(&law.device)?;
        let trainer = Trainer::new(config.train.clone(), network);
        Ok(Self {
            number,
            seed,
            config,
            law,
            loader,
            workers,
            trainer,
            architecture: architecture.describe(),
        })
    }

    fn run(&mut self, folder: &ModelFolder, talk: Talk) -> Result<()> {
        let checkpoints = &folder.checkpoints(self.number);
        fs::create_dir_all(checkpoints)
            .with_context(|| format!("cannot create {}", checkpoints.display()))?;
        if let Some(path) = latest(checkpoints) {
            self.trainer.restore(&path, &self.architecture)?;
        }
        let train = &self.config.train;
        let (total, begun) = (train.steps, self.trainer.step_count());
        let mut log = LossLog::open(&folder.losses(self.number), begun)?;
        let progress = Progress::new(talk, "training", "steps", total as u64, begun as u64);
        progress.say(&format!(
            "training: {} weights",
            self.trainer.weight_count()
        ));
        let batches = Batches::new(self.loader.clone(), Split::Train, 1, self.seed)?;
        let ahead = Arc::new(batches).prefetch(begun as u64..total as u64, train.batch_size, 2)?;
        for batch in ahead {
            let step = self.trainer.step_count();
            let batch = batch?;
            let (law, seed, size) = (self.law, self.seed, train.micro_batch);
            let noise = self.config.interpolant.condition_noise;
            let report = self
                .trainer
                .step::<StepError, _>(self.workers, |network, piece| {
                    let part = piece * size..(piece + 1) * size;
                    let draws = Sampled::training(seed, step, part.clone(), train.batch_size);
                    Ok(loss(law, network, &batch, part, &draws, noise)?)
                })?;
            let done = step + 1;
            let validation = (done.is_multiple_of(train.validate_every) || done == total)
                .then(|| self.validation_loss())
                .transpose()?;
            log.add(done, &report, validation)?;
            if let Some(validation) = validation {
                let loss = log.recent_loss();
                progress.say(&format!(
                    "step {done}: loss {loss:.4}, validation {validation:.4}"
                ));
            }
            if done.is_multiple_of(train.checkpoint_every) || done == total {
                log.flush()?;
                self.checkpoint(checkpoints)?;
            }
            progress.advance(1);
            check_interrupt()?;
        }
        progress.finish();
        Ok(())
    }

    fn checkpoint(&self, folder: &Path) -> Result<()> {
        let step = self.trainer.step_count();
        let name = |step: usize| folder.join(format!("checkpoint-{step:08}.safetensors"));
        self.trainer.save(&name(step), self.metadata()?)?;
        let old = step.checked_sub(KEPT * self.config.train.checkpoint_every);
        if let Some(path) = old.map(name).filter(|p| p.exists()) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(Metadata::from([
            ("architecture".to_owned(), self.architecture.clone()),
            ("config".to_owned(), self.config.to_toml()?),
        ]))
    }

    /// The loss of the averaged weights on the validation part, with the same draws every time.
    fn validation_loss(&self) -> Result<f64> {
        let network = self.trainer.averaged()?;
        let windows = self.loader.series().windows(Split::Validation, 1);
        let every = windows.len().div_ceil(VALIDATION_WINDOWS).max(1);
        let windows: Vec<_> = windows.into_iter().step_by(every).collect();
        let size = self.config.train.micro_batch;
        let losses = self.workers.map(windows.len().div_ceil(size), |piece| {
            let part = &windows[piece * size..((piece + 1) * size).min(windows.len())];
            let batch = self.loader.load(part, 1)?;
            let draws =
                Sampled::validation(self.config.seed, piece * size, part.len(), windows.len());
            let loss = loss(self.law, &network, &batch, 0..part.len(), &draws, 0.0)?;
            Ok::<_, anyhow::Error>(f64::from(loss.into_scalar::<f32>()) * part.len() as f64)
        })?;
        Ok(losses.iter().sum::<f64>() / windows.len() as f64)
    }
}
