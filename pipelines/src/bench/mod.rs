//! `foehn bench`: what a configuration costs on this machine.

mod matrix;
mod reading;
mod report;
mod scaling;
mod subject;

pub use report::{BenchReport, CallRate, ForecastRate, MatrixRate, ReadingRate, TrainingRate};
pub use scaling::{Scaling, ScalingRow};

use crate::config::RunConfig;
use crate::progress::{Progress, Talk, check_interrupt};
use crate::shape::{GridSize, Shape};
use anyhow::Result;
use burn::tensor::Device;
use foehn_compute::Workers;
use std::time::Instant;
use subject::Subject;

/// Rounds of every measurement after the first, which is not counted; their median is reported.
const ROUNDS: usize = 7;
/// Samples in the largest call that is tried.
const LARGEST_BATCH: usize = 64;
/// A call that takes longer than this is the largest, s.
const LONGEST_CALL: f64 = 1.0;

/// Measures a run's network, sampler, training and data with `workers` on `device`.
///
/// The network is fresh and its input random, which takes as long as a trained one on real states. The grid is
/// `grid`, else that of the data, else that of the configured simulation.
///
/// # Errors
/// If no grid is known, the network is impossible, or data that exist cannot be read; or after Ctrl-C.
pub fn bench(
    config: &RunConfig,
    grid: Option<GridSize>,
    scaling: Scaling,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<BenchReport> {
    let series = reading::open_if_there(config)?;
    let shape = Shape::of(config, grid, series.as_ref())?;
    let subject = Subject::new(config, shape, device)?;
    let progress = Progress::new(talk, "bench", "parts", 6, 0);
    let part = || {
        progress.advance(1);
        check_interrupt()
    };
    let matrix = matrix::rates(device, workers.count())?;
    let peak = matrix.last().map_or(f64::NAN, |rate| rate.gflops);
    part()?;
    let calls = subject.calls(workers, peak)?;
    part()?;
    let forecast = subject.forecast(workers, peak)?;
    part()?;
    let training = subject.training(workers, peak)?;
    part()?;
    let reading = series.map(|_| reading::rate(config)).transpose()?;
    part()?;
    let scaling = match scaling {
        Scaling::Measure => scaling::rows(config, shape, device, workers, peak)?,
        Scaling::Skip => Vec::new(),
    };
    part()?;
    progress.finish();
    let best = calls.iter().max_by(|a, b| {
        let (a, b) = (a.samples_per_second, b.samples_per_second);
        a.total_cmp(&b)
    });
    Ok(BenchReport {
        name: config.name.clone(),
        grid: [shape.ny, shape.nx],
        network: subject.architecture.describe(),
        weights: subject.architecture.parameter_count(),
        multiply_adds: subject.operations,
        threads: workers.count(),
        rounds: ROUNDS,
        best_batch: best.map_or(1, |rate| rate.batch),
        matrix,
        calls,
        forecast,
        training,
        reading,
        scaling,
    })
}

/// The median time of `work` over [`ROUNDS`] rounds after one that is not counted, s.
fn median<E>(mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let times = times(ROUNDS, || {
        let begin = Instant::now();
        work()?;
        Ok(begin.elapsed().as_secs_f64())
    });
    times.map(|times| times[ROUNDS / 2])
}

/// What `work` returns in `rounds` rounds after one that is not counted, in ascending order.
fn times<E>(rounds: usize, mut work: impl FnMut() -> Result<f64, E>) -> Result<Vec<f64>, E> {
    work()?;
    let times: Result<Vec<f64>, E> = (0..rounds).map(|_| work()).collect();
    let mut times = times?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}
