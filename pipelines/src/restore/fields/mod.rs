//! Fields to learn from and to restore: the data sets of forecasts, a state at a time.

mod apply;
mod input;
mod output;
mod score;
mod sheet;

pub use apply::{FieldOptions, FieldStore, apply};
pub use score::{FieldMethod, FieldPeriod, FieldScores, FieldScoring, VariableScores, score};

use super::config::{Gaps, RestoreConfig, Task};
use super::folder::Folder;
use super::law::{Given, Lesson};
use super::pictures::{Puzzle, hidden, lesson, places};
use crate::progress::check_interrupt;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::{DataConfig, Features, Frame, Series, Split, Statistics};
use foehn_field::{Grid, Instant};
use foehn_noise::{Key, Purpose};
use foehn_restoration::{Edge, Edges, harmonic};
use ndarray::{Array2, Array3, ArrayViewMut3, Axis, Zip};
use std::path::Path;
use std::sync::Arc;

/// The step of a degradation's key that names the time whose gaps are borrowed.
const BORROWED: u32 = 3;
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

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its time.
    pub instant: Instant,
    /// Its values, in the units of the file.
    pub frame: Arc<Frame>,
    /// Where every variable is there.
    ///
    /// # Shapes
    /// (ny, nx).
    pub there: Array2<bool>,
    /// The truth, standardised, filled where it is missing; what is left of it; what its cells weigh.
    pub puzzle: Puzzle,
}

/// What is taken from a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Nothing: what is missing is lost.
    Done,
    /// What the model's law takes, named by a key.
    ByLaw(Key),
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
        let file = folder.learnt();
        if file.exists() {
            let read = || -> Result<Array2<bool>> {
                let cells: Vec<bool> = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
                Ok(Array2::from_shape_vec(fields.size(), cells)?)
            };
            let learnt = read().with_context(|| format!("cannot read {}", file.display()))?;
            fields.learnt = Some(learnt);
        }
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
        lesson(&states.collect::<Result<Vec<_>>>()?, key, device)
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
        lesson(&states.collect::<Result<Vec<_>>>()?, key, device)
    }

    /// What the law takes from a state when it is scored: named by its time, whatever else is in the file.
    pub fn by_law(&self, index: usize) -> Loss {
        let instant = self.series.instant(index).unwrap_or(Instant(0));
        Loss::ByLaw(Key::new(self.config.seed, Purpose::Degrade).init(instant.0))
    }

    /// The state at a position of the time axis, with what is left of it.
    ///
    /// # Errors
    /// If it cannot be read or degraded.
    pub fn state(&self, index: usize, loss: Loss) -> Result<State> {
        let frame = self.series.frame(index)?;
        let instant = self
            .series
            .instant(index)
            .with_context(|| format!("there is no state number {index}"))?;
        let there = there(&frame, self.size());
        let truth = self.standardised(instant, &frame, &there)?;
        let mut given = self.given(&truth, &there, loss)?;
        if self.features.channels() > 0 {
            given.features = Some(self.features.at(instant));
        }
        let weight = Zip::from(&there)
            .and(self.series.weights())
            .map_collect(|there, area| if *there { *area as f32 } else { 0.0 });
        Ok(State {
            instant,
            frame,
            there,
            puzzle: Puzzle {
                truth,
                given,
                weight: Some(weight),
            },
        })
    }

    fn standardised(
        &self,
        instant: Instant,
        frame: &Frame,
        there: &Array2<bool>,
    ) -> Result<Array3<f32>> {
        let mut z = frame.values.clone();
        self.statistics.standardise(instant, z.view_mut());
        if there.iter().all(|there| *there) {
            return Ok(z);
        }
        for mut plane in z.axis_iter_mut(Axis(0)) {
            // what is missing has no weight, and still looks like a field where a network sees it on its path
            let filled = if there.iter().any(|there| *there) {
                harmonic(plane.view(), there.view(), self.edges)?
            } else {
                Array2::zeros(there.dim())
            };
            plane.assign(&filled);
        }
        Ok(z)
    }

    fn given(&self, truth: &Array3<f32>, there: &Array2<bool>, loss: Loss) -> Result<Given> {
        let size = [there.dim().0, there.dim().1];
        Ok(match (self.config.task, loss) {
            (Task::Inpainting { .. }, Loss::Done) => hidden(truth, there.clone()),
            (Task::Inpainting { mask, gaps }, Loss::ByLaw(key)) => {
                let mut known = mask.draw(&key, size)? & there;
                if gaps == Gaps::Borrowed {
                    known &= &self.borrowed(&key)?;
                }
                hidden(truth, known)
            }
            (Task::Degraded { degradation, .. }, Loss::ByLaw(key)) => Given {
                condition: degradation.apply(truth.view(), &key, self.edges)?,
                known: None,
                features: None,
            },
            (Task::Degraded { .. }, Loss::Done) => Given {
                condition: truth.clone(),
                known: None,
                features: None,
            },
        })
    }

    /// Where a state of the training period, drawn by `key`, is there.
    fn borrowed(&self, key: &Key) -> Result<Array2<bool>> {
        let range = self.series.range(Split::Train);
        if range.is_empty() {
            bail!(
                "task.inpainting.gaps: the training period, whose gaps are borrowed, is not in the files"
            );
        }
        let mut u = [0.0];
        key.step(BORROWED).uniforms(&mut u);
        let index = range.start + (u[0] * range.len() as f64) as usize;
        Ok(there(&*self.series.frame(index)?, self.size()))
    }

    /// A sample in the units of the files: what is known as it is there, NaN where nothing was ever learnt.
    pub fn physical(&self, state: &State, mut sample: Array3<f32>) -> Array3<f32> {
        self.statistics.restore(state.instant, sample.view_mut());
        if let Some(learnt) = &self.learnt {
            for mut plane in sample.axis_iter_mut(Axis(0)) {
                Zip::from(&mut plane)
                    .and(learnt)
                    .for_each(|x, learnt| *x = if *learnt { *x } else { f32::NAN });
            }
        }
        if let Some(known) = &state.puzzle.given.known {
            put_back(&mut sample.view_mut(), &state.frame, known);
        }
        sample
    }

    /// The cells that any training state holds; none where all are.
    fn seen(&self) -> Result<Option<Array2<bool>>> {
        let mut seen = Array2::from_elem(self.size(), false);
        for index in self.series.range(Split::Train) {
            seen |= &there(&*self.series.frame(index)?, self.size());
            if seen.iter().all(|seen| *seen) {
                return Ok(None);
            }
        }
        Ok(Some(seen))
    }
}

