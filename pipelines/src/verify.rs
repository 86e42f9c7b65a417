//! `foehn verify`: forecasts and truth in, scores out.

use crate::climatology::Climatology;
use crate::config::RunConfig;
use crate::forecast::{forecast_path, initial_states};
use crate::progress::{Progress, Talk, check_interrupt};
use crate::scores::{LeadScores, References, ScoreFile, VariableScores};
use crate::spectra::{Spectra, spectrometer};
use anyhow::{Context, Result, bail};
use foehn_archive::{Archive, open};
use foehn_compute::Workers;
use foehn_dataset::{Series, Window};
use foehn_verification::{Case, Choices, Estimator, Scores, Spectrometer, persistence};
use ndarray::{Array2, Array3, Axis, Ix3};
use std::path::Path;

/// Initial states that a worker scores at once.
const TOGETHER: usize = 4;

/// Scores the run's forecast against the data and reference forecasts, and writes `scores.json`.
///
/// # Errors
/// If the forecast is missing or incomplete, or data cannot be read.
pub fn verify(config: &RunConfig, workers: &Workers, talk: Talk) -> Result<ScoreFile> {
    let path = forecast_path(config);
    let forecast = open(&path).with_context(|| {
        format!(
            "no forecast in {}: run `foehn forecast` first",
            path.display()
        )
    })?;
    let truth = Series::open_splits(&config.data, Path::new(""), &[config.forecast.split])?;
    let windows = initial_states(config, &truth)?;
    let job = Job::new(config, &forecast, &truth, &windows)?;
    let pieces = windows.len().div_ceil(TOGETHER);
    let total = (pieces * truth.variables().len()) as u64;
    let progress = Progress::new(talk, "verify", "blocks", total, 0);
    let mut variables = Vec::new();
    for (channel, variable) in truth.variables().iter().enumerate() {
        let parts = workers.map(pieces, |piece| {
            check_interrupt()?;
            let scored = job.piece(channel, piece)?;
            progress.advance(1);
            Ok::<_, anyhow::Error>(scored)
        })?;
        variables.push(VariableScores {
            variable: variable.name.clone(),
            units: variable.units().to_owned(),
            leads: job.finish(parts)?,
        });
    }
    progress.finish();
    let calendar = truth.calendar();
    let date =
        |w: Option<&Window>| w.map_or(String::new(), |w| calendar.date(w.instant).to_string());
    let scores = ScoreFile {
        name: config.name.clone(),
        period: [date(windows.first()), date(windows.last())],
        cases: windows.len(),
        members: job.members,
        references: job.references(),
        variables,
    };
    scores.write(&config.folder().join("scores.json"))?;
    Ok(scores)
}

struct Job<'a> {
    config: &'a RunConfig,
    forecast: &'a Archive,
    truth: &'a Series,
    windows: &'a [Window],
    past: Climatology,
    spectrometer: Option<Spectrometer>,
    members: usize,
    leads: usize,
}

/// Scores of one lead that are still being added up.
struct Partial {
    forecast: Scores,
    persistence: Scores,
    climatology: Scores,
    spectra: Option<Spectra>,
}

impl<'a> Job<'a> {
    fn new(
        config: &'a RunConfig,
        forecast: &'a Archive,
        truth: &'a Series,
        windows: &'a [Window],
    ) -> Result<Self> {
        let name = &truth.variables()[0].name;
        let variable = forecast.variable(name)?;
        let shape = &variable.shape;
        let &[inits, leads, members, ny, nx] = &shape[..] else {
            bail!(
                "{}: {name} has {} dimensions, not 5",
                forecast.path().display(),
                shape.len()
            );
        };
        if (ny, nx) != truth.grid().shape()
            || inits != windows.len()
            || leads != config.forecast.leads
        {
            bail!(
                "{} holds {inits} initial times, {leads} leads and {ny} x {nx} cells, and the configuration \
                 asks for {}, {} and {:?}: forecast again with --overwrite",
                forecast.path().display(),
                windows.len(),
                config.forecast.leads,
                truth.grid().shape()
            );
        }
        // layouts name it in their own ways
        let times = forecast.times(&variable.dims[0])?;
        if times
            .instants
            .iter()
            .zip(windows)
            .any(|(t, w)| *t != w.instant)
        {
            bail!(
                "{}: initial times are not those of the configuration",
                forecast.path().display()
            );
        }
        Ok(Self {
            config,
            forecast,
            truth,
            windows,
            past: Climatology::open(config, members)?,
            spectrometer: spectrometer(truth),
            members,
            leads,
        })
    }

    fn references(&self) -> References {
        References {
            persistence: "the initial state at every lead; CRPS is the mean absolute error".into(),
            climatology: self.past.describe(),
            climatology_members: self.past.members,
        }
    }

    fn piece(&self, channel: usize, piece: usize) -> Result<Vec<Partial>> {
        let start = piece * TOGETHER;
        let inits = start..(start + TOGETHER).min(self.windows.len());
        (0..self.leads)
            .map(|lead| {
                let mut partial = self.empty(lead)?;
                for init in inits.clone() {
                    self.score(channel, init, lead, &mut partial)?;
                }
                Ok(partial)
            })
            .collect()
    }

