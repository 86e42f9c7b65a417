//! What made each number of a file of scores.

use super::config::RestoreConfig;
use super::sampling::{LastStep, RestoreSampling};
use foehn_dynamics::{Epsilon, Solver};
use serde::Serialize;
use std::path::PathBuf;

/// The conventions of a file of scores.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreConventions {
    /// The test pictures.
    pub test: PathBuf,
    /// Seed of masks, degradations and noise.
    pub seed: u64,
    /// Solver of the samples of the ensemble.
    pub solver: Solver,
    /// `e(t)` of the samples of the ensemble; the flow without.
    pub epsilon: Option<Epsilon>,
    /// What the last step of an SDE does with its noise.
    pub last_step: LastStep,
    /// w of the classes of the test pictures, where they are told: `b + w (b_class - b)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// What the numbers are.
    pub numbers: [&'static str; 10],
}

impl RestoreConventions {
    /// Those of a model that is scored.
    pub fn of(config: &RestoreConfig, test: PathBuf, how: &RestoreSampling) -> Self {
        Self {
            test,
            seed: config.seed,
            solver: how.solver(),
            epsilon: how.epsilon,
            last_step: how.last_step,
            guidance: config.classes.is_some().then(|| how.guidance()),
            numbers: NUMBERS,
        }
    }
}

const NUMBERS: [&str; 10] = [
    "frechet: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of features, covariances with ddof 1; restored pictures and their own \
     truths, in pairs, so that it is smaller than that of two sets of different pictures, and larger for fewer pictures",
    "kernel: unbiased squared maximum mean discrepancy, kernel (x . y / d + 1)^3, pairs of a picture and its truth left out",
    "rounding: features, CRPS, spread, coverage and residual are of values rounded to 8 bits and cut to [-1, 1]; PSNR, SSIM \
     and MAE of values cut and not rounded",
    "calls: passes through the network for one sample",
    "psnr: dB, 10 log10(4 / mean square error), errors averaged over all hidden values of all pictures before the logarithm",
    "ssim: whole pictures, averaged over pictures and channels",
    "crps: fair (members in ordered pairs over M (M - 1)), hidden values only",
    "spread_skill: sqrt((M + 1) / M) sqrt(mean variance, ddof 1) / RMSE of the mean of all members",
    "coverage_90: share of truths within the central ranks, ties drawn at random",
    "varying: hidden values at which not all samples and the truth are one integer of 8 bits",
];
