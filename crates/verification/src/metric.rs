//! What is read off finished means.

use serde::{Deserialize, Serialize};

use crate::{Choices, Mean, SpreadSkill, Statistic};

/// A score: a function of means of [`Statistic`]s, roots taken last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// `sqrt(mean (xbar - y)^2)`.
    Rmse,
    /// `mean (xbar - y)`.
    Bias,
    /// `mean |xbar - y|`.
    Mae,
    /// Mean CRPS.
    Crps,
    /// `sqrt(mean variance)`, ddof 1; none for one member.
    Spread,
    /// Spread over error as [`SpreadSkill`] says: 1 for a reliable ensemble of any size.
    SpreadSkill,
    /// Share of truths in the central 50 % interval; none for one member, which has no interval.
    Coverage50,
    /// Share of truths in the central 90 % interval; none for one member.
    Coverage90,
}

impl Metric {
    /// Its value from a mean over [`Statistic::ALL`]; none where it is not defined.
    pub fn of(self, mean: &Mean, choices: &Choices) -> Option<f64> {
        let value = |statistic: Statistic| mean.value(statistic as usize);
        // What says something about several members only.
        let of_many = |statistic| (choices.members > 1).then(|| value(statistic)).flatten();
        match self {
            Self::Rmse => value(Statistic::SquaredError).map(f64::sqrt),
            Self::Bias => value(Statistic::Error),
            Self::Mae => value(Statistic::AbsoluteError),
            Self::Crps => value(Statistic::Crps),
            Self::Spread => of_many(Statistic::Variance).map(f64::sqrt),
            Self::SpreadSkill => spread_skill(
                value(Statistic::SquaredError)?,
                of_many(Statistic::Variance)?,
                choices,
            ),
            Self::Coverage50 => of_many(Statistic::Covered50),
            Self::Coverage90 => of_many(Statistic::Covered90),
        }
    }
}

fn spread_skill(squared_error: f64, variance: f64, choices: &Choices) -> Option<f64> {
    let squared_error = match choices.spread_skill {
        SpreadSkill::Inflated => squared_error,
        SpreadSkill::Debiased => squared_error - variance / choices.members as f64,
    };
    (squared_error > 0.0).then(|| choices.factor() * (variance / squared_error).sqrt())
}
