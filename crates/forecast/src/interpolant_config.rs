//! The `[interpolant]` section of a run: the path from one state to the next.

use foehn_interpolant::{Follmer, FollmerBeta, ScheduleError};
use serde::{Deserialize, Serialize};

/// What the path leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// From the present state to the next one.
    State,
    /// From zero to the increment between them, in units of its standard deviation, the present state
    /// being a condition: another path to the same law.
    #[default]
    Increment,
}

/// The correlation of the latent noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseColour {
    /// Independent cells.
    White,
    /// That of the increments over the training part: better for smooth fields.
    #[default]
    Increments,
}

/// The path that is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterpolantConfig {
    /// What the path leads to.
    pub transition: Transition,
    /// How the target enters: `linear` (beta = t) or `quadratic` (beta = t^2).
    pub beta: FollmerBeta,
    /// Amplitude of the noise, in units of the target's standard deviation.
    pub epsilon: f64,
    /// Correlation of the noise.
    pub noise: NoiseColour,
    /// Noise on the present state while training, in units of an increment: forecasts are then made
    /// from states that are not quite right, as in a rollout.
    pub condition_noise: f64,
}

impl Default for InterpolantConfig {
    fn default() -> Self {
        Self {
            transition: Transition::Increment,
            beta: FollmerBeta::Linear,
            epsilon: 0.7,
            noise: NoiseColour::Increments,
            condition_noise: 0.0,
        }
    }
}

impl InterpolantConfig {
    /// The schedule.
    ///
    /// # Errors
    /// If `epsilon` is not positive.
    pub fn path(&self) -> Result<Follmer, ScheduleError> {
        Follmer::new(self.beta, self.epsilon)
    }
}
