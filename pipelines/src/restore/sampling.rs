//! How a model of pictures is sampled.

use super::config::RestoreConfig;
use crate::output_format::is_default;
use foehn_dynamics::{Epsilon, LastNoise, Solver};
use serde::{Deserialize, Serialize};

/// `[sampling]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestoreSampling {
    /// Steps.
    pub steps: usize,
    /// One-step method; by default heun for the flow, `euler_maruyama` for the SDE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<Solver>,
    /// `e(t)` of the SDE; the flow without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<Epsilon>,
    /// What the last step of an SDE does with its noise.
    #[serde(skip_serializing_if = "is_default")]
    pub last_step: LastStep,
    /// w of `b + w (b_class - b)`, where pictures have classes; 1 without, and 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
}

/// What the last step of an SDE does with its noise, whose variance is `2 e h` like that of any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastStep {
    /// It is added: the law of the samples is right to the order of the solver.
    #[default]
    Noise,
    /// The step returns its mean: smoother pictures, of too little variance.
    Mean,
}

impl From<LastStep> for LastNoise {
    fn from(last: LastStep) -> Self {
        match last {
            LastStep::Noise => Self::Kept,
            LastStep::Mean => Self::Mean,
        }
    }
}

impl RestoreSampling {
    /// The one-step method, chosen or usual.
    pub fn solver(&self) -> Solver {
        let usual = if self.epsilon.is_some() {
            Solver::EulerMaruyama
        } else {
            Solver::Heun
        };
        self.solver.unwrap_or(usual)
    }

    /// w.
    pub fn guidance(&self) -> f64 {
        self.guidance.unwrap_or(1.0)
    }

    /// Passes through the network for one velocity of a picture whose class is told.
    pub fn passes(&self) -> usize {
        let w = self.guidance();
        if w == 0.0 || w == 1.0 { 1 } else { 2 }
    }
}

impl Default for RestoreSampling {
    fn default() -> Self {
        Self {
            steps: 20,
            solver: None,
            epsilon: None,
            last_step: LastStep::Noise,
            guidance: None,
        }
    }
}

impl RestoreConfig {
    /// Whether `e(t)` is noise at all, finite at every time that a step begins at, and the solver one that takes it.
    pub(super) fn check_noise(&self) -> Result<(), String> {
        let Some(epsilon) = self.sampling.epsilon else {
            return Ok(());
        };
        let schedule = self.interpolant.schedule().map_err(|e| e.to_string())?;
        let e = epsilon
            .on(schedule)
            .map_err(|error| format!("sampling.epsilon: {error}"))?;
        let begins = |k: usize| k as f64 / self.sampling.steps as f64;
        let values = (0..self.sampling.steps).map(|k| (begins(k), e(begins(k))));
        let mut noisy = false;
        for (t, value) in values {
            if !value.is_finite() {
                return Err(format!(
                    "sampling.epsilon: {epsilon:?} is {value} at t = {t} of this path: choose another, such as \
                     {{ decreasing = {{ e0 = 1.0, power = 1.0 }} }}"
                ));
            }
            noisy |= value > 0.0;
        }
        if !noisy {
            return Err(format!(
                "sampling.epsilon: {epsilon:?} is zero wherever a step begins on this path, so that there would be no \
                 noise: leave it out for the flow, or choose another, such as {{ decreasing = {{ e0 = 1.0, power = 1.0 }} }}"
            ));
        }
        match self.sampling.solver {
            Some(solver) if solver.orders().strong.is_none() => Err(format!(
                "sampling.solver: {solver:?} takes no noise, and sampling.epsilon asks for it: use euler_maruyama, \
                 stochastic_heun or sra1, or leave one of the two out"
            )),
            _ => Ok(()),
        }
    }
}
