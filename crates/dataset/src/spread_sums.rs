//! Variance about the centre: sums over training states.

use crate::centre_sums::row_major;
use crate::{DataError, Scale, Series, Statistics, places};

/// A standard deviation below this part of the mean is rounding.
const ROUNDING: f64 = 1e-9;

/// Sums of one variable at one cell.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    states: f64,
    /// Of squared deviations from the centre.
    square: f64,
}

/// Sums a variable and cell, variables slowest.
pub(crate) struct SpreadSums<'a> {
    series: &'a Series,
    sums: Vec<Sums>,
    areas: Vec<f64>,
}

impl<'a> SpreadSums<'a> {
    pub(crate) fn new(series: &'a Series) -> Self {
        let (channels, ny, nx) = series.shape();
        let sums = vec![Sums::default(); channels * ny * nx];
        let areas = row_major(series.areas());
        Self {
            series,
            sums,
            areas,
        }
    }

    /// Adds a state's deviations from the centre; NaN where missing.
    pub(crate) fn add(&mut self, centred: &[f64]) {
        for (sums, x) in self
            .sums
            .iter_mut()
            .zip(centred)
            .filter(|(_, x)| !x.is_nan())
        {
            sums.states += 1.0;
            sums.square += x * x;
        }
    }

    /// The standard deviations, one a variable or one a variable and cell (1 where there is no value).
    pub(crate) fn scales(&self, statistics: &Statistics) -> Result<Vec<f64>, DataError> {
        let channels = self.sums.chunks_exact(self.areas.len()).enumerate();
        let scales = channels.map(|(channel, sums)| {
            let whole = self.whole(statistics, channel, sums)?;
            match self.series.config().scale {
                Scale::Variable => Ok(vec![whole]),
                Scale::Cell => Self::cells(sums)
                    .enumerate()
                    .map(|(cell, scale)| {
                        let mean = statistics.mean_of(channel, cell);
                        let varies = scale > ROUNDING * mean.abs();
                        varies
                            .then_some(scale)
                            .ok_or_else(|| self.constant_cell(statistics, channel, cell))
                    })
                    .collect(),
            }
        });
        Ok(scales.collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn cells(sums: &[Sums]) -> impl Iterator<Item = f64> {
        sums.iter().map(|sums| {
            if sums.states > 0.0 {
                (sums.square / sums.states).sqrt()
            } else {
                1.0
            }
        })
    }

    /// The area-weighted standard deviation of a variable.
    fn whole(
        &self,
        statistics: &Statistics,
        channel: usize,
        sums: &[Sums],
    ) -> Result<f64, DataError> {
        let name = || statistics.variables[channel].clone();
        let (total, squares) = self.weighted(sums, |s| s.states, |s| s.square);
        if total == 0.0 {
            return Err(DataError::NeverThere { name: name() });
        }
        let scale = (squares / total).sqrt();
        let means = (0..sums.len()).map(|cell| statistics.mean_of(channel, cell));
        let mean = means
            .max_by(|a, b| a.abs().total_cmp(&b.abs()))
            .unwrap_or(0.0);
        if scale > ROUNDING * mean.abs() {
            return Ok(scale);
        }
        Err(DataError::Constant {
            name: name(),
            value: mean,
            place: "in the training part".into(),
            remedy: "take it out of data.variables",
        })
    }

    fn constant_cell(&self, statistics: &Statistics, channel: usize, cell: usize) -> DataError {
        let nx = self.series.shape().2;
        DataError::Constant {
            name: statistics.variables[channel].clone(),
            value: statistics.mean_of(channel, cell),
            place: format!(
                "at {}",
                places::cell(self.series.grid(), cell / nx, cell % nx)
            ),
            remedy: "use data.scale = \"variable\", or mask such cells in the file",
        }
    }

    /// Area-weighted sums over the cells of a variable.
    fn weighted(
        &self,
        sums: &[Sums],
        count: impl Fn(&Sums) -> f64,
        value: impl Fn(&Sums) -> f64,
    ) -> (f64, f64) {
        let cells = self.areas.iter().zip(sums);
        cells.fold((0.0, 0.0), |(total, sum), (area, s)| {
            (total + area * count(s), sum + area * value(s))
        })
    }
}
