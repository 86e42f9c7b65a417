//! How several networks are trained together, whatever they learn.

use anyhow::{Result, bail};
use foehn_calibration::{Table, Term};
use foehn_network::MlpConfig;
use foehn_training::TrainConfig;

/// The settings that all methods with networks have.
pub(crate) struct Networks<'a> {
    pub(crate) count: usize,
    pub(crate) blocks: usize,
    pub(crate) steps: usize,
    pub(crate) batch_size: usize,
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
    pub(crate) width: usize,
    pub(crate) depth: usize,
    pub(crate) terms: &'a [Term],
}

impl Networks<'_> {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (networks, blocks) = (self.count, self.blocks);
        if blocks < 2 || networks < blocks {
            return Err(format!(
                "networks = {networks}, blocks = {blocks}: each network is judged on a block of dates kept from it; give \
                 at least 2 blocks and a network for each"
            ));
        }
        if self.terms.contains(&Term::Members) {
            return Err("terms: members one by one are for emos; give mean and spread".to_owned());
        }
        if self.width == 0 || self.depth == 0 {
            return Err("width and depth are at least 1".to_owned());
        }
        // The words of training name keys of its own section, which here lie in the method's line.
        let words = |text: String| text.replace("train.", "");
        self.train().check().map_err(words)
    }

    /// The settings of the optimiser.
    pub(crate) fn train(&self) -> TrainConfig {
        TrainConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            micro_batch: self.batch_size,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            warmup: (self.steps / 20).min(50),
            ema_decay: 0.99,
            ..TrainConfig::default()
        }
    }

    /// The shape of a network.
    pub(crate) fn mlp(&self, time_features: usize) -> MlpConfig {
        MlpConfig {
            width: self.width,
            depth: self.depth,
            time_features,
            input_features: 0,
        }
    }

    /// The terms, and the lead.
    pub(crate) fn with_lead(&self) -> Vec<Term> {
        self.terms.iter().cloned().chain([Term::Lead]).collect()
    }

    /// That there are dates for all blocks.
    ///
    /// # Errors
    /// How many there are of how many.
    pub(crate) fn check_dates(&self, training: &Table) -> Result<()> {
        let (dates, needed) = (training.distinct_dates().len(), 2 * self.blocks);
        if dates < needed {
            bail!(
                "{dates} dates for {} blocks of them, each of which is kept from some networks: at least {needed} dates",
                self.blocks
            );
        }
        Ok(())
    }
}
