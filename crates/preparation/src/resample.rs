//! From the states of the files to those of another time step.

use std::ops::Range;

use foehn_field::{Instant, TimeAxis};
use ndarray::{ArrayView3, ArrayViewMut2};
use rayon::prelude::*;

use crate::{PrepareError, Reduction, ResampleConfig};

/// Cells that stay in a thread's cache while it goes through the states.
const CELLS: usize = 4096;
/// Parts of so many cells that a thread takes at least: less is done sooner than handed over.
const PARTS: usize = 16;

/// A state of the output and the input states that make it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) instant: Instant,
    pub(crate) inputs: Range<usize>,
}

/// The states of the output: one for each of the input, or for each step that has enough of them.
///
/// At both ends steps with less than the least share of their states are left out; between, they are missing.
pub(crate) fn steps(
    times: &TimeAxis,
    step: i64,
    config: Option<&ResampleConfig>,
) -> Result<Vec<Step>, PrepareError> {
    let Some(config) = config else {
        let each = times.instants.iter().enumerate();
        let alone = |(k, &instant): (usize, &Instant)| Step {
            instant,
            inputs: k..k + 1,
        };
        return Ok(each.map(alone).collect());
    };
    let every = config.every.seconds();
    if !(config.least_share > 0.0 && config.least_share <= 1.0) {
        let problem = format!("{}: must be above 0 and at most 1", config.least_share);
        return Err(PrepareError::config("resample.least_share", problem));
    }
    if step == 0 || every % step != 0 {
        let problem = format!(
            "{} is not a multiple of the files' step of {step} s",
            config.every
        );
        return Err(PrepareError::config("resample.every", problem));
    }
    let origin = times
        .instants
        .first()
        .map_or(0, |t| t.0.div_euclid(86_400) * 86_400);
    let mut steps: Vec<Step> = Vec::new();
    for (k, t) in times.instants.iter().enumerate() {
        let begin = Instant(origin + (t.0 - origin).div_euclid(every) * every);
        match steps.last_mut() {
            Some(step) if step.instant == begin => step.inputs.end = k + 1,
            _ => steps.push(Step {
                instant: begin,
                inputs: k..k + 1,
            }),
        }
    }
    if config.by == Reduction::Sample {
        let begins = |s: &Step| times.instants[s.inputs.start] == s.instant;
        steps.retain(begins);
        for step in &mut steps {
            step.inputs.end = step.inputs.start + 1;
        }
    } else {
        let expected = (every / step) as f64;
        let enough = |s: &Step| s.inputs.len() as f64 >= config.least_share * expected - 1e-9;
        let first = steps.iter().position(enough).unwrap_or(steps.len());
        let last = steps.iter().rposition(enough).map_or(first, |k| k + 1);
        steps = steps[first..last].to_vec();
    }
    if steps.is_empty() {
        return Err(PrepareError::config(
            "resample.every",
            "no step has enough states",
        ));
    }
    Ok(steps)
}

/// Several states of one variable becoming one.
#[derive(Debug, Clone)]
pub(crate) struct Reducer {
    by: Reduction,
    /// The count of known values below which the result is missing.
    least: f64,
    totals: Vec<f64>,
    counts: Vec<u32>,
}

impl Reducer {
    pub(crate) fn new(config: &ResampleConfig, step: i64, cells: usize) -> Self {
        let expected = config.every.seconds() as f64 / step.max(1) as f64;
        Self {
            by: config.by,
            least: (config.least_share * expected - 1e-9).max(1.0),
            totals: vec![0.0; cells],
            counts: vec![0; cells],
        }
    }

    /// Takes up some states.
    pub(crate) fn add(&mut self, states: &ArrayView3<'_, f32>) {
        let Some(values) = states.as_slice() else {
            return;
        };
        let by = self.by;
        let cells = self.totals.len();
        let totals = self.totals.par_chunks_mut(CELLS).with_min_len(PARTS);
        let parts = totals.zip(self.counts.par_chunks_mut(CELLS)).enumerate();
        parts.for_each(|(part, (totals, counts))| {
            for state in values.chunks_exact(cells) {
                let here = &state[part * CELLS..][..totals.len()];
                match by {
                    Reduction::Mean | Reduction::Sum => add(totals, counts, here),
                    Reduction::Min => fold(totals, counts, here, f64::min),
                    Reduction::Max => fold(totals, counts, here, f64::max),
                    Reduction::Sample => fold(totals, counts, here, |_, x| x),
                }
            }
        });
    }

