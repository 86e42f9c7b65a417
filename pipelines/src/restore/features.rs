//! Features of pictures: those of a small classifier that is trained on the set itself.

use super::config::RestoreConfig;
use super::pictures::Pictures;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result, bail};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use flate2::Crc;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_network::Classifier;
use foehn_noise::{Key, Purpose};
use foehn_restoration::{Labels, Picture, read_labels};
use foehn_training::{Checkpoint, LayoutError, Metadata, TrainConfig, TrainError, Trainer};
use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Pictures that pass through the classifier at once.
const BATCH: usize = 250;

/// The key of a classifier's metadata that says what it learnt from and for how long.
const ORIGIN: &str = "origin";

/// How the classifier was made, for the file of scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureNote {
    /// Its shape.
    pub network: String,
    /// Steps of 128 pictures it was trained for.
    pub steps: usize,
    /// Share of the test pictures whose class it finds.
    pub accuracy: f64,
}

/// A trained classifier.
pub struct Features {
    network: Classifier,
    /// How it was made.
    pub note: FeatureNote,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl Features {
    /// The classifier in the file `path` of pictures of so many channels, or where there is none, or one of other
    /// data that may be overwritten, one that is trained now and written there.
    ///
    /// # Errors
    /// If there are no labels, they do not belong to the pictures, pictures differ in size, or the file is of a classifier
    /// that learnt from others.
    pub fn open(
        config: &RestoreConfig,
        (path, mode): (&Path, Mode),
        channels: usize,
        device: &Device,
        workers: &Workers,
        talk: Talk,
    ) -> Result<Self> {
        let labels = config.data.labels.as_ref().context(
            "distances between sets of pictures are made of a classifier's features: give data.labels.train and data.labels.test",
        )?;
        let test = config
            .data
            .test
            .as_ref()
            .context("give data.test: pictures that nothing was learnt from")?;
        let train = Set::open(config, &config.data.train, &labels.train, channels)?;
        let test = Set::open(config, test, &labels.test, channels)?;
        let ([size, other], shape) = ([train.size()?, test.size()?], &labels.classifier);
        if size != other {
            bail!(
                "pictures to learn from are {size:?} and those to be scored on {other:?} (channels, rows, columns): a \
                 classifier compares pictures of one size; set data.crop to the side of a square that all of them hold"
            );
        }
        let classes = train.labels.iter().max();
        let classes = classes.map_or(0, |most| usize::from(*most) + 1);
        let architecture = shape.describe(size, classes);
        device.seed(Key::new(0, Purpose::Weights).seed_from());
        let network = shape.init(size, classes, device)?;
        let origin = format!(
            "{} steps; CRC-32 of pictures and labels {:08x}",
            labels.steps,
            train.checksum(workers)?
        );
        test.pictures.check(workers)?;
        let network = if path.exists() && is_of(path, &origin, mode)? {
            Checkpoint::open(path)?.load(network, &architecture)?
        } else {
            let learning = Learning {
                how: schedule(labels.steps),
                network,
                device,
                workers,
            };
            let metadata = Metadata::from([
                ("architecture".to_owned(), architecture.clone()),
                (ORIGIN.to_owned(), origin),
            ]);
            learning.run(&train, path, &metadata, talk)?
        };
        let mut features = Self {
            network,
            note: FeatureNote {
                network: architecture,
                steps: labels.steps,
                accuracy: 0.0,
            },
        };
        features.note.accuracy = features.accuracy(&test, device, workers)?;
        Ok(features)
    }

    /// # Shapes
    /// (N, features).
    ///
    /// # Errors
    /// Never but for an interruption.
    pub fn of(
        &self,
        pictures: &[Array3<f32>],
        device: &Device,
        workers: &Workers,
    ) -> Result<Array2<f32>> {
        let tables = workers.map(pictures.len().div_ceil(BATCH), |piece| {
            check_interrupt()?;
            let part = &pictures[piece * BATCH..((piece + 1) * BATCH).min(pictures.len())];
            let features = self.network.features(stacked(part, device));
            let width = features.dims()[1];
            let values: Vec<f32> = features.into_data().iter::<f32>().collect();
            Ok::<_, anyhow::Error>(Array2::from_shape_vec((part.len(), width), values)?)
        })?;
        let views: Vec<_> = tables.iter().map(|table| table.view()).collect();
        Ok(ndarray::concatenate(ndarray::Axis(0), &views)?)
    }

    fn accuracy(&self, test: &Set, device: &Device, workers: &Workers) -> Result<f64> {
        let count = test.labels.len();
        let right = workers.map(count.div_ceil(BATCH), |piece| {
            let numbers: Vec<usize> = (piece * BATCH..((piece + 1) * BATCH).min(count)).collect();
            let batch = test.chosen(&numbers, device)?;
            let found = self.network.forward(batch.x).argmax(1).flatten::<1>(0, 1);
            Ok::<_, anyhow::Error>(found.equal(batch.classes).int().sum().into_scalar::<i64>())
        })?;
        Ok(right.iter().sum::<i64>() as f64 / count as f64)
    }
}

/// Whether the classifier in a file was trained on the same for as long; `false` where another may be overwritten.
fn is_of(path: &Path, origin: &str, mode: Mode) -> Result<bool> {
    let file = Checkpoint::open(path)?;
    let before = file
        .metadata()
        .get(ORIGIN)
        .map_or("not said", String::as_str);
    if before == origin || mode == Mode::Overwrite {
        return Ok(before == origin);
    }
    bail!(
        "{} was trained otherwise ({before}; now {origin}), and distances by its features would not be those of this data: \
         give --overwrite to train it again",
        path.display()
    )
}

/// A classifier about to be trained.
struct Learning<'a> {
    how: TrainConfig,
    network: Classifier,
    device: &'a Device,
    workers: &'a Workers,
}

impl Learning<'_> {
    fn run(self, train: &Set, path: &Path, metadata: &Metadata, talk: Talk) -> Result<Classifier> {
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

fn schedule(steps: usize) -> TrainConfig {
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
struct Set<'a> {
    pictures: Pictures<'a>,
    labels: Labels,
}

struct Batch {
    x: Tensor<4>,
    classes: Tensor<1, Int>,
}

impl<'a> Set<'a> {
    fn open(
        config: &'a RestoreConfig,
        pictures: &Path,
        labels: &Path,
        channels: usize,
    ) -> Result<Self> {
        let set = Self {
            pictures: Pictures::seen_in(config, pictures, channels)?,
            labels: read_labels(labels)?,
        };
        let (found, needed) = (set.labels.len(), set.pictures.count());
        if found != needed {
            bail!(
                "{} has {found} labels for {needed} pictures in {}",
                labels.display(),
                pictures.display()
            );
        }
        Ok(set)
    }

    fn size(&self) -> Result<[usize; 3]> {
        let (c, h, w) = self.pictures.middle(0)?.dim();
        Ok([c, h, w])
    }

    /// The CRC-32 of pictures and labels.
    fn checksum(&self, workers: &Workers) -> Result<u32> {
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

    fn chosen(&self, numbers: &[usize], device: &Device) -> Result<Batch> {
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

fn stacked(pictures: &[Array3<f32>], device: &Device) -> Tensor<4> {
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

/// What a file of 8 bits would hold of a picture.
pub fn as_written(picture: &Array3<f32>) -> Result<Array3<f32>> {
    Ok(Picture::from_unit(picture, foehn_restoration::Depth::Eight)?.unit())
}
