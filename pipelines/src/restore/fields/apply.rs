//! `foehn restore apply` on fields: NetCDF or Zarr in, samples with mean and spread out, a time after the other.

use super::input::{Input, Question};
use super::output::{Output, Plan};
use super::sheet;
use crate::progress::{Progress, Talk};
use crate::restore::apply::{Projection, RestoreJob, RestoreSummary, reduces, refuse_full, tiles};
use crate::restore::drawing::{Drawing, mean_and_spread};
use crate::restore::folder::{Folder, Model};
use crate::restore::memory::Load;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::{Mode, export_netcdf};
use foehn_compute::Workers;
use foehn_dataset::Series;
use foehn_restoration::area_mean;
use ndarray::{Array3, Array4};
use serde::{Deserialize, Serialize};
use std::fs;

/// Values of all samples that are held at once, about.
const HELD: usize = 1 << 22;
/// A last date without a time of day includes its whole day, s.
const DAY: i64 = 86_400;

/// What `foehn restore apply` is asked for beside, where the model restores fields.
#[derive(Clone, Debug, Default)]
pub struct FieldOptions {
    /// The variables of the input, if they are to be checked; they must be those of the model.
    pub variables: Vec<String>,
    /// First and last date, both included; all times without.
    pub times: Option<[String; 2]>,
    /// What is written.
    pub store: FieldStore,
    /// Whether an earlier run is continued.
    pub mode: Option<Mode>,
}

/// The form of restored fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldStore {
    /// One file, `restored.nc`.
    #[default]
    Netcdf,
    /// A folder, `restored.zarr`.
    Zarr,
}

/// Restores the fields of a file; see [`crate::restore_apply`].
///
/// # Errors
/// If input, damage and model do not fit, or the output is in the way.
pub fn apply(
    job: &RestoreJob,
    model: &Model,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<RestoreSummary> {
    refuse_options(job, model)?;
    let folder = Folder(job.model.clone());
    let input = Input::open(model, &folder, (&job.input, &job.damage, job.projection))?;
    let positions = chosen(input.series(), job.fields.times.as_ref())?;
    let mode = job.fields.mode.unwrap_or(Mode::Create);
    if mode == Mode::Create {
        refuse_full(&job.output)?;
    }
    if job.output.join("restored.nc").exists() {
        bail!(
            "{} is whole already: give another --out",
            job.output.join("restored.nc").display()
        );
    }
    fs::create_dir_all(&job.output)
        .with_context(|| format!("cannot create {}", job.output.display()))?;
    let zarr = job.output.join("restored.zarr");
    let mut how = model.config.sampling;
    how.steps = job.steps.unwrap_or(how.steps);
    let seed = job.seed.unwrap_or(model.config.seed);
    let series = input.series();
    let plan = Plan {
        title: &model.config.name,
        job: serde_json::json!({
            "model": job.model, "input": job.input, "damage": format!("{:?}", job.damage),
            "projection": format!("{:?}", job.projection), "sampling": how, "seed": seed,
        })
        .to_string(),
        calendar: series.calendar(),
        instants: positions
            .iter()
            .filter_map(|i| series.instant(*i))
            .collect(),
        samples: job.samples,
        grid: input.grid(),
        variables: series.variables(),
    };
    let (ny, nx) = input.grid().shape();
    let load = Load {
        size: [model.law.channels(), ny, nx],
        samples: job.samples,
        workers: workers.count(),
    };
    let output = plan.create(&zarr, mode)?;
    let run = Run {
        input: &input,
        positions: &positions,
        samples: job.samples,
        drawing: Drawing {
            model,
            how: &how,
            seed,
            tiles: tiles(job, model, load)?,
            device,
            workers,
        },
    };
    let largest = run.all(&output, talk)?;
    output.finish()?;
    sheet::draw(&input, &positions, &zarr, &job.output)?;
    let written = match job.fields.store {
        FieldStore::Zarr => zarr,
        FieldStore::Netcdf => {
            let file = job.output.join("restored.nc");
            export_netcdf(&zarr, &file, Mode::Overwrite)?;
            fs::remove_dir_all(&zarr)
                .with_context(|| format!("cannot remove {}", zarr.display()))?;
            file
        }
    };
    Ok(RestoreSummary {
        pictures: positions.len(),
        fields: true,
        samples: job.samples,
        output: written,
        largest_residual: largest.filter(|_| reduces(model.law.task())),
    })
}

fn refuse_options(job: &RestoreJob, model: &Model) -> Result<()> {
    if let Some(pictures) = job.pictures {
        bail!(
            "--pictures {pictures}: the model restores fields; choose times with --times FIRST..LAST"
        );
    }
    let own: Vec<&String> = model
        .config
        .fields
        .iter()
        .flat_map(|data| &data.variables)
        .collect();
    let asked: Vec<&String> = job.fields.variables.iter().collect();
    if !asked.is_empty() && asked != own {
        bail!(
            "--variable: the model in {} restores {own:?}, not {asked:?}",
            job.model.display()
        );
    }
    Ok(())
}

/// Positions of the times between two dates.
fn chosen(series: &Series, times: Option<&[String; 2]>) -> Result<Vec<usize>> {
    let instants = &series.times().instants;
    let Some([first, last]) = times else {
        return Ok((0..instants.len()).collect());
    };
    let date = |text: &str| {
        let date = series.calendar().parse(text);
        date.with_context(|| {
            format!("--times: {text:?} is not a date such as 2008-01-31 or 2008-01-31T06:00")
        })
    };
    let end = if last.contains(['T', ' ', ':']) {
        0
    } else {
        DAY - 1
    };
    let (from, to) = (date(first)?, date(last)?.plus(end));
    let within = |i: &usize| instants[*i] >= from && instants[*i] <= to;
    let chosen: Vec<usize> = (0..instants.len()).filter(within).collect();
    if chosen.is_empty() {
        let ends = [instants.first(), instants.last()]
            .map(|t| t.map(|t| series.calendar().date(*t).to_string()));
        bail!(
            "--times {first}..{last}: the input has none of these, only {} to {}",
            ends[0].as_deref().unwrap_or("nothing"),
            ends[1].as_deref().unwrap_or("nothing")
        );
    }
    Ok(chosen)
}

struct Run<'a> {
    input: &'a Input<'a>,
    positions: &'a [usize],
    samples: usize,
    drawing: Drawing<'a>,
}

