//! Grids of interpolation time.

/// The times `0 = t_0 < t_1 < ... < t_n = 1` of `n` steps.
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
}

impl TimeGrid {
    /// `n` equal steps: the n + 1 times `i / n`.
    ///
    /// # Errors
    /// If `n` is zero.
    pub fn uniform(n: usize) -> Result<Self, GridError> {
        if n == 0 {
            return Err(GridError::NoSteps);
        }
        let times = (0..=n).map(|i| i as f64 / n as f64).collect();
        Ok(Self { times })
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

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// The times, one more than there are steps.
    pub fn times(&self) -> &[f64] {
        &self.times
    }
}
