//! `foehn generate`: a table of vectors in, a model, and samples of the same law, out.

mod config;
mod data;
mod folder;
mod learnt;
mod quality;
mod sampling;
mod sweep;
mod table;
mod training;

pub use config::GenerateConfig;
pub use data::Names;
pub use table::TableName;

use crate::progress::Talk;
use crate::sweep::Sweep;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use data::Data;
use foehn_archive::{Mode, write_whole};
use foehn_compute::Workers;
use foehn_generation::{SamplingConfig, Scaling};
use foehn_report::{Cloud, Figure, Scatter};
use folder::{Folder, Units};
use learnt::{Declaration, Learnt};
use ndarray::{Array2, Axis};
pub(crate) use quality::energy_distance;
use sampling::{Wanted, log_densities, samples};
use serde::Serialize;
use std::path::{Path, PathBuf};
use table::{Table, refuse_output};

/// Samples where neither their number nor starts say how many.
const SAMPLES: usize = 1000;
/// Points of a figure.
const POINTS: usize = 5000;

/// What is asked of `foehn generate`.
#[derive(Clone, Debug)]
pub struct GenerateJob {
    /// Tables to train on; without data an earlier model is sampled.
    pub names: Names,
    /// Folder of the model.
    pub model: PathBuf,
    /// Where samples go; none are drawn without.
    pub output: Option<PathBuf>,
    /// How many; by default as many as there are starts or conditions, else 1000.
    pub samples: Option<usize>,
    /// Starts and conditions of the samples, if not those of the training.
    pub starts: Option<TableName>,
    /// Conditions of the samples, if not those of the training.
    pub condition: Option<TableName>,
    /// A table whose log-density is wanted.
    pub density: Option<TableName>,
    /// Whether diffusions and numbers of steps are compared.
    pub sweep: Comparison,
}

/// Whether samplers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// Only the one asked for is used.
    #[default]
    None,
    /// The flow and several diffusions, at 5 to 100 steps.
    Sweep,
}