impl Run<'_> {
    /// Writes every time that is not there yet; the largest residual of those.
    fn all(&self, output: &Output, talk: Talk) -> Result<Option<f64>> {
        let due: Vec<usize> = (0..self.positions.len())
            .filter(|time| !output.is_done(*time))
            .collect();
        let per = |count: usize| (count * self.samples) as u64;
        let (all, done) = (
            per(self.positions.len()),
            per(self.positions.len() - due.len()),
        );
        let progress = Progress::new(talk, "restoring", "samples", all, done);
        let (h, w) = self.input.grid().shape();
        let values = self.samples * self.drawing.model.law.channels() * h * w;
        let piece = (HELD / values.max(1)).max(1);
        let mut largest: Option<f64> = None;
        for times in due.chunks(piece) {
            let questions = times
                .iter()
                .map(|time| self.input.question(self.positions[*time]))
                .collect::<Result<Vec<_>>>()?;
            let given: Vec<_> = questions.iter().map(|q| q.given.clone()).collect();
            let names: Vec<i64> = questions.iter().map(|q| q.instant.0).collect();
            let drawn = self
                .drawing
                .samples(&given, &names, self.samples, Some(&progress))?;
            for ((time, question), samples) in times.iter().zip(&questions).zip(drawn) {
                let (samples, residual) = self.finished(question, &samples);
                if let Some(residual) = residual {
                    largest = Some(largest.map_or(residual, |l| l.max(residual)));
                }
                let (mean, spread) = mean_and_spread(&samples);
                let mean = kept(question, mean);
                output.write(*time, &samples, (&mean, &spread))?;
            }
        }
        progress.finish();
        Ok(largest)
    }

    /// Samples in the units of the file, and how far their means over blocks are from the coarse field, standardised.
    fn finished(&self, question: &Question, samples: &Array4<f32>) -> (Array4<f32>, Option<f64>) {
        let mut finished = samples.clone();
        let mut largest = None;
        for (mut place, sample) in finished.outer_iter_mut().zip(samples.outer_iter()) {
            if let Some((coarse, factor)) = &question.coarse {
                let exact = self.input.projection() == Projection::Exact;
                let mean = area_mean(sample, *factor).filter(|_| !exact);
                let differences = mean.map(|mean| (coarse - &mean).mapv(f32::abs));
                let furthest = differences.map_or(0.0, |d| d.iter().fold(0f32, |a, b| a.max(*b)));
                largest =
                    Some(largest.map_or(f64::from(furthest), |l: f64| l.max(furthest.into())));
            }
            place.assign(&self.input.physical(question, sample.to_owned()));
        }
        (finished, largest)
    }
}

/// The mean with known values as they are: a sum of equal numbers may round.
fn kept(question: &Question, mut mean: Array3<f32>) -> Array3<f32> {
    if let Some(known) = &question.given.known {
        for ((c, y, x), value) in mean.indexed_iter_mut() {
            if known[[y, x]] {
                *value = question.shown[[c, y, x]];
            }
        }
    }
    mean
}

/// The form as its name on the command line has it.
impl std::str::FromStr for FieldStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "netcdf" => Ok(Self::Netcdf),
            "zarr" => Ok(Self::Zarr),
            other => Err(format!("{other:?} is neither netcdf nor zarr")),
        }
    }
}