/// Known values as they are in the file; also single variables of cells where others are missing.
fn put_back(sample: &mut ArrayViewMut3<f32>, frame: &Frame, known: &Array2<bool>) {
    for ((c, y, x), value) in sample.indexed_iter_mut() {
        let missing = frame.missing.as_ref().map(|missing| missing[[c, y, x]]);
        // a cell that is hidden although nothing of it is missing was hidden on purpose
        let whole = frame
            .missing
            .as_ref()
            .is_none_or(|m| !m.slice(ndarray::s![.., y, x]).iter().any(|m| *m));
        if known[[y, x]] || (missing == Some(false) && !whole) {
            *value = frame.values[[c, y, x]];
        }
    }
}

/// Where every variable of a state is there.
fn there(frame: &Frame, size: (usize, usize)) -> Array2<bool> {
    let mut there = Array2::from_elem(size, true);
    for plane in frame.missing.iter().flat_map(|mask| mask.outer_iter()) {
        Zip::from(&mut there)
            .and(&plane)
            .for_each(|there, missing| *there &= !missing);
    }
    there
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
    fn known_values_come_back_and_hidden_ones_do_not() {
        let values = ndarray::arr3(&[[[1f32, f32::NAN, 3.0]], [[4.0, 5.0, 6.0]]]);
        let missing = values.mapv(f32::is_nan);
        let frame = Frame {
            values,
            missing: Some(missing),
        };
        let there = there(&frame, (1, 3));
        assert_eq!(there, ndarray::arr2(&[[true, false, true]]));
        // the last cell is hidden on purpose; the second variable of the second cell was never lost
        let known = ndarray::arr2(&[[true, false, false]]);
        let mut sample = Array3::from_elem((2, 1, 3), 9.0);
        put_back(&mut sample.view_mut(), &frame, &known);
        assert_eq!(
            sample,
            ndarray::arr3(&[[[1.0, 9.0, 9.0]], [[4.0, 5.0, 9.0]]])
        );
    }

    #[test]
    fn positions_are_spread_over_a_range_and_longitudes_may_go_around() {
        assert_eq!(spread_over(10..20, 5), [10, 12, 14, 16, 18]);
        assert_eq!(spread_over(3..5, 9), [3, 4]);
        assert!(spread_over(3..3, 9).is_empty());
        let every = |step: f64| (0..36).map(|i| step * f64::from(i)).collect::<Vec<_>>();
        assert!(goes_around(&every(10.0)) && !goes_around(&every(9.0)));
    }
}
