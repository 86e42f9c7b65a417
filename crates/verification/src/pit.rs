//! Where observations fall in predictive laws.

use serde::{Deserialize, Serialize};

use crate::Flatness;
use crate::rank::flatness;

/// Histogram of probability integral transforms, each given as an interval `[P(X < y), P(X <= y)]`.
///
/// A law with an atom at y (rain: none) spreads one observation evenly over the interval in [`PitHistogram::counts`],
/// flat for a calibrated forecast. Counts spread so scatter less than draws do, and no test would reject them: for
/// [`PitHistogram::flatness`] an observation stands at one place of its interval, given by a uniform draw.
///
/// ```
/// use foehn_verification::PitHistogram;
/// let mut histogram = PitHistogram::new(4);
/// histogram.add([0.0, 0.5], 0.7);
/// histogram.add([0.9, 0.9], 0.1);
/// assert_eq!(histogram.counts(), [0.5, 0.5, 0.0, 1.0]);
/// // The first stands at 0.35.
/// assert_eq!(histogram.drawn(), [0.0, 1.0, 0.0, 1.0]);
/// ```
///
/// # Reference
/// Czado, Gneiting and Held (2009), Biometrics 65, 1254.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PitHistogram {
    counts: Vec<f64>,
    drawn: Vec<f64>,
}

/// Expected draws in a cell below which Pearson's test is not made.
const LEAST_EXPECTED: f64 = 5.0;

impl PitHistogram {
    /// No counts yet; at least one cell.
    pub fn new(cells: usize) -> Self {
        Self {
            counts: vec![0.0; cells.max(1)],
            drawn: vec![0.0; cells.max(1)],
        }
    }

    /// Adds one observation, for the test at `low + draw (high - low)`, the draw uniform on [0, 1); an interval that is
    /// not finite is not counted.
    pub fn add(&mut self, [low, high]: [f64; 2], draw: f64) {
        let cells = self.counts.len() as f64;
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let last = self.counts.len() - 1;
        let cell_of = |u: f64| ((u * cells) as usize).min(last);
        self.drawn[cell_of(low + draw * (high - low).max(0.0))] += 1.0;
        if high <= low {
            let cell = cell_of(low);
            self.counts[cell] += 1.0;
            return;
        }
        for (cell, count) in self.counts.iter_mut().enumerate() {
            let (from, to) = (cell as f64 / cells, (cell as f64 + 1.0) / cells);
            *count += (to.min(high) - from.max(low)).max(0.0) / (high - low);
        }
    }

    /// The counts, parts of observations included.
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The counts with every observation in one cell, the one that its draw fell into.
    pub fn drawn(&self) -> &[f64] {
        &self.drawn
    }

    /// Observations.
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Pearson's test of the shares of [`PitHistogram::drawn`] as if they came from so many independent draws; none
    /// without counts or with fewer than five expected draws a cell, where chi-square's law is not theirs.
    pub fn flatness(&self, independent_draws: f64) -> Option<Flatness> {
        let total: f64 = self.drawn.iter().sum();
        let enough = independent_draws >= LEAST_EXPECTED * self.drawn.len() as f64;
        let shares: Vec<f64> = self.drawn.iter().map(|n| n / total).collect();
        (total > 0.0 && enough).then(|| flatness(&shares, independent_draws))
    }
}

/// The share of the interval of a [`PitHistogram`] that lies in the central interval of a level: 0 or 1 for a law
/// without atoms. Its mean over cases is the coverage, the level itself for a calibrated forecast.
///
/// ```
/// use foehn_verification::covered;
/// assert_eq!(covered([0.3, 0.3], 0.9), 1.0);
/// assert!((covered([0.0, 0.1], 0.9) - 0.5).abs() < 1e-15);
/// ```
pub fn covered([low, high]: [f64; 2], level: f64) -> f64 {
    let (from, to) = ((1.0 - level) / 2.0, f64::midpoint(1.0, level));
    if high > low {
        (to.min(high) - from.max(low)).max(0.0) / (high - low)
    } else {
        f64::from(u8::from((from..=to).contains(&low)))
    }
}
