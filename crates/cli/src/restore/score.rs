//! `foehn restore score`.

use super::load;
use crate::commands::{say, workers};
use crate::run_arguments::Common;
use anyhow::{Result, bail};
use clap::Args;
use foehn_pipelines::{
    FieldPeriod, FieldScoring, Mode, RestoreConfig, RestoreScoring, restore_score,
    restore_score_fields,
};
use std::path::PathBuf;

/// What `foehn restore score` is asked for.
#[derive(Debug, Args)]
pub struct Score {
    #[command(flatten)]
    pub common: Common,
    /// Test pictures of the distances between sets [default: 2000].
    #[arg(long, value_name = "N")]
    pub pictures: Option<usize>,
    /// Steps of the sampler, each a row [default: 5,10,20,50; of fields, those of the configuration].
    #[arg(long, value_delimiter = ',', value_name = "N,N,..")]
    pub steps: Vec<usize>,
    /// Also SDEs with e(t) = K sigma^2 (1 - t).
    #[arg(long, value_delimiter = ',', value_name = "K,K,..")]
    pub noise: Vec<f64>,
    /// Samples of each picture for PSNR, CRPS and coverage; of 19, all but the outermost ranks are 90 %.
    #[arg(long, default_value_t = 19, value_name = "N")]
    pub members: usize,
    /// Test pictures of those, 0 for none; or fields, evenly spread over the period [default: 200].
    #[arg(long, value_name = "N")]
    pub of: Option<usize>,
    /// Score fields of the validation period, for choosing steps and noise.
    #[arg(long)]
    pub validation: bool,
    /// How strongly the classes of test pictures guide, where the model is told them; by default as configured, or 1.
    #[arg(long, value_name = "W")]
    pub guidance: Option<f64>,
    /// Weights of Inception v3 (safetensors, names of torchvision): distances are of its features.
    #[arg(long, value_name = "FILE")]
    pub features: Option<PathBuf>,
    /// The file of scores [default: scores.json in the folder of the model].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the file of scores again; and train the classifier again, if it was trained on other pictures.
    #[arg(long)]
    pub overwrite: bool,
}

impl Score {
    /// Scores, and says what came of it.
    pub fn run(&self) -> Result<()> {
        if self.steps.contains(&0) {
            bail!("--steps 0: give at least 1");
        }
        if let Some(k) = self.noise.iter().find(|k| !(k.is_finite() && **k > 0.0)) {
            bail!("--noise {k}: give factors above 0");
        }
        let config = load(&self.common)?.guided(self.guidance)?;
        if config.fields.is_some() {
            self.fields(&config)
        } else {
            self.of_pictures(&config)
        }
    }

    fn mode(&self) -> Mode {
        if self.overwrite {
            Mode::Overwrite
        } else {
            Mode::Create
        }
    }

    fn fields(&self, config: &RestoreConfig) -> Result<()> {
        if let Some(pictures) = self.pictures {
            bail!("--pictures {pictures}: these are fields: give --of");
        }
        if let Some(path) = &self.features {
            bail!(
                "--features {}: these are fields, and Inception sees pictures: leave it out",
                path.display()
            );
        }
        let scoring = FieldScoring {
            steps: self.steps.clone(),
            noise: self.noise.clone(),
            members: self.members,
            of: self.of,
            period: if self.validation {
                FieldPeriod::Validation
            } else {
                FieldPeriod::Test
            },
            output: self.out.clone(),
            mode: self.mode(),
        };
        let manner = &self.common.run.manner;
        let (workers, device) = (workers(manner.threads)?, self.common.run.device.open()?);
        let scores = restore_score_fields(config, &scoring, &device, &workers, manner.talk())?;
        say(manner.json, &scores, &scores.text())
    }

    fn of_pictures(&self, config: &RestoreConfig) -> Result<()> {
        if self.validation {
            bail!("--validation: only fields have a validation period: leave it out");
        }
        let scoring = RestoreScoring {
            pictures: self.pictures.unwrap_or(2000),
            steps: match self.steps.as_slice() {
                [] => vec![5, 10, 20, 50],
                steps => steps.to_vec(),
            },
            noise: self.noise.clone(),
            members: self.members,
            of: self.of.unwrap_or(200),
            features: self.features.clone(),
            output: self.out.clone(),
            mode: self.mode(),
        };
        let manner = &self.common.run.manner;
        let (workers, device) = (workers(manner.threads)?, self.common.run.device.open()?);
        let scores = restore_score(config, &scoring, &device, &workers, manner.talk())?;
        say(manner.json, &scores, &scores.text())
    }
}
