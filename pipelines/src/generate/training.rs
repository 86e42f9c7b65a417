//! The training of a model of vectors.

use super::Machine;
use super::config::GenerateConfig;
use super::data::Data;
use super::folder::Folder;
use super::learnt::{Declaration, Learnt, Pupil, Validation};
use crate::progress::{Progress, Talk, check_interrupt};
use crate::text_file::write_text;
use crate::training_run::{Course, Training};
use anyhow::Result;
use foehn_generation::{ScheduleLearner, Tables};
use foehn_interpolant::{LossTable, Path};
use foehn_network::Mlp;
use foehn_training::{Metadata, StepReport, TrainConfig, Trainer};
use std::cell::RefCell;
use std::fmt::Write;

/// Steps of the network for each of the path.
const DESCENTS: usize = 4;
/// Peak learning rate of the numbers of a path.
const PATH_RATE: f64 = 0.01;

struct Job<'a> {
    pupil: Pupil,
    set_aside: Option<&'a Tables>,
    config: &'a GenerateConfig,
    machine: Machine<'a>,
    /// The last validation.
    last: RefCell<Option<Validation>>,
}

impl Job<'_> {
    fn validate(&self) -> Result<Option<Validation>> {
        let validate = |tables| {
            let device = self.machine.device;
            self.pupil.validate(tables, self.config, device)
        };
        self.set_aside.map(validate).transpose()
    }
}

impl Training<Mlp> for Job<'_> {
    fn trainer(&mut self) -> &mut Trainer<Mlp> {
        self.pupil.trainer()
    }

    fn step(&mut self) -> Result<StepReport> {
        self.pupil.step(self.machine.workers)
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        let validation = self.validate()?;
        let loss = validation.as_ref().map(|validation| validation.loss);
        *self.last.borrow_mut() = validation;
        Ok(loss)
    }
}

/// Trains what was declared on data and writes it to its folder; the validation loss, where rows were set
/// aside.
///
/// # Errors
/// If the loss is not finite, a file cannot be written, or after Ctrl-C.
pub fn train(
    config: &GenerateConfig,
    declaration: Declaration,
    data: &Data,
    folder: &Folder,
    machine: Machine,
    talk: Talk,
) -> Result<(Learnt, Option<f64>)> {
    let architecture = declaration.architecture().describe();
    let pupil = declaration.pupil(config, data.train.clone(), machine.device)?;
    let mut job = Job {
        pupil,
        set_aside: data.validation.as_ref(),
        config,
        machine,
        last: RefCell::new(None),
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
    course.restore(job.trainer())?;
    course.run(&mut job)?;
    job.trainer().save_model(&folder.weights(), &metadata)?;
    // a training that was complete before has not validated in this run
    let validation = match job.last.take() {
        None => job.validate()?,
        last => last,
    };
    let table = validation.as_ref().and_then(|v| v.by_time.as_ref());
    if let Some(table) = table {
        write_text(&folder.loss_by_time(), &by_time(table))?;
    }
    Ok((job.pupil.learnt()?, validation.map(|v| v.loss)))
}

/// The path of least cost within the family of `config`, found on data.
///
/// # Errors
/// If a loss is not finite, or after Ctrl-C.
pub fn learn_path(
    config: &GenerateConfig,
    data: &Data,
    machine: Machine,
    talk: Talk,
) -> Result<Path> {
    let Machine { device, workers } = machine;
    let steps = config.path_steps;
    let rates = |steps: usize, learning_rate: f64, ema_decay: f64| TrainConfig {
        steps,
        learning_rate,
        ema_decay,
        ..config.train.clone()
    };
    // the network keeps up with the path and is averaged briefly
    let descent = rates(steps * DESCENTS, config.train.learning_rate, 0.5);
    let ascent = rates(steps, PATH_RATE, 0.98);
    let sizes = data.units.sizes();
    let (tables, seed) = (data.train.clone(), config.seed);
    let both = [&descent, &ascent];
    let mut learner = ScheduleLearner::new(&config.model, sizes, both, tables, seed, device)?;
    let progress = Progress::new(talk, "learning the path", "steps", steps as u64, 0);
    for _ in 0..steps {
        learner.step(DESCENTS, workers)?;
        progress.advance(1);
        check_interrupt()?;
    }
    progress.finish();
    Ok(Path::Fourier(learner.path()?))
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
