//! `foehn forecast`: initial states x members x leads -> Zarr.

use crate::budget;
use crate::config::RunConfig;
use crate::continuation::{recorded, refuse_other, without_caches};
use crate::ensemble::Runner;
use crate::model::Model;
use crate::model_folder::{ModelFolder, as_trained, other_training};
use crate::progress::{Progress, Talk, check_interrupt};
use crate::tune::Tuning;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::{ForecastPlan, Mode, Shard, Store, Writing};
use foehn_compute::Workers;
use foehn_dataset::{Series, Window};
use foehn_field::{Attribute, Attributes};
use foehn_forecast::Block;
use ndarray::{Array3, Array4, Axis, stack};
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

/// Makes the run's forecasts, or one of several writers' share of them, which [`merge`](crate::merge()) ends.
///
/// # Errors
/// If the model or data are missing, the output exists ([`Mode::Create`]) or a forecast is not finite.
pub fn forecast(
    config: &RunConfig,
    (mode, shard): (Mode, Option<Shard>),
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<ForecastSummary> {
    let series = Series::open_splits(&config.data, Path::new(""), &[config.forecast.split])?;
    let asked = config;
    let config = as_trained(config)?;
    if let Some(difference) = other_training(&config, asked)? {
        talk.say(&format!(
            "forecast: the model stays as it was trained ({difference})"
        ));
    }
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
    let joins = mode == Mode::Resume || shard.is_some();
    if let (true, Some(before)) = (joins, recorded(&path, CONFIG)) {
        refuse_other(&path, &before.parse()?, &config.to_toml()?.parse()?)?;
    }
    let writing = Writing {
        mode,
        shard,
        format: config.forecast.zarr.into(),
        compression: config.forecast.compression.into(),
    };
    let store = plan(config, &series, &windows)?.create(&path, writing)?;
    let job = Job {
        config,
        series: &series,
        windows: &windows,
        store: &store,
        shard,
    };
    job.run(&model, device, workers, talk)?;
    if shard.is_none() {
        store.finish()?;
    }
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
            "{} was made with other sampling ({}) than the run's ({}): give the factor on the noise as \
             sampling.inflation, or choose it again by `foehn tune`",
            path.display(),
            toml_line(&tuning.sampling)?,
            toml_line(&config.sampling)?
        );
    }
    Ok(tuning.inflation)
}

/// Keys and values as a configuration has them, on one line.
fn toml_line(section: &impl serde::Serialize) -> Result<String> {
    let text = toml::to_string(section)?;
    Ok(text
        .lines()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", "))
}

fn plan(config: &RunConfig, series: &Series, windows: &[Window]) -> Result<ForecastPlan> {
    let text = |text: String| Attribute::Text(text);
    let table = config.to_toml()?.parse()?;
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
        (CONFIG.to_owned(), text(without_caches(&table).to_string())),
    ]);
    Ok(ForecastPlan {
        title: config.name.clone(),
        calendar: series.calendar(),
        inits: windows.iter().map(|w| w.instant).collect(),
        lead_seconds: (1..=config.forecast.leads as i64)
            .map(|m| m * series.step_seconds())
            .collect(),
        members: config.forecast.members,
        layout: config.forecast.layout.into(),
        leads_per_file: config.forecast.leads_per_file.0.get(),
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
    shard: Option<Shard>,
}

impl Job<'_> {
    fn run(&self, model: &Model, device: &Device, workers: &Workers, talk: Talk) -> Result<()> {
        let forecast = &self.config.forecast;
        let plan = Runner::plan(self.windows, self.config, forecast.members, forecast.batch);
        let blocks = plan.blocks();
        let items: Vec<String> = blocks.iter().map(item).collect();
        self.store.expect(&items)?;
        let runner = Runner {
            series: self.series,
            windows: self.windows,
            plan: &plan,
            leads: forecast.leads as u32,
            device,
            valid: model.valid(),
        };
        let blocks: Vec<Block> = blocks
            .into_iter()
            .enumerate()
            .filter(|(number, _)| self.shard.is_none_or(|shard| shard.takes(*number)))
            .map(|(_, block)| block)
            .collect();
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
        if self.store.is_finished() {
            let path = self.store.path().display();
            progress.say(&format!(
                "forecast: {path} is whole already, nothing is left to do"
            ));
        }
        let predictors = model.predictors(self.config.sampling);
        workers.map(blocks.len(), |number| {
            let block = &blocks[number];
            check_interrupt()?;
            if self.store.is_done(&item(block)) {
                return Ok(());
            }
            let mut together: Vec<Array4<f32>> = Vec::new();
            let (several, last) = (forecast.leads_per_file.0.get(), forecast.leads as u32);
            runner.run(&predictors, block, |lead, values| {
                together.push(values);
                if together.len() == several || lead == last {
                    self.write(block, lead + 1 - together.len() as u32, &together)?;
                    together.clear();
                }
                Ok(())
            })?;
            self.store.mark_done(&item(block))?;
            progress.advance(1);
            Ok::<_, anyhow::Error>(())
        })?;
        progress.finish();
        Ok(())
    }

    /// Writes the leads from `first` on that lie in one file.
    fn write(&self, block: &Block, first: u32, leads: &[Array4<f32>]) -> Result<()> {
        for (place, &(init, member)) in block.pairs.iter().enumerate() {
            let start = [init as u64, u64::from(first) - 1, u64::from(member), 0, 0];
            for (number, channel) in self.series.variables().iter().enumerate() {
                let of = |lead: &'_ Array4<f32>| {
                    lead.index_axis(Axis(0), place)
                        .index_axis_move(Axis(0), number)
                        .to_owned()
                };
                let planes: Vec<_> = leads.iter().map(of).collect();
                let views: Vec<_> = planes.iter().map(|plane| plane.view()).collect();
                let chunk: Array3<f32> = stack(Axis(0), &views)?;
                // (time, lead, member, y, x)
                let chunk = chunk.insert_axis(Axis(1)).insert_axis(Axis(0));
                self.store
                    .write_f32(&channel.name, &start, chunk.view().into_dyn())?;
            }
        }
        Ok(())
    }
}

fn item(block: &Block) -> String {
    format!("block-{:06}", block.number)
}
