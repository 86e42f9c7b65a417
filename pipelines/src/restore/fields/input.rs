//! What `foehn restore apply` reads: fields with gaps, whole ones, or coarse ones.

use super::coarse::Coarse;
use super::{Fields, Loss, State};
use crate::restore::apply::{Damage, Projection, RestoreJob};
use crate::restore::config::Task;
use crate::restore::folder::{Folder, Model};
use crate::restore::law::Given;
use crate::restore::memory::USUAL;
use anyhow::{Context, Result, bail};
use foehn_archive::is_address;
use foehn_dataset::{ByteSize, DataConfig, Missing, OneOrMany, Series};
use foehn_field::{Grid, Instant};
use foehn_restoration::{Degradation, Edges, Resampling, area_mean, enlarged};
use ndarray::{Array3, Zip};
use std::path::{Path, PathBuf};

/// The share of the memory of a run that states it has read may take: one in so many.
const CACHE: u64 = 8;

/// Fields to restore.
pub struct Input<'a> {
    source: Source<'a>,
    /// The most bytes of states that are kept after they were read.
    cached: u64,
    projection: Projection,
}

enum Source<'a> {
    /// On the grid of the model.
    Whole {
        fields: Box<Fields<'a>>,
        by_law: bool,
    },
    /// Of fewer cells, each the mean of a block.
    Coarse(Box<Coarse>),
}

/// One field to restore.
pub struct Question {
    /// Its time.
    pub instant: Instant,
    /// What is known of it.
    pub given: Given,
    /// What a sheet shows first, in the units of the file; NaN where it is lost.
    pub shown: Array3<f32>,
    /// The truth, where the input is it; NaN where it is missing.
    pub truth: Option<Array3<f32>>,
    /// Means over blocks, standardised, and how many times more cells the result has along an axis.
    pub coarse: Option<(Array3<f32>, usize)>,
    pub(super) state: Option<State>,
}

impl<'a> Input<'a> {
    /// Opens the input of a model.
    ///
    /// # Errors
    /// If it cannot be read, or input, damage and model do not go together.
    pub fn open(model: &'a Model, folder: &Folder, job: &RestoreJob) -> Result<Self> {
        let (path, damage) = (&*job.input, &job.damage);
        let data = model
            .config
            .fields
            .as_ref()
            .context("the model was trained on pictures")?;
        if let Damage::Mask(mask) = damage {
            bail!(
                "--mask {}: of a field, what is missing is restored; leave it out, or give --degrade",
                mask.display()
            );
        }
        let by_law = *damage == Damage::ByLaw;
        let task = model.law.task();
        let missing = match task {
            Task::Inpainting { .. } => Missing::Mask,
            Task::Degraded { .. } | Task::Generation => Missing::Refuse,
        };
        let cached = data.memory.0.min(job.memory.unwrap_or(USUAL).0 / CACHE);
        let data = DataConfig {
            memory: ByteSize(cached),
            path: OneOrMany::One(located(path)?),
            missing,
            ..data.clone()
        };
        let series = Series::open_splits(&data, Path::new(""), &[])
            .with_context(|| format!("{}", path.display()))?;
        let source = match (task, by_law) {
            (
                Task::Degraded {
                    degradation: Degradation::Reduce { factor, up },
                    ..
                },
                false,
            ) => Source::Coarse(Box::new(Coarse::new(model, folder, series, (factor, up))?)),
            _ => Source::Whole {
                fields: Box::new(Fields::with(&model.config, folder, series)?),
                by_law,
            },
        };
        Ok(Self {
            source,
            cached,
            projection: job.projection,
        })
    }

    /// The most bytes of states that are kept after they were read.
    pub fn cached(&self) -> usize {
        usize::try_from(self.cached).unwrap_or(usize::MAX)
    }

    /// The input.
    pub fn series(&self) -> &Series {
        match &self.source {
            Source::Whole { fields, .. } => &fields.series,
            Source::Coarse(coarse) => &coarse.series,
        }
    }

