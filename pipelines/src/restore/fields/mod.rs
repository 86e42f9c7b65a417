//! Fields to learn from and to restore: the data sets of forecasts, a state at a time.

mod apply;
mod asked;
mod coarse;
mod input;
mod output;
mod score;
mod score_text;
mod sheet;
mod state;
mod sums;

pub use apply::apply;
pub use asked::{FieldOptions, FieldStore};
pub use score::{FieldMethod, FieldPeriod, FieldScores, FieldScoring, VariableScores, score};
pub use state::{Loss, State};

use super::config::RestoreConfig;
use super::folder::Folder;
use super::law::Lesson;
use super::puzzle::{lesson, places};
use crate::progress::check_interrupt;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::{DataConfig, Features, Series, Split, Statistics};
use foehn_field::Grid;
use foehn_noise::{Key, Purpose};
use foehn_restoration::{Edge, Edges};
use ndarray::Array2;
use std::path::Path;

/// The most states that the validation loss is made of, evenly spread over their period.
const VALIDATED: usize = 128;

/// States with what is lost of them, standardised.
pub struct Fields<'a> {
    config: &'a RestoreConfig,
    series: Series,
    statistics: Statistics,
    features: Features,
    edges: Edges,
    /// The cells of which anything was learnt; none where all are.
    learnt: Option<Array2<bool>>,
}

impl<'a> Fields<'a> {
    /// Opens what is learnt from, and computes how it is standardised.
    ///
    /// # Errors
    /// If a file, variable or date is not as the configuration says.
    pub fn open(config: &'a RestoreConfig, data: &DataConfig) -> Result<Self> {
        let series = Series::open(data, Path::new(""))?;
        let statistics = Statistics::compute(&series)?;
        let mut fields = Self::of(config, series, statistics)?;
        fields.learnt = fields.seen()?;
        Ok(fields)
    }

    /// Opens one period of the data of a model in `folder`.
    ///
    /// # Errors
    /// If they are not those of the model, or the period is not in them.
    pub fn of_model(config: &'a RestoreConfig, folder: &Folder, splits: &[Split]) -> Result<Self> {
        let data = config
            .fields
            .as_ref()
            .context("the model was trained on pictures: its [data] names no variables")?;
        let series = Series::open_splits(data, Path::new(""), splits)?;
        Self::with(config, folder, series)
    }

    fn with(config: &'a RestoreConfig, folder: &Folder, series: Series) -> Result<Self> {
        let statistics = Statistics::load(&folder.statistics())?;
        let mut fields = Self::of(config, series, statistics)?;
        fields.learnt = read_learnt(folder, fields.size())?;
        Ok(fields)
    }

    fn of(config: &'a RestoreConfig, series: Series, statistics: Statistics) -> Result<Self> {
        Ok(Self {
            config,
            features: Features::new(&series, &statistics)?,
            edges: edges(series.grid()),
            series,
            statistics,
            learnt: None,
        })
    }

    /// Refuses to go on with a model whose data have changed since it was begun: its weights are of other scales.
    ///
    /// # Errors
    /// If they have, or what is in the folder cannot be read.
    pub fn refuse_changed(&self, folder: &Folder) -> Result<()> {
        let file = folder.statistics();
        if !file.exists() {
            return Ok(());
        }
        let what = if Statistics::load(&file)? != self.statistics {
            "means or deviations"
        } else if read_learnt(folder, self.size())? != self.learnt {
            "the cells that are ever there"
        } else {
            return Ok(());
        };
        bail!(
            "{what} of the training data are not those in {}, which the model was begun with: give the data back as they were, \
             or begin again with --overwrite",
            folder.0.display()
        )
    }

