//! A run's network and law on random states.

use super::{CallRate, ForecastRate, LARGEST_BATCH, LONGEST_CALL, TrainingRate, median};
use crate::config::RunConfig;
use crate::shape::Shape;
use anyhow::{Context, Result};
use burn::tensor::{Device, Distribution, Tensor};
use foehn_compute::Workers;
use foehn_dataset::Features;
use foehn_field::Instant;
use foehn_forecast::{
    Condition, Draws, FieldNetwork, ForecastError, Generative, NoiseColour, Predictor, State,
    to_host,
};
use foehn_interpolant::{Colour, Follmer};
use foehn_network::{Architecture, UNet, seeded};
use foehn_noise::{Key, Purpose};
use foehn_training::{LayoutError, TrainError, Trainer};
use ndarray::Array3;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is measured: all that a training or forecast needs but data.
pub struct Subject<'a> {
    config: &'a RunConfig,
    shape: Shape,
    device: Device,
    network: UNet,
    path: Follmer,
    colour: Colour,
    increment_scale: Tensor<4>,
    features: Features,
    /// The network's layers.
    pub architecture: Architecture,
    /// Multiply-adds of a sample's forward pass.
    pub operations: usize,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Forecast(#[from] ForecastError),
}

/// A network that counts its calls.
struct Counted<'a> {
    network: &'a UNet,
    calls: AtomicUsize,
}

impl FieldNetwork for Counted<'_> {
    fn forward(&self, input: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.network.forward(input, t)
    }
}

/// The median time of calls of `network` on random samples of `shape`, every worker at one of its own, s.
pub fn seconds_of_call(
    network: &UNet,
    shape: [usize; 4],
    device: &Device,
    workers: &Workers,
) -> Result<f64> {
    let x = random(shape, device);
    let t = Tensor::<1>::full([shape[0]], 0.5, device);
    let seconds = median(|| {
        let call = |_| to_host(network.forward(x.clone(), t.clone()));
        workers.map(workers.count(), call).map(drop)
    })?;
    Ok(seconds)
}

fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

impl<'a> Subject<'a> {
    pub fn new(config: &'a RunConfig, shape: Shape, device: &Device) -> Result<Self> {
        let architecture = shape.architecture(config);
        let weights = Key::new(config.seed, Purpose::Weights).seed_from();
        let values = shape.channels * shape.ny * shape.nx;
        let colour = match config.interpolant.noise {
            NoiseColour::White => Colour::white(),
            NoiseColour::Increments => Colour::from_root(Tensor::eye(values, device)),
        };
        Ok(Self {
            network: seeded(weights, device, || architecture.unet(device))?,
            operations: architecture.operations(shape.ny, shape.nx),
            path: config.interpolant.path().context("interpolant")?,
            increment_scale: Tensor::ones([1, shape.channels, shape.ny, shape.nx], device),
            features: Features::fixed(Array3::zeros((shape.features, shape.ny, shape.nx))),
            device: device.clone(),
            config,
            shape,
            architecture,
            colour,
        })
    }

    /// Calls of 1, 2, 4, ... samples, every worker at one of its own.
    pub fn calls(&self, workers: &Workers, peak: f64) -> Result<Vec<CallRate>> {
        let inputs = self.architecture.inputs();
        let mut rates = Vec::new();
        let mut batch = 1;
        while batch <= LARGEST_BATCH {
            let shape = [batch, inputs, self.shape.ny, self.shape.nx];
            let seconds = seconds_of_call(&self.network, shape, &self.device, workers)?;
            let calls_per_second = workers.count() as f64 / seconds;
            let samples_per_second = calls_per_second * batch as f64;
            let gflops = self.gflops(samples_per_second);
            rates.push(CallRate {
                batch,
                calls_per_second,
                samples_per_second,
                gflops,
                share_of_peak: gflops / peak,
            });
            if seconds > LONGEST_CALL {
                break;
            }
            batch *= 2;
        }
        Ok(rates)
    }

    /// One lead of `forecast.batch` members a worker, by the run's sampler.
    pub fn forecast(&self, workers: &Workers, peak: f64) -> Result<ForecastRate> {
        let batch = self.config.forecast.batch.max(1);
        let counted = Counted {
            network: &self.network,
            calls: AtomicUsize::new(0),
        };
        let generative = self.generative(&counted);
        let key = Key::new(self.config.seed, Purpose::Sample).lead(1);
        let states = |_| self.random(batch, self.shape.channels);
        let state = State {
            history: (0..self.shape.history).map(states).collect(),
            instants: vec![Instant(0); batch],
            keys: (0..batch).map(|m| key.member(m as u32)).collect(),
        };
        to_host(generative.next(&state)?)?;
        let calls_a_lead = counted.calls.load(Ordering::Relaxed);
        let seconds = median(|| {
            let lead = |_| to_host(generative.next(&state)?);
            workers.map(workers.count(), lead).map(drop)
        })?;
        let leads_per_second = (workers.count() * batch) as f64 / seconds;
        let gflops = self.gflops(leads_per_second * calls_a_lead as f64);
        Ok(ForecastRate {
            batch,
            calls_a_lead,
            members_leads_per_minute: 60.0 * leads_per_second,
            gflops,
            share_of_peak: gflops / peak,
        })
    }

    /// Whole steps: loss, gradient, optimiser, moving average.
    pub fn training(&self, workers: &Workers, peak: f64) -> Result<TrainingRate> {
        let train = &self.config.train;
        let size = train.micro_batch;
        let states = |_| self.random(size, self.shape.channels);
        let condition = Condition {
            history: (0..self.shape.history).map(states).collect(),
            features: self.random(size, self.shape.features),
        };
        let next = self.random(size, self.shape.channels);
        let t: Vec<f64> = (0..size).map(|b| (b as f64 + 0.5) / size as f64).collect();
        let key = Key::new(self.config.seed, Purpose::Train);
        let mut trainer = Trainer::new(train.clone(), self.network.clone());
        let seconds = median(|| {
            let step = key.init(trainer.step_count() as i64);
            let report = trainer.step::<StepError, _>(workers, |network, piece| {
                let name = |b: usize| step.member((piece * size + b) as u32);
                let keys: Vec<Key> = (0..size).map(name).collect();
                let draws = Draws { t: &t, keys: &keys };
                let noise = self.config.interpolant.condition_noise;
                let model = self.generative(network);
                Ok(model.loss(&condition, &next, next.ones_like(), draws, noise)?)
            });
            report.map(drop)
        })?;
        let samples_per_second = train.batch_size as f64 / seconds;
        // the pass backward takes two products for each of the pass forward
        let gflops = 3.0 * self.gflops(samples_per_second);
        Ok(TrainingRate {
            batch_size: train.batch_size,
            micro_batch: size,
            samples_per_second,
            gflops,
            share_of_peak: gflops / peak,
        })
    }

    fn generative<'b, N>(&'b self, network: &'b N) -> Generative<'b, N> {
        Generative {
            network,
            path: self.path,
            transition: self.config.interpolant.transition,
            colour: &self.colour,
            increment_scale: &self.increment_scale,
            valid: None,
            features: &self.features,
            sampling: self.config.sampling,
        }
    }

    fn random(&self, batch: usize, channels: usize) -> Tensor<4> {
        let shape = [batch, channels, self.shape.ny, self.shape.nx];
        random(shape, &self.device)
    }

    /// 10^9 operations a second, a multiply-add being two, of so many passes forward a second.
    fn gflops(&self, samples_per_second: f64) -> f64 {
        2e-9 * self.operations as f64 * samples_per_second
    }
}