    /// Values of one field of the result.
    pub fn values(&self) -> usize {
        let (ny, nx) = self.grid().shape();
        self.series().shape().0 * ny * nx
    }

    /// The grid of the result.
    pub fn grid(&self) -> &Grid {
        match &self.source {
            Source::Whole { fields, .. } => fields.series.grid(),
            Source::Coarse(coarse) => &coarse.grid,
        }
    }

    /// The field at a position of the time axis.
    ///
    /// # Errors
    /// If it cannot be read or degraded.
    pub fn question(&self, index: usize) -> Result<Question> {
        match &self.source {
            Source::Coarse(coarse) => coarse.question(index),
            Source::Whole { fields, by_law } => {
                let loss = if *by_law {
                    fields.by_law(index)
                } else {
                    Loss::Done
                };
                Ok(whole(fields, fields.state(index, loss)?, loss))
            }
        }
    }

    /// How far the means over blocks of a field, in the units of the file, are from the coarse input: the largest difference,
    /// standardised. None where no resolution was lost.
    pub fn residual(&self, question: &Question, written: &Array3<f32>) -> Option<f64> {
        let (coarse, factor) = question.coarse.as_ref()?;
        let statistics = match &self.source {
            Source::Whole { fields, .. } => &fields.statistics,
            Source::Coarse(coarse) => &coarse.statistics,
        };
        let mut z = written.clone();
        statistics.standardise(question.instant, z.view_mut());
        let differences = coarse - &area_mean(z.view(), *factor)?;
        let largest = differences
            .iter()
            .fold(0f32, |largest, d| largest.max(d.abs()));
        Some(f64::from(largest))
    }

    /// A sample, standardised, that reduces to the input where it is made to.
    fn projected(&self, question: &Question, mut sample: Array3<f32>) -> Array3<f32> {
        if let (Projection::Exact, Some((coarse, factor))) = (self.projection, &question.coarse)
            && let Some(mean) = area_mean(sample.view(), *factor)
        {
            let difference = coarse - &mean;
            let nearest = Resampling::Nearest;
            sample += &enlarged(difference.view(), *factor, nearest, Edges::CLOSED);
        }
        sample
    }

    /// A sample in the units of the file.
    pub fn physical(&self, question: &Question, sample: Array3<f32>) -> Array3<f32> {
        let mut sample = self.projected(question, sample);
        match (&self.source, &question.state) {
            (Source::Whole { fields, .. }, Some(state)) => fields.physical(state, sample),
            (Source::Coarse(coarse), _) => {
                let statistics = &coarse.statistics;
                statistics.restore(question.instant, sample.view_mut());
                sample
            }
            (Source::Whole { .. }, None) => sample,
        }
    }
}

/// A field on the grid of the model.
fn whole(fields: &Fields, state: State, loss: Loss) -> Question {
    let given = state.puzzle.given.clone();
    let coarse = match fields.config.task {
        Task::Degraded {
            degradation: Degradation::Reduce { factor, .. },
            ..
        } => area_mean(state.puzzle.truth.view(), factor).map(|coarse| (coarse, factor)),
        _ => None,
    };
    let mut shown = given.condition.clone();
    if let Some((coarse, factor)) = &coarse {
        shown = enlarged(coarse.view(), *factor, Resampling::Nearest, Edges::CLOSED);
    }
    let mut shown = fields.physical(&state, shown);
    if let Some(known) = &given.known {
        for mut plane in shown.outer_iter_mut() {
            Zip::from(&mut plane)
                .and(known)
                .for_each(|x, known| *x = if *known { *x } else { f32::NAN });
        }
    }
    Question {
        instant: state.instant,
        given,
        shown,
        truth: (loss != Loss::Done).then(|| state.frame.values.clone()),
        coarse,
        state: Some(state),
    }
}

/// Addresses stay as they are.
fn located(path: &Path) -> Result<PathBuf> {
    if is_address(path) || path.exists() {
        return Ok(path.to_owned());
    }
    bail!("there is no {}", path.display())
}
