//! What a network is conditioned on, and on which path: the learnt law but for the network's weights.

use crate::config::RunConfig;
use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_dataset::{Features, Series, Statistics};
use foehn_forecast::{Generative, Increments, Predictor, Sampling, Standardised, Transition};
use foehn_interpolant::{Colour, Follmer};
use foehn_network::{Architecture, UNet};
use std::sync::Arc;

/// All of a run's law that is not weights, on one device.
pub struct Law {
    /// The path.
    pub path: Follmer,
    /// What it leads to.
    pub transition: Transition,
    /// Statistics of states.
    pub statistics: Arc<Statistics>,
    /// Channels beside the states.
    pub features: Features,
    /// Colour of the noise.
    pub colour: Colour,
    /// Scale of increments: [1, C, ny, nx].
    pub increment_scale: Tensor<4>,
    /// 1 where a cell can hold data: [1, C, ny, nx]; `None` where all can.
    pub valid: Option<Tensor<4>>,
    /// Past states in the condition.
    pub history: usize,
    /// Time between two states, s.
    pub step_seconds: i64,
    /// Where the tensors are.
    pub device: Device,
}

impl Law {
    /// The law of a run on `device`.
    ///
    /// # Errors
    /// If the statistics belong to other data or the path is impossible.
    pub fn new(
        config: &RunConfig,
        series: &Series,
        statistics: Arc<Statistics>,
        increments: &Increments,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            path: config.interpolant.path().context("interpolant")?,
            transition: config.interpolant.transition,
            valid: valid(&statistics, device),
            features: Features::new(series, &statistics)?,
            colour: increments.colour_on(device),
            increment_scale: increments.scale_on(device),
            statistics,
            history: series.history(),
            step_seconds: series.step_seconds(),
            device: device.clone(),
        })
    }

    /// The network that such a law needs.
    pub fn architecture(&self, config: &RunConfig) -> Architecture {
        let channels = self.increment_scale.dims()[1];
        let inputs =
            Generative::<UNet>::input_channels(channels, self.history, self.features.channels());
        Architecture::UNet {
            config: config.network.clone(),
            inputs,
            outputs: channels,
        }
    }

    /// The law with `network` as its drift, in standardised units.
    pub fn generative<'a, N>(&'a self, network: &'a N, sampling: Sampling) -> Generative<'a, N> {
        Generative {
            network,
            path: self.path,
            transition: self.transition,
            colour: &self.colour,
            increment_scale: &self.increment_scale,
            valid: self.valid.as_ref(),
            features: &self.features,
            sampling,
        }
    }

    /// From physical state to physical state: the stack of wrappers around `network`.
    pub fn predictor<'a>(
        &'a self,
        network: &'a UNet,
        sampling: Sampling,
    ) -> Box<dyn Predictor + 'a> {
        Box::new(Standardised {
            inner: self.generative(network, sampling),
            statistics: &self.statistics,
            step_seconds: self.step_seconds,
        })
    }
}

/// The mask of the statistics, repeated over the variables.
fn valid(statistics: &Statistics, device: &Device) -> Option<Tensor<4>> {
    let (variables, ny, nx) = statistics.shape();
    let plane = statistics.valid()?;
    let values: Vec<f32> = plane.iter().map(|v| f32::from(u8::from(*v))).collect();
    let mask = Tensor::<4>::from_data(TensorData::new(values, [1, 1, ny, nx]), device);
    Some(mask.repeat_dim(1, variables))
}
