//! A trained model: its law and its networks, read from the model's folder.

use crate::config::RunConfig;
use crate::law::Law;
use crate::model_folder::ModelFolder;
use crate::progress::Talk;
use crate::tune::{self, Tuning};
use crate::validation::Validation;
use anyhow::{Context, Result};
use burn::tensor::Device;
use foehn_compute::Workers;
use foehn_dataset::{Series, Statistics};
use foehn_forecast::{Increments, Predictor, Sampling};
use foehn_network::UNet;
use foehn_training::Checkpoint;
use ndarray::Array2;
use std::sync::Arc;

/// A model that is ready to forecast.
pub struct Model {
    law: Law,
    networks: Vec<UNet>,
}

impl Model {
    /// Reads the model of a run for forecasts that start in `series`; `config` is the model's own, as
    /// [`crate::model_folder::as_trained`] gives it.
    ///
    /// # Errors
    /// If a file is missing, or the model belongs to other data or another architecture.
    pub fn load(config: &RunConfig, series: &Series, device: &Device) -> Result<Self> {
        let folder = ModelFolder::of(config);
        let missing = || folder.missing();
        let statistics = Arc::new(Statistics::load(&folder.statistics()).with_context(missing)?);
        let increments = Increments::load(&folder.increments()).with_context(missing)?;
        let law = Law::new(config, series, statistics, &increments, device)?;
        let architecture = law.architecture(config);
        let networks = (0..config.train.networks).map(|number| {
            let file = Checkpoint::open(&folder.weights(number)).with_context(missing)?;
            Ok(file.load(architecture.unet(device)?, &architecture.describe())?)
        });
        Ok(Self {
            networks: networks.collect::<Result<_>>()?,
            law,
        })
    }

    /// Cells of which the model learnt something; `None` for all.
    pub fn valid(&self) -> Option<Array2<bool>> {
        self.law.statistics.valid()
    }

    /// Its trials on the validation part.
    ///
    /// # Errors
    /// If that part is too short.
    pub fn validation<'a>(
        &'a self,
        config: &'a RunConfig,
        series: &'a Series,
    ) -> Result<Validation<'a>> {
        Validation::new(config, &self.law, &self.networks, series)
    }

    /// The factor on its noise that makes spread equal to error; `None` where none are to be tried.
    ///
    /// # Errors
    /// As [`tune::tune`].
    pub fn tuned(
        &self,
        config: &RunConfig,
        series: &Series,
        workers: &Workers,
        talk: Talk,
    ) -> Result<Option<Tuning>> {
        tune::tune(config, &self.law, &self.networks, series, workers, talk)
    }

    /// One predictor of physical states a network.
    pub fn predictors(&self, sampling: Sampling) -> Vec<Box<dyn Predictor + '_>> {
        self.networks
            .iter()
            .map(|network| self.law.predictor(network, sampling))
            .collect()
    }
}
