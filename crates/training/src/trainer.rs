//! The loop body: losses in, new weights out.

use crate::adamw::{Decayed, Gradient, Moments};
use crate::config::TrainConfig;
use crate::error::TrainError;
use crate::layout::{Layout, LayoutError, Recording};
use burn::module::Module;
use burn::tensor::Tensor;
use foehn_compute::Workers;
use foehn_kernel::AdamW;

/// Steps in a row that may be skipped for a loss that is not a number.
const PATIENCE: usize = 10;

/// Weights on their way: module, optimiser and moving average.
pub struct Trainer<M> {
    pub(crate) config: TrainConfig,
    pub(crate) layout: Layout,
    pub(crate) module: M,
    pub(crate) weights: Tensor<1>,
    pub(crate) moments: Moments,
    pub(crate) average: Tensor<1>,
    pub(crate) step: usize,
    pub(crate) skipped_in_a_row: usize,
    decayed: Decayed,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Mean loss of the batch.
    pub loss: f64,
    /// Global norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate.
    pub rate: f64,
    /// Whether the step was skipped because the loss or gradient was not finite.
    pub skipped: bool,
}

impl<M: Module + Clone + Sync> Trainer<M> {
    /// A trainer at step 0 of the freshly initialised `module`.
    pub fn new(config: TrainConfig, module: M) -> Self {
        let layout = Layout::of(&module);
        let weights = layout.weights(&module);
        let decayed = Decayed::new(&layout, &weights);
        Self {
            moments: Moments::zeros(&weights),
            average: weights.clone(),
            decayed,
            config,
            layout,
            module,
            weights,
            step: 0,
            skipped_in_a_row: 0,
        }
    }

    /// Steps done.
    pub fn step_count(&self) -> usize {
        self.step
    }

    /// The number of weights.
    pub fn weight_count(&self) -> usize {
        self.layout.len()
    }

    /// One step; `loss(module, i)` is the mean loss of micro-batch `i`, all of one size.
    ///
    /// The gradients of the micro-batches are added in order, so the number of workers changes nothing.
    ///
    /// # Errors
    /// If the loss has not been finite for ten steps; or as `loss`.
    pub fn step<E, F>(&mut self, workers: &Workers, loss: F) -> Result<StepReport, E>
    where
        E: Send + From<TrainError> + From<LayoutError>,
        F: Fn(&M, usize) -> Result<Tensor<1>, E> + Sync,
    {
        let pieces = self.config.batch_size / self.config.micro_batch;
        let piece = |i: usize| {
            let module =
                self.layout
                    .install(self.module.clone(), &self.weights, Recording::Gradients)?;
            let loss = loss(&module, i)?;
            let gradient = self.layout.gradient(&module, &loss.backward());
            Ok::<_, E>((loss.inner().into_scalar::<f32>(), gradient))
        };
        // as they come, so that few gradients are held at once
        let mut sum: Option<(f64, Tensor<1>)> = None;
        workers.map_in_order(pieces, piece, |(loss, gradient)| {
            let loss = f64::from(loss);
            sum = Some(match sum.take() {
                None => (loss, gradient),
                Some((losses, gradients)) => (losses + loss, gradients + gradient),
            });
        })?;
        let (losses, gradient) = sum.unwrap_or_else(|| (0.0, self.weights.zeros_like()));
        let mean_loss = losses / pieces as f64;
        Ok(self.apply(mean_loss, gradient, pieces)?)
    }

    /// `gradient` is the sum of those of `pieces` micro-batches.
    fn apply(
        &mut self,
        loss: f64,
        gradient: Tensor<1>,
        pieces: usize,
    ) -> Result<StepReport, TrainError> {
        let gradient = Gradient::new(gradient);
        let norm = gradient.square_sum().sqrt() / pieces as f64;
        let rate = self.config.rate(self.step);
        let skipped = !(loss.is_finite() && norm.is_finite());
        if skipped {
            self.skipped_in_a_row += 1;
            if self.skipped_in_a_row >= PATIENCE {
                return Err(TrainError::NotFinite {
                    count: self.skipped_in_a_row,
                    step: self.step,
                    rate,
                });
            }
        } else {
            self.skipped_in_a_row = 0;
            let step = self.optimiser_step(norm, pieces);
            let vectors = [&mut self.weights, &mut self.average];
            self.moments.step(&step, vectors, gradient, &self.decayed);
        }
        self.step += 1;
        Ok(StepReport {
            loss,
            gradient_norm: norm,
            rate,
            skipped,
        })
    }

    /// The numbers of this step, for a gradient of the global norm `norm`.
    fn optimiser_step(&self, norm: f64, pieces: usize) -> AdamW {
        let config = &self.config;
        let ([b1, b2], n, rate) = (config.betas, self.step as i32 + 1, config.rate(self.step));
        let clipped = config.clip_norm / norm.max(config.clip_norm);
        AdamW {
            gradient_scale: (clipped / pieces as f64) as f32,
            betas: config.betas.map(|b| b as f32),
            rate: (rate / (1.0 - b1.powi(n))) as f32,
            second_scale: (1.0 / (1.0 - b2.powi(n))) as f32,
            decay: (rate * config.weight_decay) as f32,
            average_keep: config.averaging(self.step) as f32,
        }
    }

    /// The module with the averaged weights, for inference.
    ///
    /// # Errors
    /// If the module does not fit its own layout.
    pub fn averaged(&self) -> Result<M, LayoutError> {
        self.layout
            .install(self.module.clone(), &self.average, Recording::Nothing)
    }
}
