//! Pictures to learn from and to be scored on.

use super::classes::Told;
use super::config::{Flips, RestoreConfig};
use super::law::Lesson;
use super::puzzle::{Puzzle, degraded, lesson, places};
use crate::progress::check_interrupt;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use flate2::Crc;
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use foehn_restoration::{Collection, Picture};
use ndarray::{Array3, Axis, s};
use std::path::{Path, PathBuf};

/// The step of a degradation's keys that names flip and crop.
const VIEW: u32 = 2;
/// The step of a degradation's keys that names whether the class is told.
const TOLD: u32 = 3;

/// Pictures with what is lost of them.
pub struct Pictures<'a> {
    config: &'a RestoreConfig,
    path: PathBuf,
    collection: Collection,
    channels: usize,
    told: Option<Told>,
}

impl<'a> Pictures<'a> {
    /// Opens what is learnt from.
    ///
    /// # Errors
    /// If it cannot be read, or leaves nothing to learn from.
    pub fn open(config: &'a RestoreConfig, path: &Path) -> Result<Self> {
        let collection = Collection::open(path).with_context(|| format!("{}", path.display()))?;
        let channels = collection.picture(0)?.channels();
        Ok(Self {
            config,
            path: path.to_owned(),
            collection,
            channels,
            told: None,
        })
    }

    /// With their classes, where the model is told those: of `count`, or as many as the labels show.
    ///
    /// # Errors
    /// If the labels are not of these pictures, or beyond the classes.
    pub fn told(self, labels: Option<&Path>, count: Option<usize>) -> Result<Self> {
        let (Some(classes), Some(labels)) = (&self.config.classes, labels) else {
            return Ok(self);
        };
        let pictures = (self.count(), &*self.path);
        let told = Told::read(classes, labels, pictures, count)?;
        Ok(Self {
            told: Some(told),
            ..self
        })
    }

    /// The class of picture `i`, where it is told.
    pub fn class(&self, i: usize) -> Option<usize> {
        self.told.as_ref().and_then(|told| told.class(i))
    }

    /// Classes in all, where they are told.
    pub fn classes(&self) -> Option<usize> {
        self.told.as_ref().map(|told| told.count)
    }

    /// As [`Pictures::open`], seen in `channels`: a model of colour pictures takes grey ones as three equal channels.
    ///
    /// # Errors
    /// As there.
    pub fn seen_in(config: &'a RestoreConfig, path: &Path, channels: usize) -> Result<Self> {
        Ok(Self {
            channels,
            ..Self::open(config, path)?
        })
    }

    /// Reads every picture once, so that none stops a long run in the middle; the CRC-32 of them all.
    ///
    /// # Errors
    /// At the first that cannot be read, has other channels, or another size without a crop that fits it.
    pub fn check(&self, workers: &Workers) -> Result<u32> {
        let seen = workers.map(self.count(), |i| {
            check_interrupt()?;
            let picture = self.picture(i)?;
            let shape = self.seen(i, &picture, [0.5, 0.5])?.dim();
            Ok::<_, anyhow::Error>((shape, picture.size(), picture.checksum()))
        })?;
        let (shape, first, _) = seen[0];
        if let Some(i) = seen.iter().position(|seen| seen.0 != shape) {
            bail!(
                "pictures of several sizes: {} has {first:?} rows and columns and {} {:?}: set data.crop to the side of a \
                 square that all of them hold",
                self.collection.name(0),
                self.collection.name(i),
                seen[i].1
            );
        }
        let mut all = Crc::new();
        for (.., crc) in &seen {
            all.update(&crc.to_le_bytes());
        }
        Ok(all.sum())
    }

    /// Channels of a picture.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Pictures in all.
    pub fn count(&self) -> usize {
        self.collection.count()
    }

    /// Pictures that are set aside for the validation loss.
    pub fn aside(&self) -> usize {
        self.config.data.validation
    }

    /// Pictures that are learnt from; the rest are set aside.
    ///
    /// # Errors
    /// If none are left.
    pub fn to_learn(&self) -> Result<usize> {
        let (count, aside) = (self.count(), self.config.data.validation);
        if count <= aside {
            bail!(
                "{} has {count} pictures and data.validation = {aside} sets all of them aside: give fewer",
                self.config.data.train.display()
            );
        }
        Ok(count - aside)
    }

