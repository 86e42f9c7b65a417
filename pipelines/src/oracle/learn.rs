//! Networks that oracles train.

use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use foehn_compute::Workers;
use foehn_generation::{Law, Learner, Model, SamplingConfig, Source, Starting, on_device, on_host};
use foehn_noise::{Key, Purpose};
use foehn_training::TrainConfig;
use ndarray::{Array2, Axis, concatenate, s};

/// Rows that a worker solves together.
const PART: usize = 1000;

/// The threads that train, and whether progress is shown.
#[derive(Clone, Copy)]
pub struct School<'a> {
    /// The threads.
    pub workers: &'a Workers,
    /// Whether progress is shown.
    pub talk: Talk,
}

/// `steps` of `batch` rows.
pub fn course(steps: usize, batch: usize, rate: f64) -> TrainConfig {
    TrainConfig {
        steps,
        batch_size: batch,
        micro_batch: batch / 2,
        learning_rate: rate,
        warmup: 100,
        weight_decay: 0.0,
        ema_decay: 0.998,
        ..TrainConfig::default()
    }
}

impl School<'_> {
    /// The law's model, trained on `source`.
    ///
    /// # Errors
    /// If the loss is not finite, or after Ctrl-C.
    pub fn learn(
        self,
        label: &str,
        law: Law,
        train: &TrainConfig,
        source: impl Source,
    ) -> Result<Model> {
        let mut learner = Learner::new(law, train, source, 1, &Device::flex())?;
        let progress = Progress::new(self.talk, label, "steps", train.steps as u64, 0);
        for _ in 0..train.steps {
            learner.step(self.workers)?;
            progress.advance(1);
            check_interrupt()?;
        }
        progress.finish();
        Ok(learner.model()?)
    }

    /// Samples of a model, one a row of the starts (or of the condition).
    ///
    /// # Errors
    /// If the sampler does not suit the path, or a sample is not finite.
    pub fn sample(
        self,
        model: &Model,
        how: &SamplingConfig,
        count: usize,
        x0: Option<&Array2<f32>>,
        condition: Option<&Array2<f32>>,
    ) -> Result<Array2<f32>> {
        let solved = self.workers.map(count.div_ceil(PART), |i| {
            let part = i * PART..((i + 1) * PART).min(count);
            let device = Device::flex();
            let rows = |table: &Array2<f32>| -> Tensor<2> {
                on_device(&table.slice(s![part.clone(), ..]).to_owned(), &device)
            };
            let name = |i: usize| Key::new(2, Purpose::Sample).member(i as u32);
            let from = Starting {
                x0: x0.map(rows),
                condition: condition.map(rows),
                keys: part.clone().map(name).collect(),
            };
            let run = model.sample(how, from, &device)?;
            Ok::<_, anyhow::Error>(on_host(run.finite()?))
        })?;
        let views: Vec<_> = solved.iter().map(|x| x.view()).collect();
        Ok(concatenate(Axis(0), &views)?)
    }
}
