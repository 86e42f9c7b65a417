//! One step of a differential equation.

use crate::dynamics::Dynamics;
use crate::tableau::{self, Tableau, advance};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A one-step method for `dX = drift dt + g(t) dW`.
///
/// The first five solve flows only and refuse an equation with noise. With `g = 0` the last three are
/// Euler's, Heun's and Ralston's methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// `X + h drift(t, X)`: order 1.
    Euler,
    /// Order 2, two calls, none of them at the end of the step.
    Midpoint,
    /// Trapezoidal rule with an Euler predictor: order 2, two calls.
    Heun,
    /// The classical method of order 4, four calls.
    Rk4,
    /// The fifth-order method of Dormand and Prince at given steps, six calls;
    /// [`Adaptive`](crate::Adaptive) chooses its steps.
    DormandPrince,
    /// `X + h drift(t, X) + g(t) sqrt(h) xi`: one call a step, strong (for noise that depends on time
    /// only) and weak order 1.
    EulerMaruyama,
    /// Trapezoidal rule with an Euler-Maruyama predictor and the same noise in both stages; its
    /// variance is the trapezoidal rule for the integral of g^2. Two calls a step, weak order 2 and
    /// strong order 1 for noise that depends on time only.
    StochasticHeun,
    /// Strong order 1.5, weak order 2, for noise that depends on time only; two calls and two sets of
    /// draws a step. With `dW = W_u - W_t`, `dZ = int_t^u (W_s - W_t) ds`:
    /// `k_1 = drift(t, X)`, `k_2 = drift(t + 3h/4, X + 3h/4 k_1 + 3/2 g(u) dZ/h)`,
    /// `X + h (k_1 + 2 k_2)/3 + g(u) dW + (g(t) - g(u)) dZ/h`.
    ///
    /// # Reference
    /// Rößler 2010, SIAM J. Numer. Anal. 48, 922, scheme SRA1, doi:10.1137/09076636X.
    Sra1,
}

/// The orders at which a method converges; for the stochastic ones, where g depends on time only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orders {
    /// For flows.
    pub flow: f64,
    /// In mean square along paths; none for methods of flows.
    pub strong: Option<f64>,
    /// Of the law; none for methods of flows.
    pub weak: Option<f64>,
}

/// The interval of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub t: f64,
    pub u: f64,
}

/// The draws of one step.
pub(crate) struct Draws<'a, const D: usize> {
    /// `(W_u - W_t) / sqrt(h)`.
    pub xi: &'a Tensor<D>,
    /// The independent part of `int (W_s - W_t) ds`, where the method asks for it.
    pub zeta: Option<&'a Tensor<D>>,
}

impl Solver {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Euler,
        Self::Midpoint,
        Self::Heun,
        Self::Rk4,
        Self::DormandPrince,
        Self::EulerMaruyama,
        Self::StochasticHeun,
        Self::Sra1,
    ];

    /// The orders of convergence.
    ///
    /// ```
    /// use foehn_dynamics::Solver;
    /// assert_eq!(Solver::Sra1.orders().strong, Some(1.5));
    /// assert_eq!(Solver::Rk4.orders().flow, 4.0);
    /// ```
    pub fn orders(self) -> Orders {
        let flow = |flow| Orders {
            flow,
            strong: None,
            weak: None,
        };
        let sde = |flow, strong, weak| Orders {
            flow,
            strong: Some(strong),
            weak: Some(weak),
        };
        match self {
            Self::Euler => flow(1.0),
            Self::Midpoint | Self::Heun => flow(2.0),
            Self::Rk4 => flow(4.0),
            Self::DormandPrince => flow(5.0),
            Self::EulerMaruyama => sde(1.0, 1.0, 1.0),
            Self::StochasticHeun => sde(2.0, 1.0, 2.0),
            Self::Sra1 => sde(2.0, 1.5, 2.0),
        }
    }

    /// Calls to the drift in one regular step.
    pub fn calls_per_step(self) -> usize {
        match self {
            Self::Euler | Self::EulerMaruyama => 1,
            Self::Midpoint | Self::Heun | Self::StochasticHeun | Self::Sra1 => 2,
            Self::Rk4 => 4,
            Self::DormandPrince => 6,
        }
    }

    /// Whether the method takes noise.
    pub(crate) fn is_stochastic(self) -> bool {
        self.orders().strong.is_some()
    }

    /// Whether the method looks at the diffusion at the end of a step.
    pub(crate) fn looks_at_end(self) -> bool {
        matches!(self, Self::StochasticHeun | Self::Sra1)
    }

    fn tableau(self) -> Option<&'static Tableau> {
        match self {
            Self::Euler => Some(&tableau::EULER),
            Self::Midpoint => Some(&tableau::MIDPOINT),
            Self::Heun => Some(&tableau::HEUN),
            Self::Rk4 => Some(&tableau::RK4),
            Self::DormandPrince => Some(&tableau::DORMAND_PRINCE),
            Self::EulerMaruyama | Self::StochasticHeun | Self::Sra1 => None,
        }
    }

    /// The state at `at.u`; `draws` is `None` for a step without noise.
    pub(crate) fn step<const D: usize>(
        self,
        dynamics: &impl Dynamics<D>,
        at: Interval,
        x: Tensor<D>,
        draws: Option<&Draws<D>>,
    ) -> Tensor<D> {
        let irregular_end = at.u >= 1.0 && !dynamics.is_regular_at_end();
        if let Some(tableau) = self.tableau() {
            let method = if irregular_end && tableau.reaches_end() {
                &tableau::EULER
            } else {
                tableau
            };
            let stages = method.stages(dynamics, at, &x, None);
            let h = at.u - at.t;
            return advance(x, &stages, method.b, h);
        }
        match self {
            Self::StochasticHeun if !irregular_end => stochastic_heun(dynamics, at, x, draws),
            Self::Sra1 => sra1(dynamics, at, x, draws),
            _ => euler_maruyama(dynamics, at, x, draws),
        }
    }
}

