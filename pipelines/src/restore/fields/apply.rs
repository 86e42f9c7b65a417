//! `foehn restore apply` on fields: NetCDF or Zarr in, samples with mean and spread out, a time after the other.

use super::input::{Input, Question, cache};
use super::output::{Output, Plan};
use super::sheet;
use crate::progress::{Progress, Talk};
use crate::restore::apply::{RestoreJob, RestoreSummary, reduces, refuse_full};
use crate::restore::drawing::{Drawing, mean_and_spread};
use crate::restore::folder::{Folder, Model};
use crate::restore::memory::{Load, fewer, refuse_seam, room};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use flate2::Crc;
use foehn_archive::{Mode, export_netcdf};
use foehn_compute::Workers;
use foehn_dataset::Series;
use foehn_field::Instant;
use foehn_restoration::area_mean;
use ndarray::{Array3, Array4};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

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
    let input = Input::open(model, &folder, job)?;
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
    let (ny, nx) = input.grid().shape();
    let load = Load {
        size: [model.law.channels(), ny, nx],
        held: held(job.samples * model.law.channels() * ny * nx),
        kept: cache(job.memory, u64::MAX) as usize,
        workers: workers.count(),
    };
    let room = room(job, model, load)?;
    refuse_seam(model, room.tiles, [ny, nx])?;
    if let (Some(memory), Some([side, _])) = (job.memory, room.tiles) {
        talk.say(&format!("tiles of {side} cells fit {memory}"));
    }
    let fewer = fewer(room, workers)?;
    let workers = fewer.as_ref().unwrap_or(workers);
    let instants: Vec<Instant> = positions
        .iter()
        .filter_map(|i| series.instant(*i))
        .collect();
    let plan = Plan {
        title: &model.config.name,
        job: serde_json::json!({
            "model": job.model, "weights": weights_mark(&folder)?,
            "input": job.input, "input_mark": file_marks(&job.input), "times": times_mark(&instants),
            "damage": format!("{:?}", job.damage), "projection": format!("{:?}", job.projection),
            "sampling": how, "seed": seed, "tiles": room.tiles,
        })
        .to_string(),
        calendar: series.calendar(),
        instants,
        samples: job.samples,
        grid: input.grid(),
        variables: series.variables(),
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
            tiles: room.tiles,
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

/// Values that are held at once, where the samples of one time have so many: those of whole times.
fn held(values: usize) -> usize {
    (HELD / values).max(1) * values
}

/// CRC-32 of the weights: a model that was trained again makes other samples.
fn weights_mark(folder: &Folder) -> Result<String> {
    let path = folder.weights();
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut crc = Crc::new();
    crc.update(&bytes);
    Ok(format!("{:08x}", crc.sum()))
}

/// How many times, the first and the last, and CRC-32 of all of them.
fn times_mark(instants: &[Instant]) -> String {
    let mut crc = Crc::new();
    for instant in instants {
        crc.update(&instant.0.to_le_bytes());
    }
    let end = |instant: Option<&Instant>| instant.map_or(0, |instant| instant.0);
    let (first, last) = (end(instants.first()), end(instants.last()));
    format!(
        "{} from {first} to {last}, {:08x}",
        instants.len(),
        crc.sum()
    )
}

/// Length and time of change of a file, or of what describes a Zarr store.
fn file_marks(path: &Path) -> Vec<(u64, u64)> {
    let parts = ["zarr.json", ".zmetadata", ".zgroup"].map(|name| path.join(name));
    let stamp = |path: &PathBuf| {
        let found = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((found.len(), changed.as_nanos() as u64))
    };
    [path.to_owned()]
        .iter()
        .chain(&parts)
        .filter_map(stamp)
        .collect()
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
        let piece = held(values) / values;
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
                let projected = self.input.projected(question, sample.to_owned());
                let mean = area_mean(projected.view(), *factor);
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