    fn empty(&self, lead: usize) -> Result<Partial> {
        let shape = self.truth.grid().shape();
        let scores = |members: usize, estimator| {
            let seed = self.config.seed;
            let lead = lead as u32 + 1;
            Scores::new(
                shape,
                Choices {
                    seed,
                    lead,
                    estimator,
                    ..Choices::new(members)
                },
            )
        };
        let fair = |members| match members {
            1 => Estimator::Empirical,
            _ => Estimator::Fair,
        };
        Ok(Partial {
            forecast: scores(self.members, fair(self.members))?,
            persistence: scores(1, Estimator::Empirical)?,
            climatology: scores(self.past.members, fair(self.past.members))?,
            spectra: None,
        })
    }

    fn score(&self, channel: usize, init: usize, lead: usize, partial: &mut Partial) -> Result<()> {
        let window = self.windows[init];
        let index = window.index + (lead + 1) * self.truth.stride();
        let (now, then) = (self.truth.frame(window.index)?, self.truth.frame(index)?);
        let truth = then.values.index_axis(Axis(0), channel);
        let initial = now.values.index_axis(Axis(0), channel);
        let members = self.members_of(channel, init, lead)?;
        let seconds = (lead as i64 + 1) * self.truth.step_seconds();
        let past = self.past.at(channel, window.instant.plus(seconds))?;
        // a cell counts for all forecasts or for none; where the model learnt nothing it has no forecast
        let mut missing: Array2<bool> = ndarray::Zip::from(&truth)
            .and(&initial)
            .map_collect(|t: &f32, x: &f32| t.is_nan() || x.is_nan());
        let expected = missing.iter().any(|m| !m);
        if expected && members.iter().all(|x| x.is_nan()) {
            bail!(
                "{}: the forecast has no initial time {init}, lead {lead} (both from 0): finish it with \
                 `foehn forecast --resume`",
                self.forecast.path().display()
            );
        }
        for member in members.outer_iter() {
            missing.zip_mut_with(&member, |missing, x| *missing |= x.is_nan());
        }
        let case = |members: ndarray::ArrayView3<'_, f32>, scores: &mut Scores| {
            scores.add_case(&Case {
                init: window.instant.seconds(),
                members: members.reborrow(),
                truth,
                weights: self.truth.weights().view(),
                missing: Some(missing.view()),
            })
        };
        case(members.view(), &mut partial.forecast)?;
        case(persistence(initial), &mut partial.persistence)?;
        case(past.view(), &mut partial.climatology)?;
        if missing.iter().any(|m| *m) {
            return Ok(());
        }
        let Some(plan) = &self.spectrometer else {
            return Ok(());
        };
        let spectra = Spectra::of(plan, &members.view(), &truth)?;
        merge_spectra(&mut partial.spectra, Some(spectra))
    }

    fn members_of(&self, channel: usize, init: usize, lead: usize) -> Result<Array3<f32>> {
        let name = &self.truth.variables()[channel].name;
        let (ny, nx) = self.truth.grid().shape();
        let ranges = [
            init..init + 1,
            lead..lead + 1,
            0..self.members,
            0..ny,
            0..nx,
        ];
        let field = self.forecast.read(name, &ranges)?;
        let members = field
            .values
            .index_axis_move(Axis(0), 0)
            .index_axis_move(Axis(0), 0);
        Ok(members.into_dimensionality::<Ix3>()?)
    }

    fn finish(&self, parts: Vec<Vec<Partial>>) -> Result<Vec<LeadScores>> {
        let mut parts = parts.into_iter();
        let mut total = parts.next().context("nothing to verify")?;
        for part in parts {
            for (total, part) in total.iter_mut().zip(part) {
                total.merge(part)?;
            }
        }
        (1..)
            .zip(total)
            .map(|(lead, partial)| self.lead(lead, &partial))
            .collect()
    }

    fn lead(&self, lead: i64, partial: &Partial) -> Result<LeadScores> {
        let spectra = self.spectrometer.as_ref().zip(partial.spectra.as_ref());
        let spectra = spectra
            .map(|(plan, spectra)| spectra.scores(plan))
            .transpose()?;
        Ok(LeadScores {
            seconds: lead * self.truth.step_seconds(),
            forecast: partial.forecast.finish()?,
            persistence: partial.persistence.finish()?,
            climatology: partial.climatology.finish()?,
            spectra,
        })
    }
}

impl Partial {
    fn merge(&mut self, other: Self) -> Result<()> {
        self.forecast.merge(other.forecast)?;
        self.persistence.merge(other.persistence)?;
        self.climatology.merge(other.climatology)?;
        merge_spectra(&mut self.spectra, other.spectra)
    }
}

fn merge_spectra(total: &mut Option<Spectra>, more: Option<Spectra>) -> Result<()> {
    match (total.as_mut(), more) {
        (Some(total), Some(more)) => total.merge(&more)?,
        (None, more) => *total = more,
        (Some(_), None) => {}
    }
    Ok(())
}