/// What `foehn generate` did.
#[derive(Clone, Debug, Serialize)]
pub struct GenerateSummary {
    /// Folder of the model.
    pub model: PathBuf,
    /// Loss on the rows set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<SampleSummary>,
    /// Log-density of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<DensitySummary>,
    /// Quality over diffusions and steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// Samples that were written.
#[derive(Clone, Debug, Serialize)]
pub struct SampleSummary {
    /// The file.
    pub path: PathBuf,
    /// Rows.
    pub count: usize,
    /// Calls of the network, each on a batch.
    pub calls: usize,
    /// Energy distance to the data in units of their deviations, where the data are at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_distance: Option<f64>,
    /// The same between two halves of the data: what equal laws give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_distance_of_data: Option<f64>,
}

/// The density of a table under a model.
#[derive(Clone, Debug, Serialize)]
pub struct DensitySummary {
    /// Rows.
    pub rows: usize,
    /// Mean of `-log rho1`, nats, in the units of the columns.
    pub negative_log_likelihood: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl GenerateSummary {
    /// A few lines for a terminal.
    pub fn text(&self) -> String {
        let loss = self.validation_loss;
        let loss = loss.map_or(String::new(), |loss| format!("; validation loss {loss:.4}"));
        let mut lines = vec![format!("model in {}{loss}", self.model.display())];
        if let Some(done) = &self.samples {
            let distances = done.energy_distance.zip(done.energy_distance_of_data);
            let distances = distances.map_or(String::new(), |(found, data)| {
                format!("; energy distance to the data {found:.5} (halves of the data {data:.5})")
            });
            lines.push(format!(
                "{} samples in {}, {} calls of the network{distances}",
                done.count,
                done.path.display(),
                done.calls
            ));
        }
        if let Some(density) = &self.density {
            lines.push(format!(
                "negative log-likelihood {:.4} +- {:.4} nats over {} rows",
                density.negative_log_likelihood, density.standard_error, density.rows
            ));
        }
        lines.extend(self.sweep.as_ref().map(|sweep| sweep.table().text()));
        lines.join("\n")
    }
}

/// Trains a model on a table, where one is given, and samples it.
///
/// # Errors
/// If a table, the configuration or the folder is wrong, naming it; after Ctrl-C, in a state from which
/// [`Mode::Resume`] continues.
pub fn generate(
    config: &GenerateConfig,
    job: &GenerateJob,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<GenerateSummary> {
    if let Some(path) = &job.output {
        refuse_output(path, mode)?;
    }
    let machine = Machine { device, workers };
    let folder = Folder(job.model.clone());
    let (trained, data) = match &job.names.data {
        None => {
            refuse_orphans(&job.names)?;
            let (units, model) = folder.load(device)?;
            let validation_loss = None;
            (
                Trained {
                    units,
                    model,
                    validation_loss,
                },
                None,
            )
        }
        Some(name) => {
            let data = Data::read(config, name, &job.names)?;
            let declare = |config| Declaration::new(config, data.units.sizes());
            // all that can be refused is refused before an older model gives way
            declare(config)?.architecture().mlp(device)?;
            folder.prepare(config, &data.units, mode)?;
            if config.path_steps > 0 && !folder.path().exists() {
                let path = training::learn_path(config, &data, machine, talk)?;
                write_text(&folder.path(), &toml::to_string_pretty(&path)?)?;
            }
            let declaration = declare(&folder.with_path(config)?)?;
            let (model, validation_loss) =
                training::train(config, declaration, &data, &folder, machine, talk)?;
            let units = data.units.clone();
            (
                Trained {
                    units,
                    model,
                    validation_loss,
                },
                Some(data),
            )
        }
    };
    let drawing = Drawing {
        trained: &trained,
        how: &config.sampling,
        seed: config.seed,
        machine,
    };
    let samples = match &job.output {
        Some(path) => Some(drawing.write_samples(path, job, data.as_ref(), mode, &folder)?),
        None => None,
    };
    let sweep = match (job.sweep, &data) {
        (Comparison::None, _) => None,
        (Comparison::Sweep, None) => bail!("--sweep compares samples with data: give --data"),
        (Comparison::Sweep, Some(data)) => {
            let wanted = drawing.wanted(job, Some(data))?;
            Some(drawing.sweep(&wanted, data, &folder)?)
        }
    };
    let density = job.density.as_ref();
    Ok(GenerateSummary {
        validation_loss: trained.validation_loss,
        samples,
        density: density.map(|name| drawing.density(name, job)).transpose()?,
        sweep,
        model: job.model.clone(),
    })
}

/// Where networks run, and the threads that feed them.
#[derive(Clone, Copy)]
struct Machine<'a> {
    device: &'a Device,
    workers: &'a Workers,
}

/// Starts and conditions to train on mean nothing without data.
fn refuse_orphans(names: &Names) -> Result<()> {
    match (&names.starts, &names.condition) {
        (None, None) => Ok(()),
        (Some(name), _) => {
            bail!("--starts {name} without --data: to sample from other starts give --from")
        }
        (_, Some(name)) => {
            bail!("--condition {name} without --data: to sample other conditions give --given")
        }
    }
}

struct Trained {
    units: Units,
    model: Learnt,
    validation_loss: Option<f64>,
}

/// Samples and densities of a model.
struct Drawing<'a> {
    trained: &'a Trained,
    how: &'a SamplingConfig,
    seed: u64,
    machine: Machine<'a>,
}

impl Drawing<'_> {
    fn write_samples(
        &self,
        path: &Path,
        job: &GenerateJob,
        data: Option<&Data>,
        mode: Mode,
        folder: &Folder,
    ) -> Result<SampleSummary> {
        let wanted = self.wanted(job, data)?;
        let count = wanted.count;
        let drawn = samples(
            &self.trained.model,
            self.how,
            self.seed,
            &wanted,
            self.machine,
        )?;
        let units = &self.trained.units;
        let table = Table {
            columns: units.columns.clone(),
            values: units.state.unscale(&drawn.x),
        };
        table.write(path, mode)?;
        let compared = data
            .map(|data| &data.compared)
            .filter(|rows| rows.nrows() >= 4);
        if let Some(rows) = compared {
            let clouds = [
                ("data", units.state.unscale(rows)),
                ("samples", table.values),
            ];
            write_figure(folder, &clouds)?;
        }
        let between = |rows: &Array2<f32>| {
            let (a, b) = rows.view().split_at(Axis(0), rows.nrows() / 2);
            energy_distance(&a.to_owned(), &b.to_owned())
        };
        let enough = compared.filter(|_| count >= 2);
        Ok(SampleSummary {
            path: path.to_owned(),
            count,
            calls: drawn.calls,
            energy_distance: enough.map(|rows| energy_distance(&drawn.x, rows)),
            energy_distance_of_data: enough.map(between),
        })
    }

