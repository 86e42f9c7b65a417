//! Where observations fall in predictive laws.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rank::flatness;
use crate::{Flatness, chi_square};

/// Histogram of probability integral transforms, each given as an interval `[P(X < y), P(X <= y)]`.
///
/// A law with an atom at y (rain: none) spreads one observation evenly over the interval in [`PitHistogram::counts`],
/// flat for a calibrated forecast. Counts spread so scatter less than draws do, and no test would reject them: for
/// [`PitHistogram::flatness`] an observation stands at one place of its interval, given by a uniform draw.
///
/// ```
/// use foehn_verification::PitHistogram;
/// let mut histogram = PitHistogram::new(4);
/// histogram.add([0.0, 0.5], 0.7, 1);
/// histogram.add([0.9, 0.9], 0.1, 2);
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
    /// Draws in every cell, by group.
    drawn: BTreeMap<i64, Vec<f64>>,
}

/// Groups a cell below which the test is not made: their scatter is what it is measured by.
const GROUPS_A_CELL: usize = 5;

impl PitHistogram {
    /// No counts yet; at least one cell.
    pub fn new(cells: usize) -> Self {
        Self {
            counts: vec![0.0; cells.max(1)],
            drawn: BTreeMap::new(),
        }
    }

    /// Adds one observation, for the test at `low + draw (high - low)`, the draw uniform on [0, 1); an interval that is
    /// not finite is not counted. Observations of one group, such as a date, may depend on each other.
    pub fn add(&mut self, [low, high]: [f64; 2], draw: f64, group: i64) {
        let cells = self.counts.len() as f64;
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let last = self.counts.len() - 1;
        let cell_of = |u: f64| ((u * cells) as usize).min(last);
        let none = || vec![0.0; last + 1];
        let drawn = self.drawn.entry(group).or_insert_with(none);
        drawn[cell_of(low + draw * (high - low).max(0.0))] += 1.0;
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
    pub fn drawn(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.counts.len()];
        for group in self.drawn.values() {
            sums.iter_mut().zip(group).for_each(|(sum, n)| *sum += n);
        }
        sums
    }

    /// Observations.
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Pearson's test of [`PitHistogram::drawn`] against equal shares, where groups are independent and observations of one
    /// group need not be; none with fewer than five groups a cell.
    ///
    /// With `u_g` the counts of group g less its even share, `V = G/(G-1) sum u_g u_g^T` is the covariance of the counts and
    /// lambda are the eigenvalues of V over the expected count. Chi-square is divided by their mean over the K - 1
    /// contrasts and by `1 + a^2`, a their coefficient of variation, and has `(K - 1)/(1 + a^2)` degrees of freedom. With
    /// one observation a group this is Pearson's test but for the scatter of V.
    ///
    /// # Reference
    /// Rao and Scott (1981), J. Amer. Statist. Assoc. 76, 221, doi:10.1080/01621459.1981.10477633: the correction of
    /// second order.
    pub fn flatness(&self) -> Option<Flatness> {
        let (groups, cells) = (self.drawn.len(), self.counts.len());
        if groups < GROUPS_A_CELL * cells || cells < 2 {
            return None;
        }
        let drawn = self.drawn();
        let total: f64 = drawn.iter().sum();
        let (trace, squares) = self.dispersion(total);
        let contrasts = cells as f64 - 1.0;
        let effect = trace / contrasts;
        let spread = squares / (contrasts * effect * effect);
        let shares: Vec<f64> = drawn.iter().map(|n| n / total).collect();
        let pearson = flatness(&shares, total / effect);
        let chi_square = pearson.chi_square / spread;
        let degrees_of_freedom = contrasts / spread;
        Some(Flatness {
            chi_square,
            degrees_of_freedom,
            p_value: chi_square::survival(chi_square, degrees_of_freedom),
            ..pearson
        })
    }

    /// Sum and sum of squares of the eigenvalues of the covariance of the counts over the expected count.
    fn dispersion(&self, total: f64) -> (f64, f64) {
        let cells = self.counts.len();
        let mut covariance = vec![0.0; cells * cells];
        for group in self.drawn.values() {
            let even = group.iter().sum::<f64>() / cells as f64;
            for (row, n) in covariance.chunks_mut(cells).zip(group) {
                let along = row.iter_mut().zip(group);
                along.for_each(|(entry, m)| *entry += (n - even) * (m - even));
            }
        }
        let groups = self.drawn.len() as f64;
        let factor = groups / (groups - 1.0) * cells as f64 / total;
        let trace = (0..cells).map(|k| covariance[k * cells + k]).sum::<f64>();
        let squares: f64 = covariance.iter().map(|entry| entry * entry).sum();
        (trace * factor, squares * factor * factor)
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
