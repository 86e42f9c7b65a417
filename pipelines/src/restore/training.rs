//! `foehn restore train`: pictures or fields in, a model out.

use super::config::{RestoreConfig, Task};
use super::examples::Examples;
use super::folder::{CHANNELS, CLASSES, FEATURES, Folder, SIZE};
use super::law::RestorationLaw;
use crate::progress::Talk;
use crate::training_run::{Course, Training};
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_interpolant::TargetError;
use foehn_network::{FieldNet, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{LayoutError, Metadata, StepReport, TrainError, Trainer};
use serde::Serialize;
use std::path::PathBuf;

/// What a training ends with.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreTraining {
    /// The model.
    pub model: PathBuf,
    /// Weights of its network.
    pub weights: usize,
    /// Steps.
    pub steps: usize,
    /// Loss on the pictures set aside, if there are any.
    pub validation_loss: Option<f64>,
    /// Of which values losses are means: those of models that differ in this are not to be compared.
    pub loss_over: &'static str,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// Trains the model of `config`; with [`Mode::Resume`] from its last checkpoint.
///
/// # Errors
/// If pictures cannot be read, the output exists ([`Mode::Create`]), or the loss is not finite.
pub fn restore_train(
    config: &RestoreConfig,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreTraining> {
    if config.task == Task::Generation {
        bail!("task = \"generation\": foehn generate trains the model and samples it");
    }
    learn(config, mode, device, workers, talk)
}

/// As [`restore_train`], whatever the task.
pub fn learn(
    config: &RestoreConfig,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreTraining> {
    let folder = Folder(config.folder());
    folder.refuse(config, mode)?;
    let examples = Examples::open(config)?;
    if mode == Mode::Resume {
        examples.refuse_changed(&folder)?;
    }
    let law = RestorationLaw::new(config, examples.seen())?;
    let weights = Key::new(config.seed, Purpose::Weights).seed_from();
    let network = seeded(weights, device, || law.architecture().field_net(device))?;
    // that pictures are whole and fit each other, the mask and the blocks is seen here, and neither after an older model
    // has gone nor in the middle of a long run
    examples.check(workers)?;
    examples.lesson(0, config.train.batch_size, device)?;
    folder.prepare(config, mode)?;
    examples.save(&folder)?;
    let architecture = law.architecture().describe();
    let mut metadata = Metadata::from([
        ("architecture".to_owned(), architecture.clone()),
        ("config".to_owned(), config.to_toml()?),
        (CHANNELS.to_owned(), examples.channels().to_string()),
        (FEATURES.to_owned(), examples.features().to_string()),
    ]);
    metadata.extend(
        law.classes()
            .map(|count| (CLASSES.to_owned(), count.to_string())),
    );
    if let (Task::Generation, Examples::Pictures(pictures)) = (config.task, &examples) {
        let (_, h, w) = pictures.middle(0)?.dim();
        metadata.insert(SIZE.to_owned(), format!("{h} {w}"));
    }
    let course = Course {
        train: &config.train,
        checkpoints: folder.checkpoints(),
        losses: folder.losses(),
        architecture: &architecture,
        metadata: metadata.clone(),
        talk,
    };
    let mut job = Job {
        config,
        law,
        examples,
        device,
        workers,
        trainer: Trainer::new(config.train.clone(), network),
    };
    course.restore(&mut job.trainer)?;
    course.run(&mut job)?;
    job.trainer.save_model(&folder.weights(), &metadata)?;
    Ok(RestoreTraining {
        model: folder.0,
        weights: job.trainer.weight_count(),
        steps: config.train.steps,
        validation_loss: job.validation_loss()?,
        loss_over: job.law.learns(),
    })
}

struct Job<'a> {
    config: &'a RestoreConfig,
    law: RestorationLaw,
    examples: Examples<'a>,
    device: &'a Device,
    workers: &'a Workers,
    trainer: Trainer<FieldNet>,
}

impl Training<FieldNet> for Job<'_> {
    fn trainer(&mut self) -> &mut Trainer<FieldNet> {
        &mut self.trainer
    }

    fn step(&mut self) -> Result<StepReport> {
        let train = &self.config.train;
        let lesson =
            self.examples
                .lesson(self.trainer.step_count(), train.batch_size, self.device)?;
        let (law, size) = (&self.law, train.micro_batch);
        let report = self
            .trainer
            .step::<StepError, _>(self.workers, |network, piece| {
                Ok(law.losses(network, &lesson, piece * size, size)?.mean())
            })?;
        Ok(report)
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        let (count, size) = (self.examples.aside(), self.config.train.micro_batch);
        if count == 0 {
            return Ok(None);
        }
        let network = self.trainer.averaged()?;
        let sums = self.workers.map(count.div_ceil(size), |piece| {
            let from = piece * size;
            let part = size.min(count - from);
            let lesson = self.examples.validation(from, part, self.device)?;
            let losses = self.law.losses(&network, &lesson, 0, part)?;
            Ok::<_, anyhow::Error>(f64::from(losses.sum().into_scalar::<f32>()))
        })?;
        Ok(Some(sums.iter().sum::<f64>() / count as f64))
    }
}
