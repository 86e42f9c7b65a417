//! A trained model: one folder with all that a forecast needs.

use crate::config::RunConfig;
use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_dataset::{Features, Loader, Series, Statistics};
use foehn_field::Instant;
use foehn_forecast::{
    Generative, Increments, Predictor, Residual, Sampling, Standardised, Transition,
};
use foehn_interpolant::{Colour, Follmer};
use foehn_network::{Architecture, UNet};
use foehn_training::Checkpoint;
use ndarray::Axis;
use std::path::PathBuf;
use std::sync::Arc;

/// The files of a model folder.
#[derive(Clone, Debug)]
pub struct ModelFolder(pub PathBuf);

impl ModelFolder {
    /// The folder of a run's model.
    pub fn of(config: &RunConfig) -> Self {
        Self(config.folder().join("model"))
    }

    /// Averaged weights of one network, safetensors.
    pub fn weights(&self, network: usize) -> PathBuf {
        self.0.join(format!("weights-{network}.safetensors"))
    }

    /// Checkpoints of one network.
    pub fn checkpoints(&self, network: usize) -> PathBuf {
        self.0
            .join("checkpoints")
            .join(format!("network-{network}"))
    }

    /// Losses of one network, step by step.
    pub fn losses(&self, network: usize) -> PathBuf {
        self.0.join(format!("loss-{network}.csv"))
    }

    /// What standardises states.
    pub fn statistics(&self) -> PathBuf {
        self.0.join("statistics.json")
    }

    /// Scale of increments and covariance of the noise.
    pub fn increments(&self) -> PathBuf {
        self.0.join("increments.safetensors")
    }

    /// The configuration that it was trained with.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// What was chosen on the validation part.
    pub fn tuning(&self) -> PathBuf {
        self.0.join("tuning.json")
    }
}

/// What the network is conditioned on, and on which path, on one device.
pub struct Setting {
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

impl Setting {
    /// The setting of a run on `device`.
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
        let features = Features::new(series, &statistics)?;
        Ok(Self {
            path: config.interpolant.path().context("interpolant")?,
            transition: config.interpolant.transition,
            valid: valid(series, &features, device),
            features,
            colour: increments.colour_on(device),
            increment_scale: increments.scale_on(device),
            statistics,
            history: series.history(),
            step_seconds: series.step_seconds(),
            device: device.clone(),
        })
    }

    /// The network that such a setting needs.
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

    /// The learnt law with `network` as its drift.
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
        let inner = self.generative(network, sampling);
        let (statistics, step_seconds) = (&*self.statistics, self.step_seconds);
        match self.transition {
            Transition::State => Box::new(Standardised {
                inner,
                statistics,
                step_seconds,
            }),
            Transition::Increment => {
                let inner = Residual {
                    inner,
                    scale: self.increment_scale.clone(),
                };
                Box::new(Standardised {
                    inner,
                    statistics,
                    step_seconds,
                })
            }
        }
    }
}

/// A model that is ready to forecast.
pub struct Model {
    setting: Setting,
    networks: Vec<UNet>,
}

impl Model {
    /// Reads the model of a run for forecasts that start in `series`.
    ///
    /// # Errors
    /// If a file is missing, or the model belongs to other data or another architecture.
    pub fn load(config: &RunConfig, series: &Series, device: &Device) -> Result<Self> {
        let folder = ModelFolder::of(config);
        let missing = || {
            format!(
                "no trained model in {}: run `foehn train` first",
                folder.0.display()
            )
        };
        let statistics = Arc::new(Statistics::load(&folder.statistics()).with_context(missing)?);
        let increments = Increments::load(&folder.increments()).with_context(missing)?;
        let setting = Setting::new(config, series, statistics, &increments, device)?;
        let architecture = setting.architecture(config);
        let networks = (0..config.train.networks).map(|number| {
            let file = Checkpoint::open(&folder.weights(number)).with_context(missing)?;
            Ok(file.load(architecture.unet(device)?, &architecture.describe())?)
        });
        Ok(Self {
            networks: networks.collect::<Result<_>>()?,
            setting,
        })
    }

    /// One predictor of physical states a network.
    pub fn predictors(&self, sampling: Sampling) -> Vec<Box<dyn Predictor + '_>> {
        self.networks
            .iter()
            .map(|network| self.setting.predictor(network, sampling))
            .collect()
    }
}

/// Past states of `index` in physical units, the present last: `history` arrays of [C, ny, nx].
///
/// # Errors
/// If a state cannot be read.
pub fn history(series: &Series, index: usize) -> Result<Vec<ndarray::Array3<f32>>> {
    let back = series.history() as i64 - 1;
    (-back..=0)
        .map(|m| {
            let at = index as i64 + m * series.stride() as i64;
            Ok(series.frame(at as usize)?.values.clone())
        })
        .collect()
}

/// Standardised batches of a series.
///
/// # Errors
/// If the statistics belong to other data.
pub fn loader(series: &Arc<Series>, statistics: &Arc<Statistics>) -> Result<Arc<Loader>> {
    Ok(Arc::new(Loader::new(series.clone(), statistics.clone())?))
}

/// The mask of the features, repeated over the variables.
fn valid(series: &Series, features: &Features, device: &Device) -> Option<Tensor<4>> {
    let channel = features.names().iter().position(|name| name == "valid")?;
    let planes = features.at(Instant(0));
    let plane = planes.index_axis(Axis(0), channel);
    let (variables, ny, nx) = series.shape();
    let values: Vec<f32> = plane.iter().copied().collect();
    let mask = Tensor::<4>::from_data(TensorData::new(values, [1, 1, ny, nx]), device);
    Some(mask.repeat_dim(1, variables))
}
