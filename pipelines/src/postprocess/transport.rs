//! Quantiles of the standard normal law, carried by learnt flows.

use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_calibration::Law;
use foehn_dynamics::Solver;
use foehn_generation::{Method, Model, SamplingConfig, Starting, on_device, on_host};
use foehn_noise::{Key, Purpose};
use ndarray::Array2;
use std::fmt;

/// Starts of which the flow is solved; between them it is interpolated.
const NODES: usize = 13;
/// The first and last node.
const REACH: f64 = 3.0;
/// Levels of a law, (i - 1/2)/LEVELS.
pub const LEVELS: usize = 200;
/// Steps of Heun's method: the flow departs little from rest.
const STEPS: usize = 6;

/// The mean of the flows of some networks; the identity for none.
#[derive(Clone)]
pub struct Transport {
    models: Vec<Model>,
    /// For each level the node before it and the weights of the four nodes around.
    levels: Vec<(f64, usize, [f64; 4])>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport of {} networks", self.models.len())
    }
}

fn node(i: usize) -> f64 {
    REACH * (2.0 * i as f64 / (NODES - 1) as f64 - 1.0)
}

/// The cubic through four neighbours: first of them, and Lagrange's weights at z.
fn cubic(z: f64) -> (usize, [f64; 4]) {
    let place = (z + REACH) / (2.0 * REACH) * (NODES - 1) as f64;
    let first = (place.floor().max(1.0) as usize - 1).min(NODES - 4);
    let weights = std::array::from_fn(|i| {
        (0..4)
            .filter(|j| *j != i)
            .map(|j| (place - (first + j) as f64) / (i as f64 - j as f64))
            .product()
    });
    (first, weights)
}

impl Transport {
    /// The transport of models whose state is one number.
    pub fn new(models: Vec<Model>) -> Self {
        let normal = Law::Normal {
            location: 0.0,
            scale: 1.0,
        };
        let level = |z: f64| {
            let (first, weights) = cubic(z);
            (z, first, weights)
        };
        Self {
            models,
            levels: normal.members(LEVELS).into_iter().map(level).collect(),
        }
    }

    /// `T(Phi^-1((i - 1/2)/LEVELS))` for every row of conditions.
    ///
    /// # Shapes
    /// (N, c) to (N, LEVELS).
    ///
    /// # Errors
    /// If a flow cannot be solved.
    pub fn quantiles(&self, conditions: &Array2<f32>) -> Result<Array2<f64>> {
        let count = conditions.nrows();
        let mut nodes = Array2::from_shape_fn((count, NODES), |(_, i)| node(i));
        if !self.models.is_empty() {
            nodes.fill(0.0);
        }
        for model in &self.models {
            let carried = solve(model, conditions)?;
            let share = 1.0 / self.models.len() as f64;
            let at = |(i, j): (usize, usize)| f64::from(carried[[i * NODES + j, 0]]);
            nodes
                .indexed_iter_mut()
                .for_each(|(place, sum)| *sum += share * at(place));
        }
        Ok(Array2::from_shape_fn((count, LEVELS), |(row, level)| {
            let (z, first, weights) = &self.levels[level];
            // What departs from the identity is interpolated.
            let departs = (0..4).map(|k| weights[k] * (nodes[[row, first + k]] - node(first + k)));
            z + departs.sum::<f64>()
        }))
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
