//! `foehn restore apply` on fields: NetCDF or Zarr in, samples with mean and spread out, a time after the other.

use super::asked::{FieldStore, chosen, file_marks, refuse_options, times_mark};
use super::input::{Input, Question};
use super::output::{Output, Plan};
use super::sheet;
use crate::progress::{Progress, Talk};
use crate::restore::apply::{RestoreJob, RestoreSummary, reduces, refuse_full, said};
use crate::restore::drawing::{Drawing, mean_and_spread};
use crate::restore::folder::{Folder, Model};
use crate::restore::memory::{Load, fewer, fields_at_once, room};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::{Mode, export_netcdf};
use foehn_compute::Workers;
use foehn_field::{Calendar, Instant};
use ndarray::{Array3, Array4};
use std::fs;
use std::path::PathBuf;

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
    let zarr = place(job)?;
    let mut how = model.config.sampling;
    how.steps = job.steps.unwrap_or(how.steps);
    let room = room(job, model, load(job, model, &input, workers))?;
    if let Some(said) = said(job, room) {
        talk.say(&said);
    }
    let fewer = fewer(room, workers)?;
    let run = Run {
        input: &input,
        positions: &positions,
        samples: job.samples,
        piece: fields_at_once(job, job.samples * input.values()),
        drawing: Drawing {
            model,
            how: &how,
            seed: job.seed.unwrap_or(model.config.seed),
            tiles: room.tiles,
            device,
            workers: fewer.as_ref().unwrap_or(workers),
        },
    };
    let plan = run.plan(job, &folder.mark()?);
    fs::create_dir_all(&job.output)
        .with_context(|| format!("cannot create {}", job.output.display()))?;
    let output = plan.create(&zarr, job.fields.mode.unwrap_or(Mode::Create))?;
    let largest = run.all(&output, talk)?;
    output.finish()?;
    sheet::draw(&input, &positions, &zarr, &job.output)?;
    Ok(RestoreSummary {
        pictures: positions.len(),
        fields: true,
        samples: job.samples,
        tiles: room.tiles.iter().map(|[side, _]| *side).collect(),
        output: in_form(job, zarr)?,
        largest_residual: largest.filter(|_| reduces(model.law.task())),
    })
}

/// The store in the folder of results; what is there is not written over.
fn place(job: &RestoreJob) -> Result<PathBuf> {
    if job.fields.mode.unwrap_or(Mode::Create) == Mode::Create {
        refuse_full(&job.output)?;
    }
    let whole = job.output.join("restored.nc");
    if whole.exists() {
        bail!("{} is whole already: give another --out", whole.display());
    }
    Ok(job.output.join("restored.zarr"))
}

/// What is restored at once.
fn load(job: &RestoreJob, model: &Model, input: &Input, workers: &Workers) -> Load {
    let (ny, nx) = input.grid().shape();
    let values = job.samples * input.values();
    Load {
        size: [model.law.channels(), ny, nx],
        held: fields_at_once(job, values) * values,
        kept: input.cached(),
        workers: workers.count(),
        periodic: model.config.network.periodic(),
    }
}

/// The finished store in the form that was asked for.
fn in_form(job: &RestoreJob, zarr: PathBuf) -> Result<PathBuf> {
    if job.fields.store == FieldStore::Zarr {
        return Ok(zarr);
    }
    let file = job.output.join("restored.nc");
    export_netcdf(&zarr, &file, Mode::Overwrite)?;
    fs::remove_dir_all(&zarr).with_context(|| format!("cannot remove {}", zarr.display()))?;
    Ok(file)
}

struct Run<'a> {
    input: &'a Input<'a>,
    positions: &'a [usize],
    samples: usize,
    /// Times that are drawn before the next are begun.
    piece: usize,
    drawing: Drawing<'a>,
}

impl Run<'_> {
    /// What the store will be, with all that decides its values.
    fn plan(&self, job: &RestoreJob, weights: &str) -> Plan<'_> {
        let series = self.input.series();
        let instants = self.positions.iter().filter_map(|i| series.instant(*i));
        let instants: Vec<Instant> = instants.collect();
        let drawing = &self.drawing;
        Plan {
            title: &drawing.model.config.name,
            job: serde_json::json!({
                "model": job.model, "weights": weights,
                "input": job.input, "input_mark": file_marks(&job.input), "times": times_mark(&instants),
                "damage": format!("{:?}", job.damage), "projection": format!("{:?}", job.projection),
                "sampling": drawing.how, "seed": drawing.seed, "tiles": drawing.tiles,
            })
            .to_string(),
            calendar: series.calendar(),
            instants,
            samples: self.samples,
            grid: self.input.grid(),
            variables: series.variables(),
        }
    }

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
        let mut largest: Option<f64> = None;
        let mut odd = Odd::default();
        for times in due.chunks(self.piece) {
            let questions = times
                .iter()
                .map(|time| self.input.question(self.positions[*time]))
                .collect::<Result<Vec<_>>>()?;
            for question in &questions {
                odd.note(question);
            }
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
        odd.say(self.input.series().calendar(), talk);
        Ok(largest)
    }

    /// Samples in the units of the file, and how far their means over blocks are from the coarse field.
    fn finished(&self, question: &Question, samples: &Array4<f32>) -> (Array4<f32>, Option<f64>) {
        let mut finished = samples.clone();
        let mut largest: Option<f64> = None;
        for (mut place, sample) in finished.outer_iter_mut().zip(samples.outer_iter()) {
            let written = self.input.physical(question, sample.to_owned());
            if let Some(residual) = self.input.residual(question, &written) {
                largest = Some(largest.map_or(residual, |largest| largest.max(residual)));
            }
            place.assign(&written);
        }
        (finished, largest)
    }
}

/// Times at which there is nothing to go by, or nothing to do.
#[derive(Default)]
struct Odd {
    blind: Vec<Instant>,
    whole: usize,
}

impl Odd {
    fn note(&mut self, question: &Question) {
        let Some(known) = &question.given.known else {
            return;
        };
        if known.iter().all(|known| *known) {
            self.whole += 1;
        } else if !known.iter().any(|known| *known) {
            self.blind.push(question.instant);
        }
    }

    fn say(&self, calendar: Calendar, talk: Talk) {
        if let Some(first) = self.blind.first() {
            talk.say(&format!(
                "warning: {} time(s), the first {}, hold no known value: what is written there are samples of the model alone",
                self.blind.len(),
                calendar.date(*first)
            ));
        }
        if self.whole > 0 {
            talk.say(&format!(
                "{} time(s) have no gap: they are written as they were",
                self.whole
            ));
        }
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
