//! A classifier of labelled pictures, and its training.

use super::classes::labels_of;
use super::config::RestoreConfig;
use super::pictures::Pictures;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::Result;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use flate2::Crc;
use foehn_compute::Workers;
use foehn_network::Classifier;
use foehn_noise::{Key, Purpose};
use foehn_restoration::Labels;
use foehn_training::{LayoutError, Metadata, TrainConfig, TrainError, Trainer};
use ndarray::Array3;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// A classifier about to be trained.
pub struct Learning<'a> {
    /// How to train.
    pub how: TrainConfig,
    /// Fresh weights.
    pub network: Classifier,
    /// Where it runs.
    pub device: &'a Device,
    /// Threads.
    pub workers: &'a Workers,
}

impl Learning<'_> {
    /// Trains it and writes it to `path`.
    ///
    /// # Errors
    /// If pictures cannot be read, the loss is not finite for long, or the file cannot be written.
    pub fn run(
        self,
        train: &Set,
        path: &Path,
        metadata: &Metadata,
        talk: Talk,
    ) -> Result<Classifier> {
        let how = &self.how;
        let mut trainer = Trainer::new(how.clone(), self.network);
        let name = "training a classifier for features";
        let progress = Progress::new(talk, name, "steps", how.steps as u64, 0);
        for step in 0..how.steps {
            let batch = train.batch(step, how.batch_size, self.device)?;
            trainer.step::<StepError, _>(self.workers, |network, piece| {
                let size = how.micro_batch;
                Ok(cross_entropy(network, &batch, piece * size, size))
            })?;
            progress.advance(1);
            check_interrupt()?;
        }
        progress.finish();
        trainer.save_model(path, metadata)?;
        Ok(trainer.averaged()?)
    }
}

/// How a classifier is trained in so many steps.
pub fn schedule(steps: usize) -> TrainConfig {
    TrainConfig {
        steps,
        batch_size: 128,
        micro_batch: 64,
        learning_rate: 2e-3,
        warmup: 50,
        ema_decay: 0.99,
        ..TrainConfig::default()
    }
}

/// Pictures with their classes.
pub struct Set<'a> {
    /// The pictures.
    pub pictures: Pictures<'a>,
    /// The class of each.
    pub labels: Labels,
}

/// Some of them.
pub struct Batch {
    /// [B, C, H, W].
    pub x: Tensor<4>,
    /// (B).
    pub classes: Tensor<1, Int>,
}

impl<'a> Set<'a> {
    /// Opens both.
    ///
    /// # Errors
    /// If they cannot be read, or do not belong together.
    pub fn open(
        config: &'a RestoreConfig,
        pictures: &Path,
        labels: &Path,
        channels: usize,
    ) -> Result<Self> {
        let of = Pictures::seen_in(config, pictures, channels)?;
        let labels = labels_of(labels, (of.count(), pictures))?;
        Ok(Self {
            pictures: of,
            labels,
        })
    }

    /// Channels, rows and columns.
    ///
    /// # Errors
    /// If the first picture cannot be read.
    pub fn size(&self) -> Result<[usize; 3]> {
        let (c, h, w) = self.pictures.middle(0)?.dim();
        Ok([c, h, w])
    }

    /// The CRC-32 of pictures and labels.
    ///
    /// # Errors
    /// If a picture cannot be read.
    pub fn checksum(&self, workers: &Workers) -> Result<u32> {
        let mut crc = Crc::new();
        crc.update(&self.pictures.check(workers)?.to_le_bytes());
        crc.update(&self.labels);
        Ok(crc.sum())
    }

    fn batch(&self, step: usize, count: usize, device: &Device) -> Result<Batch> {
        let order = Key::new(0, Purpose::Shuffle).init(step as i64);
        let mut u = vec![0.0; count];
        order.uniforms(&mut u);
        let numbers: Vec<usize> = u
            .iter()
            .map(|u| (u * self.labels.len() as f64) as usize)
            .collect();
        self.chosen(&numbers, device)
    }

    /// The pictures of these numbers.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn chosen(&self, numbers: &[usize], device: &Device) -> Result<Batch> {
        let pictures = numbers
            .iter()
            .map(|i| self.pictures.middle(*i))
            .collect::<Result<Vec<_>>>()?;
        let classes: Vec<i64> = numbers.iter().map(|i| i64::from(self.labels[*i])).collect();
        Ok(Batch {
            x: stacked(&pictures, device),
            classes: Tensor::from_data(TensorData::new(classes, [numbers.len()]), device),
        })
    }
}

/// # Shapes
/// B of (C, H, W) to [B, C, H, W].
pub fn stacked(pictures: &[Array3<f32>], device: &Device) -> Tensor<4> {
    let (c, h, w) = pictures[0].dim();
    let values: Vec<f32> = pictures
        .iter()
        .flat_map(|picture| picture.iter().copied())
        .collect();
    Tensor::from_data(TensorData::new(values, [pictures.len(), c, h, w]), device)
}

/// `-mean log p(class)`.
fn cross_entropy(network: &Classifier, batch: &Batch, from: usize, count: usize) -> Tensor<1> {
    let logits = network.forward(batch.x.clone().narrow(0, from, count));
    let classes = batch
        .classes
        .clone()
        .narrow(0, from, count)
        .unsqueeze_dim::<2>(1);
    log_softmax(logits, 1).gather(1, classes).mean().neg()
}
