//! One ensemble and one truth at one point.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::ScoreError;

/// How the mean distance between two members is estimated: K of METHOD 7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// K = M (M-1): unbiased for the law that the members come from; one member has none.
    #[default]
    Fair,
    /// K = M^2: the score of the M-member empirical law itself; for one member the absolute error.
    Empirical,
}

impl Estimator {
    pub(crate) fn pairs(self, members: usize) -> f64 {
        let m = members as f64;
        match self {
            Self::Fair => m * (m - 1.0),
            Self::Empirical => m * m,
        }
    }
}

/// An ensemble as its sorted deviations from the truth, `d_i = x_i - y`.
///
/// Working with deviations keeps digits when the field has a large offset (a pressure in pascal).
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    deviations: &'a [f64],
    mean: f64,
    rank: usize,
}

impl<'a> Sample<'a> {
    /// Sorts the finite deviations `x_i - y` in place; `tie(k)` places the truth among k equal members and
    /// returns how many of them (0..=k) are below it.
    pub(crate) fn new(deviations: &'a mut [f64], tie: impl FnOnce(usize) -> usize) -> Self {
        // Finite by the callers' checks, so the order is total; total_cmp takes more than twice as long.
        deviations.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        let below = deviations.partition_point(|&d| d < 0.0);
        let equal = deviations[below..].partition_point(|&d| d <= 0.0);
        let placed = if equal == 0 { 0 } else { tie(equal).min(equal) };
        Self {
            mean: deviations.iter().sum::<f64>() / deviations.len() as f64,
            deviations,
            rank: below + placed,
        }
    }

    /// Number of members M.
    pub fn members(&self) -> usize {
        self.deviations.len()
    }

    /// Error of the ensemble mean.
    pub fn error(&self) -> f64 {
        self.mean
    }

    /// Number of members below the truth, 0..=M.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Variance of the members with ddof 1; zero for a single one, which has none.
    pub fn variance(&self) -> f64 {
        let squares: f64 = self
            .deviations
            .iter()
            .map(|d| (d - self.mean).powi(2))
            .sum();
        squares / (self.members() as f64 - 1.0).max(1.0)
    }

    /// `mean |x_i - y| - sum_i (2i - M - 1) x_(i) / K`, with K of the estimator.
    pub fn crps(&self, estimator: Estimator) -> f64 {
        let last = self.members() as f64 - 1.0;
        let (mut distance, mut spread) = (0.0, 0.0);
        for (i, d) in self.deviations.iter().enumerate() {
            distance += d.abs();
            spread += (2.0 * i as f64 - last) * d;
        }
        distance / self.members() as f64 - spread / estimator.pairs(self.members())
    }

    /// The share of the truth's cell of rank that lies in the central interval of a level.
    ///
    /// The M+1 cells of rank hold the same probability, so the interval is
    /// `[(1 - level)/2, (1 + level)/2] (M+1)` on the axis of ranks and cell r is `[r, r+1]`. The mean
    /// of this share is the level itself for a reliable ensemble of any size and any law.
    pub fn covered(&self, level: f64) -> f64 {
        let cells = self.members() as f64 + 1.0;
        let (low, high) = (
            (1.0 - level) / 2.0 * cells,
            f64::midpoint(1.0, level) * cells,
        );
        let cell = self.rank as f64;
        (high.min(cell + 1.0) - low.max(cell)).max(0.0)
    }
}

/// CRPS of members against one truth: `mean |x_i - y| - sum over ordered pairs |x_i - x_j| / (2K)`.
///
/// ```
/// use foehn_verification::{crps, Estimator};
/// assert!((crps(&[1.0, 2.0, 3.0], 2.0, Estimator::Empirical)? - 2.0 / 9.0).abs() < 1e-15);
/// assert_eq!(crps(&[1.0, 2.0, 3.0], 2.0, Estimator::Fair)?, 0.0);
/// assert!(crps(&[1.0], 2.0, Estimator::Fair).is_err());
/// # Ok::<(), foehn_verification::ScoreError>(())
/// ```
///
/// # Units
/// Those of the members.
///
/// # Errors
/// No member; one member with the fair estimator; a value that is not finite.
///
/// # Reference
/// Ferro (2014), Q. J. R. Meteorol. Soc. 140, 1917, for the fair estimator.
pub fn crps<T: Copy + Into<f64>>(
    members: &[T],
    truth: T,
    estimator: Estimator,
) -> Result<f64, ScoreError> {
    refuse_too_few(members.len(), estimator)?;
    let truth = truth.into();
    let values = || members.iter().map(|&x| x.into());
    if let Some(value) = values().chain([truth]).find(|x| !x.is_finite()) {
        return Err(ScoreError::NotFinite {
            what: "a member or the truth",
            value: value as f32,
            init: 0,
            point: (0, 0),
        });
    }
    let mut deviations: Vec<f64> = values().map(|x| x - truth).collect();
    Ok(Sample::new(&mut deviations, |_| 0).crps(estimator))
}

pub(crate) fn refuse_too_few(members: usize, estimator: Estimator) -> Result<(), ScoreError> {
    match (members, estimator) {
        (0, _) => Err(ScoreError::NoMember),
        (1, Estimator::Fair) => Err(ScoreError::OneMember),
        _ => Ok(()),
    }
}
