//! One step of a differential equation.

use crate::dynamics::Dynamics;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A one-step method for `dX = drift dt + g(t) dW`; with `g = 0` the methods are Euler's and Heun's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// `X + h drift(t, X) + g(t) sqrt(h) xi`: one call a step, weak order 1.
    EulerMaruyama,
    /// Trapezoidal rule with an Euler-Maruyama predictor and the same noise in both stages; its
    /// variance is the trapezoidal rule for the integral of g^2. Two calls a step, weak order 2 for
    /// noise that depends on time only.
    StochasticHeun,
}

/// The interval of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub t: f64,
    pub u: f64,
}

impl Solver {
    /// The state at `at.u` and the number of calls spent; `xi` is `None` for a step without noise.
    pub(crate) fn step<const D: usize>(
        self,
        dynamics: &impl Dynamics<D>,
        at: Interval,
        x: Tensor<D>,
        xi: Option<&Tensor<D>>,
    ) -> (Tensor<D>, usize) {
        let Interval { t, u } = at;
        let h = u - t;
        let drift = dynamics.drift(t, x.clone());
        let g = dynamics.diffusion(t);
        let with_noise = |x: Tensor<D>, g: f64| match xi {
            Some(xi) if g != 0.0 => x + xi.clone() * (g * h.sqrt()),
            _ => x,
        };
        let ends = u >= 1.0 && !dynamics.is_regular_at_end();
        if self == Self::EulerMaruyama || ends {
            return (with_noise(x + drift * h, g), 1);
        }
        let predicted = with_noise(x.clone() + drift.clone() * h, g);
        let second = dynamics.drift(u, predicted);
        let g_end = dynamics.diffusion(u);
        let g_mean = ((g * g + g_end * g_end) / 2.0).sqrt();
        (with_noise(x + (drift + second) * (h / 2.0), g_mean), 2)
    }

    /// Calls to the drift in one regular step.
    pub fn calls_per_step(self) -> usize {
        match self {
            Self::EulerMaruyama => 1,
            Self::StochasticHeun => 2,
        }
    }
}
