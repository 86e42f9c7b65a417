//! `foehn train`: data in, model out.

use crate::budget;
use crate::config::RunConfig;
use crate::drift_loss::{Sampled, loss};
use crate::law::Law;
use crate::model_folder::{ModelFolder, prepare_folder, refuse_folder};
use crate::progress::Talk;
use crate::training_run::{Course, Training};
use crate::tune;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_dataset::joining::gaps_said;
use foehn_dataset::{Batches, Loader, Prefetch, Series, Split, Statistics};
use foehn_forecast::{ForecastError, Increments};
use foehn_network::{Precision, UNet, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{LayoutError, Metadata, StepReport, TrainError, Trainer};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    if let (Talk::Progress, Some(gaps)) = (talk, gaps_said(series.times())) {
        eprintln!("train: {gaps}; no window crosses them");
    }
    let config = &budget::training(config, &series, workers.count())?;
    let folder = ModelFolder::of(config);
    refuse_folder(config, &folder, mode)?;
    tune::refuse_short(config, &series)?;
    let statistics = Arc::new(Statistics::compute(&series)?);
    let loader = Arc::new(Loader::new(series.clone(), statistics.clone())?);
    // that either part has a window is refused here, and not after hours
    for split in [Split::Train, Split::Validation] {
        Batches::new(loader.clone(), split, 1, config.seed)?;
    }
    let increments = Increments::compute(&loader, config.interpolant.noise)?;
    let law = Law::new(config, &series, statistics.clone(), &increments, device)?;
    law.architecture(config).unet(device)?;
    if config.network.precision == Precision::Bf16 && *device == Device::flex() {
        talk.say(
            "network.precision = \"bf16\" is meant for GPUs: on the CPU it is slower than \"f32\"",
        );
    }
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
        tuning.save(&folder)?;
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
        let weights = Key::new(seed, Purpose::Weights).seed_from();
        let network = seeded(weights, &law.device, || architecture.unet(&law.device))?;
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
        let train = &self.config.train;
        let architecture = self.architecture.clone();
        let course = Course {
            train,
            checkpoints: folder.checkpoints(self.number),
            losses: folder.losses(self.number),
            architecture: &architecture,
            metadata: self.metadata()?,
            talk,
        };
        course.restore(&mut self.trainer)?;
        let steps = self.trainer.step_count() as u64..train.steps as u64;
        let batches = Batches::new(self.loader.clone(), Split::Train, 1, self.seed)?;
        let ahead = Arc::new(batches).prefetch(steps, train.batch_size, 2)?;
        course.run(&mut Steps { job: self, ahead })
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

/// A job with the batches that are read ahead of it.
struct Steps<'j, 'a> {
    job: &'j mut Job<'a>,
    ahead: Prefetch,
}

impl Training<UNet> for Steps<'_, '_> {
    fn trainer(&mut self) -> &mut Trainer<UNet> {
        &mut self.job.trainer
    }

    fn step(&mut self) -> Result<StepReport> {
        let job = &mut *self.job;
        let step = job.trainer.step_count();
        let batch = self.ahead.next().context("the batches ended early")??;
        let train = &job.config.train;
        let (law, seed, size) = (job.law, job.seed, train.micro_batch);
        let noise = job.config.interpolant.condition_noise;
        let report = job
            .trainer
            .step::<StepError, _>(job.workers, |network, piece| {
                let part = piece * size..(piece + 1) * size;
                let draws = Sampled::training(seed, step, part.clone(), train.batch_size);
                Ok(loss(law, network, &batch, part, &draws, noise)?)
            })?;
        Ok(report)
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        self.job.validation_loss().map(Some)
    }
}
