//! `foehn postprocess`: members and observations in, calibrated members and scores out.

mod config;
mod interpolant;
mod members;
mod method;
mod residuals;
mod scores;
mod transport;

pub use config::{CalibratedConfig, CasesConfig, Order, PostprocessConfig};
pub use interpolant::{FittedInterpolant, InterpolantConfig};
pub use method::{FittedMethod, Forecast, MethodConfig, Predictions};
pub use scores::MethodScores;

use crate::progress::{Progress, Talk, check_interrupt};
use crate::text_file::write_text;
use anyhow::{Context, Result};
use foehn_archive::{Mode, WriteError, open};
use foehn_calibration::{Method, Oddity, Table};
use foehn_compute::Workers;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct PostprocessSummary {
    /// Units of CRPS, MAE and bias.
    pub units: String,
    /// Cases and dates trained on.
    pub trained: [usize; 2],
    /// Dates scored.
    pub dates: usize,
    /// Lags of the variance in the tests against the best method: a lead in days, less one.
    pub lag: usize,
    /// The methods, best CRPS first.
    pub methods: Vec<MethodScores>,
    /// What was odd in the data, and what was made of it.
    pub oddities: Vec<String>,
    /// The calibrated members.
    pub members: PathBuf,
    /// Cases without calibrated members.
    pub without_members: usize,
}

/// Fits every method to the first dates, scores it on the rest, and writes members of one of them for these.
///
/// The folder gets `scores.json`, `fitted.json` (all fitted parameters), `config.toml` and `members.zarr`.
///
/// # Errors
/// If cases cannot be read, a method not be fitted, or the output is there already and `mode` does not overwrite it.
pub fn postprocess(
    config: &PostprocessConfig,
    mode: Mode,
    workers: &Workers,
    talk: Talk,
) -> Result<PostprocessSummary> {
    let folder = config.folder();
    let target = folder.join("members.zarr");
    if mode == Mode::Create && target.exists() {
        // Said before the work rather than after it.
        return Err(WriteError::Exists { path: target }.into());
    }
    let (table, oddities) =
        read(&config.data).with_context(|| config.data.path.display().to_string())?;
    let (train, test) = split(&table, config.data.train);
    let (mut methods, fits) = fit_all(config, &train, &test, workers, talk)?;
    let lag = lag(&test);
    scores::compare(&mut methods, lag);
    let chosen = fits
        .get(&config.calibrated.method)
        .context("calibrated.method")?;
    let predictions = chosen.predictions(&test, workers)?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let without_members = members::write(config, &predictions, &test, &target, mode)?;
    let summary = PostprocessSummary {
        units: table.columns().units.clone(),
        trained: [train.len(), train.distinct_dates().len()],
        dates: test.distinct_dates().len(),
        lag,
        methods,
        oddities: oddities.iter().map(ToString::to_string).collect(),
        members: target,
        without_members,
    };
    write_files(config, &folder, &summary, &serde_json::to_string(&fits)?)?;
    Ok(summary)
}

/// Every method fitted and scored: statistical ones one a worker, then the learnt ones on all workers.
fn fit_all(
    config: &PostprocessConfig,
    train: &Table,
    test: &Table,
    workers: &Workers,
    talk: Talk,
) -> Result<(Vec<MethodScores>, BTreeMap<String, FittedMethod>)> {
    let count = config.methods.len() as u64;
    let progress = Progress::new(talk, "postprocess", "methods", count, 0);
    let statistical: Vec<(&String, Method)> = config
        .methods
        .iter()
        .filter_map(|(name, method)| Some((name, method.statistical()?)))
        .collect();
    let mut fits = workers.map(statistical.len(), |i| {
        check_interrupt()?;
        let (name, method) = &statistical[i];
        let fitted = method
            .fit(train)
            .with_context(|| format!("methods.{name}"))?;
        progress.advance(1);
        Ok::<_, anyhow::Error>(((*name).clone(), FittedMethod::Statistical(fitted)))
    })?;
    for (name, method) in &config.methods {
        if let MethodConfig::Interpolant(method) = method {
            let fitted = method
                .fit(train, config.seed, workers)
                .with_context(|| format!("methods.{name}"))?;
            fits.push((name.clone(), FittedMethod::Interpolant(Box::new(fitted))));
            progress.advance(1);
        }
    }
    progress.finish();
    let score = |(name, fitted): &(String, FittedMethod)| {
        let predictions = fitted.predictions(test, workers)?;
        scores::score(name, &predictions, test).with_context(|| format!("methods.{name}"))
    };
    let scored = fits.iter().map(score).collect::<Result<_>>()?;
    Ok((scored, fits.into_iter().collect()))
}

fn read(data: &CasesConfig) -> Result<(Table, Vec<Oddity>)> {
    match &data.csv {
        Some(map) => Ok((Table::read_csv(File::open(&data.path)?, map)?, Vec::new())),
        None => Ok(Table::read(&open(&data.path)?, &data.variables)?),
    }
}

/// The cases of the first dates and those of the rest; what is trained on was observed before the rest begins.
fn split(table: &Table, share: f64) -> (Table, Table) {
    let dates = table.distinct_dates();
    let first = ((dates.len() as f64 * share) as usize).min(dates.len().saturating_sub(1));
    let start = dates.get(first).copied().unwrap_or(i64::MAX);
    (
        table.filter(|case| case.date < start && case.valid() <= start),
        table.filter(|case| case.date >= start),
    )
}

/// Forecasts of consecutive days overlap for as many days as the lead is long, less one.
fn lag(table: &Table) -> usize {
    const DAY: i64 = 86_400;
    let longest = table.distinct_leads().last().copied().unwrap_or(0);
    ((longest + DAY - 1) / DAY - 1).max(0) as usize
}

fn write_files(
    config: &PostprocessConfig,
    folder: &Path,
    summary: &PostprocessSummary,
    fits: &str,
) -> Result<()> {
    write_text(&folder.join("config.toml"), &config.to_toml()?)?;
    write_text(&folder.join("fitted.json"), fits)?;
    write_text(
        &folder.join("scores.json"),
        &serde_json::to_string_pretty(summary)?,
    )
}

impl PostprocessSummary {
    /// The scores as a table.
    pub fn text(&self) -> String {
        let width = self
            .methods
            .iter()
            .map(|m| m.method.len())
            .max()
            .unwrap_or(0)
            .max(6);
        let mut text = format!(
            "{} cases of {} dates trained on, {} dates scored; CRPS, MAE and bias in {}\n",
            self.trained[0], self.trained[1], self.dates, self.units
        );
        let head = format!(
            "{:width$} {:>8} {:>8} {:>8} {:>7} {:>9} {:>9}",
            "method", "CRPS", "MAE", "bias", "in 90%", "p = best", "fallback"
        );
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{head}");
        for m in &self.methods {
            let p = m
                .equal_to_best_p_value
                .map_or_else(|| "-".to_owned(), |p| format!("{p:.2e}"));
            let fallback = format!("{}/{}", m.fallback, m.cases);
            let _ = writeln!(
                text,
                "{:width$} {:8.4} {:8.4} {:8.4} {:7.3} {p:>9} {fallback:>9}",
                m.method, m.crps, m.mae, m.bias, m.covered_90
            );
        }
        if !self.oddities.is_empty() {
            let _ = writeln!(
                text,
                "{} oddities, the first: {}",
                self.oddities.len(),
                self.oddities[0]
            );
        }
        if self.without_members > 0 {
            let _ = writeln!(
                text,
                "{} cases have no calibrated members",
                self.without_members
            );
        }
        let _ = write!(text, "members in {}", self.members.display());
        text
    }
}
