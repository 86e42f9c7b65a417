//! Grids of interpolation time.

use std::f64::consts::PI;

/// The times `t_0 < t_1 < ... < t_n` of `n` steps, from 0 to 1 unless cut by [`TimeGrid::within`].
#[derive(Clone, Debug, PartialEq)]
pub struct TimeGrid {
    times: Vec<f64>,
}

/// Why a grid was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GridError {
    /// A grid of no steps.
    #[error("a time grid needs at least one step")]
    NoSteps,
    /// Times that do not rise from 0 to 1.
    #[error(
        "times must rise from 0 to 1: entry {index} is {value}, after {before}; give the n + 1 ends of n steps"
    )]
    NotRising {
        /// Position of the first offending time.
        index: usize,
        /// Its value.
        value: f64,
        /// The time before it.
        before: f64,
    },
    /// A power that does not give a grid.
    #[error("the exponent {exponent} of a power grid must be a positive, finite number")]
    Exponent {
        /// The exponent.
        exponent: f64,
    },
    /// A part of [0, 1] that is none.
    #[error("a grid cannot be cut to [{start}, {end}]: 0 <= start < end <= 1 is needed")]
    Ends {
        /// The first time asked for.
        start: f64,
        /// The last time asked for.
        end: f64,
    },
}

impl TimeGrid {
    /// `n` equal steps: the n + 1 times `i / n`.
    ///
    /// # Errors
    /// If `n` is zero.
    pub fn uniform(n: usize) -> Result<Self, GridError> {
        Self::mapped(n, |s| s)
    }

    /// `t_i = (i / n)^p`: short steps near 0 for `p > 1`, near 1 for `p < 1`.
    ///
    /// ```
    /// use foehn_dynamics::TimeGrid;
    /// assert_eq!(TimeGrid::power(4, 2.0)?.times(), [0.0, 0.0625, 0.25, 0.5625, 1.0]);
    /// # Ok::<(), foehn_dynamics::GridError>(())
    /// ```
    ///
    /// # Errors
    /// If `n` is zero, `exponent` is not positive and finite, or so large that times coincide.
    pub fn power(n: usize, exponent: f64) -> Result<Self, GridError> {
        if !(exponent > 0.0 && exponent.is_finite()) {
            return Err(GridError::Exponent { exponent });
        }
        Self::mapped(n, |s| s.powf(exponent))
    }

    /// `t_i = (1 - cos(pi i / n)) / 2`: short steps near both ends.
    ///
    /// ```
    /// use foehn_dynamics::TimeGrid;
    /// let grid = TimeGrid::cosine(3)?;
    /// assert!((grid.times()[1] - 0.25).abs() < 1e-15);
    /// # Ok::<(), foehn_dynamics::GridError>(())
    /// ```
    ///
    /// # Errors
    /// If `n` is zero.
    pub fn cosine(n: usize) -> Result<Self, GridError> {
        Self::mapped(n, |s| (PI * s / 2.0).sin().powi(2))
    }

    fn mapped(n: usize, f: impl Fn(f64) -> f64) -> Result<Self, GridError> {
        let time = |i| match i {
            0 => 0.0,
            i if i == n => 1.0,
            i => f(i as f64 / n as f64),
        };
        Self::new((0..=n).map(time).collect())
    }

    /// The grid with these times.
    ///
    /// # Errors
    /// If they do not rise from 0 to 1.
    pub fn new(times: Vec<f64>) -> Result<Self, GridError> {
        if times.len() < 2 {
            return Err(GridError::NoSteps);
        }
        let refuse = |index, value, before| GridError::NotRising {
            index,
            value,
            before,
        };
        if times[0] != 0.0 {
            return Err(refuse(0, times[0], 0.0));
        }
        for (i, pair) in times.windows(2).enumerate() {
            if pair[0].is_nan() || pair[1].is_nan() || pair[1] <= pair[0] {
                return Err(refuse(i + 1, pair[1], pair[0]));
            }
        }
        let last = times.len() - 1;
        if times[last] != 1.0 {
            return Err(refuse(last, times[last], times[last - 1]));
        }
        Ok(Self { times })
    }

    /// The same grid squeezed to `[start, end]`: `t -> start + (end - start) t`.
    ///
    /// Where a drift is 0/0 or its diffusion infinite at an end, that end is cut here, in sight; the
    /// start must then be drawn from the law at `start`, or the bias of not doing so be accepted.
    ///
    /// # Errors
    /// Unless `0 <= start < end <= 1` (and the times stay apart).
    pub fn within(self, start: f64, end: f64) -> Result<Self, GridError> {
        let times: Vec<f64> = self
            .times
            .iter()
            .map(|t| start * (1.0 - t) + end * t)
            .collect();
        let inside = start >= 0.0 && end <= 1.0 && start < end;
        if !inside || times.windows(2).any(|pair| pair[1] <= pair[0]) {
            return Err(GridError::Ends { start, end });
        }
        Ok(Self { times })
    }

    /// The times `1 - t` in rising order: short steps where this grid has long ones.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let times = self.times.iter().rev().map(|t| 1.0 - t).collect();
        Self { times }
    }

    /// The grid with `parts` equal steps in place of each.
    ///
    /// # Errors
    /// If `parts` is zero.
    pub fn refined(&self, parts: usize) -> Result<Self, GridError> {
        if parts == 0 {
            return Err(GridError::NoSteps);
        }
        let inner = |pair: &[f64]| {
            let (t, u) = (pair[0], pair[1]);
            (0..parts).map(move |i| t + (u - t) * (i as f64 / parts as f64))
        };
        let mut times: Vec<f64> = self
            .times
            .windows(2)
            .flat_map(|pair| inner(pair).collect::<Vec<_>>())
            .collect();
        times.extend(self.times.last());
        Ok(Self { times })
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// The times, one more than there are steps.
    pub fn times(&self) -> &[f64] {
        &self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_grids_are_refused() {
        assert_eq!(TimeGrid::uniform(0), Err(GridError::NoSteps));
        assert_eq!(TimeGrid::cosine(0), Err(GridError::NoSteps));
        let exponent = f64::NAN;
        assert!(TimeGrid::power(3, exponent).is_err() && TimeGrid::power(3, 0.0).is_err());
        for times in [
            vec![0.0],
            vec![0.0, 0.5, 0.5, 1.0],
            vec![0.0, 0.7, 0.3, 1.0],
            vec![0.1, 1.0],
            vec![0.0, 0.9],
            vec![0.0, f64::NAN, 1.0],
        ] {
            assert!(TimeGrid::new(times.clone()).is_err(), "{times:?}");
        }
        let grid = || TimeGrid::uniform(4).unwrap();
        assert!(grid().within(0.5, 0.5).is_err() && grid().within(-0.1, 1.0).is_err());
        assert!(grid().within(0.1, f64::NAN).is_err());
        // so steep that the first times are all zero
        assert!(TimeGrid::power(1000, 200.0).is_err());
    }

    #[test]
    fn grids_keep_their_ends() {
        for grid in [
            TimeGrid::uniform(7).unwrap(),
            TimeGrid::power(7, 3.0).unwrap(),
            TimeGrid::power(7, 0.5).unwrap().mirrored(),
            TimeGrid::cosine(7).unwrap().refined(3).unwrap(),
        ] {
            assert_eq!(grid.times()[0], 0.0);
            assert_eq!(grid.times()[grid.steps()], 1.0);
            assert_eq!(TimeGrid::new(grid.times().to_vec()), Ok(grid));
        }
    }
}