    /// Picture `i` as it is scored: cut from its middle, degraded as its number says.
    ///
    /// # Errors
    /// If it cannot be read or degraded.
    pub fn puzzle(&self, i: usize) -> Result<Puzzle> {
        let key = Key::new(self.config.seed, Purpose::Degrade).init(i as i64);
        self.cut(i, [0.5, 0.5], 1.0, &key)
    }

    /// Picture `i` as it is scored but for the degradation, in [-1, 1].
    ///
    /// # Errors
    /// If it cannot be read, or is smaller than the crop.
    pub fn middle(&self, i: usize) -> Result<Array3<f32>> {
        self.seen(i, &self.picture(i)?, [0.5, 0.5])
    }

    /// The pictures of step `step`, of a seed and a purpose of its own.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn lesson(&self, step: usize, batch: usize, device: &Device) -> Result<Lesson> {
        let seed = self.config.seed;
        let degrade = Key::new(seed, Purpose::Degrade).init(step as i64);
        let numbers = places(seed, self.to_learn()?, step * batch, batch);
        let puzzles = numbers.into_iter().enumerate().map(|(b, i)| {
            let key = degrade.member(1 + b as u32);
            let mut u = [0.0; 3];
            key.step(VIEW).uniforms(&mut u);
            let mut puzzle = self.cut(i, [u[0], u[1]], u[2], &key)?;
            self.forget(&mut puzzle, &key);
            Ok(puzzle)
        });
        let puzzles = puzzles.collect::<Result<Vec<_>>>()?;
        let key = Key::new(seed, Purpose::Train).init(step as i64);
        lesson(&puzzles, self.classes(), key, device)
    }

    /// Now and then a class is not told, so that the model learns to do without.
    fn forget(&self, puzzle: &mut Puzzle, key: &Key) {
        let dropped = self.config.classes.as_ref().map_or(0.0, |c| c.dropped);
        let mut u = [0.0];
        key.step(TOLD).uniforms(&mut u);
        if u[0] < dropped {
            puzzle.given.class = None;
        }
    }

    /// The pictures set aside, `from` the first of them, with the same draws every time.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn validation(&self, from: usize, count: usize, device: &Device) -> Result<Lesson> {
        let first = self.to_learn()? + from;
        let puzzles = (first..first + count).map(|i| self.puzzle(i));
        let puzzles = puzzles.collect::<Result<Vec<_>>>()?;
        let key = Key::new(self.config.seed, Purpose::Validate).init(from as i64);
        lesson(&puzzles, self.classes(), key, device)
    }

    /// Picture `i`, seen at `place` of what may be cut, and degraded; mirrored where `coin` is below a half.
    fn cut(&self, i: usize, place: [f64; 2], coin: f64, key: &Key) -> Result<Puzzle> {
        let mut truth = self.seen(i, &self.picture(i)?, place)?;
        if self.config.data.flips == Flips::Horizontal && coin < 0.5 {
            truth.invert_axis(Axis(2));
        }
        let mut given = degraded(self.config.task, &truth, key)?;
        given.class = self.class(i);
        Ok(Puzzle {
            truth,
            given,
            weight: None,
        })
    }

    /// What a model sees of a picture at `place` of what may be cut.
    fn seen(&self, i: usize, picture: &Picture, place: [f64; 2]) -> Result<Array3<f32>> {
        let whole = picture.unit();
        let Some(side) = self.config.data.crop else {
            return Ok(whole);
        };
        let [h, w] = picture.size();
        if h < side || w < side {
            bail!(
                "picture {} has {h} x {w} pixels, fewer than data.crop = {side}: leave it out or give a smaller crop",
                self.collection.name(i)
            );
        }
        let begin = |n: usize, at: f64| ((n - side + 1) as f64 * at) as usize;
        let (top, left) = (begin(h, place[0]), begin(w, place[1]));
        let part = s![.., top..top + side, left..left + side];
        Ok(whole.slice(part).to_owned())
    }

    fn picture(&self, i: usize) -> Result<Picture> {
        let picture = self.collection.picture(i)?;
        let found = picture.channels();
        picture.in_channels(self.channels).with_context(|| {
            format!(
                "picture {} has {found} channels where {} are needed: keep grey and colour apart",
                self.collection.name(i),
                self.channels
            )
        })
    }
}
