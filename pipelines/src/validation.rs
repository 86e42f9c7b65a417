//! Ensembles of a trained law on the validation part, scored in memory.

use crate::config::{RunConfig, TuneConfig};
use crate::ensemble::Runner;
use crate::law::Law;
use crate::progress::{Progress, check_interrupt};
use anyhow::{Result, bail};
use foehn_compute::Workers;
use foehn_dataset::{Series, Split, Window};
use foehn_forecast::Sampling;
use foehn_network::UNet;
use foehn_verification::{Case, Choices, Scores};
use ndarray::{Array4, Axis, Zip, s};

/// A law with its networks, and the initial states on which ways to sample it are tried.
pub struct Validation<'a> {
    config: &'a RunConfig,
    law: &'a Law,
    networks: &'a [UNet],
    series: &'a Series,
    windows: Vec<Window>,
}

/// The initial states of `[tune]`.
///
/// # Errors
/// If the validation part is too short.
pub fn initial_states(tune: &TuneConfig, series: &Series) -> Result<Vec<Window>> {
    let windows = series.initial_states(Split::Validation, tune.leads, tune.every);
    if windows.is_empty() {
        bail!(
            "tune: the validation part has no initial state with tune.leads = {} leads after it: \
             choose longer dates or fewer leads",
            tune.leads
        );
    }
    Ok(windows)
}

impl<'a> Validation<'a> {
    /// As `[tune]` of the configuration says.
    ///
    /// # Errors
    /// If the validation part is too short.
    pub fn new(
        config: &'a RunConfig,
        law: &'a Law,
        networks: &'a [UNet],
        series: &'a Series,
    ) -> Result<Self> {
        Ok(Self {
            config,
            law,
            networks,
            series,
            windows: initial_states(&config.tune, series)?,
        })
    }

    /// The number of initial states.
    pub fn cases(&self) -> usize {
        self.windows.len()
    }

    /// The pieces of one trial, for progress.
    pub fn pieces(&self) -> usize {
        self.windows.len().div_ceil(self.inits_together())
    }

    /// Initial states whose whole ensembles run together.
    fn inits_together(&self) -> usize {
        (self.config.forecast.batch / self.config.tune.members).max(1)
    }

    /// Scores of the first variable, a lead each.
    ///
    /// # Errors
    /// If a forecast fails or is not finite; or after Ctrl-C.
    pub fn scores(
        &self,
        sampling: Sampling,
        workers: &Workers,
        progress: &Progress,
    ) -> Result<Vec<Scores>> {
        let parts = workers.map(self.pieces(), |piece| {
            check_interrupt()?;
            let scores = self.piece(piece, sampling)?;
            progress.advance(1);
            Ok::<_, anyhow::Error>(scores)
        })?;
        let mut merged: Vec<Scores> = Vec::new();
        for part in parts {
            if merged.is_empty() {
                merged = part;
                continue;
            }
            for (total, part) in merged.iter_mut().zip(part) {
                total.merge(part)?;
            }
        }
        Ok(merged)
    }

    fn piece(&self, piece: usize, sampling: Sampling) -> Result<Vec<Scores>> {
        let start = piece * self.inits_together();
        let windows = &self.windows[start..(start + self.inits_together()).min(self.windows.len())];
        let leads = self.members(windows, sampling)?;
        (1u32..)
            .zip(leads)
            .map(|(lead, members)| self.score(windows, lead, &members))
            .collect()
    }

    /// The members of some ensembles, a lead each: (initial states, members, ny, nx).
    fn members(&self, windows: &[Window], sampling: Sampling) -> Result<Vec<Array4<f32>>> {
        let tune = &self.config.tune;
        let batch = self.config.forecast.batch;
        let plan = Runner::plan(windows, self.config, tune.members, batch);
        let runner = Runner {
            series: self.series,
            windows,
            plan: &plan,
            leads: tune.leads as u32,
            device: &self.law.device,
            valid: self.law.statistics.valid(),
        };
        let predictors: Vec<_> = self
            .networks
            .iter()
            .map(|n| self.law.predictor(n, sampling))
            .collect();
        let (_, ny, nx) = self.series.shape();
        let mut leads = vec![Array4::zeros((windows.len(), tune.members, ny, nx)); tune.leads];
        for block in plan.blocks() {
            runner.run(&predictors, &block, |lead, values| {
                for (&(init, member), field) in block.pairs.iter().zip(values.outer_iter()) {
                    let place = s![init, member as usize, .., ..];
                    leads[lead as usize - 1]
                        .slice_mut(place)
                        .assign(&field.index_axis(Axis(0), 0));
                }
                Ok(())
            })?;
        }
        Ok(leads)
    }

    fn score(&self, windows: &[Window], lead: u32, members: &Array4<f32>) -> Result<Scores> {
        let (_, ny, nx) = self.series.shape();
        let choices = Choices {
            seed: self.config.seed,
            lead,
            ..Choices::new(self.config.tune.members)
        };
        let mut scores = Scores::new((ny, nx), choices)?;
        for (window, members) in windows.iter().zip(members.outer_iter()) {
            let truth = self
                .series
                .frame(window.index + lead as usize * self.series.stride())?;
            let truth = truth.values.index_axis(Axis(0), 0);
            let initial = members.index_axis(Axis(0), 0);
            // members are missing where their initial state was
            let missing = Zip::from(&truth)
                .and(&initial)
                .map_collect(|t: &f32, m: &f32| t.is_nan() || m.is_nan());
            scores.add_case(&Case {
                init: window.instant.seconds(),
                members,
                truth,
                weights: self.series.weights().view(),
                missing: Some(missing.view()),
            })?;
        }
        Ok(scores)
    }
}
