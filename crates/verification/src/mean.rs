//! The additive mean that every score is built on.

use serde::{Deserialize, Serialize};

/// Weighted means of several quantities at once: `sum(w x) / sum(w)`, with what was counted.
///
/// A commutative monoid: [`Mean::new`] is its identity and [`Mean::merge`] its sum.
/// ```
/// use foehn_verification::Mean;
/// let (mut a, mut b) = (Mean::new(1), Mean::new(1));
/// a.add(&[2.0], 3.0)?;
/// b.add(&[6.0], 1.0)?;
/// b.skip();
/// a.merge(&b)?;
/// assert_eq!(a.value(0), Some(3.0));
/// assert_eq!((a.count(), a.missing()), (2, 1));
/// # Ok::<(), foehn_verification::MeanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    sums: Vec<f64>,
    weight: f64,
    count: u64,
    missing: u64,
}

/// Two means, or a mean and a set of values, that do not hold the same quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mean of {expected} quantities was given {found}; add only what the same plan made")]
pub struct MeanError {
    /// Quantities that the mean holds.
    pub expected: usize,
    /// Quantities that were given.
    pub found: usize,
}

impl Mean {
    /// The mean of nothing, for so many quantities.
    pub fn new(quantities: usize) -> Self {
        Self {
            sums: vec![0.0; quantities],
            weight: 0.0,
            count: 0,
            missing: 0,
        }
    }

    /// The mean of so many sets of values of weight one, from their sums.
    pub(crate) fn from_sums(sums: Vec<f64>, count: u64) -> Self {
        Self {
            sums,
            weight: count as f64,
            count,
            missing: 0,
        }
    }

    /// Adds one set of values with a weight.
    ///
    /// # Errors
    /// When the number of values is not the number of quantities.
    pub fn add(&mut self, values: &[f64], weight: f64) -> Result<(), MeanError> {
        self.check(values.len())?;
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += weight * value;
        }
        self.weight += weight;
        self.count += 1;
        Ok(())
    }

    /// Counts one set of values that is missing.
    pub fn skip(&mut self) {
        self.missing += 1;
    }

    /// Adds all that `other` holds.
    ///
    /// # Errors
    /// When the two hold different numbers of quantities.
    pub fn merge(&mut self, other: &Self) -> Result<(), MeanError> {
        self.check(other.sums.len())?;
        for (sum, value) in self.sums.iter_mut().zip(&other.sums) {
            *sum += value;
        }
        self.weight += other.weight;
        self.count += other.count;
        self.missing += other.missing;
        Ok(())
    }

    fn check(&self, found: usize) -> Result<(), MeanError> {
        let expected = self.sums.len();
        if expected == found {
            Ok(())
        } else {
            Err(MeanError { expected, found })
        }
    }

    /// The mean of one quantity; none without weight.
    pub fn value(&self, quantity: usize) -> Option<f64> {
        let sum = self.sums.get(quantity)?;
        (self.weight > 0.0).then(|| sum / self.weight)
    }

    /// The means of all quantities; none without weight.
    pub fn values(&self) -> Option<Vec<f64>> {
        (self.weight > 0.0).then(|| self.sums.iter().map(|sum| sum / self.weight).collect())
    }

    /// The sum of the weights.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// How many sets of values were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many sets of values were missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }
}
