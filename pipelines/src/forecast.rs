//! `foehn forecast`: initial states x members x leads -> Zarr.

use crate::budget;
use crate::config::RunConfig;
use crate::continuation::{recorded, refuse_other};
use crate::ensemble::Runner;
use crate::model::Model;
use crate::model_folder::{ModelFolder, as_trained};
use crate::progress::{Progress, Talk, check_interrupt};
use crate::tune::Tuning;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::{ForecastPlan, Mode, Store};
use foehn_compute::Workers;
use foehn_dataset::{Series, Window};
use foehn_field::{Attribute, Attributes};
use foehn_forecast::Block;
use ndarray::{Array4, Axis};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The attribute that holds the configuration.
const CONFIG: &str = "foehn_config";

/// What a forecast ends with.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastSummary {
    /// The store.
    pub path: PathBuf,
    /// Initial states.
    pub inits: usize,
    /// Members.
    pub members: usize,
    /// Leads.
    pub leads: usize,
    /// Factor on the sampler's noise.
    pub inflation: f64,
}

/// Where a run's forecast lies.
pub fn forecast_path(config: &RunConfig) -> PathBuf {
    config.folder().join("forecast.zarr")
}

/// The initial states of a run's forecasts.
///
/// # Errors
/// If there is none.
pub fn initial_states(config: &RunConfig, series: &Series) -> Result<Vec<Window>> {
    let forecast = &config.forecast;
    let windows = series.initial_states(forecast.split, forecast.leads, forecast.every);
    if windows.is_empty() {
        let (first, last) = series.period(forecast.split);
        let calendar = series.calendar();
        bail!(
            "forecast: no state between {} and {} has its past and {} leads after it in the data: \
             choose other dates or fewer forecast.leads",
            calendar.date(first),
            calendar.date(last),
            forecast.leads
        );
    }
    Ok(windows)
}

/// Makes the run's forecasts.
///
/// # Errors
/// If the model or data are missing, the output exists ([`Mode::Create`]) or a forecast is not finite.
pub fn forecast(
    config: &RunConfig,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<ForecastSummary> {
    let series = Series::open_splits(&config.data, Path::new(""), &[config.forecast.split])?;
    let config = as_trained(config)?;
    let mut config = budget::forecasting(&config, &series, workers.count())?;
    config.sampling.inflation = Some(inflation(&config)?);
    let config = &config;
    let model = Model::load(config, &series, device)?;
    let windows = initial_states(config, &series)?;
    let path = forecast_path(config);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    if let (Mode::Resume, Some(before)) = (mode, recorded(&path, CONFIG)) {
        refuse_other(&path, &before.parse()?, &config.to_toml()?.parse()?)?;
    }
    let store = plan(config, &series, &windows)?.create(&path, mode)?;
    let job = Job {
        config,
        series: &series,
        windows: &windows,
        store: &store,
    };
    job.run(&model, device, workers, talk)?;
    store.finish()?;
    Ok(ForecastSummary {
        path,
        inits: windows.len(),
        members: config.forecast.members,
        leads: config.forecast.leads,
        inflation: config.sampling.inflation.unwrap_or(1.0),
    })
}

/// The factor on the sampler's noise: the configured one, or else the tuned one, or else 1.
fn inflation(config: &RunConfig) -> Result<f64> {
    let path = ModelFolder::of(config).tuning();
    if let Some(inflation) = config.sampling.inflation {
        return Ok(inflation);
    }
    if config.tune.inflation.is_empty() {
        return Ok(1.0);
    }
    if !path.exists() {
        bail!(
            "{} is not there: finish the model with `foehn train --resume`, or give sampling.inflation",
            path.display()
        );
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let tuning: Tuning = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a tuning of foehn", path.display()))?;
    if tuning.sampling != config.sampling {
        bail!(
            "{} was made with other sampling ({:?}) than the run's ({:?}): give the factor on the noise as \
             sampling.inflation, or choose it again by `foehn tune`",
            path.display(),
            tuning.sampling,
            config.sampling
        );
    }
    Ok(tuning.inflation)
}

fn plan(config: &RunConfig, series: &Series, windows: &[Window]) -> Result<ForecastPlan> {
    let text = |text: String| Attribute::Text(text);
    let provenance = Attributes::from_iter([
        (
            "source".to_owned(),
            text(format!("foehn {}", env!("CARGO_PKG_VERSION"))),
        ),
        ("foehn_seed".to_owned(), text(config.seed.to_string())),
        (
            "foehn_batch".to_owned(),
            text(config.forecast.batch.to_string()),
        ),
        (
            "foehn_inflation".to_owned(),
            Attribute::Float(config.sampling.inflation.unwrap_or(1.0)),
        ),
        (CONFIG.to_owned(), text(config.to_toml()?)),
    ]);
    Ok(ForecastPlan {
        title: config.name.clone(),
        calendar: series.calendar(),
        inits: windows.iter().map(|w| w.instant).collect(),
        lead_seconds: (1..=config.forecast.leads as i64)
            .map(|m| m * series.step_seconds())
            .collect(),
        members: config.forecast.members,
        grid: series.grid().clone(),
        variables: series
            .variables()
            .iter()
            .map(|c| (c.name.clone(), c.attributes.clone()))
            .collect(),
        provenance,
    })
}

struct Job<'a> {
    config: &'a RunConfig,
    series: &'a Series,
    windows: &'a [Window],
    store: &'a Store,
}

impl Job<'_> {
    fn run(&self, model: &Model, device: &Device, workers: &Workers, talk: Talk) -> Result<()> {
        let forecast = &self.config.forecast;
        let plan = Runner::plan(self.windows, self.config, forecast.members, forecast.batch);
        let blocks = plan.blocks();
        let runner = Runner {
            series: self.series,
            windows: self.windows,
            plan: &plan,
            leads: forecast.leads as u32,
            device,
            valid: model.valid(),
        };
        let done = blocks
            .iter()
            .filter(|b| self.store.is_done(&item(b)))
            .count();
        let progress = Progress::new(talk, "forecast", "blocks", blocks.len() as u64, done as u64);
        progress.say(&format!(
            "forecast: {} initial states x {} members x {} leads, about {} files",
            self.windows.len(),
            forecast.members,
            forecast.leads,
            self.store.planned_files()
        ));
        let predictors = model.predictors(self.config.sampling);
        workers.map(blocks.len(), |number| {
            let block = &blocks[number];
            check_interrupt()?;
            if self.store.is_done(&item(block)) {
                return Ok(());
            }
            runner.run(&predictors, block, |lead, values| {
                self.write(block, lead, &values)
            })?;
            self.store.mark_done(&item(block))?;
            progress.advance(1);
            Ok::<_, anyhow::Error>(())
        })?;
        progress.finish();
        Ok(())
    }

    fn write(&self, block: &Block, lead: u32, values: &Array4<f32>) -> Result<()> {
        for (&(init, member), field) in block.pairs.iter().zip(values.outer_iter()) {
            let start = [init as u64, u64::from(lead) - 1, u64::from(member), 0, 0];
            for (channel, plane) in self.series.variables().iter().zip(field.outer_iter()) {
                let chunk = plane
                    .insert_axis(Axis(0))
                    .insert_axis(Axis(0))
                    .insert_axis(Axis(0));
                self.store
                    .write_f32(&channel.name, &start, chunk.into_dyn())?;
            }
        }
        Ok(())
    }
}

fn item(block: &Block) -> String {
    format!("block-{:06}", block.number)
}