    /// The result, and a fresh start.
    pub(crate) fn finish(&mut self, mut into: ArrayViewMut2<'_, f32>) {
        let cells = self.totals.iter_mut().zip(&mut self.counts);
        for ((total, count), y) in cells.zip(&mut into) {
            let (total, count) = (std::mem::take(total), std::mem::take(count));
            let value = match self.by {
                Reduction::Mean => total / f64::from(count),
                _ => total,
            };
            let least = if self.by == Reduction::Sample {
                1.0
            } else {
                self.least
            };
            *y = if f64::from(count) >= least {
                value as f32
            } else {
                f32::NAN
            };
        }
    }
}

/// Takes up one state in a sum, without branches.
fn add(totals: &mut [f64], counts: &mut [u32], state: &[f32]) {
    for ((total, count), &x) in totals.iter_mut().zip(counts).zip(state) {
        let known = !x.is_nan();
        *total += if known { f64::from(x) } else { 0.0 };
        *count += u32::from(known);
    }
}

/// Takes up one state; the first known value stands for itself.
fn fold(totals: &mut [f64], counts: &mut [u32], state: &[f32], with: impl Fn(f64, f64) -> f64) {
    for ((total, count), &x) in totals.iter_mut().zip(counts).zip(state) {
        if !x.is_nan() {
            let x = f64::from(x);
            *total = if *count == 0 { x } else { with(*total, x) };
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use foehn_field::Calendar;
    use ndarray::{Array2, Array3};

    use super::*;

    fn config(every: &str, by: Reduction, least_share: f64) -> ResampleConfig {
        ResampleConfig {
            every: every.parse().unwrap(),
            by,
            least_share,
        }
    }

    fn six_hourly(from: &str, count: i64) -> TimeAxis {
        let calendar = Calendar::Standard;
        let start = calendar.parse(from).unwrap();
        TimeAxis {
            calendar,
            instants: (0..count).map(|k| start.plus(21_600 * k)).collect(),
        }
    }

    #[test]
    fn days_begin_at_midnight_and_incomplete_ends_are_left_out() {
        let times = six_hourly("2001-01-01T06:00", 10);
        let daily = |share| {
            steps(
                &times,
                21_600,
                Some(&config("1 day", Reduction::Mean, share)),
            )
            .unwrap()
        };
        let ranges = |steps: &[Step]| steps.iter().map(|s| s.inputs.clone()).collect::<Vec<_>>();
        assert_eq!(
            ranges(&daily(1.0)),
            std::iter::once(3..7).collect::<Vec<_>>()
        );
        assert_eq!(ranges(&daily(0.75)), [0..3, 3..7, 7..10]);
        assert_eq!(
            daily(0.75)[0].instant,
            times.calendar.parse("2001-01-01").unwrap()
        );
        let noon = steps(
            &times,
            21_600,
            Some(&config("12 hours", Reduction::Sample, 1.0)),
        )
        .unwrap();
        assert_eq!(ranges(&noon), [1..2, 3..4, 5..6, 7..8, 9..10]);
        assert!(
            steps(
                &times,
                21_600,
                Some(&config("7 hours", Reduction::Mean, 1.0))
            )
            .is_err()
        );
    }

    #[test]
    fn every_reduction_of_four_states_with_one_missing() {
        let mut states =
            Array3::from_shape_fn((4, 1, 2), |(t, _, x)| [3.0, -1.0, 4.0, 6.0][t] + x as f32);
        states[[1, 0, 1]] = f32::NAN;
        let reduced = |by, share| {
            let mut reducer = Reducer::new(&config("1 day", by, share), 21_600, 2);
            reducer.add(&states.slice(ndarray::s![..3, .., ..]));
            reducer.add(&states.slice(ndarray::s![3.., .., ..]));
            let mut result = Array2::zeros((1, 2));
            reducer.finish(result.view_mut());
            (result[[0, 0]], result[[0, 1]])
        };
        assert_eq!(reduced(Reduction::Mean, 0.75), (3.0, 16.0 / 3.0));
        assert_eq!(reduced(Reduction::Sum, 0.75), (12.0, 16.0));
        assert_eq!(reduced(Reduction::Min, 0.75), (-1.0, 4.0));
        assert_eq!(reduced(Reduction::Max, 0.75), (6.0, 7.0));
        assert!(reduced(Reduction::Mean, 1.0).1.is_nan());
    }
}
