//! A mixture of linear processes in the plane whose modes turn into one another.

use super::log_sum_exp;
use super::mixture_path::PathPoint;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp, StandardNormal};
use std::f64::consts::TAU;

/// Number of modes.
const MODES: usize = 5;
/// Distance of the mode centres from the origin.
const RADIUS: f64 = 5.0;
/// Variances of mode 0 along x and y, at c = 2.
const SPREAD: [f64; 2] = [1.5, 0.1];

/// Five modes k = 0..4 at `mu_k` = R^k (5, 0), `C_k` = R^k diag(1.5, .1) R^-k, R the rotation by 2 pi/5.
///
/// A latent mode k drives dX = -`C_k^-1` (X - `mu_k`) dt + sqrt(c) dW; at rate 2 the latent mode advances
/// and the position is rotated by R with it. Seen in the frame that turns with the mode this is one
/// linear process, so that, with m turns in time tau, m ~ Poisson(rate tau) mod 5,
/// p(x | x0) = `sum_k` P(k|x0) `sum_m` `pi_m` N(x; R^m `m_k`, R^m `S_k` R^-m), with
/// `m_k` = `mu_k` + exp(-`C_k^-1` tau)(x0 - `mu_k`), `S_k` = (c/2) `C_k` (1 - exp(-2 `C_k^-1` tau)) and
/// P(k|x0) proportional to N(x0; `mu_k`, (c/2) `C_k`). The default is oracle O2.
///
/// ```
/// use foehn_simulation::laws::RotatingMixture;
/// let turns = RotatingMixture::default().turns(0.5);
/// for (pi, digits) in turns.iter().zip([0.37095, 0.36839, 0.18401, 0.06132, 0.01533]) {
///     assert!((pi - digits).abs() < 5e-6);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotatingMixture {
    /// c: 1 for noise dW, 2 for sqrt2 dW.
    pub noise_square: f64,
    /// Rate of turns.
    pub rate: f64,
}

/// One normal component of a law in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    /// Its probability.
    pub weight: f64,
    /// Its mean.
    pub mean: [f64; 2],
    /// Its variances along its own axes.
    pub variances: [f64; 2],
    /// Angle of its first axis from the x axis.
    pub angle: f64,
}

impl Default for RotatingMixture {
    fn default() -> Self {
        Self {
            noise_square: 1.0,
            rate: 2.0,
        }
    }
}

impl RotatingMixture {
    /// `pi_m` = P(Poisson(rate tau) mod 5 = m), from the generating function at the roots of unity:
    /// 1/5 `sum_j` exp(L (cos a - 1)) cos(L sin a - a m), a = 2 pi j/5, L = rate tau.
    pub fn turns(&self, tau: f64) -> [f64; MODES] {
        let expected = self.rate * tau;
        std::array::from_fn(|m| {
            let term = |j| {
                let (sin, cos) = angle(j).sin_cos();
                (expected * (cos - 1.0)).exp() * (expected * sin - angle(j) * m as f64).cos()
            };
            (0..MODES).map(term).sum::<f64>() / MODES as f64
        })
    }

    /// P(k | x): which mode drives a point seen in the stationary state.
    pub fn mode_probabilities(&self, x: [f64; 2]) -> [f64; MODES] {
        let logs: [f64; MODES] = std::array::from_fn(|k| self.stationary_mode(k).log_density(x));
        let total = log_sum_exp(&logs);
        logs.map(|log| (log - total).exp())
    }

    /// The components of p(x, tau | x0), 5 latent modes x 5 numbers of turns.
    pub fn conditional(&self, x0: [f64; 2], tau: f64) -> Vec<Component> {
        let (modes, turns) = (self.mode_probabilities(x0), self.turns(tau));
        let pairs = (0..MODES).flat_map(|k| (0..MODES).map(move |m| (k, m)));
        pairs
            .map(|(k, m)| {
                let within = self.within_mode(k, x0, tau);
                Component {
                    weight: modes[k] * turns[m],
                    mean: rotate(within.mean, angle(m)),
                    angle: within.angle + angle(m),
                    ..within
                }
            })
            .collect()
    }

    /// log p(x, tau | x0).
    pub fn log_density(&self, x: [f64; 2], x0: [f64; 2], tau: f64) -> f64 {
        log_density(&self.conditional(x0, tau), x)
    }

    /// The components of the stationary law, N(`mu_k`, (c/2) `C_k`) with equal weights.
    pub fn stationary(&self) -> [Component; MODES] {
        std::array::from_fn(|k| self.stationary_mode(k))
    }

    /// One pair (x0, X(tau)) by simulation: a stationary start, exponential waiting times, exact
    /// linear steps between turns. Exact in law, and it never uses the closed form of the pair's law.
    pub fn sample_pair(&self, tau: f64, rng: &mut impl Rng) -> ([f64; 2], [f64; 2]) {
        let mode = rng.random_range(0..MODES);
        let x0 = self.stationary_mode(mode).sample(rng);
        (x0, self.follow(mode, x0, tau, rng))
    }

    /// One draw of X(tau) given x0 alone: the mode is drawn from P(k | x0), then followed.
    pub fn sample(&self, x0: [f64; 2], tau: f64, rng: &mut impl Rng) -> [f64; 2] {
        let mut remainder: f64 = rng.random();
        let probabilities = self.mode_probabilities(x0);
        let mode = probabilities.iter().position(|p| {
            remainder -= p;
            remainder < 0.0
        });
        self.follow(mode.unwrap_or(MODES - 1), x0, tau, rng)
    }

