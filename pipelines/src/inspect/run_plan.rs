//! `foehn inspect --check`: a whole run resolved, and nothing of it done.

use crate::config::RunConfig;
use crate::forecast::{forecast_path, initial_states};
use anyhow::Result;
use foehn_dataset::{Series, Split};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a run will read, learn and write.
#[derive(Clone, Debug, Serialize)]
pub struct RunPlan {
    /// The run.
    pub name: String,
    /// The files that are read.
    pub files: Vec<PathBuf>,
    /// (variables, rows, columns) of a state.
    pub state: (usize, usize, usize),
    /// Times of all files.
    pub times: usize,
    /// Time between two states, s.
    pub step_seconds: i64,
    /// The parts of the data.
    pub periods: Vec<PeriodPlan>,
    /// The forecasts.
    pub forecast: ForecastSize,
    /// What is held at once.
    pub memory: MemoryPlan,
    /// What would stop the run later.
    pub warnings: Vec<String>,
}

/// One part of the data.
#[derive(Clone, Debug, Serialize)]
pub struct PeriodPlan {
    /// Training, validation or test.
    pub split: &'static str,
    /// The first date.
    pub first: String,
    /// The last date.
    pub last: String,
    /// States in it.
    pub states: usize,
    /// Pairs of a state with its past and the state after it.
    pub cases: usize,
}

/// The forecasts of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastSize {
    /// Where they are written.
    pub path: PathBuf,
    /// Initial states, leads, members, then the shape of a state.
    pub shape: [usize; 6],
    /// Bytes before compression.
    pub bytes: u64,
    /// States that the network makes.
    pub states: u64,
}

/// What is held at once, bytes.
#[derive(Clone, Debug, Serialize)]
pub struct MemoryPlan {
    /// All states of the files.
    pub series: u64,
    /// The cap on those that are kept.
    pub cap: u64,
    /// A batch of training: state, past and target.
    pub batch: u64,
}

/// Resolves a run without doing any of it.
///
/// # Errors
/// Whatever would stop the run: a file, a variable, a date, a grid, a key.
pub fn run_plan(config: &RunConfig) -> Result<RunPlan> {
    let series = Series::open(&config.data, Path::new(""))?;
    let (channels, ny, nx) = series.shape();
    let state = 4 * (channels * ny * nx) as u64;
    let mut warnings = Vec::new();
    let periods: Vec<PeriodPlan> = Split::ALL.iter().map(|s| period(&series, *s)).collect();
    if periods[0].cases == 0 {
        warnings.push("no training state has its past and a successor in the data".to_owned());
    }
    let inits = match initial_states(config, &series) {
        Ok(windows) => windows.len(),
        Err(error) => {
            warnings.push(error.to_string());
            0
        }
    };
    let (leads, members) = (config.forecast.leads, config.forecast.members);
    let states = (inits * leads) as u64 * members as u64;
    let path = forecast_path(config);
    if path.exists() {
        warnings.push(format!(
            "{} exists: a forecast needs --resume or --overwrite",
            path.display()
        ));
    }
    Ok(RunPlan {
        name: config.name.clone(),
        files: config.data.path.as_slice().to_vec(),
        state: (channels, ny, nx),
        times: series.times().len(),
        step_seconds: series.step_seconds(),
        periods,
        forecast: ForecastSize {
            path,
            shape: [inits, leads, members, channels, ny, nx],
            bytes: states.saturating_mul(state),
            states,
        },
        memory: MemoryPlan {
            series: state.saturating_mul(series.times().len() as u64),
            cap: config.data.memory.0,
            batch: state * (config.train.batch_size * (series.history() + 1)) as u64,
        },
        warnings,
    })
}

fn period(series: &Series, split: Split) -> PeriodPlan {
    let (first, last) = series.period(split);
    let date = |t| series.calendar().date(t).to_string();
    PeriodPlan {
        split: match split {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        },
        first: date(first),
        last: date(last),
        states: series.range(split).len(),
        cases: series.windows(split, 1).len(),
    }
}

impl RunPlan {
    /// The plan as text.
    pub fn text(&self) -> String {
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let files: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        let (channels, ny, nx) = self.state;
        let mut lines = vec![
            self.name.clone(),
            format!("  files: {}", files.join(", ")),
            format!(
                "  state: {channels} variable(s) on {ny} x {nx} cells, every {}, {} times",
                crate::scores::lead_name(self.step_seconds),
                self.times
            ),
        ];
        for p in &self.periods {
            lines.push(format!(
                "  {}: {} to {}, {} states, {} cases",
                p.split, p.first, p.last, p.states, p.cases
            ));
        }
        let [inits, leads, members, ..] = self.forecast.shape;
        lines.push(format!(
            "  forecast: {inits} initial states x {leads} leads x {members} members = {} states, {} before \
             compression, to {}",
            self.forecast.states,
            megabytes(self.forecast.bytes),
            self.forecast.path.display()
        ));
        lines.push(format!(
            "  memory: {} of states, kept up to {}; a training batch of {} before the network",
            megabytes(self.memory.series),
            megabytes(self.memory.cap),
            megabytes(self.memory.batch)
        ));
        lines.extend(self.warnings.iter().map(|w| format!("  warning: {w}")));
        lines.join("\n")
    }
}
