//! The law of an SDE in one dimension, on a grid: densities pushed through each step's Gaussian kernel.

use super::gaussian_mixture::MixtureError;
use super::mixture_pairs::MixturePairs;
use super::mixture_path::{MixturePath, PathPoint};
use ndarray::{Array2, ArrayView1};
use std::f64::consts::TAU;

const CELLS: usize = 801;
const EDGE: f64 = 8.0;
const WIDTH: f64 = 2.0 * EDGE / (CELLS - 1) as f64;
/// Densities below this are rounding.
const NOTHING: f64 = 1e-14;

fn node(i: usize) -> f64 {
    i as f64 * WIDTH - EDGE
}

/// Errors of b and of s, as functions of time and place.
#[derive(Clone, Copy, Debug)]
pub struct DriftErrors {
    /// Of b.
    pub velocity: fn(f64, f64) -> f64,
    /// Of s.
    pub score: fn(f64, f64) -> f64,
}

impl DriftErrors {
    /// Exact b and s.
    pub const NONE: Self = Self {
        velocity: |_, _| 0.0,
        score: |_, _| 0.0,
    };

    /// The error of `b + e s`.
    pub fn of_drift(self, e: f64, t: f64, x: f64) -> f64 {
        (self.velocity)(t, x) + e * (self.score)(t, x)
    }
}

/// The Euler-Maruyama chain of `dX = (b + e s) dt + sqrt(2e) dW` on the one-dimensional instance of O3,
/// `(1 - t) x0 + t x1 + sqrt(t (1 - t)/2) z`, with n equal steps: its law, without a draw.
///
/// ```
/// use foehn_simulation::laws::{DensityChain, DriftErrors};
/// // what 100 steps leave, at e = 0.5
/// let chain = DensityChain::new(100)?;
/// assert!(chain.divergence(0.5, DriftErrors::NONE) < 1e-3);
/// # Ok::<(), foehn_simulation::laws::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DensityChain {
    steps: usize,
    /// b, s and rho on the nodes at every step.
    b: Vec<Vec<f64>>,
    s: Vec<Vec<f64>>,
    rho: Vec<Vec<f64>>,
}

impl DensityChain {
    /// The chain of n steps.
    ///
    /// # Errors
    /// None for at least one step.
    pub fn new(steps: usize) -> Result<Self, MixtureError> {
        let path = MixturePath::instance(1)?;
        let nodes = Array2::from_shape_fn((CELLS, 1), |(i, _)| node(i));
        let column = |x: ArrayView1<f64>| x.to_vec();
        let mut chain = Self {
            steps,
            b: Vec::new(),
            s: Vec::new(),
            rho: Vec::new(),
        };
        for k in 0..=steps {
            let at = path.at(PathPoint::linear(chain.time(k), 0.5))?;
            let (b, s) = MixturePairs::new(&at).velocity_and_score(&nodes);
            chain.b.push(column(b.column(0)));
            chain.s.push(column(s.column(0)));
            let density = |i: usize| at.law().log_density(&[node(i)]).exp();
            chain.rho.push((0..CELLS).map(density).collect());
        }
        Ok(chain)
    }

    fn time(&self, k: usize) -> f64 {
        k as f64 / self.steps as f64
    }

    /// The times, one more than there are steps.
    pub fn times(&self) -> Vec<f64> {
        (0..=self.steps).map(|k| self.time(k)).collect()
    }

    /// `E |f(t, X)|^2` under `rho_t` at every time.
    pub fn mean_square(&self, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let at = |k: usize| {
            let terms = self.rho[k].iter().enumerate();
            let square = |(i, r): (usize, &f64)| r * f(self.time(k), node(i)).powi(2);
            terms.map(square).sum::<f64>() * WIDTH
        };
        (0..=self.steps).map(at).collect()
    }

    /// `KL(rho1 || chain)` with these errors, nats; e = 0 is the Euler flow, infinite where a step folds the
    /// line, for the mass between two nodes is no density then.
    pub fn divergence(&self, e: f64, errors: DriftErrors) -> f64 {
        if e == 0.0 {
            return self.flow_divergence(errors);
        }
        let model = self.model(e, errors);
        let pairs = self.rho[self.steps].iter().zip(&model);
        let terms = pairs.filter(|(rho, _)| **rho > NOTHING);
        terms.map(|(r, m)| r * (r / m).ln()).sum::<f64>() * WIDTH
    }

    /// Where `x` at node i and step k goes without noise.
    fn moved(&self, k: usize, e: f64, errors: DriftErrors, i: usize) -> f64 {
        let error = errors.of_drift(e, self.time(k), node(i));
        node(i) + (self.b[k][i] + e * self.s[k][i] + error) / self.steps as f64
    }

    /// The density at the end; the trapezoidal rule is exact to rounding where the kernel is wider than a
    /// cell.
    fn model(&self, e: f64, errors: DriftErrors) -> Vec<f64> {
        let deviation = (2.0 * e / self.steps as f64).sqrt();
        let reach = (8.0 * deviation / WIDTH).ceil() as usize;
        let mut p = self.rho[0].clone();
        for k in 0..self.steps {
            let mut next = vec![0.0; CELLS];
            for (i, density) in p.iter().enumerate().filter(|(_, p)| **p > NOTHING * 1e-6) {
                let to = self.moved(k, e, errors, i);
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

    /// The flow moves the mass between two nodes as it is: densities are that mass over the distance.
    fn flow_divergence(&self, errors: DriftErrors) -> f64 {
        let mut x: Vec<f64> = (0..CELLS).map(node).collect();
        for k in 0..self.steps {
            let images: Vec<f64> = (0..CELLS).map(|i| self.moved(k, 0.0, errors, i)).collect();
            for x in &mut x {
                *x = interpolated(&images, *x);
            }
        }
        let end = &self.rho[self.steps];
        let pairs = x.windows(2).zip(self.rho[0].windows(2));
        let mut sum = 0.0;
        for (ends, rho) in pairs {
            let length = ends[1] - ends[0];
            let model = (rho[0] + rho[1]) / 2.0 * WIDTH / length;
            let exact = interpolated(end, (ends[0] + ends[1]) / 2.0);
            if length <= 0.0 && exact > NOTHING {
                return f64::INFINITY;
            }
            if exact > NOTHING && model > NOTHING {
                sum += length * exact * (exact / model).ln();
            }
        }
        sum
    }
}

/// Between the values on the nodes, by the cubic through four of them.
fn interpolated(values: &[f64], x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let place = ((x + EDGE) / WIDTH).clamp(1.0, (CELLS - 3) as f64);
    let i = place.floor() as usize;
    // what leaves the grid stays at its edge, where there is no mass
    let u = place - i as f64;
    let [a, b, c, d] = [0, 1, 2, 3].map(|k| values[i + k - 1]);
    -a * u * (u - 1.0) * (u - 2.0) / 6.0 + b * (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0
        - c * (u + 1.0) * u * (u - 2.0) / 2.0
        + d * (u + 1.0) * u * (u - 1.0) / 6.0
}
