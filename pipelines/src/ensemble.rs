//! Blocks of forecasts from the states of a series.

use crate::config::RunConfig;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_dataset::{Series, Window};
use foehn_forecast::{
    Block, EnsemblePlan, ForecastError, Predictor, State, from_host, rollout, to_host,
};
use ndarray::{Array2, Array3, Array4, Axis};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;

/// Where and from what forecasts run.
pub struct Runner<'a> {
    /// The data.
    pub series: &'a Series,
    /// Initial states, in the order of the plan's initial times.
    pub windows: &'a [Window],
    /// Which forecasts.
    pub plan: &'a EnsemblePlan,
    /// Leads, in steps.
    pub leads: u32,
    /// The device of the predictor.
    pub device: &'a Device,
    /// Cells of which the model learnt something; `None` for all.
    pub valid: Option<Array2<bool>>,
}

impl Runner<'_> {
    /// The plan of `members` forecasts from each of `windows`.
    pub fn plan(
        windows: &[Window],
        config: &RunConfig,
        members: usize,
        batch: usize,
    ) -> EnsemblePlan {
        EnsemblePlan {
            inits: windows.iter().map(|w| w.instant).collect(),
            members: members as u32,
            networks: config.train.networks as u32,
            batch,
            seed: config.seed,
        }
    }

    /// Runs one block and hands each lead's states to `visit`, in physical units: (lead from 1,
    /// [forecasts of the block, C, ny, nx]).
    ///
    /// # Errors
    /// If a state cannot be read or a forecast is not finite.
    pub fn run(
        &self,
        predictors: &[Box<dyn Predictor + '_>],
        block: &Block,
        mut visit: impl FnMut(u32, Array4<f32>) -> Result<()>,
    ) -> Result<()> {
        let predictor = predictors
            .get(block.network)
            .context("a block names a network that is not there")?;
        let state = self.start(block)?;
        rollout(
            predictor,
            state,
            self.series.step_seconds(),
            self.leads,
            |lead, next| {
                let values = to_host(next.clone())?;
                self.refuse_not_finite(block, lead, &values)?;
                visit(lead, values)?;
                Ok::<_, anyhow::Error>(ControlFlow::Continue(()))
            },
        )
    }

    /// Past states of `index` in physical units, the present last: one [C, ny, nx] each.
    fn history(&self, index: usize) -> Result<Vec<Array3<f32>>> {
        let (steps, stride) = (self.series.history(), self.series.stride());
        let oldest = index
            .checked_sub((steps - 1) * stride)
            .context("an initial state without its past")?;
        (0..steps)
            .map(|m| Ok(self.series.frame(oldest + m * stride)?.values.clone()))
            .collect()
    }

    fn start(&self, block: &Block) -> Result<State> {
        let mut past = BTreeMap::new();
        for &(init, _) in &block.pairs {
            if let Entry::Vacant(place) = past.entry(init) {
                place.insert(self.history(self.windows[init].index)?);
            }
        }
        let states = (0..self.series.history()).map(|m| {
            let each: Vec<_> = block
                .pairs
                .iter()
                .map(|(init, _)| past[init][m].view())
                .collect();
            Ok(from_host(&ndarray::stack(Axis(0), &each)?, self.device))
        });
        Ok(State {
            history: states.collect::<Result<_>>()?,
            instants: block
                .pairs
                .iter()
                .map(|(init, _)| self.windows[*init].instant)
                .collect(),
            keys: self.plan.keys(block),
        })
    }

    /// Infinities, and NaN where the present state had data and the model learnt, end the run.
    fn refuse_not_finite(&self, block: &Block, lead: u32, values: &Array4<f32>) -> Result<()> {
        for (field, &(init, member)) in values.outer_iter().zip(&block.pairs) {
            let all = field.iter().all(|x| x.is_finite());
            if all {
                continue;
            }
            let window = self.windows[init];
            let frame = self.series.frame(window.index)?;
            let broken = field.indexed_iter().any(|((c, y, x), value)| {
                let learnt = self.valid.as_ref().is_none_or(|valid| valid[[y, x]]);
                !value.is_finite() && learnt && !frame.values[[c, y, x]].is_nan()
            });
            if broken {
                let init = window.instant.seconds();
                return Err(ForecastError::NotFinite { lead, member, init }.into());
            }
        }
        Ok(())
    }
}
