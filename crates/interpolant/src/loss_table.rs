//! The loss as a function of interpolation time.

use crate::time_law::TimeLaw;
use serde::{Deserialize, Serialize};

/// Sums of a loss in equal bins of [0, 1]; tables of parts (batches, threads, ranks) merge into that of
/// the whole.
///
/// ```
/// use foehn_interpolant::LossTable;
/// let mut table = LossTable::new(2)?;
/// table.add(0.1, 4.0)?;
/// table.add(0.3, 2.0)?;
/// table.add(0.9, 1.0)?;
/// assert_eq!((table.mean(0), table.mean(1)), (Some(3.0), Some(1.0)));
/// assert_eq!(table.integral(), Some(2.0)); // over uniform times, whatever law they came from
/// # Ok::<(), foehn_interpolant::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossTable {
    bins: Vec<Bin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bin {
    count: u64,
    sum: f64,
    squares: f64,
}

/// Why a table was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TableError {
    /// A table needs bins.
    #[error("a table of losses needs at least one bin")]
    NoBins,
    /// Tables of different resolution cannot be merged.
    #[error("a table of {left} bins and one of {right} cannot be merged")]
    DifferentBins {
        /// Bins of the one.
        left: usize,
        /// Bins of the other.
        right: usize,
    },
    /// A loss or time that is not a number, or a time outside [0, 1].
    #[error("loss {loss} at t = {t}: both must be finite, and t in [0, 1]")]
    NotFinite {
        /// The time.
        t: f64,
        /// The loss.
        loss: f64,
    },
    /// Nothing has been added yet, or every loss was zero.
    #[error("importance weights need losses: the table holds none that is not zero")]
    Empty,
    /// The share of uniform times must leave the weights bounded.
    #[error("the uniform share {value} must lie in (0, 1]")]
    Share {
        /// The value given.
        value: f64,
    },
}

impl LossTable {
    /// An empty table.
    ///
    /// # Errors
    /// If `bins` is zero.
    pub fn new(bins: usize) -> Result<Self, TableError> {
        if bins == 0 {
            return Err(TableError::NoBins);
        }
        let bins = vec![Bin::default(); bins];
        Ok(Self { bins })
    }

    /// Adds the loss of one sample, unweighted.
    ///
    /// # Errors
    /// If the loss is not finite or `t` not in [0, 1].
    pub fn add(&mut self, t: f64, loss: f64) -> Result<(), TableError> {
        if !loss.is_finite() || !(0.0..=1.0).contains(&t) {
            return Err(TableError::NotFinite { t, loss });
        }
        let last = self.bins.len() - 1;
        let bin = (t * self.bins.len() as f64) as usize;
        let bin = &mut self.bins[bin.min(last)];
        bin.count += 1;
        bin.sum += loss;
        bin.squares += loss * loss;
        Ok(())
    }

    /// Adds what another table holds.
    ///
    /// # Errors
    /// If it has another number of bins.
    pub fn merge(&mut self, other: &Self) -> Result<(), TableError> {
        let (left, right) = (self.bins.len(), other.bins.len());
        if left != right {
            return Err(TableError::DifferentBins { left, right });
        }
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += more.count;
            bin.sum += more.sum;
            bin.squares += more.squares;
        }
        Ok(())
    }

    /// The number of bins.
    pub fn bins(&self) -> usize {
        self.bins.len()
    }

    /// The samples in bin `k`.
    pub fn count(&self, k: usize) -> u64 {
        self.bins[k].count
    }

    /// The mean loss in bin `k`, if it has any.
    pub fn mean(&self, k: usize) -> Option<f64> {
        let bin = self.bins[k];
        (bin.count > 0).then(|| bin.sum / bin.count as f64)
    }

    /// The standard error of that mean, from two samples on.
    pub fn standard_error(&self, k: usize) -> Option<f64> {
        let bin = self.bins[k];
        let n = bin.count as f64;
        let mean = self.mean(k).filter(|_| bin.count > 1)?;
        let variance = (bin.squares / n - mean * mean).max(0.0) * n / (n - 1.0);
        Some((variance / n).sqrt())
    }

    /// The mean over uniform times: the mean of the bins' means, once every bin has one.
    pub fn integral(&self) -> Option<f64> {
        let means: Option<Vec<f64>> = (0..self.bins()).map(|k| self.mean(k)).collect();
        means.map(|means| means.iter().sum::<f64>() / means.len() as f64)
    }

    /// The law of times that spends effort where losses are large: density proportional to
    /// `sqrt(E[loss^2])`, which gives the least variance among unbiased estimates, mixed with a share of
    /// uniform times that keeps weights below `1 / uniform_share`. Bins that hold nothing count as average.
    ///
    /// # Errors
    /// If the table is empty or the share not in (0, 1].
    ///
    /// # Reference
    /// Nichol, Dhariwal 2021, arXiv:2102.09672, section 3.3.
    pub fn importance(&self, uniform_share: f64) -> Result<TimeLaw, TableError> {
        if !(uniform_share > 0.0 && uniform_share <= 1.0) {
            let value = uniform_share;
            return Err(TableError::Share { value });
        }
        let size = |bin: &Bin| (bin.count > 0).then(|| (bin.squares / bin.count as f64).sqrt());
        let sizes: Vec<Option<f64>> = self.bins.iter().map(size).collect();
        let known: Vec<f64> = sizes.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        if known.is_empty() || mean <= 0.0 {
            return Err(TableError::Empty);
        }
        let relative = sizes.iter().map(|size| size.unwrap_or(mean) / mean);
        let density = relative
            .map(|d| uniform_share + (1.0 - uniform_share) * d)
            .collect();
        Ok(TimeLaw::Importance { density })
    }
}