/// `x + g sqrt(h) xi`.
fn noisy<const D: usize>(x: Tensor<D>, scale: f64, draws: Option<&Draws<D>>) -> Tensor<D> {
    match draws {
        Some(draws) if scale != 0.0 => x + draws.xi.clone() * scale,
        _ => x,
    }
}

fn euler_maruyama<const D: usize>(
    dynamics: &impl Dynamics<D>,
    Interval { t, u }: Interval,
    x: Tensor<D>,
    draws: Option<&Draws<D>>,
) -> Tensor<D> {
    let h = u - t;
    let drift = dynamics.drift(t, x.clone());
    let scale = dynamics.diffusion(t) * h.sqrt();
    noisy(x + drift * h, scale, draws)
}

fn stochastic_heun<const D: usize>(
    dynamics: &impl Dynamics<D>,
    Interval { t, u }: Interval,
    x: Tensor<D>,
    draws: Option<&Draws<D>>,
) -> Tensor<D> {
    let h = u - t;
    let (g, g_end) = (dynamics.diffusion(t), dynamics.diffusion(u));
    let drift = dynamics.drift(t, x.clone());
    let predicted = noisy(x.clone() + drift.clone() * h, g * h.sqrt(), draws);
    let second = dynamics.drift(u, predicted);
    let g_mean = ((g * g + g_end * g_end) / 2.0).sqrt();
    let mean = x + (drift + second) * (h / 2.0);
    noisy(mean, g_mean * h.sqrt(), draws)
}

fn sra1<const D: usize>(
    dynamics: &impl Dynamics<D>,
    Interval { t, u }: Interval,
    x: Tensor<D>,
    draws: Option<&Draws<D>>,
) -> Tensor<D> {
    let h = u - t;
    let (g, g_end) = (dynamics.diffusion(t), dynamics.diffusion(u));
    // dZ / h
    let area = draws.map(|draws| {
        let xi = draws.xi.clone();
        let sum = match draws.zeta {
            Some(zeta) => xi + zeta.clone() / 3f64.sqrt(),
            None => xi,
        };
        sum * (h.sqrt() / 2.0)
    });
    let with_area = |x: Tensor<D>, scale: f64| match &area {
        Some(area) if scale != 0.0 => x + area.clone() * scale,
        _ => x,
    };
    let first = dynamics.drift(t, x.clone());
    let inner = with_area(x.clone() + first.clone() * (0.75 * h), 1.5 * g_end);
    let second = dynamics.drift(t + 0.75 * h, inner);
    let mean = x + (first + second * 2.0) * (h / 3.0);
    let spread = noisy(mean, g_end * h.sqrt(), draws);
    with_area(spread, g - g_end)
}
