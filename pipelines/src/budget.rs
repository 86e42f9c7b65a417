//! Batches that fit the memory a run may use.

use crate::config::RunConfig;
use crate::shape::Shape;
use anyhow::{Result, bail};
use foehn_dataset::{ByteSize, Series};

/// The program, its libraries and what it holds of files while it reads them.
const PROGRAM: usize = 44 << 20;
/// Copies of the weights that training keeps (values, their average, two moments), twice over again while a checkpoint of
/// them is written, and the sum of gradients.
const TRAINING_COPIES: usize = 3 * 4 + 1;
/// Copies that a worker adds: its gradient, as it is and flat.
const WORKER_COPIES: usize = 2;
/// Copies of every network while forecasting: as read, and in use.
const FORECAST_COPIES: usize = 2;

/// The configuration with `forecast.batch` small enough for its `memory`; as it was where none is given.
///
/// # Errors
/// If not one forecast a worker fits.
pub fn forecasting(config: &RunConfig, series: &Series, workers: usize) -> Result<RunConfig> {
    let mut config = config.clone();
    let Some(plan) = Plan::new(&config, series, workers)? else {
        return Ok(config);
    };
    let weights = FORECAST_COPIES * config.train.networks * plan.weights;
    let fits = plan.samples(weights, plan.call)?;
    config.forecast.batch = config.forecast.batch.min(fits);
    Ok(config)
}

/// As [`forecasting`], and with `train.micro_batch` a divisor of `train.batch_size` that fits too.
///
/// # Errors
/// If not one sample a worker fits.
pub fn training(config: &RunConfig, series: &Series, workers: usize) -> Result<RunConfig> {
    let Some(plan) = Plan::new(config, series, workers)? else {
        return Ok(config.clone());
    };
    let copies = TRAINING_COPIES + WORKER_COPIES * plan.workers;
    let fits = plan.samples(copies * plan.weights, plan.gradient)?;
    let mut config = forecasting(config, series, workers)?;
    let train = &mut config.train;
    let most = train.micro_batch.min(fits);
    let divides = |n: &usize| train.batch_size.is_multiple_of(*n);
    train.micro_batch = (1..=most).rev().find(divides).unwrap_or(1);
    Ok(config)
}

/// What is to be shared out, in bytes.
struct Plan {
    memory: ByteSize,
    workers: usize,
    /// What does not depend on batches, but for weights and states.
    fixed: usize,
    /// All states that may be kept, and what of them is.
    states: usize,
    kept: usize,
    /// One copy of the weights.
    weights: usize,
    /// A sample of a call, and of a gradient.
    call: usize,
    gradient: usize,
}

impl Plan {
    fn new(config: &RunConfig, series: &Series, workers: usize) -> Result<Option<Self>> {
        let Some(memory) = config.memory else {
            return Ok(None);
        };
        let (channels, ny, nx) = series.shape();
        let network = Shape::of(config, None, Some(series))?.architecture(config);
        let states = series.times().len() * channels * ny * nx * size_of::<f32>();
        let kept = usize::try_from(config.data.memory.0).map_or(states, |cap| cap.min(states));
        Ok(Some(Self {
            memory,
            workers,
            fixed: PROGRAM + workers * network.buffer_bytes(),
            states,
            kept,
            weights: network.parameter_count() * size_of::<f32>(),
            call: network.call_bytes(ny, nx),
            gradient: network.gradient_bytes(ny, nx),
        }))
    }

    /// Samples of `each` bytes that every worker may take together, beside weights of that many bytes.
    fn samples(&self, weights: usize, each: usize) -> Result<usize> {
        let fixed = (self.fixed + weights) as u64;
        let together = (self.workers * each.max(1)) as u64;
        let left = self.memory.0.saturating_sub(fixed + self.kept as u64);
        let fits = left / together;
        if fits == 0 {
            // of what is given a quarter may hold states
            let least = fixed + together;
            let least = least + (self.states as u64).min(least.div_ceil(3));
            let remedy = match self.workers {
                1 => "give as much",
                _ => "give as much, or fewer --threads",
            };
            bail!(
                "memory = {} MB: {} worker(s) of this network need at least {} MB; {remedy}",
                self.memory.0 / 1_000_000,
                self.workers,
                least.div_ceil(1_000_000)
            );
        }
        Ok(usize::try_from(fits).unwrap_or(usize::MAX))
    }
}
