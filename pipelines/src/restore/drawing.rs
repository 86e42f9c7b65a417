//! Samples of many pictures, shared among workers.

use super::folder::Model;
use super::law::{Conditions, Given, on_host};
use super::process::sample;
use super::sampling::RestoreSampling;
use crate::progress::{Progress, check_interrupt};
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use foehn_restoration::Tiling;
use ndarray::{Array3, Array4, Axis, s};

/// Pixels of all samples that a worker takes at once.
const PIXELS: usize = 1 << 16;

/// Values of all samples that are held at once, about.
const HELD: usize = 1 << 22;

/// How many pictures or fields are drawn before the next are begun, where the samples of one have so many values.
pub fn at_once(values: usize) -> usize {
    (HELD / values.max(1)).max(1)
}

/// Samples of one size that a worker takes at once.
pub fn batch([h, w]: [usize; 2]) -> usize {
    (PIXELS / (h * w)).max(1)
}

/// A model with how it is sampled and where.
#[derive(Clone, Copy)]
pub struct Drawing<'a> {
    /// The model.
    pub model: &'a Model,
    /// Steps and noise.
    pub how: &'a RestoreSampling,
    /// Of the noise.
    pub seed: u64,
    /// Side of tiles and how far they overlap, where pictures are cut.
    pub tiles: Option<[usize; 2]>,
    /// Where networks run.
    pub device: &'a Device,
    /// Threads.
    pub workers: &'a Workers,
}

impl Drawing<'_> {
    /// `samples` of each picture; `names`, one each, name their noise. A sample is the same whatever else is drawn.
    ///
    /// # Shapes
    /// All of `given` have one size; the results are (samples, C, H, W).
    ///
    /// # Errors
    /// If the pictures do not fit the model or each other, or a sample leaves the numbers.
    pub fn samples(
        &self,
        given: &[Given],
        names: &[i64],
        samples: usize,
        progress: Option<&Progress>,
    ) -> Result<Vec<Array4<f32>>> {
        let Some(shape) = given.first().map(|given| given.condition.dim()) else {
            return Ok(Vec::new());
        };
        let (channels, h, w) = shape;
        if channels != self.model.law.channels() {
            bail!(
                "the picture has {channels} channels and the model {}: take a model that was trained on such pictures",
                self.model.law.channels()
            );
        }
        if let Some(other) = given.iter().find(|given| given.condition.dim() != shape) {
            bail!(
                "pictures of several sizes in one batch: {shape:?} and {:?}",
                other.condition.dim()
            );
        }
        let tiling = self
            .tiles
            .map(|[side, overlap]| Tiling::new([h, w], side, overlap))
            .transpose()?;
        let rows = given.len() * samples;
        let size = batch([h, w]).min(rows.max(1));
        let mut all = Array4::zeros((rows, channels, h, w));
        let mut next = 0;
        let batches = rows.div_ceil(size);
        let take = |part: Array4<f32>| {
            let end = next + part.dim().0;
            all.slice_mut(s![next..end, .., .., ..]).assign(&part);
            next = end;
        };
        self.workers.map_in_order(
            batches,
            |batch| {
                check_interrupt()?;
                let rows = batch * size..((batch + 1) * size).min(rows);
                let chosen: Vec<&Given> = rows.clone().map(|row| &given[row / samples]).collect();
                let key = |row: usize| {
                    let picture = names[row / samples];
                    Key::new(self.seed, Purpose::Sample)
                        .init(picture)
                        .member((row % samples) as u32)
                };
                let keys: Vec<Key> = rows.clone().map(key).collect();
                let classes = self.model.law.classes();
                let given = Conditions::of(&chosen, classes, self.device)?;
                let x = sample(self.model, self.how, given, &keys, tiling.as_ref())?;
                if let Some(progress) = progress {
                    progress.advance(rows.len() as u64);
                }
                Ok::<_, anyhow::Error>(on_host(x))
            },
            take,
        )?;
        let part = |i: usize| {
            all.slice(s![i * samples..(i + 1) * samples, .., .., ..])
                .to_owned()
        };
        Ok((0..given.len()).map(part).collect())
    }
}

/// Mean and standard deviation (ddof 1; zero for one sample) of every value.
///
/// # Shapes
/// (samples, C, H, W) to (C, H, W).
pub fn mean_and_spread(samples: &Array4<f32>) -> (Array3<f32>, Array3<f32>) {
    let wide = samples.mapv(f64::from);
    let count = wide.dim().0 as f64;
    let mean = wide.sum_axis(Axis(0)) / count;
    let square = (&wide - &mean).mapv(|d| d * d).sum_axis(Axis(0));
    let spread = square.mapv(|sum| (sum / (count - 1.0).max(1.0)).sqrt() as f32);
    (mean.mapv(|m| m as f32), spread)
}
