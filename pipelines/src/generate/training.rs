//! The training of a model of vectors.

use super::Machine;
use super::config::GenerateConfig;
use super::data::Data;
use super::folder::Folder;
use crate::progress::Talk;
use crate::text_file::write_text;
use crate::training_run::{Course, Training};
use anyhow::Result;
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_generation::{Law, Learner, Model, Tables};
use foehn_interpolant::LossTable;
use foehn_network::Mlp;
use foehn_training::{Metadata, StepReport, Trainer};
use std::fmt::Write;

/// Rows of the validation loss at most.
const ROWS: usize = 4096;

struct Job<'a> {
    learner: Learner<Tables>,
    validation: Option<&'a Tables>,
    workers: &'a Workers,
    device: &'a Device,
    seed: u64,
}

impl Job<'_> {
    fn loss_by_time(&self) -> Result<Option<LossTable>> {
        let Some(tables) = self.validation else {
            return Ok(None);
        };
        let rows = tables.count().min(ROWS);
        let model = self.learner.model()?;
        Ok(Some(model.loss_by_time(
            tables,
            self.seed,
            rows,
            self.device,
        )?))
    }
}

impl Training<Mlp> for Job<'_> {
    fn trainer(&mut self) -> &mut Trainer<Mlp> {
        &mut self.learner.trainer
    }

    fn step(&mut self) -> Result<StepReport> {
        Ok(self.learner.step(self.workers)?)
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        Ok(self.loss_by_time()?.and_then(|table| table.integral()))
    }
}

/// Trains a law on data and writes it to its folder; the validation loss, where rows were set aside.
///
/// # Errors
/// If the loss is not finite, a file cannot be written, or after Ctrl-C.
pub fn train(
    config: &GenerateConfig,
    law: Law,
    data: &Data,
    folder: &Folder,
    machine: Machine,
    talk: Talk,
) -> Result<(Model, Option<f64>)> {
    let Machine { device, workers } = machine;
    let architecture = law.architecture().describe();
    let learner = Learner::new(law, &config.train, data.train.clone(), config.seed, device)?;
    let validation = data.validation.as_ref();
    let mut job = Job {
        learner,
        validation,
        workers,
        device,
        seed: config.seed,
    };
    let metadata = Metadata::from([
        ("architecture".to_owned(), architecture.clone()),
        ("config".to_owned(), config.to_toml()?),
    ]);
    let course = Course {
        train: &config.train,
        checkpoints: folder.checkpoints(),
        losses: folder.losses(),
        architecture: &architecture,
        metadata: metadata.clone(),
        talk,
    };
    course.restore(&mut job.learner.trainer)?;
    course.run(&mut job)?;
    job.learner
        .trainer
        .save_model(&folder.weights(), &metadata)?;
    let table = job.loss_by_time()?;
    if let Some(table) = &table {
        write_text(&folder.loss_by_time(), &by_time(table))?;
    }
    Ok((
        job.learner.model()?,
        table.and_then(|table| table.integral()),
    ))
}

/// The table as text, a line a bin.
fn by_time(table: &LossTable) -> String {
    let mut text = String::from("t,loss,standard_error,count\n");
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    for k in 0..table.bins() {
        let t = (k as f64 + 0.5) / table.bins() as f64;
        let (loss, error) = (number(table.mean(k)), number(table.standard_error(k)));
        // writing to a string cannot fail
        let _ = writeln!(text, "{t},{loss},{error},{}", table.count(k));
    }
    text
}
