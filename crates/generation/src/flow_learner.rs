//! A flow on its way to maximum likelihood.

use crate::error::GenerationError;
use crate::flow::NormalizingFlow;
use crate::host::on_device;
use crate::maximum_likelihood::MaximumLikelihood;
use crate::source::Source;
use burn::tensor::{Device, Tensor};
use foehn_compute::Workers;
use foehn_network::{Mlp, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{StepReport, TrainConfig, Trainer};

/// The weights of a flow being trained by maximum likelihood on a source; see
/// [`Learner`](crate::Learner) for regression on an interpolant.
pub struct FlowLearner<S> {
    likelihood: MaximumLikelihood,
    source: S,
    seed: u64,
    device: Device,
    batch: usize,
    piece: usize,
    /// Weights, optimiser and moving average: to save and to restore.
    pub trainer: Trainer<Mlp>,
}

impl<S: Source> FlowLearner<S> {
    /// A learner at step 0, where the flow stands still.
    ///
    /// # Errors
    /// If the network is impossible.
    pub fn new(
        likelihood: MaximumLikelihood,
        train: &TrainConfig,
        source: S,
        seed: u64,
        device: &Device,
    ) -> Result<Self, GenerationError> {
        let weights = Key::new(seed, Purpose::Weights).seed_from();
        let network = seeded(weights, device, || likelihood.architecture().mlp(device))?;
        Ok(Self {
            likelihood,
            source,
            seed,
            device: device.clone(),
            batch: train.batch_size,
            piece: train.micro_batch,
            trainer: Trainer::new(train.clone(), network),
        })
    }

    /// One step of the optimiser; the loss is `-log p`, nats a sample.
    ///
    /// # Errors
    /// If the source does not have the declared columns, or the loss is not finite for ten steps.
    pub fn step(&mut self, workers: &Workers) -> Result<StepReport, GenerationError> {
        let step = self.trainer.step_count();
        let rows = self.source.rows(self.seed, step, self.batch);
        let key = Key::new(self.seed, Purpose::Train).init(step as i64);
        let keys: Vec<Key> = (0..self.batch).map(|b| key.member(b as u32)).collect();
        let x1 = on_device(&rows.x1, &self.device);
        let condition = rows.condition.map(|table| on_device(&table, &self.device));
        let (likelihood, size) = (&self.likelihood, self.piece);
        self.trainer.step(workers, |network, piece| {
            let part = piece * size..(piece + 1) * size;
            let select = |table: &Tensor<2>| table.clone().slice([part.clone()]);
            let condition = condition.as_ref().map(select);
            likelihood.loss(network, select(&x1), condition, &keys[part.clone()])
        })
    }

    /// The flow with averaged weights.
    ///
    /// # Errors
    /// If the network does not fit its own layout.
    pub fn flow(&self) -> Result<NormalizingFlow, GenerationError> {
        Ok(NormalizingFlow {
            likelihood: self.likelihood.clone(),
            network: self.trainer.averaged()?,
        })
    }
}
