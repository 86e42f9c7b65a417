//! The law of an SDE in one dimension, on a grid: densities pushed through each step's Gaussian kernel.

use anyhow::Result;
use foehn_dynamics::{best_epsilon, kl_bound};
use foehn_simulation::laws::{MixtureMarginal, MixturePath, PathPoint};
use std::f64::consts::TAU;

const CELLS: usize = 801;
const EDGE: f64 = 8.0;
const WIDTH: f64 = 2.0 * EDGE / (CELLS - 1) as f64;
const STEPS: usize = 240;

fn node(i: usize) -> f64 {
    i as f64 * WIDTH - EDGE
}

fn time(k: usize) -> f64 {
    k as f64 / STEPS as f64
}

/// Errors of b and of s, as functions of time and place.
#[derive(Clone, Copy)]
pub struct Errors {
    /// Of b.
    pub velocity: fn(f64, f64) -> f64,
    /// Of s.
    pub score: fn(f64, f64) -> f64,
}

impl Errors {
    fn of_drift(self, e: f64, t: f64, x: f64) -> f64 {
        (self.velocity)(t, x) + e * (self.score)(t, x)
    }
}

/// b, s and rho of the one-dimensional instance of O3, on the nodes at every step.
pub struct Chain {
    b: Vec<Vec<f64>>,
    s: Vec<Vec<f64>>,
    rho: Vec<Vec<f64>>,
}

impl Chain {
    /// The path `(1 - t) x0 + t x1 + sqrt(t (1 - t)/2) z`.
    pub fn new() -> Result<Self> {
        let path = MixturePath::instance(1)?;
        let mut chain = Self {
            b: Vec::new(),
            s: Vec::new(),
            rho: Vec::new(),
        };
        for k in 0..=STEPS {
            let at = path.at(PathPoint::linear(time(k), 0.5))?;
            let on_nodes = |f: &dyn Fn(&MixtureMarginal, &[f64]) -> f64| {
                (0..CELLS).map(|i| f(&at, &[node(i)])).collect()
            };
            chain.b.push(on_nodes(&|at, x| at.velocity(x)[0]));
            chain.s.push(on_nodes(&|at, x| at.score(x)[0]));
            chain
                .rho
                .push(on_nodes(&|at, x| at.law().log_density(x).exp()));
        }
        Ok(chain)
    }

    /// `KL(rho1 || model)` of the Euler-Maruyama chain with drift `b + e s` and these errors.
    pub fn divergence(&self, e: f64, errors: Errors) -> f64 {
        let model = self.model(e, errors);
        let pairs = self.rho[STEPS].iter().zip(&model);
        let terms = pairs.filter(|(rho, _)| **rho > 1e-14);
        terms.map(|(r, m)| r * (r / m).ln()).sum::<f64>() * WIDTH
    }

    /// What the divergence is bounded by.
    pub fn bound(&self, e: f64, errors: Errors) -> f64 {
        let square = self.mean_square(|t, x| errors.of_drift(e, t, x));
        kl_bound(&times(), &[e; STEPS + 1], &square)
    }

    /// e*, from what the errors add to the losses.
    pub fn best_epsilon(&self, errors: Errors) -> f64 {
        // the excess of a loss over its minimum is half the mean square error: twice the bound at e = 1
        let excess = |f: fn(f64, f64) -> f64| {
            2.0 * kl_bound(&times(), &[1.0; STEPS + 1], &self.mean_square(f))
        };
        best_epsilon(excess(errors.velocity), excess(errors.score))
    }

    /// The trapezoidal rule is exact to rounding where the kernel is wider than a cell.
    fn model(&self, e: f64, errors: Errors) -> Vec<f64> {
        let h = 1.0 / STEPS as f64;
        let deviation = (2.0 * e * h).sqrt();
        let reach = (8.0 * deviation / WIDTH).ceil() as usize;
        let mut p = self.rho[0].clone();
        for k in 0..STEPS {
            let mut next = vec![0.0; CELLS];
            for (i, density) in p.iter().enumerate() {
                let x = node(i);
                let drift = self.b[k][i] + e * self.s[k][i] + errors.of_drift(e, time(k), x);
                let to = x + h * drift;
                let centre = ((to + EDGE) / WIDTH).round().max(0.0) as usize;
                let mass = density * WIDTH / (deviation * TAU.sqrt());
                let last = (centre + reach + 1).min(CELLS);
                let first = centre.saturating_sub(reach).min(last);
                for (j, next) in next[first..last].iter_mut().enumerate() {
                    let z = (node(first + j) - to) / deviation;
                    *next += mass * (-z * z / 2.0).exp();
                }
            }
            p = next;
        }
        p
    }

    /// `E |f|^2` under `rho_t` at every time.
    fn mean_square(&self, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let at = |k: usize| {
            let terms = self.rho[k].iter().enumerate();
            terms
                .map(|(i, r)| r * f(time(k), node(i)).powi(2))
                .sum::<f64>()
                * WIDTH
        };
        (0..=STEPS).map(at).collect()
    }
}

fn times() -> Vec<f64> {
    (0..=STEPS).map(time).collect()
}

/// Where f is least between `low` and `high`, by golden section to the part `tolerance` of it.
pub fn least(mut low: f64, mut high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    while high - low > tolerance * low {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = f(b);
        }
    }
    (low + high) / 2.0
}