    fn follow(&self, mut mode: usize, x0: [f64; 2], tau: f64, rng: &mut impl Rng) -> [f64; 2] {
        let (mut x, mut left) = (x0, tau);
        loop {
            // no turns at all when the rate is zero
            let wait = Exp::new(self.rate).map_or(f64::INFINITY, |law| law.sample(rng));
            if wait >= left {
                return self.within_mode(mode, x, left).sample(rng);
            }
            x = rotate(self.within_mode(mode, x, wait).sample(rng), angle(1));
            mode = (mode + 1) % MODES;
            left -= wait;
        }
    }

    fn stationary_mode(&self, k: usize) -> Component {
        Component {
            weight: 1.0 / MODES as f64,
            mean: rotate([RADIUS, 0.0], angle(k)),
            variances: SPREAD.map(|c| 0.5 * self.noise_square * c),
            angle: angle(k),
        }
    }

    /// N(`m_k`, `S_k`): where mode k alone carries x0 in time tau.
    fn within_mode(&self, k: usize, x0: [f64; 2], tau: f64) -> Component {
        let start = rotate(x0, -angle(k));
        let mean = [
            RADIUS + (-tau / SPREAD[0]).exp() * (start[0] - RADIUS),
            (-tau / SPREAD[1]).exp() * start[1],
        ];
        Component {
            weight: 1.0,
            mean: rotate(mean, angle(k)),
            variances: SPREAD.map(|c| -0.5 * self.noise_square * c * (-2.0 * tau / c).exp_m1()),
            angle: angle(k),
        }
    }
}

impl Component {
    /// log of the normal density at x, without the weight.
    pub fn log_density(&self, x: [f64; 2]) -> f64 {
        let deviation = [x[0] - self.mean[0], x[1] - self.mean[1]];
        let own = rotate(deviation, -self.angle);
        let term = |d: f64, v: f64| -0.5 * (d * d / v + (TAU * v).ln());
        term(own[0], self.variances[0]) + term(own[1], self.variances[1])
    }

    /// The covariance matrix.
    pub fn covariance(&self) -> [[f64; 2]; 2] {
        let (sin, cos) = self.angle.sin_cos();
        let [a, b] = self.variances;
        let off = (a - b) * sin * cos;
        [
            [a * cos * cos + b * sin * sin, off],
            [off, a * sin * sin + b * cos * cos],
        ]
    }

    /// One draw.
    pub fn sample(&self, rng: &mut impl Rng) -> [f64; 2] {
        let own = self.variances.map(|v| {
            let normal: f64 = StandardNormal.sample(rng);
            v.sqrt() * normal
        });
        let turned = rotate(own, self.angle);
        [self.mean[0] + turned[0], self.mean[1] + turned[1]]
    }
}

/// `E[alpha' x0 + beta' x1 + gamma' z | x_t = x, x0]` for x1 from a mixture: each component's own, weighted by
/// its probability at x.
///
/// With `sigma sigma' t` in the place of `gamma gamma'` it is the drift of Föllmer's process.
///
/// ```
/// use foehn_simulation::laws::{PathPoint, RotatingMixture, mixture_drift};
/// let target = RotatingMixture::default().conditional([5.0, 0.0], 0.5);
/// // on the axis of symmetry of a single mode the drift points along it
/// let [_, across] = mixture_drift(&target[..1], PathPoint::linear(0.5, 1.0), [5.0, 0.0], [4.0, 0.0]);
/// assert!(across.abs() < 1e-12);
/// ```
pub fn mixture_drift(
    components: &[Component],
    point: PathPoint,
    x0: [f64; 2],
    x: [f64; 2],
) -> [f64; 2] {
    let p = point;
    let mut top = f64::NEG_INFINITY;
    let (mut sum, mut total) = ([0.0; 2], 0.0);
    for c in components {
        let off = [0, 1].map(|i| x[i] - p.alpha * x0[i] - p.beta * c.mean[i]);
        let own = rotate(off, -c.angle);
        let mut log = c.weight.ln();
        for (own, v) in own.iter().zip(c.variances) {
            let variance = p.beta * p.beta * v + p.gamma_square;
            if variance > 0.0 {
                log -= 0.5 * (own * own / variance + variance.ln());
            }
        }
        let pull = rotate([0, 1].map(|i| p.gain(c.variances[i]) * own[i]), c.angle);
        // the sums are kept in units of the largest term so far
        let scale = (top - log.max(top)).exp();
        top = top.max(log);
        let mass = (log - top).exp();
        total = total * scale + mass;
        let own = |i: usize| p.d_alpha * x0[i] + p.d_beta * c.mean[i] + pull[i];
        sum = [0, 1].map(|i| sum[i] * scale + mass * own(i));
    }
    sum.map(|s| s / total)
}

/// log of the density of a mixture at x.
fn log_density(components: &[Component], x: [f64; 2]) -> f64 {
    let logs: Vec<f64> = components
        .iter()
        .map(|component| component.weight.ln() + component.log_density(x))
        .collect();
    log_sum_exp(&logs)
}

fn angle(steps: usize) -> f64 {
    TAU * steps as f64 / MODES as f64
}

fn rotate([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [cos * x - sin * y, sin * x + cos * y]
}
