//! The course of a training: steps, log, validations, checkpoints, Ctrl-C, resumption.

use crate::loss_log::LossLog;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result};
use burn::module::Module;
use foehn_training::{Metadata, StepReport, TrainConfig, Trainer, latest};
use std::fs;
use std::path::{Path, PathBuf};

/// Checkpoints that are kept: the last ones.
const KEPT: usize = 2;

/// What is trained, a step at a time.
pub trait Training<M> {
    /// Weights, optimiser and moving average.
    fn trainer(&mut self) -> &mut Trainer<M>;

    /// One step of the optimiser.
    ///
    /// # Errors
    /// If data cannot be read, or the loss is not finite for long.
    fn step(&mut self) -> Result<StepReport>;

    /// The loss on data set aside, if there are any.
    ///
    /// # Errors
    /// If data cannot be read.
    fn validation_loss(&self) -> Result<Option<f64>>;
}

/// Where a training is written, and how long it is.
pub struct Course<'a> {
    /// Steps, and how often to validate and save.
    pub train: &'a TrainConfig,
    /// Folder of checkpoints.
    pub checkpoints: PathBuf,
    /// The log of losses.
    pub losses: PathBuf,
    /// What the weights mean: the network's line.
    pub architecture: &'a str,
    /// What is written beside the weights.
    pub metadata: Metadata,
    /// Whether progress is shown.
    pub talk: Talk,
}

impl Course<'_> {
    /// Trains to the end, from the last checkpoint where there is one. Call [`Course::restore`] before
    /// anything is read ahead of the first step.
    ///
    /// # Errors
    /// As [`Training::step`]; or if a file cannot be written; or after Ctrl-C.
    pub fn run<M>(&self, job: &mut impl Training<M>) -> Result<()>
    where
        M: Module + Clone + Sync,
    {
        let train = self.train;
        let (total, begun) = (train.steps, job.trainer().step_count());
        let mut log = LossLog::open(&self.losses, begun)?;
        let progress = Progress::new(self.talk, "training", "steps", total as u64, begun as u64);
        let weights = job.trainer().weight_count();
        progress.say(&format!("training: {weights} weights"));
        for step in begun..total {
            let report = job.step()?;
            let done = step + 1;
            let last = done == total;
            let validation = if done.is_multiple_of(train.validate_every) || last {
                job.validation_loss()?
            } else {
                None
            };
            log.add(done, &report, validation)?;
            if let Some(validation) = validation {
                let loss = log.recent_loss();
                progress.say(&format!(
                    "step {done}: loss {loss:.4}, validation {validation:.4}"
                ));
            }
            if done.is_multiple_of(train.checkpoint_every) || last {
                log.flush()?;
                self.save(job.trainer())?;
            }
            progress.advance(1);
            check_interrupt()?;
        }
        progress.finish();
        Ok(())
    }

    /// Puts `trainer` where its last checkpoint left it, if there is one.
    ///
    /// # Errors
    /// If the folder cannot be made, or the checkpoint is of another network.
    pub fn restore<M>(&self, trainer: &mut Trainer<M>) -> Result<()>
    where
        M: Module + Clone + Sync,
    {
        let folder = &self.checkpoints;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        if let Some(path) = latest(folder) {
            trainer.restore(&path, self.architecture)?;
        }
        Ok(())
    }

    fn save<M>(&self, trainer: &Trainer<M>) -> Result<()>
    where
        M: Module + Clone + Sync,
    {
        let step = trainer.step_count();
        trainer.save(&self.checkpoint(step), self.metadata.clone())?;
        let old = step.checked_sub(KEPT * self.train.checkpoint_every);
        let old = old.map(|step| self.checkpoint(step));
        if let Some(path) = old.filter(|path| path.exists()) {
            remove(&path)?;
        }
        Ok(())
    }

    fn checkpoint(&self, step: usize) -> PathBuf {
        self.checkpoints
            .join(format!("checkpoint-{step:08}.safetensors"))
    }
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}
