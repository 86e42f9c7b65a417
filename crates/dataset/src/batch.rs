//! Standardised states, side by side.

use std::sync::Arc;

use ndarray::{Array4, Array5, ArrayViewMut3, ArrayViewMut4, Axis};

use crate::{DataError, Features, Frame, Series, Statistics, Window};

/// Standardised windows with their features and weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// (windows, history + horizon, variables, ny, nx): from the oldest state of the condition to the last of the
    /// future; x0 is number history - 1. Standardised, 0 where missing.
    pub states: Array5<f32>,
    /// (windows, variables, ny, nx): cell areas, of mean 1; 0 where x0 or any of the `horizon` future states is
    /// missing.
    pub weights: Array4<f32>,
    /// (windows, channels, ny, nx): [`Features`] at the time of x0.
    pub features: Array4<f32>,
    /// The windows.
    pub windows: Vec<Window>,
}

/// Makes batches of a series.
#[derive(Debug)]
pub struct Loader {
    series: Arc<Series>,
    statistics: Arc<Statistics>,
    features: Features,
}

impl Loader {
    /// Puts a series and the statistics of its training part together.
    ///
    /// # Errors
    /// [`DataError::OtherStatistics`] where the statistics belong to other data.
    pub fn new(series: Arc<Series>, statistics: Arc<Statistics>) -> Result<Self, DataError> {
        let features = Features::new(&series, &statistics)?;
        Ok(Self {
            series,
            statistics,
            features,
        })
    }

    /// The series.
    pub fn series(&self) -> &Arc<Series> {
        &self.series
    }

    /// The statistics.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.statistics
    }

    /// The channels beside the state.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The batch of some windows, with `horizon` states after each x0; 0 gives the condition alone.
    ///
    /// # Errors
    /// [`DataError`] where a state cannot be read.
    pub fn load(&self, windows: &[Window], horizon: usize) -> Result<Batch, DataError> {
        let (channels, ny, nx) = self.series.shape();
        let length = self.series.history() + horizon;
        let mut batch = Batch {
            states: Array5::zeros((windows.len(), length, channels, ny, nx)),
            weights: Array4::zeros((windows.len(), channels, ny, nx)),
            features: Array4::zeros((windows.len(), self.features.channels(), ny, nx)),
            windows: windows.to_vec(),
        };
        for (b, window) in windows.iter().enumerate() {
            let mut weights = batch.weights.index_axis_mut(Axis(0), b);
            for mut plane in weights.outer_iter_mut() {
                plane.zip_mut_with(self.series.weights(), |w, area| *w = *area as f32);
            }
            self.fill(
                window,
                batch.states.index_axis_mut(Axis(0), b),
                &mut weights,
            )?;
            batch
                .features
                .index_axis_mut(Axis(0), b)
                .assign(&self.features.at(window.instant));
        }
        Ok(batch)
    }

    /// Standardises the states of a window and takes the weight from cells that miss a target or x0.
    fn fill(
        &self,
        window: &Window,
        mut states: ArrayViewMut4<f32>,
        weights: &mut ArrayViewMut3<f32>,
    ) -> Result<(), DataError> {
        let history = self.series.history();
        let lost = || DataError::NoState {
            index: window.index,
            count: self.series.times().len(),
        };
        let oldest = window
            .index
            .checked_sub((history - 1) * self.series.stride())
            .ok_or_else(lost)?;
        for (m, mut state) in states.outer_iter_mut().enumerate() {
            let index = oldest + m * self.series.stride();
            let frame = self.series.frame(index)?;
            let instant = self.series.instant(index).ok_or_else(lost)?;
            state.assign(&frame.values);
            self.statistics.standardise(instant, state.view_mut());
            mask(&frame, &mut state, 0.0);
            if m + 1 >= history {
                mask(&frame, weights, 0.0);
            }
        }
        Ok(())
    }
}

fn mask(frame: &Frame, values: &mut ArrayViewMut3<f32>, fill: f32) {
    if let Some(missing) = &frame.missing {
        values.zip_mut_with(missing, |x, m| {
            if *m {
                *x = fill;
            }
        });
    }
}
