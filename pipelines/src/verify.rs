//! `foehn verify`: forecasts and truth in, scores out.

use crate::config::RunConfig;
use crate::forecast::{forecast_path, initial_states};
use crate::model::ModelFolder;
use crate::progress::{Progress, Talk, check_interrupt};
use crate::scores::{LeadScores, References, ScoreFile, SpectraScores, VariableScores};
use anyhow::{Context, Result, bail};
use foehn_archive::{Archive, open};
use foehn_compute::Workers;
use foehn_dataset::{Series, Split, Window};
use foehn_field::Grid;
use foehn_noise::{Key, Purpose};
use foehn_verification::{
    Case, Choices, Domain, Estimator, Mean, Quantity, Scores, Spectrometer, climatology_members,
    persistence,
};
use ndarray::{Array2, Array3, ArrayView2, Axis, Ix3, stack};
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
    let past = training_series(config)?;
    let job = Job::new(config, &forecast, &truth, &past, &windows)?;
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

/// The data that the model was trained on, for the climatological ensemble.
fn training_series(config: &RunConfig) -> Result<Series> {
    let path = ModelFolder::of(config).config();
    let data = if path.exists() {
        RunConfig::load(&path, &[])?.data
    } else {
        config.data.clone()
    };
    Ok(Series::open_splits(&data, Path::new(""), &[Split::Train])?)
}

struct Job<'a> {
    config: &'a RunConfig,
    forecast: &'a Archive,
    truth: &'a Series,
    past: &'a Series,
    windows: &'a [Window],
    past_days: Vec<f64>,
    spectrometer: Option<Spectrometer>,
    members: usize,
    climatology_members: usize,
    leads: usize,
}

/// Scores of one lead that are still being added up.
struct Partial {
    forecast: Scores,
    persistence: Scores,
    climatology: Scores,
    spectra: Option<(Mean, Mean)>,
}

impl<'a> Job<'a> {
    fn new(
        config: &'a RunConfig,
        forecast: &'a Archive,
        truth: &'a Series,
        past: &'a Series,
        windows: &'a [Window],
    ) -> Result<Self> {
        let name = &truth.variables()[0].name;
        let shape = &forecast.variable(name)?.shape;
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
        let times = forecast.times("time")?;
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
            past,
            windows,
            past_days: past.days_of_year(Split::Train),
            spectrometer: spectrometer(truth),
            members,
            climatology_members: config.verify.climatology_members.unwrap_or(members),
            leads,
        })
    }

    fn references(&self) -> References {
        let window = match self.config.verify.window_days {
            Some(days) => {
                format!("training states within {days} days of the valid day of the year")
            }
            None => "training states of any date".to_owned(),
        };
        References {
            persistence: "the initial state at every lead; CRPS is the mean absolute error".into(),
            climatology: format!("{window}, spread evenly over the training years"),
            climatology_members: self.climatology_members,
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
            climatology: scores(self.climatology_members, fair(self.climatology_members))?,
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
        let past = self.climatology(channel, window, lead)?;
        // a cell counts for all forecasts or for none
        let missing: Array2<bool> = ndarray::Zip::from(&truth)
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
        self.add_spectra(&members, &truth, partial)
    }

    fn add_spectra(
        &self,
        members: &Array3<f32>,
        truth: &ArrayView2<f32>,
        partial: &mut Partial,
    ) -> Result<()> {
        let Some(plan) = &self.spectrometer else {
            return Ok(());
        };
        let (model, real) = (plan.mean(members)?, plan.mean(&truth.insert_axis(Axis(0)))?);
        match &mut partial.spectra {
            Some((a, b)) => {
                a.merge(&model)?;
                b.merge(&real)?;
            }
            none => *none = Some((model, real)),
        }
        Ok(())
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

    fn climatology(&self, channel: usize, window: Window, lead: usize) -> Result<Array3<f32>> {
        let seconds = (lead as i64 + 1) * self.truth.step_seconds();
        let valid = window.instant.plus(seconds);
        let day = self.truth.calendar().day_of_year(valid);
        let season = self.config.verify.window_days;
        let season = season.map_or_else(
            foehn_verification::Window::whole,
            foehn_verification::Window::days,
        );
        let key = Key::new(self.config.seed, Purpose::Choose).init(valid.seconds());
        let chosen =
            climatology_members(day, &self.past_days, season, self.climatology_members, key)?;
        let first = self.past.range(Split::Train).start;
        let frames = chosen
            .iter()
            .map(|i| self.past.frame(first + i))
            .collect::<Result<Vec<_>, _>>()?;
        let planes: Vec<_> = frames
            .iter()
            .map(|f| f.values.index_axis(Axis(0), channel))
            .collect();
        Ok(stack(Axis(0), &planes)?)
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
        let spectra = match (&self.spectrometer, &partial.spectra) {
            (Some(plan), Some((model, real))) => {
                let (forecast, truth) = (plan.spectrum(model)?, plan.spectrum(real)?);
                let log_distance = forecast.log_distance(&truth)?;
                Some(SpectraScores {
                    forecast,
                    truth,
                    log_distance,
                })
            }
            _ => None,
        };
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
        match (&mut self.spectra, other.spectra) {
            (Some((a, b)), Some((c, d))) => {
                a.merge(&c)?;
                b.merge(&d)?;
            }
            (none @ None, some) => *none = some,
            (Some(_), None) => {}
        }
        Ok(())
    }
}

/// The modes of the grid: Fourier where it is periodic, cosines in a limited area.
fn spectrometer(series: &Series) -> Option<Spectrometer> {
    let shape = series.grid().shape();
    let spacing = |axis: &[f64]| {
        axis.windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .next()
            .unwrap_or(1.0)
    };
    let (domain, quantity) = match series.grid() {
        Grid::Cartesian {
            period: Some((y, x)),
            ..
        } if (y - x).abs() < 1e-9 * y.abs() => {
            let vorticity = series
                .variables()
                .iter()
                .all(|c| c.name.contains("vorticity"));
            let quantity = if vorticity {
                Quantity::KineticEnergy
            } else {
                Quantity::HalfSquare
            };
            (Domain::Periodic { period: *y }, quantity)
        }
        Grid::Cartesian { y, x, .. } => (
            Domain::Limited {
                spacing: (spacing(y), spacing(x)),
            },
            Quantity::HalfSquare,
        ),
        Grid::Rectilinear {
            latitude,
            longitude,
        } => {
            // degrees of latitude; longitudes shrunk by the cosine of the middle latitude
            let middle = latitude.iter().sum::<f64>() / latitude.len().max(1) as f64;
            let dx = spacing(longitude) * middle.to_radians().cos();
            (
                Domain::Limited {
                    spacing: (spacing(latitude), dx),
                },
                Quantity::HalfSquare,
            )
        }
        Grid::Curvilinear { .. } => (
            Domain::Limited {
                spacing: (1.0, 1.0),
            },
            Quantity::HalfSquare,
        ),
    };
    Spectrometer::new(shape, domain, quantity).ok()
}
