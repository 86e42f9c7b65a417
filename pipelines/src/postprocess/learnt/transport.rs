//! Quantiles of the standard normal law, carried by learnt flows.

use super::recalibration::Recalibration;
use super::residuals::STANDARD;
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_dynamics::Solver;
use foehn_generation::{Method, Model, SamplingConfig, Starting, on_device, on_host};
use foehn_noise::{Key, Purpose};
use ndarray::Array2;
use std::fmt;

/// Starts of which the flow is solved; between them it is interpolated.
const NODES: usize = 9;
/// The first and last node.
const REACH: f64 = 3.0;
/// Levels of a law, (i - 1/2)/LEVELS.
pub const LEVELS: usize = 200;
/// Steps of Heun's method: the flow departs little from rest.
const STEPS: usize = 4;

/// The mean of the flows of some networks, the identity for none, from corrected levels.
#[derive(Clone)]
pub struct Transport {
    models: Vec<Model>,
    recalibration: Recalibration,
    levels: Vec<Start>,
}

/// A start, the node before it, and the weights of the four nodes around.
#[derive(Clone, Copy, Debug)]
struct Start {
    z: f64,
    first: usize,
    weights: [f64; 4],
}

/// The flows of some conditions at the nodes.
pub(crate) struct Paths<'a> {
    of: &'a Transport,
    /// What departs from the identity.
    departures: Array2<f64>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport of {} networks", self.models.len())
    }
}

fn node(i: usize) -> f64 {
    REACH * (2.0 * i as f64 / (NODES - 1) as f64 - 1.0)
}

impl Start {
    /// The cubic through four neighbours, by Lagrange's weights; beyond the last nodes what they depart by.
    fn at(z: f64) -> Self {
        let place = (z.clamp(-REACH, REACH) + REACH) / (2.0 * REACH) * (NODES - 1) as f64;
        let first = (place.floor().max(1.0) as usize - 1).min(NODES - 4);
        let weights = std::array::from_fn(|i| {
            (0..4)
                .filter(|j| *j != i)
                .map(|j| (place - (first + j) as f64) / (i as f64 - j as f64))
                .product()
        });
        Self { z, first, weights }
    }
}

impl Transport {
    /// The transport of models whose state is one number.
    pub(crate) fn new(models: Vec<Model>, recalibration: Recalibration) -> Self {
        let mut transport = Self {
            models,
            recalibration,
            levels: Vec::new(),
        };
        let level = |i: usize| (i as f64 + 0.5) / LEVELS as f64;
        transport.levels = (0..LEVELS).map(|i| transport.start(level(i))).collect();
        transport
    }

    /// Whether every law stays as it is.
    pub(crate) fn is_identity(&self) -> bool {
        self.models.is_empty() && self.recalibration.is_none()
    }

    /// The start of a level of the forecast.
    fn start(&self, level: f64) -> Start {
        Start::at(STANDARD.quantile(self.recalibration.level(level)))
    }

    /// The flows of rows of conditions.
    ///
    /// # Shapes
    /// (N, c).
    ///
    /// # Errors
    /// If a flow cannot be solved.
    pub(crate) fn paths(&self, conditions: &Array2<f32>) -> Result<Paths<'_>> {
        let count = conditions.nrows();
        let mut departures = Array2::zeros((count, NODES));
        for model in &self.models {
            let carried = solve(model, conditions)?;
            let share = 1.0 / self.models.len() as f64;
            departures.indexed_iter_mut().for_each(|((i, j), sum)| {
                *sum += share * (f64::from(carried[[i * NODES + j, 0]]) - node(j));
            });
        }
        Ok(Paths {
            of: self,
            departures,
        })
    }
}

impl Paths<'_> {
    /// `T(Phi^-1((i - 1/2)/LEVELS))` for a row.
    pub(crate) fn levels(&self, row: usize) -> Vec<f64> {
        self.of
            .levels
            .iter()
            .map(|start| self.one(row, start))
            .collect()
    }

    /// `T(z)` for a row.
    pub(crate) fn carry(&self, row: usize, starts: &[f64]) -> Vec<f64> {
        starts
            .iter()
            .map(|z| self.one(row, &Start::at(*z)))
            .collect()
    }

    fn one(&self, row: usize, start: &Start) -> f64 {
        let departs = (0..4).map(|k| start.weights[k] * self.departures[[row, start.first + k]]);
        start.z + departs.sum::<f64>()
    }
}

/// The nodes of every row, side by side.
fn solve(model: &Model, conditions: &Array2<f32>) -> Result<Array2<f32>> {
    let count = conditions.nrows() * NODES;
    let device = Device::flex();
    let starts = Array2::from_shape_fn((count, 1), |(i, _)| node(i % NODES) as f32);
    let shown = Array2::from_shape_fn((count, conditions.ncols()), |(i, j)| {
        conditions[[i / NODES, j]]
    });
    let from = Starting {
        x0: Some(on_device(&starts, &device)),
        condition: Some(on_device(&shown, &device)),
        // A flow draws nothing.
        keys: vec![Key::new(0, Purpose::Sample); count],
    };
    let how = SamplingConfig {
        method: Some(Method::Flow),
        solver: Some(Solver::Heun),
        steps: STEPS,
        ..SamplingConfig::default()
    };
    let run = model.sample(&how, from, &device)?;
    if let Some(failure) = run.failures.first() {
        bail!("{failure}; {} flows are lost", run.failures.len());
    }
    Ok(on_host(run.x))
}
