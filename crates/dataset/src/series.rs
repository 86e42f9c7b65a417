//! The opened, checked data of one run.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foehn_archive::is_address;
use foehn_field::{Calendar, Grid, Instant, TimeAxis};
use ndarray::Array2;

use crate::cache::Cache;
use crate::reel::Reel;
use crate::split::Periods;
use crate::window::{Stride, complete, spacing};
use crate::{Channel, DataConfig, DataError, Every, Frame, Span, Split, Window};

/// Files joined along time, with the periods, the step and the grid of a run.
///
/// States are read in blocks of times and kept up to `data.memory`; a series can be shared between threads.
#[derive(Debug)]
pub struct Series {
    config: DataConfig,
    reel: Reel,
    cache: Cache,
    channels: Vec<Channel>,
    periods: Periods,
    stride: Stride,
    areas: Array2<f64>,
    weights: Array2<f64>,
    statics: Vec<Array2<f32>>,
}

impl Series {
    /// Opens the files of a configuration, relative to `base`, and checks that all three periods lie in them.
    ///
    /// # Errors
    /// [`DataError`]: a file, variable, date or grid that is not as the configuration says.
    pub fn open(config: &DataConfig, base: &Path) -> Result<Self, DataError> {
        Self::open_splits(config, base, &Split::ALL)
    }

    /// As [`Series::open`], but only some periods must lie in the files: a forecast of later years needs no
    /// training data. The other periods come out empty or as far as the data go. Without any, states are taken one by one:
    /// however far apart they lie, and also where there is only one.
    ///
    /// # Errors
    /// As [`Series::open`].
    pub fn open_splits(
        config: &DataConfig,
        base: &Path,
        splits: &[Split],
    ) -> Result<Self, DataError> {
        let step = config.check()?;
        let located = |path: &PathBuf| {
            if is_address(path) {
                path.clone()
            } else {
                base.join(path)
            }
        };
        let paths = config.path.as_slice().iter().map(located);
        let reel = Reel::open(config, &paths.collect::<Vec<_>>())?;
        let stride = match splits {
            [] => Stride {
                positions: 1,
                seconds: step.seconds(),
            },
            _ => stride(&reel.times, step)?,
        };
        let periods = Periods::parse(config, reel.times.calendar)?;
        for split in splits {
            periods.within(*split, &reel.times, stride.seconds)?;
        }
        let areas = reel.grid().cell_areas().map_err(|cause| {
            let file = reel.first().path().to_path_buf();
            DataError::Areas { file, cause }
        })?;
        let statics = config.statics.iter().map(|name| reel.read_static(name));
        let names = config.variables.iter().enumerate();
        let mean = areas.mean().unwrap_or(1.0);
        Ok(Self {
            config: config.clone(),
            statics: statics.collect::<Result<_, _>>()?,
            channels: names
                .map(|(k, name)| Channel::new(name, reel.attributes(k)))
                .collect(),
            cache: Cache::new(usize::try_from(config.memory.0).unwrap_or(usize::MAX)),
            weights: &areas / mean,
            reel,
            periods,
            stride,
            areas,
        })
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &DataConfig {
        &self.config
    }

    /// All times of the files.
    pub fn times(&self) -> &TimeAxis {
        &self.reel.times
    }

    /// The calendar of the files.
    pub fn calendar(&self) -> Calendar {
        self.reel.times.calendar
    }

    /// The time of a position on the axis.
    pub fn instant(&self, index: usize) -> Option<Instant> {
        self.times().instants.get(index).copied()
    }

    /// The position of a time on the axis.
    pub fn index_at(&self, instant: Instant) -> Option<usize> {
        self.times().instants.binary_search(&instant).ok()
    }

    /// Time between two states of the run, s.
    pub fn step_seconds(&self) -> i64 {
        self.stride.seconds
    }

    /// Positions on the time axis per step of the run: the state after that of a [`Window`] is `stride` further.
    pub fn stride(&self) -> usize {
        self.stride.positions
    }

    /// Number of states in the condition, the current one included.
    pub fn history(&self) -> usize {
        self.config.history
    }

    /// The horizontal grid.
    pub fn grid(&self) -> &Grid {
        self.reel.grid()
    }

    /// The shape of a state: (variables, ny, nx).
    pub fn shape(&self) -> (usize, usize, usize) {
        let (ny, nx) = self.grid().shape();
        (self.channels.len(), ny, nx)
    }

    /// The variables of the state, in the order of the configuration.
    pub fn variables(&self) -> &[Channel] {
        &self.channels
    }

    /// The static variables, in the order of the configuration; NaN where missing.
    pub fn statics(&self) -> impl Iterator<Item = (&str, &Array2<f32>)> {
        self.config
            .statics
            .iter()
            .map(String::as_str)
            .zip(&self.statics)
    }

    /// Cell areas as the grid gives them.
    pub fn areas(&self) -> &Array2<f64> {
        &self.areas
    }

    /// Cell areas divided by their mean: what cells weigh in losses and scores, which divide by the sum over
    /// those that hold data.
    ///
    /// # Shapes
    /// (ny, nx).
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }

    /// The state at a position of the time axis, in the units of the files.
    ///
    /// # Errors
    /// [`DataError`] where it cannot be read, or holds what `data.missing` does not allow.
    pub fn frame(&self, index: usize) -> Result<Arc<Frame>, DataError> {
        let lost = || DataError::NoState {
            index,
            count: self.times().len(),
        };
        let (number, range) = self.reel.block_of(index).ok_or_else(lost)?;
        let block = if let Some(block) = self.cache.get(number) {
            block
        } else {
            let block = Arc::new(self.reel.read(&range)?);
            self.cache.put(
                number,
                Arc::clone(&block),
                range.len() * self.reel.frame_bytes(),
            );
            block
        };
        block.get(index - range.start).cloned().ok_or_else(lost)
    }

    /// The positions on the time axis that lie in a period.
    pub fn range(&self, split: Split) -> Range<usize> {
        self.periods.of(split).range(&self.times().instants)
    }

    /// First and last instant of a period, both included, as the configuration has them.
    pub fn period(&self, split: Split) -> (Instant, Instant) {
        let period = self.periods.of(split);
        (period.first, period.last)
    }

    /// The time of year of every state in a period, in days since the year began.
    pub fn days_of_year(&self, split: Split) -> Vec<f64> {
        let instants = &self.times().instants[self.range(split)];
        instants
            .iter()
            .map(|t| self.calendar().day_of_year(*t))
            .collect()
    }

    /// Every initial state whose history and the `horizon` states after it lie in the period without a gap.
    ///
    /// The state m steps after a window's (before, where negative) is at position `index + m stride` exactly;
    /// no time of the files between the first and the last state is lacking.
    pub fn windows(&self, split: Split, horizon: usize) -> Vec<Window> {
        let back = self.config.history.saturating_sub(1);
        complete(
            &self.times().instants,
            self.stride,
            back,
            horizon,
            self.range(split),
        )
    }

    /// The [`Series::windows`] that lie a multiple of `every` after the first state of the period.
    ///
    /// The origin does not depend on history or horizon, so that models are compared on the same dates.
    pub fn initial_states(&self, split: Split, horizon: usize, every: Every) -> Vec<Window> {
        let Some(origin) = self.instant(self.range(split).start) else {
            return Vec::new();
        };
        let every = every.seconds(self.stride.seconds);
        let mut windows = self.windows(split, horizon);
        windows.retain(|window| window.instant.since(origin) % every == 0);
        windows
    }

    /// The training states whose successor one step later is a training state too.
    pub(crate) fn training_pairs(&self) -> Vec<Window> {
        complete(
            &self.times().instants,
            self.stride,
            0,
            1,
            self.range(Split::Train),
        )
    }
}

fn stride(times: &TimeAxis, step: Span) -> Result<Stride, DataError> {
    let refuse = |problem| {
        Err(DataError::Config {
            key: "step",
            problem,
        })
    };
    let Some(spacing) = spacing(&times.instants).and_then(Span::from_seconds) else {
        return refuse("the files hold one time only; a series needs two or more".to_owned());
    };
    if step.seconds() % spacing.seconds() != 0 {
        return refuse(format!(
            "{step} is not a multiple of the time between the states of the files, {spacing}"
        ));
    }
    let positions = (step.seconds() / spacing.seconds()) as usize;
    Ok(Stride {
        positions,
        seconds: step.seconds(),
    })
}
