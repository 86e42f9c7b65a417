//! A model on its way.

use crate::error::GenerationError;
use crate::law::Law;
use crate::model::Model;
use crate::source::Source;
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_interpolant::LossTable;
use foehn_network::{Mlp, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{StepReport, TrainConfig, Trainer};

/// Bins of the loss by t.
const BINS: usize = 20;

/// The weights of a law being trained on a source.
pub struct Learner<S> {
    law: Law,
    source: S,
    seed: u64,
    device: Device,
    batch: usize,
    piece: usize,
    /// Weights, optimiser and moving average: to save and to restore.
    pub trainer: Trainer<Mlp>,
}

impl<S: Source> Learner<S> {
    /// A learner at step 0.
    ///
    /// # Errors
    /// If the network is impossible.
    pub fn new(
        law: Law,
        train: &TrainConfig,
        source: S,
        seed: u64,
        device: &Device,
    ) -> Result<Self, GenerationError> {
        let weights = Key::new(seed, Purpose::Weights).seed_from();
        let network = seeded(weights, device, || law.architecture().mlp(device))?;
        Ok(Self {
            law,
            source,
            seed,
            device: device.clone(),
            batch: train.batch_size,
            piece: train.micro_batch,
            trainer: Trainer::new(train.clone(), network),
        })
    }

    /// One step of the optimiser.
    ///
    /// # Errors
    /// If pairs cannot be drawn, or the loss is not finite for ten steps.
    pub fn step(&mut self, workers: &Workers) -> Result<StepReport, GenerationError> {
        let step = self.trainer.step_count();
        let rows = self.source.rows(self.seed, step, self.batch);
        let key = Key::new(self.seed, Purpose::Train).init(step as i64);
        let batch = self.law.batch(&rows, key, &self.device)?;
        let (law, size) = (&self.law, self.piece);
        self.trainer.step(workers, |network, piece| {
            law.loss(network, &batch, piece * size..(piece + 1) * size)
        })
    }

    /// The model with averaged weights.
    ///
    /// # Errors
    /// If the network does not fit its own layout.
    pub fn model(&self) -> Result<Model, GenerationError> {
        Ok(Model {
            law: self.law.clone(),
            network: self.trainer.averaged()?,
        })
    }
}

impl Model {
    /// The loss by interpolation time over `batches` of `count` rows, paired as in training.
    ///
    /// # Errors
    /// If pairs cannot be drawn or a loss is not finite.
    pub fn loss_by_time(
        &self,
        source: &impl Source,
        seed: u64,
        [count, batches]: [usize; 2],
        device: &Device,
    ) -> Result<LossTable, GenerationError> {
        let mut table = LossTable::new(BINS)?;
        for step in 0..batches {
            let rows = source.rows(seed, step, count);
            let key = Key::new(seed, Purpose::Validate).init(step as i64);
            let batch = self.law.batch(&rows, key, device)?;
            let losses = self.law.losses(&self.network, &batch, 0..count)?;
            for (draw, loss) in batch.draws.iter().zip(losses.into_data().iter::<f64>()) {
                table.add(draw.t, loss)?;
            }
        }
        Ok(table)
    }

    /// `int_0^1 E|b(t, x_t)|^2 dt`, the cost of the path: the less it is, the straighter the flow and the
    /// fewer its steps. Over `batches` of `count` rows, paired as in training.
    ///
    /// # Errors
    /// If pairs cannot be drawn, or the velocity does not follow from what is learnt.
    ///
    /// # Reference
    /// Albergo, Vanden-Eijnden 2023, arXiv:2209.15571.
    pub fn path_cost(
        &self,
        source: &impl Source,
        seed: u64,
        count: usize,
        batches: usize,
        device: &Device,
    ) -> Result<f64, GenerationError> {
        let mut sum = 0.0;
        for step in 0..batches {
            let rows = source.rows(seed, step, count);
            let key = Key::new(seed, Purpose::Validate).init(step as i64);
            let batch = self.law.batch(&rows, key, device)?;
            let square = self.law.velocities(&self.network, &batch)?.square().sum();
            sum += f64::from(square.into_scalar::<f32>());
        }
        Ok(sum / (count * batches) as f64)
    }
}
