//! Blocks of forecasts from the states of a series.

use crate::config::RunConfig;
use crate::model::history;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_dataset::{Series, Window};
use foehn_forecast::{
    Block, EnsemblePlan, ForecastError, Predictor, State, from_host, rollout, to_host,
};
use ndarray::{Array4, Axis};
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
                self.refuse_infinite(block, lead, &values)?;
                visit(lead, values)?;
                Ok::<_, anyhow::Error>(ControlFlow::Continue(()))
            },
        )
    }

    fn start(&self, block: &Block) -> Result<State> {
        let mut past = BTreeMap::new();
        for &(init, _) in &block.pairs {
            if let Entry::Vacant(place) = past.entry(init) {
                place.insert(history(self.series, self.windows[init].index)?);
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

    /// Infinities, and NaN where the present state had data, end the run.
    fn refuse_infinite(&self, block: &Block, lead: u32, values: &Array4<f32>) -> Result<()> {
        for (field, &(init, member)) in values.outer_iter().zip(&block.pairs) {
            let all = field.iter().all(|x| x.is_finite());
            if all {
                continue;
            }
            let window = self.windows[init];
            let frame = self.series.frame(window.index)?;
            let broken = field
                .iter()
                .zip(&frame.values)
                .any(|(x, x0)| !x.is_finite() && !x0.is_nan());
            if broken {
                let init = window.instant.seconds();
                return Err(ForecastError::NotFinite { lead, member, init }.into());
            }
        }
        Ok(())
    }
}
