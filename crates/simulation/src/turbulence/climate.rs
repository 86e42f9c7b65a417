//! Measured statistics of the flow, averaged over runs.

use ndarray::Array2;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    config::TurbulenceConfig,
    moments::pattern_correlation,
    trajectory::{RunError, Trajectory},
};

/// A mean over runs and its standard error, sqrt(variance between runs / runs).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean over runs of the mean over time.
    pub mean: f64,
    /// Standard error from the spread between runs; NaN for one run.
    pub error: f64,
}

/// Correlation over space between states a lag apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lag {
    /// Lag in time units.
    pub lag: f64,
    /// Mean correlation.
    pub correlation: Estimate,
}

/// Statistics of the saved states and the enstrophy budget of the full ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Climate {
    /// Root of the mean square vorticity of the saved states.
    pub rms: Estimate,
    /// Correlation at each lag asked for.
    pub lags: Vec<Lag>,
    /// (a <w^2> + nu <|grad w|^2>) / (2 eps^2), which is 1 in the mean.
    pub budget: Estimate,
    /// Largest |`budget` - 1| of a single run.
    pub worst_budget: f64,
}

/// Why a climate cannot be measured.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ClimateError {
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A lag is not a whole number of saved frames, or longer than a run.
    #[error(
        "lag {lag} is not a whole multiple of save_every = {save_every} within length = {length}"
    )]
    Lag {
        /// The lag.
        lag: f64,
        /// Time between saved frames.
        save_every: f64,
        /// Length of a run.
        length: f64,
    },
}

struct RunClimate {
    square: f64,
    correlations: Vec<f64>,
    budget: f64,
}

impl Climate {
    /// Integrates all runs of the configuration in parallel and averages over space, time and runs.
    ///
    /// # Errors
    /// When a run fails or a lag does not fall on saved frames.
    pub fn measure(config: &TurbulenceConfig, lags: &[f64]) -> Result<Self, ClimateError> {
        let offsets = offsets(config, lags)?;
        let runs: Vec<RunClimate> = (0..config.runs)
            .into_par_iter()
            .map(|run| measure_run(config, run, &offsets))
            .collect::<Result<_, _>>()?;
        let over = |value: &dyn Fn(&RunClimate) -> f64| {
            estimate(&runs.iter().map(value).collect::<Vec<_>>())
        };
        let square = over(&|run| run.square);
        let rms = square.mean.sqrt();
        Ok(Self {
            rms: Estimate {
                mean: rms,
                error: square.error / (2.0 * rms),
            },
            lags: lags
                .iter()
                .enumerate()
                .map(|(i, &lag)| Lag {
                    lag,
                    correlation: over(&|run| run.correlations[i]),
                })
                .collect(),
            budget: over(&|run| run.budget),
            worst_budget: runs
                .iter()
                .map(|run| (run.budget - 1.0).abs())
                .fold(0.0, f64::max),
        })
    }
}

fn offsets(config: &TurbulenceConfig, lags: &[f64]) -> Result<Vec<usize>, ClimateError> {
    let (save_every, length) = (config.save_every, config.length);
    lags.iter()
        .map(|&lag| {
            let frames = lag / save_every;
            let whole = (frames - frames.round()).abs() < 1e-6 && frames > 0.5 && lag <= length;
            whole
                .then_some(frames.round() as usize)
                .ok_or(ClimateError::Lag {
                    lag,
                    save_every,
                    length,
                })
        })
        .collect()
}

fn measure_run(
    config: &TurbulenceConfig,
    run: u32,
    offsets: &[usize],
) -> Result<RunClimate, RunError> {
    let mut trajectory = Trajectory::new(config, run)?;
    let mut frames: Vec<Array2<f32>> = Vec::with_capacity(config.frames());
    let mut dissipated = 0.0;
    while trajectory.next_frame()?.is_some() {
        frames.push(trajectory.frame().to_owned());
        dissipated += trajectory.flow().dissipation();
    }
    let count = frames.len() as f64;
    let square = frames.iter().map(mean_square).sum::<f64>() / count;
    let correlations = offsets.iter().map(|&offset| {
        let pairs = frames.iter().zip(&frames[offset..]);
        let total: f64 = pairs.map(|(a, b)| pattern_correlation(a, b)).sum();
        total / (frames.len() - offset) as f64
    });
    Ok(RunClimate {
        square,
        correlations: correlations.collect(),
        budget: dissipated / (count * trajectory.flow().injection()),
    })
}

fn mean_square(field: &Array2<f32>) -> f64 {
    field.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / field.len() as f64
}

fn estimate(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Estimate {
        mean,
        error: (variance / n).sqrt(),
    }
}