    /// Starts and conditions of the samples: those asked for, else those trained on.
    fn wanted(&self, job: &GenerateJob, data: Option<&Data>) -> Result<Wanted> {
        let units = &self.trained.units;
        let known = data.and_then(|data| data.starts.as_ref());
        let x0 = choose(
            "--from",
            units.from_rows.then_some(&units.state),
            job.starts.as_ref(),
            known,
        )?;
        let known = data.and_then(|data| data.condition.as_ref());
        let condition = choose(
            "--given",
            units.condition.as_ref(),
            job.condition.as_ref(),
            known,
        )?;
        let longest = x0.iter().chain(&condition).map(Array2::nrows).max();
        let count = job.samples.or(longest).unwrap_or(SAMPLES);
        if count == 0 {
            bail!("--samples 0: ask for at least one");
        }
        Ok(Wanted {
            count,
            x0,
            condition,
        })
    }

    fn density(&self, name: &TableName, job: &GenerateJob) -> Result<DensitySummary> {
        let units = &self.trained.units;
        let table = Table::read(name)?;
        let (needed, found) = (units.state.columns(), table.values.ncols());
        if needed != found {
            bail!("{name} has {found} columns, and the model {needed}");
        }
        let condition = choose(
            "--given",
            units.condition.as_ref(),
            job.condition.as_ref(),
            None,
        )?;
        let x1 = units.state.scale(&table.values);
        let condition = condition.as_ref();
        let log = log_densities(&self.trained.model, self.how, &x1, condition, self.machine)?;
        let volume = units.state.log_volume();
        let rows = log.len();
        let mean = log.iter().sum::<f64>() / rows as f64;
        let square = log.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        Ok(DensitySummary {
            rows,
            negative_log_likelihood: volume - mean,
            standard_error: (square / (rows * rows.saturating_sub(1)) as f64).sqrt(),
        })
    }
}

/// The table behind `option` in scaled units, or the one that is known, where the model needs one.
fn choose(
    option: &str,
    scaling: Option<&Scaling>,
    name: Option<&TableName>,
    known: Option<&Array2<f32>>,
) -> Result<Option<Array2<f32>>> {
    match (scaling, name, known) {
        (None, None, _) => Ok(None),
        (None, Some(name), _) => bail!("{option} {name}: this model has no use for it"),
        (Some(scaling), Some(name), _) => {
            let table = Table::read(name)?;
            let (needed, found) = (scaling.columns(), table.values.ncols());
            if needed != found {
                bail!("{option} {name} has {found} columns, and the model {needed}");
            }
            if let Some(((row, column), value)) = table
                .values
                .indexed_iter()
                .find(|(_, value)| !value.is_finite())
            {
                bail!("{option} {name}: row {row}, column {column} is {value}");
            }
            Ok(Some(scaling.scale(&table.values)))
        }
        (Some(_), None, Some(known)) => Ok(Some(known.clone())),
        (Some(_), None, None) => bail!("this model needs a table for {option}"),
    }
}

/// The first two columns of data and samples as points; of one column nothing is drawn.
fn write_figure(folder: &Folder, clouds: &[(&str, Array2<f32>)]) -> Result<()> {
    if clouds.iter().any(|(_, rows)| rows.ncols() < 2) {
        return Ok(());
    }
    // as many points in each panel, so that densities can be compared
    let fewest = clouds.iter().map(|(_, rows)| rows.nrows()).min();
    let count = fewest.unwrap_or(0).min(POINTS);
    let cloud = |(title, rows): &(&str, Array2<f32>)| Cloud {
        title: (*title).to_owned(),
        points: rows
            .rows()
            .into_iter()
            .take(count)
            .map(|row| (f64::from(row[0]), f64::from(row[1])))
            .collect(),
        links: Vec::new(),
    };
    let figure = Scatter {
        title: String::new(),
        x: foehn_report::Axis::new("column 0", ""),
        y: foehn_report::Axis::new("column 1", ""),
        clouds: clouds.iter().map(cloud).collect(),
    };
    let path = folder.figure();
    write_whole(&path, &figure.png()?).with_context(|| format!("cannot write {}", path.display()))
}
