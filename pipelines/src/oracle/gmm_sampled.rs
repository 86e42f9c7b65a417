//! O3 in 128 dimensions, sampled: moments, weights of the modes, and divergences of projections held against
//! the bound on the whole.

use super::answer::{Entry, Row, Table};
use super::normal::{tensor, values};
use anyhow::Result;
use burn::tensor::Tensor;
use foehn_dynamics::{Dynamics, Sampler, Solver, TimeGrid, WienerNoise, kl_bound};
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{GaussianMixture, MixturePairs, MixturePath, PathPoint};
use ndarray::{Array1, Array2};
use std::collections::HashMap;
use std::f64::consts::TAU;

const DIMENSION: usize = 128;
const SAMPLES: usize = 800;
const STEPS: usize = 32;
const E: [f64; 3] = [0.0, 0.1, 0.4];
/// Errors of b and of s, constant, in two directions at right angles.
const WRONG: (f64, f64) = (0.5, 0.8);
/// Bins of a projection, each with the same exact probability.
const BINS: usize = 12;
/// Standard errors that a sampled number may be off.
const SIGMAS: f64 = 4.0;
/// Relative error of the total variance, from the steps.
const VARIANCE: f64 = 0.03;

/// The path at every time of the grid: x0, x1 and the noise all enter.
struct Law {
    path: MixturePath,
    grid: TimeGrid,
    pairs: HashMap<u64, MixturePairs>,
    /// Directions of the errors of b and of s.
    directions: [Array1<f64>; 2],
}

/// `b + e s`, with or without errors.
struct Drift<'a> {
    law: &'a Law,
    e: f64,
    wrong: (f64, f64),
}

impl Dynamics<2> for Drift<'_> {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        let shape = x.dims();
        let Ok(rows) = Array2::from_shape_vec(shape, values(x.clone())) else {
            return x * f64::NAN;
        };
        let Some(pairs) = self.law.pairs.get(&t.to_bits()) else {
            return x * f64::NAN;
        };
        let (b, s) = pairs.velocity_and_score(&rows);
        let [u, v] = &self.law.directions;
        let error = u * self.wrong.0 + v * (self.e * self.wrong.1);
        let drift = b + s * self.e + error;
        tensor(drift.iter().copied().collect(), shape)
    }

    fn diffusion(&self, _t: f64) -> f64 {
        (2.0 * self.e).sqrt()
    }

    fn calls(&self, _t: f64) -> usize {
        1
    }
}

impl Law {
    fn new() -> Result<Self> {
        let path = MixturePath::instance(DIMENSION)?;
        let grid = TimeGrid::cosine(STEPS)?;
        let mut pairs = HashMap::new();
        for t in grid.times() {
            let at = path.at(PathPoint::linear(*t, 0.5))?;
            pairs.insert(t.to_bits(), MixturePairs::new(&at));
        }
        // from one mode of the target to another, and to the third beside it
        let modes = path.end.modes();
        let unit = |x: Array1<f64>| &x / x.dot(&x).sqrt();
        let u = unit(&modes[1].mean - &modes[0].mean);
        let second = &modes[2].mean - &modes[0].mean;
        let v = unit(&second - &u * second.dot(&u));
        Ok(Self {
            path,
            grid,
            pairs,
            directions: [u, v],
        })
    }

    /// Draws of the sampler, one a row.
    fn samples(&self, e: f64, wrong: (f64, f64)) -> Result<Array2<f64>> {
        let key = Key::new(19, Purpose::Sample);
        let keys: Vec<Key> = (0..SAMPLES as u32).map(|m| key.member(m)).collect();
        let start = |m: u32| {
            let mut rng = Key::new(20, Purpose::Resample).member(m).rng();
            self.path.start.sample(&mut rng).to_vec()
        };
        let start = (0..SAMPLES as u32).flat_map(start).collect();
        let sampler = Sampler {
            solver: Solver::StochasticHeun,
            grid: self.grid.clone(),
        };
        let drift = Drift {
            law: self,
            e,
            wrong,
        };
        let x0 = tensor(start, [SAMPLES, DIMENSION]);
        let run = sampler.sample(&drift, x0, &mut WienerNoise::new(keys))?;
        let x = values(run.finite()?);
        Ok(Array2::from_shape_vec((SAMPLES, DIMENSION), x)?)
    }

    fn target(&self) -> &GaussianMixture {
        &self.path.end
    }

    /// KL over the bins of the direction in which it is larger.
    fn divergence(&self, x: &Array2<f64>) -> f64 {
        let along = |u: &Array1<f64>| binned_divergence(self.target(), u, x);
        self.directions.iter().map(along).fold(0.0, f64::max)
    }
}

