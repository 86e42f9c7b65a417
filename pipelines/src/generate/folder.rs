//! The folder of a model of vectors.

use super::config::GenerateConfig;
use super::job::Settings;
use super::learnt::{Declaration, Learnt};
use super::table::Columns;
use crate::continuation::refuse_other;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foehn_archive::Mode;
use foehn_generation::{Scaling, Sizes, Starts};
use foehn_training::Checkpoint;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What the numbers of a model mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Names of the columns.
    pub columns: Columns,
    /// Of x0 and x1.
    pub state: Scaling,
    /// Of the condition, where there is one.
    pub condition: Option<Scaling>,
    /// Whether x0 are rows of a table.
    pub from_rows: bool,
}

impl Units {
    /// Numbers of state and condition.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            state: self.state.columns(),
            condition: self.condition.as_ref().map_or(0, Scaling::columns),
            starts: if self.from_rows {
                Starts::Rows
            } else {
                Starts::Base
            },
        }
    }
}

/// The files of a model of vectors.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The configuration that it was trained with.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// What its numbers mean.
    pub fn units(&self) -> PathBuf {
        self.0.join("units.json")
    }

    /// The path that was found, where it was learnt.
    pub fn path(&self) -> PathBuf {
        self.0.join("path.toml")
    }

    /// `config` with the path that was found, if there is one.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn with_path(&self, config: &GenerateConfig) -> Result<GenerateConfig> {
        let mut config = config.clone();
        if config.path_steps > 0 && self.path().exists() {
            let text = read(&self.path())?;
            config.model.interpolant = toml::from_str(&text)
                .with_context(|| format!("{} is damaged", self.path().display()))?;
        }
        Ok(config)
    }

    /// Averaged weights, safetensors: there when training is done.
    pub fn weights(&self) -> PathBuf {
        self.0.join("weights.safetensors")
    }

    /// Checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// Losses, step by step.
    pub fn losses(&self) -> PathBuf {
        self.0.join("loss.csv")
    }

    /// Loss against interpolation time.
    pub fn loss_by_time(&self) -> PathBuf {
        self.0.join("loss_by_time.csv")
    }

    /// Data and samples as points.
    pub fn figure(&self) -> PathBuf {
        self.0.join("samples.png")
    }

    /// Energy distance against diffusion and steps.
    pub fn sweep(&self) -> PathBuf {
        self.0.join("sweep.png")
    }

    /// Makes the folder ready for a training.
    ///
    /// # Errors
    /// If there is a model already ([`Mode::Create`]), or one of another configuration
    /// ([`Mode::Resume`]), or the file system refuses.
    pub fn prepare(&self, config: &GenerateConfig, units: &Units, mode: Mode) -> Result<()> {
        let name = self.0.display();
        let is_model = self.config().exists() && self.units().exists();
        if self.config().exists() && !is_model {
            bail!(
                "{name} holds a config.toml that is not of a model: choose another folder for --model"
            );
        }
        let parts = [self.checkpoints(), self.weights(), self.path()];
        let half = !is_model && parts.iter().any(|path| path.exists());
        match mode {
            Mode::Overwrite => self.clear()?,
            _ if half => bail!("{name} holds a part of a model: give --overwrite to begin again"),
            Mode::Create if is_model => bail!(
                "{name} holds a model already: give --resume to continue it, --overwrite to begin again, or leave \
                 out --data to sample it"
            ),
            Mode::Resume if is_model => self.refuse_other(config, units)?,
            Mode::Create | Mode::Resume => {}
        }
        fs::create_dir_all(&self.0).with_context(|| format!("cannot create {name}"))?;
        write_text(&self.units(), &serde_json::to_string_pretty(units)?)?;
        write_text(&self.config(), &config.to_toml()?)
    }

    /// Removes a model and nothing else; what says which model it is goes last, so that a crash leaves
    /// nothing that another model would continue.
    fn clear(&self) -> Result<()> {
        let checkpoints = self.checkpoints();
        if checkpoints.exists() {
            fs::remove_dir_all(&checkpoints)
                .with_context(|| format!("cannot remove {}", checkpoints.display()))?;
        }
        let files = [
            self.path(),
            self.weights(),
            self.losses(),
            self.loss_by_time(),
            self.figure(),
            self.sweep(),
            self.units(),
            self.config(),
        ];
        for file in files.iter().filter(|file| file.exists()) {
            fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        Ok(())
    }

    /// The model's own configuration with `settings` that leave the model as it is.
    ///
    /// # Errors
    /// If there is no model, or a setting is one of training.
    pub fn configured(&self, settings: &Settings) -> Result<GenerateConfig> {
        if let Some(path) = &settings.config {
            bail!(
                "--config {}: a model that was trained before has its own; give --data to train another",
                path.display()
            );
        }
        let of_sampling = |text: &str| text.starts_with("sampling.") || text.starts_with("seed=");
        if let Some(other) = settings.overrides.iter().find(|text| !of_sampling(text)) {
            bail!(
                "{other} is of training: give --data to train a model, or leave it out to sample this one"
            );
        }
        if !self.config().exists() {
            bail!(self.missing());
        }
        let origin = self.config().display().to_string();
        Ok(GenerateConfig::parse(
            &read(&self.config())?,
            &origin,
            &settings.overrides,
        )?)
    }

    fn missing(&self) -> String {
        format!(
            "no trained model in {}: give --data to train one, with --resume if it was interrupted",
            self.0.display()
        )
    }

    /// Refuses to continue a model of another configuration or other data.
    fn refuse_other(&self, config: &GenerateConfig, units: &Units) -> Result<()> {
        // how it is sampled leaves a model as it is
        let of_model = |text: &str| {
            let mut table = text.parse::<toml::Table>()?;
            table.remove("sampling");
            Ok::<_, toml::de::Error>(table)
        };
        let before = of_model(&read(&self.config())?)?;
        refuse_other(&self.0, &before, &of_model(&config.to_toml()?)?)?;
        let known: Units = serde_json::from_str(&read(&self.units())?)?;
        if known != *units {
            bail!(
                "{} was begun with other data (mean or deviation of a column differ): give those to --resume, or \
                 --overwrite to begin again",
                self.0.display()
            );
        }
        Ok(())
    }

    /// The model with its units.
    ///
    /// # Errors
    /// If it is not there, or not trained to the end.
    pub fn load(&self, device: &Device) -> Result<(Units, Learnt)> {
        if !self.config().exists() || !self.weights().exists() {
            bail!(self.missing());
        }
        let text = read(&self.config())?;
        let config = GenerateConfig::parse(&text, &self.config().display().to_string(), &[])?;
        let units: Units = serde_json::from_str(&read(&self.units())?)
            .with_context(|| format!("{} is damaged", self.units().display()))?;
        let declaration = Declaration::new(&self.with_path(&config)?, units.sizes())?;
        let architecture = declaration.architecture();
        let file = Checkpoint::open(&self.weights()).with_context(|| self.missing())?;
        let network = file.load(architecture.mlp(device)?, &architecture.describe())?;
        Ok((units, declaration.with(network)))
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