    /// Writes how fields are standardised into the folder of their model.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save(&self, folder: &Folder) -> Result<()> {
        self.statistics.save(&folder.statistics())?;
        let Some(learnt) = &self.learnt else {
            return Ok(());
        };
        let cells: Vec<bool> = learnt.iter().copied().collect();
        write_text(&folder.learnt(), &serde_json::to_string(&cells)?)
    }

    /// Variables.
    pub fn channels(&self) -> usize {
        self.series.shape().0
    }

    /// Channels that the network sees beside.
    pub fn features(&self) -> usize {
        self.features.channels()
    }

    fn size(&self) -> (usize, usize) {
        self.series.grid().shape()
    }

    /// Reads every state once, so that none stops a long run in the middle.
    ///
    /// # Errors
    /// At the first that cannot be read or degraded.
    pub fn check(&self, workers: &Workers) -> Result<()> {
        for split in [Split::Train, Split::Validation] {
            let range = self.series.range(split);
            workers.map(range.len(), |k| {
                check_interrupt()?;
                self.series.frame(range.start + k)?;
                Ok::<_, anyhow::Error>(())
            })?;
        }
        Ok(())
    }

    /// The states of step `step`.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn lesson(&self, step: usize, batch: usize, device: &Device) -> Result<Lesson> {
        let (seed, range) = (self.config.seed, self.series.range(Split::Train));
        let degrade = Key::new(seed, Purpose::Degrade).init(step as i64);
        let numbers = places(seed, range.len(), step * batch, batch);
        let states = numbers.into_iter().enumerate().map(|(b, k)| {
            let key = degrade.member(1 + b as u32);
            Ok(self.state(range.start + k, Loss::ByLaw(key))?.puzzle)
        });
        let key = Key::new(seed, Purpose::Train).init(step as i64);
        lesson(&states.collect::<Result<Vec<_>>>()?, None, key, device)
    }

    /// The positions of the states that the validation loss is made of.
    pub fn aside(&self) -> Vec<usize> {
        spread_over(self.series.range(Split::Validation), VALIDATED)
    }

    /// Some of the states set aside, with the same draws every time.
    ///
    /// # Errors
    /// If one cannot be read or degraded.
    pub fn validation(&self, from: usize, count: usize, device: &Device) -> Result<Lesson> {
        let states = self.aside().into_iter().skip(from).take(count);
        let states = states.map(|index| Ok(self.state(index, self.by_law(index))?.puzzle));
        let key = Key::new(self.config.seed, Purpose::Validate).init(from as i64);
        lesson(&states.collect::<Result<Vec<_>>>()?, None, key, device)
    }

    /// The cells that any training state holds; none where all are.
    fn seen(&self) -> Result<Option<Array2<bool>>> {
        let mut seen = Array2::from_elem(self.size(), false);
        for index in self.series.range(Split::Train) {
            let frame = self.series.frame(index)?;
            seen |= &state::there(&frame, self.size());
            if seen.iter().all(|seen| *seen) {
                return Ok(None);
            }
        }
        Ok(Some(seen))
    }
}

/// The cells of which a model has learnt anything; none where all are.
fn read_learnt(folder: &Folder, size: (usize, usize)) -> Result<Option<Array2<bool>>> {
    let file = folder.learnt();
    if !file.exists() {
        return Ok(None);
    }
    let read = || -> Result<Array2<bool>> {
        let cells: Vec<bool> = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
        Ok(Array2::from_shape_vec(size, cells)?)
    };
    let learnt = read().with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Some(learnt))
}

/// At most `count` positions, evenly spread over a range.
fn spread_over(range: std::ops::Range<usize>, count: usize) -> Vec<usize> {
    let n = count.min(range.len());
    (0..n).map(|k| range.start + k * range.len() / n).collect()
}

/// What lies beyond the edges of a grid: a doubly periodic plane and longitudes all around go on.
fn edges(grid: &Grid) -> Edges {
    match grid {
        Grid::Cartesian {
            period: Some(_), ..
        } => Edges {
            y: Edge::Periodic,
            x: Edge::Periodic,
        },
        Grid::Rectilinear { longitude, .. } if goes_around(longitude) => Edges {
            x: Edge::Periodic,
            ..Edges::CLOSED
        },
        _ => Edges::CLOSED,
    }
}

fn goes_around(longitude: &[f64]) -> bool {
    let [first, second, ..] = longitude else {
        return false;
    };
    let around = (second - first).abs() * longitude.len() as f64;
    (around - 360.0).abs() < 1e-3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_spread_over_a_range_and_longitudes_may_go_around() {
        assert_eq!(spread_over(10..20, 5), [10, 12, 14, 16, 18]);
        assert_eq!(spread_over(3..5, 9), [3, 4]);
        assert!(spread_over(3..3, 9).is_empty());
        let every = |step: f64| (0..36).map(|i| step * f64::from(i)).collect::<Vec<_>>();
        assert!(goes_around(&every(10.0)) && !goes_around(&every(9.0)));
    }
}
