//! How the time of a call grows with the grid and the width of the network.

use super::subject::seconds_of_call;
use crate::config::RunConfig;
use crate::progress::check_interrupt;
use crate::shape::Shape;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_network::Architecture;
use serde::Serialize;

/// Samples in every call.
const BATCH: usize = 4;
/// Factors on both sides of the grid.
const SIDES: [usize; 3] = [1, 2, 4];
/// Factors on all channels: a half, one, two.
const HALVES: [usize; 3] = [1, 2, 4];

/// Whether scaling is measured too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// It is not.
    Skip,
    /// It is: some seconds more, for wide networks minutes.
    Measure,
}

/// One size of grid and network.
#[derive(Clone, Debug, Serialize)]
pub struct ScalingRow {
    /// Rows and columns.
    pub grid: [usize; 2],
    /// Channels of the levels.
    pub channels: Vec<usize>,
    /// Multiply-adds of a sample's forward pass.
    pub multiply_adds: usize,
    /// Samples in a call.
    pub batch: usize,
    /// Time of a sample with all workers at work, s.
    pub seconds: f64,
    /// 10^9 operations a second.
    pub gflops: f64,
    /// Of the matrix product's rate.
    pub share_of_peak: f64,
}

/// The run's network on larger grids, then narrower and wider ones on its own grid.
pub fn rows(
    config: &RunConfig,
    shape: Shape,
    device: &Device,
    workers: &Workers,
    peak: f64,
) -> Result<Vec<ScalingRow>> {
    let grids = SIDES.map(|side| (side, 2));
    let widths = HALVES.into_iter().map(|halves| (1, halves));
    let sizes = grids
        .into_iter()
        .chain(widths.filter(|size| *size != (1, 2)));
    let row = |(side, halves): (usize, usize)| {
        check_interrupt()?;
        let mut config = config.clone();
        for channels in &mut config.network.channels {
            *channels = *channels * halves / 2;
        }
        let (ny, nx) = (side * shape.ny, side * shape.nx);
        let shape = Shape { ny, nx, ..shape };
        let network = shape.architecture(&config);
        measure(&network, config, shape, device, workers, peak)
            .with_context(|| format!("on {ny} x {nx} with {halves}/2 of the channels"))
    };
    sizes.map(row).collect()
}

fn measure(
    network: &Architecture,
    config: RunConfig,
    shape: Shape,
    device: &Device,
    workers: &Workers,
    peak: f64,
) -> Result<ScalingRow> {
    let inputs = network.inputs();
    let unet = network.unet(device)?;
    let size = [BATCH, inputs, shape.ny, shape.nx];
    let samples = BATCH * workers.count();
    let seconds = seconds_of_call(&unet, size, device, workers)? / samples as f64;
    let multiply_adds = network.operations(shape.ny, shape.nx);
    let gflops = 2e-9 * multiply_adds as f64 / seconds;
    Ok(ScalingRow {
        grid: [shape.ny, shape.nx],
        channels: config.network.channels,
        multiply_adds,
        batch: BATCH,
        seconds,
        gflops,
        share_of_peak: gflops / peak,
    })
}