/// Moments and weights with exact b and s, and divergences with errors, by e.
pub fn tables() -> Result<Vec<Table>> {
    let law = Law::new()?;
    let (mut moments, mut divergences) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    for e in E {
        let x = law.samples(e, (0.0, 0.0))?;
        for (row, entry) in moments.iter_mut().zip(moment_entries(law.target(), &x)) {
            row.push(entry);
        }
        let exact = law.divergence(&x);
        divergences[0].push(Entry::at_most(exact, noise(0.0)));
        let wrong = law.divergence(&law.samples(e, WRONG)?);
        // E|error|^2, the directions being at right angles
        let square = WRONG.0.powi(2) + (e * WRONG.1).powi(2);
        let bound = kl_bound(&[0.0, 1.0], &[e; 2], &[square; 2]);
        divergences[1].push(if e == 0.0 {
            Entry::shown(wrong)
        } else {
            Entry::at_most(wrong, bound + noise(bound))
        });
        divergences[2].push(Entry::shown(bound));
    }
    let table = |quantity: &str, rows: [Vec<Entry>; 3], labels: [&str; 3]| Table {
        quantity: quantity.to_owned(),
        columns: E.map(|e| format!("e = {e}")).to_vec(),
        rows: labels
            .into_iter()
            .zip(rows)
            .map(|(label, entries)| Row {
                label: label.to_owned(),
                entries,
            })
            .collect(),
    };
    Ok(vec![
        table(
            &format!("128-d, exact b and s, {SAMPLES} draws, {STEPS} steps of Heun, by e"),
            moments,
            [
                "total variation of the modes' weights",
                "furthest mean of a coordinate, in standard errors",
                "total variance",
            ],
        ),
        table(
            "128-d, KL of the law in bins along one direction, in nats (what a projection has is at most the whole; bars add the noise of the counts)",
            divergences,
            [
                "exact b and s",
                "errors of b and s at right angles",
                "bound on the whole with these errors",
            ],
        ),
    ])
}

/// What counts in bins give at most for a law of this divergence: mean of the plug-in estimate and 4 sigma.
fn noise(divergence: f64) -> f64 {
    let (n, free) = (SAMPLES as f64, (BINS - 1) as f64);
    // 2 n KL is a chi-square of `free` degrees where the law is exact; else ln(p/m) varies by 2 KL
    let spread = (free / 2.0).sqrt() / n + (2.0 * divergence / n).sqrt();
    free / (2.0 * n) + SIGMAS * spread
}

/// Weights, furthest mean and total variance.
fn moment_entries(target: &GaussianMixture, x: &Array2<f64>) -> [Entry; 3] {
    let n = SAMPLES as f64;
    let mut weights = vec![0.0; target.modes().len()];
    for row in x.rows() {
        let probabilities = target.probabilities(&row.to_vec());
        weights
            .iter_mut()
            .zip(probabilities)
            .for_each(|(w, p)| *w += p / n);
    }
    let pairs = weights.iter().zip(target.modes());
    let variation = pairs.map(|(w, mode)| (w - mode.weight).abs()).sum::<f64>() / 2.0;
    // half the sum of the deviations sqrt(p (1 - p) / n)
    let deviations = target
        .modes()
        .iter()
        .map(|m| (m.weight * (1.0 - m.weight) / n).sqrt());
    let expected = deviations.sum::<f64>() / 2.0;
    let (mean, variances) = moments(target);
    let (mut furthest, mut total) = (0f64, 0.0);
    for (i, column) in x.columns().into_iter().enumerate() {
        let sampled = column.sum() / n;
        furthest = furthest.max((sampled - mean[i]).abs() / (variances[i] / n).sqrt());
        total += column.mapv(|v| (v - mean[i]).powi(2)).sum() / n;
    }
    [
        Entry::at_most(variation, SIGMAS * expected),
        // the furthest of 128
        Entry::at_most(furthest, SIGMAS + 0.5),
        Entry::within(total, variances.sum(), VARIANCE),
    ]
}

/// Mean and variances of the coordinates.
fn moments(law: &GaussianMixture) -> (Array1<f64>, Array1<f64>) {
    let mut mean = Array1::<f64>::zeros(law.dimension());
    let mut square = mean.clone();
    for mode in law.modes() {
        mean.scaled_add(mode.weight, &mode.mean);
        let second = &mode.mean * &mode.mean + mode.covariance.diag();
        square.scaled_add(mode.weight, &second);
    }
    let variances = square - &mean * &mean;
    (mean, variances)
}

/// `KL(exact || sampled)` over bins of `u . x` with equal exact probabilities.
fn binned_divergence(law: &GaussianMixture, u: &Array1<f64>, x: &Array2<f64>) -> f64 {
    let edges = edges(law, u);
    let mut counts = [0.0; BINS];
    for value in x.dot(u) {
        counts[edges.partition_point(|edge| *edge < value)] += 1.0;
    }
    let share = 1.0 / BINS as f64;
    let n = SAMPLES as f64;
    counts
        .iter()
        .map(|count| share * (share * n / count).ln())
        .sum()
}

/// The inner edges, from the density of the projection summed on a fine grid.
fn edges(law: &GaussianMixture, u: &Array1<f64>) -> Vec<f64> {
    let modes: Vec<(f64, f64, f64)> = law
        .modes()
        .iter()
        .map(|m| (m.weight, m.mean.dot(u), u.dot(&m.covariance.dot(u))))
        .collect();
    let density = |x: f64| {
        let one = |(p, m, v): &(f64, f64, f64)| {
            p * (-(x - m).powi(2) / (2.0 * v)).exp() / (TAU * v).sqrt()
        };
        modes.iter().map(one).sum::<f64>()
    };
    let (low, high, cells) = (-12.0, 12.0, 24_000);
    let width = (high - low) / f64::from(cells);
    let (mut edges, mut below) = (Vec::new(), 0.0);
    for i in 0..cells {
        let x = low + (f64::from(i) + 0.5) * width;
        below += density(x) * width;
        if edges.len() + 1 < BINS && below > (edges.len() + 1) as f64 / BINS as f64 {
            edges.push(x);
        }
    }
    edges
}
