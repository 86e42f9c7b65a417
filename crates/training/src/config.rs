//! The `[train]` section of a run.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Independent networks, trained one after the other from other seeds; the members of an ensemble
    /// are shared out among them, so that it spreads where training data leave the answer open.
    pub networks: usize,
    /// Optimiser steps of each network.
    pub steps: usize,
    /// Samples a step.
    pub batch_size: usize,
    /// Samples a worker takes at once; a divisor of `batch_size`. Results depend on it in the last
    /// bits, and not on the number of threads.
    pub micro_batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Learning rate at the last step, as a share of the peak.
    pub final_rate: f64,
    /// Steps of linear warm-up, which takes half of the steps at most.
    pub warmup: usize,
    /// Decoupled weight decay, on weights of two or more dimensions.
    pub weight_decay: f64,
    /// Decay rates of the first and second moments.
    pub betas: [f64; 2],
    /// Largest global norm of the gradient.
    pub clip_norm: f64,
    /// Decay of the moving average of the weights, reached gradually: `min(decay, (1 + n) / (10 + n))`.
    pub ema_decay: f64,
    /// Steps between validations.
    pub validate_every: usize,
    /// Steps between checkpoints.
    pub checkpoint_every: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            networks: 1,
            steps: 2000,
            batch_size: 32,
            micro_batch: 16,
            learning_rate: 1e-3,
            final_rate: 0.0,
            warmup: 200,
            weight_decay: 0.01,
            betas: [0.9, 0.999],
            clip_norm: 1.0,
            ema_decay: 0.999,
            validate_every: 250,
            checkpoint_every: 250,
        }
    }
}

impl TrainConfig {
    /// What is wrong with the values, if anything: key, value and remedy.
    ///
    /// # Errors
    /// The first value found out of range.
    pub fn check(&self) -> Result<(), String> {
        let positive = |key: &str, value: usize| match value {
            0 => Err(format!("train.{key} = 0: give at least 1")),
            _ => Ok(()),
        };
        positive("networks", self.networks)?;
        positive("steps", self.steps)?;
        positive("batch_size", self.batch_size)?;
        positive("micro_batch", self.micro_batch)?;
        positive("validate_every", self.validate_every)?;
        positive("checkpoint_every", self.checkpoint_every)?;
        if !self.batch_size.is_multiple_of(self.micro_batch) {
            return Err(format!(
                "train.micro_batch = {} does not divide train.batch_size = {}",
                self.micro_batch, self.batch_size
            ));
        }
        let within = |key: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!(
                    "train.{key} = {value} is not within {low} and {high}"
                ))
            }
        };
        within("learning_rate", self.learning_rate, 1e-12, 10.0)?;
        within("final_rate", self.final_rate, 0.0, 1.0)?;
        within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("betas[0]", self.betas[0], 0.0, 0.999_999)?;
        within("betas[1]", self.betas[1], 0.0, 0.999_999)?;
        within("clip_norm", self.clip_norm, 1e-12, 1e12)?;
        within("ema_decay", self.ema_decay, 0.0, 0.999_999)
    }

    /// The learning rate of step `step` (from 0): linear warm-up, then a half cosine to `final_rate`.
    ///
    /// ```
    /// use foehn_training::TrainConfig;
    /// let config = TrainConfig { steps: 1100, warmup: 100, learning_rate: 1.0, ..Default::default() };
    /// assert_eq!(config.rate(49), 0.5);
    /// assert!((config.rate(600) - 0.5).abs() < 1e-12);
    /// assert!(config.rate(1100) < 1e-12);
    /// let short = TrainConfig { steps: 100, warmup: 200, learning_rate: 1.0, ..Default::default() };
    /// assert_eq!((short.rate(49), short.rate(75)), (1.0, 0.5));
    /// ```
    pub fn rate(&self, step: usize) -> f64 {
        let warmup = self.warmup.min(self.steps / 2);
        if step < warmup {
            return self.learning_rate * (step + 1) as f64 / warmup as f64;
        }
        let length = (self.steps - warmup).max(1);
        let progress = ((step - warmup) as f64 / length as f64).min(1.0);
        let cosine = (1.0 + (PI * progress).cos()) / 2.0;
        self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * cosine)
    }

    /// The decay of the moving average at step `step` (from 0).
    pub fn averaging(&self, step: usize) -> f64 {
        let step = step as f64;
        self.ema_decay.min((1.0 + step) / (10.0 + step))
    }
}
