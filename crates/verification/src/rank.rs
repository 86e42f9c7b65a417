//! Where the truth falls among the members.

use serde::{Deserialize, Serialize};

use crate::{MeanError, chi_square};

/// Counts of the number of members below the truth, r = 0..=M; every pair of (case, point) counts one.
///
/// Flat for a reliable ensemble. High at both ends: too little spread. High to the right: the members
/// are too low.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankHistogram {
    counts: Vec<u64>,
}

/// Pearson's test of a rank histogram against the flat one.
///
/// The p-value holds for *independent* draws. Ranks of neighbouring points and of successive cases are
/// not independent, so with every pair taken as a draw it is far too small; with one draw a case
/// (the same shares, fewer draws) it is too large as long as the cases are independent. The truth lies
/// between the two, and [`crate::ScoreTable`] gives both.
///
/// # Reference
/// Jolliffe and Primo (2008), Mon. Weather Rev. 136, 2133, for the two contrasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flatness {
    /// Number of draws that are taken as independent.
    pub independent_draws: f64,
    /// `sum (n_r - e)^2 / e`, e the number expected in each cell.
    pub chi_square: f64,
    /// M, or fewer where draws of one group are alike.
    pub degrees_of_freedom: f64,
    /// Chance of at least this chi-square if the law is flat and the draws are independent.
    pub p_value: f64,
    /// Its part along a straight line, standard normal if flat; positive: members too low.
    pub slope: f64,
    /// Its part along a centred parabola, standard normal if flat; positive: too little spread.
    pub curvature: f64,
    /// Share of the truths that would have to change their cell, `sum |f_r - 1/(M+1)| / 2`: a size, not a
    /// test.
    pub misplaced: f64,
}

impl RankHistogram {
    /// No counts yet, for M members.
    pub fn new(members: usize) -> Self {
        Self {
            counts: vec![0; members + 1],
        }
    }

    pub(crate) fn add(&mut self, rank: usize) {
        if let Some(count) = self.counts.get_mut(rank) {
            *count += 1;
        }
    }

    /// Adds the counts of another.
    ///
    /// # Errors
    /// When the numbers of members differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), MeanError> {
        let (expected, found) = (self.counts.len(), other.counts.len());
        if expected != found {
            return Err(MeanError { expected, found });
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        Ok(())
    }

    /// The counts of r = 0..=M.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The shares of r = 0..=M; none without counts.
    pub fn shares(&self) -> Option<Vec<f64>> {
        let total = self.total();
        (total > 0).then(|| {
            self.counts
                .iter()
                .map(|&n| n as f64 / total as f64)
                .collect()
        })
    }

    /// The number of ranks counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Tests the shares as if they came from so many independent draws; none without counts.
    pub fn flatness(&self, independent_draws: f64) -> Option<Flatness> {
        Some(flatness(&self.shares()?, independent_draws))
    }
}

/// Tests shares as if they came from so many independent draws.
pub(crate) fn flatness(shares: &[f64], independent_draws: f64) -> Flatness {
    let cells = shares.len() as f64;
    let scaled: Vec<f64> = shares
        .iter()
        .map(|f| (f - 1.0 / cells) * (independent_draws * cells).sqrt())
        .collect();
    let chi_square = scaled.iter().map(|r| r * r).sum();
    let centre = (cells - 1.0) / 2.0;
    let second = (cells * cells - 1.0) / 12.0;
    let degrees_of_freedom = cells - 1.0;
    Flatness {
        independent_draws,
        chi_square,
        degrees_of_freedom,
        p_value: chi_square::survival(chi_square, degrees_of_freedom),
        slope: contrast(&scaled, |r| r - centre),
        curvature: contrast(&scaled, |r| (r - centre).powi(2) - second),
        misplaced: shares.iter().map(|f| (f - 1.0 / cells).abs()).sum::<f64>() / 2.0,
    }
}

/// The part of the scaled residuals along a shape of unit length; zero where the shape vanishes.
fn contrast(scaled: &[f64], shape: impl Fn(f64) -> f64) -> f64 {
    let (mut along, mut length) = (0.0, 0.0);
    for (r, residual) in scaled.iter().enumerate() {
        let s = shape(r as f64);
        along += s * residual;
        length += s * s;
    }
    if length > 0.0 {
        along / length.sqrt()
    } else {
        0.0
    }
}
