//! The finished numbers of one lead.

use serde::{Deserialize, Serialize};

use crate::{Choices, Convention, Flatness, Mean, Metric, RankHistogram, ScoreError};

/// The numbers of one lead, with how they were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// How the numbers were made, and from how many cases.
    pub convention: Convention,
    /// Root of the mean squared error of the ensemble mean.
    pub rmse: f64,
    /// Mean of ensemble mean minus truth.
    pub bias: f64,
    /// Mean absolute error of the ensemble mean.
    pub mae: f64,
    /// Mean CRPS.
    pub crps: f64,
    /// Root of the mean variance; none for one member.
    pub spread: Option<f64>,
    /// Spread over error; none for one member or an error that is not positive.
    pub spread_skill: Option<f64>,
    /// Share of truths in the central 50 % interval; none for one member.
    pub coverage_50: Option<f64>,
    /// Share of truths in the central 90 % interval; none for one member.
    pub coverage_90: Option<f64>,
    /// Ranks of the truth.
    pub ranks: RankHistogram,
    /// Flatness of the ranks, each pair of (case, point) taken as one independent draw.
    pub flatness_by_pair: Flatness,
    /// Flatness of the ranks, each case taken as one independent draw.
    pub flatness_by_case: Flatness,
}

impl ScoreTable {
    pub(crate) fn new(
        choices: &Choices,
        cases: u64,
        total: &Mean,
        ranks: &RankHistogram,
    ) -> Result<Self, ScoreError> {
        let nothing = || ScoreError::Nothing {
            cases,
            missing: total.missing(),
        };
        let metric = |metric: Metric| metric.of(total, choices);
        let flatness = |draws| ranks.flatness(draws).ok_or_else(nothing);
        Ok(Self {
            convention: Convention::new(choices, cases, total),
            rmse: metric(Metric::Rmse).ok_or_else(nothing)?,
            bias: metric(Metric::Bias).ok_or_else(nothing)?,
            mae: metric(Metric::Mae).ok_or_else(nothing)?,
            crps: metric(Metric::Crps).ok_or_else(nothing)?,
            spread: metric(Metric::Spread),
            spread_skill: metric(Metric::SpreadSkill),
            coverage_50: metric(Metric::Coverage50),
            coverage_90: metric(Metric::Coverage90),
            ranks: ranks.clone(),
            flatness_by_pair: flatness(total.count() as f64)?,
            flatness_by_case: flatness(cases as f64)?,
        })
    }
}
