//! Samples and densities of a model, in the units of its columns.

use super::Machine;
use super::data::Data;
use super::figure::write_points;
use super::folder::{Folder, Units};
use super::job::GenerateJob;
use super::learnt::Learnt;
use super::quality::energy_distance;
use super::sampling::{Wanted, log_densities, samples};
use super::summary::{DensitySummary, SampleSummary};
use super::table::{Table, TableName};
use anyhow::{Result, bail};
use foehn_archive::Mode;
use foehn_generation::{SamplingConfig, Scaling, finite};
use ndarray::{Array2, Axis};
use std::path::Path;

/// Samples where neither their number nor starts say how many.
const SAMPLES: usize = 1000;

/// A model with how it is sampled.
pub struct Drawing<'a> {
    /// What its numbers mean.
    pub units: &'a Units,
    /// The model.
    pub model: &'a Learnt,
    /// How it is sampled.
    pub how: &'a SamplingConfig,
    /// Of everything random.
    pub seed: u64,
    /// Where it runs.
    pub machine: Machine<'a>,
}

/// Tables that samples and densities are made from, read before any work is done.
pub struct Inputs {
    /// Starts and conditions of the samples.
    pub wanted: Option<Wanted>,
    /// Rows whose density is wanted, with their conditions.
    pub density: Option<(Array2<f32>, Option<Array2<f32>>)>,
}

impl Inputs {
    /// Reads what `job` names, in scaled units; starts and conditions of the samples are those asked for,
    /// else those trained on.
    ///
    /// # Errors
    /// If a table is missing, cannot be read, or does not fit the model.
    pub fn read(job: &GenerateJob, units: &Units, data: Option<&Data>) -> Result<Self> {
        let known = data.and_then(|data| data.starts.as_ref());
        let given = |known| {
            let scaling = units.condition.as_ref();
            choose("--given", scaling, job.given.as_ref(), known)
        };
        let wanted = |_| {
            let scaling = units.from_rows.then_some(&units.state);
            let x0 = choose("--from", scaling, job.from.as_ref(), known)?;
            let condition = given(data.and_then(|data| data.condition.as_ref()))?;
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
        };
        let wanted = job.output.as_ref().map(wanted).transpose()?;
        let density = match &job.density {
            None => None,
            Some(name) => {
                let x1 = read_scaled("--density", name, &units.state)?;
                Some((x1, given(None)?))
            }
        };
        Ok(Self { wanted, density })
    }
}

impl Drawing<'_> {
    /// Draws one sample of every kind that is wanted, to refuse a sampler that does not suit the model
    /// before it is trained.
    ///
    /// # Errors
    /// As sampling.
    pub fn rehearse(&self, inputs: &Inputs) -> Result<()> {
        if let Some(wanted) = &inputs.wanted {
            let one = Wanted {
                count: 1,
                ..wanted.clone()
            };
            samples(self.model, self.how, self.seed, &one, self.machine)?;
        }
        if let Some((x1, condition)) = &inputs.density {
            let first = |table: &Array2<f32>| table.select(Axis(0), &[0]);
            let condition = condition.as_ref().map(first);
            let condition = condition.as_ref();
            let (how, seed) = (self.how, self.seed);
            log_densities(self.model, how, seed, &first(x1), condition, self.machine)?;
        }
        Ok(())
    }

    /// Draws samples and writes them; compares others with the data set aside, where there are any.
    ///
    /// # Errors
    /// If the sampler does not suit the model, or a file cannot be written.
    pub fn write_samples(
        &self,
        path: &Path,
        wanted: &Wanted,
        data: Option<&Data>,
        mode: Mode,
        folder: &Folder,
    ) -> Result<SampleSummary> {
        let drawn = samples(self.model, self.how, self.seed, wanted, self.machine)?;
        let table = Table {
            columns: self.units.columns.clone(),
            values: self.units.state.unscale(&drawn.x),
        };
        table.write(path, mode)?;
        let compared = data.filter(|data| data.compared.nrows() >= 4);
        let distances = compared
            .map(|data| self.compare(data, folder))
            .transpose()?;
        Ok(SampleSummary {
            path: path.to_owned(),
            count: wanted.count,
            calls: drawn.calls,
            energy_distance: distances.map(|(found, _)| found),
            energy_distance_of_data: distances.map(|(_, halves)| halves),
        })
    }

    /// The energy distance between samples for the rows set aside and those rows, and that between
    /// halves of them; both as points in the model's folder.
    fn compare(&self, data: &Data, folder: &Folder) -> Result<(f64, f64)> {
        let drawn = samples(
            self.model,
            self.how,
            self.seed,
            &data.comparison,
            self.machine,
        )?;
        let unscale = |x: &Array2<f32>| self.units.state.unscale(x);
        let clouds = [
            ("data", unscale(&data.compared)),
            ("samples", unscale(&drawn.x)),
        ];
        write_points(&folder.figure(), &clouds)?;
        let found = energy_distance(&drawn.x, &data.compared);
        Ok((found, halves(&data.compared)))
    }

    /// The mean log-density of rows, in the units of their columns.
    ///
    /// # Errors
    /// If the model has no density.
    pub fn density(
        &self,
        x1: &Array2<f32>,
        condition: Option<&Array2<f32>>,
    ) -> Result<DensitySummary> {
        let (how, seed) = (self.how, self.seed);
        let log = log_densities(self.model, how, seed, x1, condition, self.machine)?;
        let rows = log.len();
        let mean = log.iter().sum::<f64>() / rows as f64;
        let square = log.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        Ok(DensitySummary {
            rows,
            negative_log_likelihood: self.units.state.log_volume() - mean,
            standard_error: (rows > 1).then(|| (square / (rows * (rows - 1)) as f64).sqrt()),
        })
    }
}

/// The energy distance between two halves of a table: what equal laws give.
pub fn halves(rows: &Array2<f32>) -> f64 {
    let (a, b) = rows.view().split_at(Axis(0), rows.nrows() / 2);
    energy_distance(&a.to_owned(), &b.to_owned())
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
        (Some(scaling), Some(name), _) => read_scaled(option, name, scaling).map(Some),
        (Some(_), None, Some(known)) => Ok(Some(known.clone())),
        (Some(_), None, None) => bail!("this model needs a table for {option}"),
    }
}

fn read_scaled(option: &str, name: &TableName, scaling: &Scaling) -> Result<Array2<f32>> {
    let table = Table::read(name)?;
    let (needed, found) = (scaling.columns(), table.values.ncols());
    if needed != found {
        bail!("{option} {name} has {found} columns, and the model {needed}");
    }
    if table.values.nrows() == 0 {
        bail!("{option} {name} has no rows");
    }
    finite(&format!("{option} {name}"), &table.values)?;
    Ok(scaling.scale(&table.values))
}
