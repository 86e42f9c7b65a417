//! Features of pictures: those of a small classifier that is trained on the set itself, or of Inception from a file.

use super::config::RestoreConfig;
use super::learning::{Learning, Set, schedule, stacked};
use crate::progress::{Talk, check_interrupt};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use flate2::Crc;
use foehn_archive::Mode;
use foehn_compute::Workers;
use foehn_network::{Classifier, Inception, seeded};
use foehn_noise::{Key, Purpose};
use foehn_restoration::Picture;
use foehn_training::{Checkpoint, Metadata};
use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Pictures that pass through the classifier at once.
const BATCH: usize = 250;
/// And through Inception.
const FEW: usize = 8;

/// Features of Inception.
const INCEPTION: usize = 2048;

/// The key of a classifier's metadata that says what it learnt from and for how long.
const ORIGIN: &str = "origin";

/// How the classifier was made, for the file of scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureNote {
    /// Its shape.
    pub network: String,
    /// Steps of 128 pictures it was trained for; none of a network from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Share of the test pictures whose class it finds; none of a network from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl FeatureNote {
    /// As text.
    pub(super) fn text(&self) -> String {
        match self.accuracy {
            Some(accuracy) => format!("{} (accuracy {accuracy:.3})", self.network),
            None => self.network.clone(),
        }
    }
}

/// Networks that see pictures: one that makes features of them, and one that finds their class.
pub struct Features {
    classifier: Option<Classifier>,
    /// Instead of the classifier's features.
    inception: Option<Inception>,
    /// How it was made.
    pub note: FeatureNote,
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
        let weights = Key::new(0, Purpose::Weights).seed_from();
        let network = seeded(weights, device, || shape.init(size, classes, device))?;
        let origin = format!(
            "{} steps; CRC-32 of pictures and labels {:08x}",
            labels.steps,
            train.checksum(workers)?
        );
        test.pictures.check(workers)?;
        let network = if path.exists() && is_of(path, (&origin, &architecture), mode)? {
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
        let accuracy = accuracy(&network, &test, device, workers)?;
        Ok(Self {
            classifier: Some(network),
            inception: None,
            note: FeatureNote {
                network: architecture,
                steps: Some(labels.steps),
                accuracy: Some(accuracy),
            },
        })
    }

    /// Those of Inception v3 with the weights of a file.
    ///
    /// # Errors
    /// If the file is not one of Inception v3.
    pub fn imported(path: &Path, device: &Device) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let inception = Inception::from_bytes(&bytes, path, device)?;
        let mut crc = Crc::new();
        crc.update(&bytes);
        Ok(Self {
            classifier: None,
            inception: Some(inception),
            note: FeatureNote {
                network: format!(
                    "Inception v3 of {} (CRC-32 {:08x})",
                    path.display(),
                    crc.sum()
                ),
                steps: None,
                accuracy: None,
            },
        })
    }

    /// These features, and the classes of the classifier of `other`.
    pub fn beside(self, other: Self) -> Self {
        Self {
            classifier: other.classifier,
            ..self
        }
    }

    /// Says so where a distance of so many pictures is not one to compare with those of the literature.
    pub fn warn(&self, pictures: usize, talk: Talk) {
        if self.inception.is_some() && pictures <= INCEPTION {
            talk.say(&format!(
                "warning: {pictures} pictures have a singular covariance of {INCEPTION} features, and a Frechet distance far \
                 above that of the 50 000 that are usual: compare it with none but those of as many pictures, or give more \
                 than {INCEPTION}"
            ));
        }
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
        let size = if self.inception.is_some() { FEW } else { BATCH };
        let tables = workers.map(pictures.len().div_ceil(size), |piece| {
            check_interrupt()?;
            let part = &pictures[piece * size..((piece + 1) * size).min(pictures.len())];
            let x = stacked(part, device);
            let features = match (&self.inception, &self.classifier) {
                (Some(inception), _) => inception.features(x),
                (None, Some(classifier)) => classifier.features(x),
                (None, None) => bail!("there is no network to make features by"),
            };
            let width = features.dims()[1];
            let values: Vec<f32> = features.into_data().iter::<f32>().collect();
            Ok::<_, anyhow::Error>(Array2::from_shape_vec((part.len(), width), values)?)
        })?;
        let views: Vec<_> = tables.iter().map(|table| table.view()).collect();
        Ok(ndarray::concatenate(ndarray::Axis(0), &views)?)
    }

    /// The class that the classifier finds in each picture, where there is one.
    ///
    /// # Errors
    /// Never but for an interruption.
    pub fn classes(
        &self,
        pictures: &[Array3<f32>],
        device: &Device,
        workers: &Workers,
    ) -> Result<Option<Vec<usize>>> {
        let Some(classifier) = &self.classifier else {
            return Ok(None);
        };
        let found = workers.map(pictures.len().div_ceil(BATCH), |piece| {
            check_interrupt()?;
            let part = &pictures[piece * BATCH..((piece + 1) * BATCH).min(pictures.len())];
            let found = classifier.forward(stacked(part, device)).argmax(1);
            let found = found.into_data();
            let found = found.iter::<i64>().map(|class| class as usize);
            Ok::<_, anyhow::Error>(found.collect::<Vec<_>>())
        })?;
        Ok(Some(found.concat()))
    }
}

/// The share of pictures whose class a classifier finds.
fn accuracy(network: &Classifier, test: &Set, device: &Device, workers: &Workers) -> Result<f64> {
    let count = test.labels.len();
    let right = workers.map(count.div_ceil(BATCH), |piece| {
        let numbers: Vec<usize> = (piece * BATCH..((piece + 1) * BATCH).min(count)).collect();
        let batch = test.chosen(&numbers, device)?;
        let found = network.forward(batch.x).argmax(1).flatten::<1>(0, 1);
        Ok::<_, anyhow::Error>(found.equal(batch.classes).int().sum().into_scalar::<i64>())
    })?;
    Ok(right.iter().sum::<i64>() as f64 / count as f64)
}

/// Whether the classifier in a file was trained on the same for as long, in the same shape; `false` where another may be
/// overwritten.
fn is_of(path: &Path, (origin, architecture): (&str, &str), mode: Mode) -> Result<bool> {
    const REMEDY: &str =
        "remove the file to have another trained (foehn restore score: or give --overwrite)";
    let file = match Checkpoint::open(path) {
        Err(_) if mode == Mode::Overwrite => return Ok(false),
        file => file.with_context(|| {
            format!(
                "{} is no classifier that foehn wrote: {REMEDY}",
                path.display()
            )
        })?,
    };
    let known = |key: &str| file.metadata().get(key).map(String::as_str);
    let before = [known(ORIGIN), known("architecture")];
    let same = before == [Some(origin), Some(architecture)];
    if same || mode == Mode::Overwrite {
        return Ok(same);
    }
    let [Some(trained), Some(shape)] = before else {
        bail!(
            "{} was written by an older version of foehn, which did not say what it learnt from: {REMEDY}",
            path.display()
        );
    };
    bail!(
        "{} was trained otherwise ({shape}, {trained}; now {architecture}, {origin}), and distances by its features would not \
         be those of this data: {REMEDY}",
        path.display()
    )
}

/// What a file of 8 bits would hold of a picture.
pub fn as_written(picture: &Array3<f32>) -> Result<Array3<f32>> {
    Ok(Picture::from_unit(picture, foehn_restoration::Depth::Eight)?.unit())
}
