//! How each number was made: chosen before, stated after.

use serde::{Deserialize, Serialize};

use crate::Estimator;

/// How spread is compared with the error of the ensemble mean.
///
/// The mean of M exchangeable members misses the truth by `(1 + 1/M) variance`, not by the variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadSkill {
    /// `sqrt((M+1)/M) spread / RMSE`.
    #[default]
    Inflated,
    /// `spread / sqrt(MSE - variance/M)`; none where that error is not positive.
    Debiased,
}

/// Where the weights of the points come from: a statement of the caller, who gives the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Areas of the grid cells.
    #[default]
    CellArea,
    /// The same for every point.
    Uniform,
}

/// What is chosen before scores are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Number of members M of every case.
    pub members: usize,
    /// Estimator of the CRPS.
    pub estimator: Estimator,
    /// Spread over skill.
    pub spread_skill: SpreadSkill,
    /// What the weights are.
    pub weighting: Weighting,
    /// Seed of the draws that break ties between truth and members.
    pub seed: u64,
    /// Number of the lead, part of the key of those draws.
    pub lead: u32,
}

impl Choices {
    /// Fair CRPS, inflated spread, cell areas, seed 0, lead 0.
    pub fn new(members: usize) -> Self {
        Self {
            members,
            estimator: Estimator::default(),
            spread_skill: SpreadSkill::default(),
            weighting: Weighting::default(),
            seed: 0,
            lead: 0,
        }
    }
}

/// Where the truth stands among members equal to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum TieRule {
    /// Uniform at random over the tied ranks, keyed by (seed, init, lead, point).
    Random {
        /// The seed.
        seed: u64,
        /// The lead in the key.
        lead: u32,
    },
}

/// What is done with a point that the mask calls missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingRule {
    /// Left out of every mean of that case and counted in `missing`.
    LeftOutAndCounted,
}

/// What a central interval of M members is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverageRule {
    /// Each of the M+1 cells of rank holds 1/(M+1); cells at the edge count by their share.
    EqualRankCells,
}

/// How the numbers beside it were made; part of every [`crate::ScoreTable`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convention {
    /// Number of members M.
    pub members: usize,
    /// Estimator of the CRPS.
    pub crps: Estimator,
    /// Degrees of freedom taken from M in the variance.
    pub ddof: u32,
    /// Spread over skill.
    pub spread_skill: SpreadSkill,
    /// The factor on spread/RMSE: `sqrt((M+1)/M)`, or 1 with the debiased error.
    pub factor: f64,
    /// Ties in ranks.
    pub ties: TieRule,
    /// Central intervals.
    pub coverage: CoverageRule,
    /// What the points are weighted by; cases weigh as much as their valid points do.
    pub weights: Weighting,
    /// Missing data.
    pub missing_rule: MissingRule,
    /// Cases that were added.
    pub cases: u64,
    /// Pairs of (case, point) in the means.
    pub pairs: u64,
    /// Pairs of (case, point) that were missing.
    pub missing: u64,
}

impl Convention {
    pub(crate) fn new(choices: &Choices, cases: u64, mean: &crate::Mean) -> Self {
        Self {
            members: choices.members,
            crps: choices.estimator,
            ddof: 1,
            spread_skill: choices.spread_skill,
            factor: choices.factor(),
            ties: TieRule::Random {
                seed: choices.seed,
                lead: choices.lead,
            },
            coverage: CoverageRule::EqualRankCells,
            weights: choices.weighting,
            missing_rule: MissingRule::LeftOutAndCounted,
            cases,
            pairs: mean.count(),
            missing: mean.missing(),
        }
    }
}

impl Choices {
    /// What multiplies spread/error: `sqrt((M+1)/M)` where the error is not debiased, else 1.
    pub(crate) fn factor(&self) -> f64 {
        match self.spread_skill {
            SpreadSkill::Inflated => (1.0 + 1.0 / self.members as f64).sqrt(),
            SpreadSkill::Debiased => 1.0,
        }
    }
}
