//! What is computed at one point of one case.

use serde::{Deserialize, Serialize};

use crate::{Estimator, Sample};

/// A number of one ensemble and its truth at one point; its weighted mean is a [`crate::Mean`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// `xbar - y`, xbar the ensemble mean.
    Error,
    /// `(xbar - y)^2`.
    SquaredError,
    /// `|xbar - y|`.
    AbsoluteError,
    /// Continuous ranked probability score with the chosen [`Estimator`].
    Crps,
    /// Variance of the members, ddof 1.
    Variance,
    /// Share inside the central 50 % interval ([`Sample::covered`]).
    Covered50,
    /// Share inside the central 90 % interval ([`Sample::covered`]).
    Covered90,
}

impl Statistic {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// All of them; each stands at its own index in a [`crate::Mean`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::Error,
        Self::SquaredError,
        Self::AbsoluteError,
        Self::Crps,
        Self::Variance,
        Self::Covered50,
        Self::Covered90,
    ];

    /// Its value for one sample.
    pub fn of(self, sample: &Sample, estimator: Estimator) -> f64 {
        match self {
            Self::Error => sample.error(),
            Self::SquaredError => sample.error().powi(2),
            Self::AbsoluteError => sample.error().abs(),
            Self::Crps => sample.crps(estimator),
            Self::Variance => sample.variance(),
            Self::Covered50 => sample.covered(0.5),
            Self::Covered90 => sample.covered(0.9),
        }
    }
}
