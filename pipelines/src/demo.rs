//! `foehn demo`: every step on turbulence, small enough for a few minutes of two CPU cores.

use crate::config::RunConfig;
use crate::progress::Talk;
use crate::scores::ScoreFile;
use crate::{forecast, report, simulate, train, verify};
use anyhow::Result;
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_compute::Workers;
use std::path::PathBuf;

/// The configuration of the demo, which also stands in `configs/demo.toml`.
pub const DEMO: &str = include_str!("../../configs/demo.toml");

/// Simulates, trains, forecasts, verifies and reports; returns scores and the page's path.
///
/// # Errors
/// As the steps.
pub fn demo(
    config: &RunConfig,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<(ScoreFile, PathBuf)> {
    simulate(config, mode, workers, talk)?;
    train(config, mode, device, workers, talk)?;
    forecast(config, (mode, None), device, workers, talk)?;
    let scores = verify(config, workers, talk)?;
    Ok((scores, report(config)?))
}
