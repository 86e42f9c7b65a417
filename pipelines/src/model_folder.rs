//! The folder of a model: its files, whether a run may use it, and how it gives way to another.

use crate::config::RunConfig;
use crate::continuation::{difference, refuse_other};
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use foehn_archive::Mode;
use foehn_network::UNetConfig;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use toml::Table;

/// Sections of a configuration that leave a model as it is.
const NOT_OF_THE_MODEL: [&str; 5] = ["name", "output", "simulate", "forecast", "verify"];
/// Keys of `[data]` that may change from training to forecasting.
const NOT_OF_THE_LAW: [&str; 5] = ["path", "train", "validation", "test", "memory"];

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

    /// Scale of increments and correlation of the noise.
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

    /// That there is no model here, and what to do.
    pub fn missing(&self) -> String {
        format!(
            "no trained model in {}: run `foehn train` first",
            self.0.display()
        )
    }
}

/// The run with its model's own `[interpolant]`, `[network]`, `[train]` and `[tune]`: what a forecast obeys.
///
/// Other data, dates and sampling are the run's own.
///
/// # Errors
/// If there is no model, or the run asks for another law than was learnt.
pub fn as_trained(config: &RunConfig) -> Result<RunConfig> {
    let folder = ModelFolder::of(config);
    if !folder.config().exists() {
        bail!(folder.missing());
    }
    let model = RunConfig::load(&folder.config(), &[])?;
    if let Some(difference) = difference(&law_of(&model)?, &law_of(config)?, "") {
        bail!(
            "{} was trained with another configuration ({difference}): forecast with that one, or train \
             again with --overwrite",
            folder.0.display()
        );
    }
    Ok(RunConfig {
        interpolant: model.interpolant,
        network: UNetConfig {
            precision: config.network.precision,
            ..model.network
        },
        train: model.train,
        tune: model.tune,
        ..config.clone()
    })
}

/// How the training that was differs from the one now asked for, which changes nothing before the next training.
///
/// # Errors
/// If a configuration cannot be written as TOML.
pub fn other_training(trained: &RunConfig, asked: &RunConfig) -> Result<Option<String>> {
    let training = |config: &RunConfig| {
        let mut table = config.to_toml()?.parse::<Table>()?;
        table.retain(|section, _| section == "train");
        Ok::<_, anyhow::Error>(table)
    };
    Ok(difference(&training(trained)?, &training(asked)?, ""))
}

/// The keys that a law depends on.
fn law_of(config: &RunConfig) -> Result<Table> {
    let mut table = config.to_toml()?.parse::<Table>()?;
    table.retain(|section, _| ["data", "interpolant", "network"].contains(&section));
    // how to round, and not what is learnt: a model from a GPU may forecast elsewhere
    if let Some(network) = table.get_mut("network").and_then(toml::Value::as_table_mut) {
        network.remove("precision");
    }
    if let Some(data) = table.get_mut("data").and_then(toml::Value::as_table_mut) {
        data.retain(|key, _| !NOT_OF_THE_LAW.contains(&key));
    }
    Ok(table)
}

/// Refuses a model that is in the way, or of another configuration.
///
/// # Errors
/// If there is one, and the mode does not allow for it.
pub fn refuse_folder(config: &RunConfig, folder: &ModelFolder, mode: Mode) -> Result<()> {
    let (name, path) = (folder.0.display(), folder.config());
    match mode {
        Mode::Create if path.exists() => {
            bail!(
                "{name} holds a model already: give --resume to continue it or --overwrite to begin again"
            )
        }
        Mode::Resume if path.exists() => {
            let before = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let of_model = |text: &str| {
                let mut table = text.parse::<toml::Table>()?;
                for section in NOT_OF_THE_MODEL {
                    table.remove(section);
                }
                Ok::<_, toml::de::Error>(table)
            };
            let before = of_model(&before)
                .with_context(|| format!("{} is not a configuration", path.display()))?;
            refuse_other(&folder.0, &before, &of_model(&config.to_toml()?)?)
        }
        _ => Ok(()),
    }
}

/// Makes the folder, in place of an older model where that is to be replaced, with the configuration in it.
///
/// # Errors
/// If the file system refuses.
pub fn prepare_folder(config: &RunConfig, folder: &ModelFolder, mode: Mode) -> Result<()> {
    let name = folder.0.display();
    if mode == Mode::Overwrite && folder.0.exists() {
        // first out of the way in one step, so that a crash leaves no half of the old model there
        let aside = folder.0.with_file_name(".model.replaced");
        let removed = match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::rename(&folder.0, &aside).and_then(|()| fs::remove_dir_all(&aside)),
        };
        removed.with_context(|| format!("cannot remove {name}"))?;
    }
    fs::create_dir_all(&folder.0).with_context(|| format!("cannot create {name}"))?;
    write_text(&folder.config(), &config.to_toml()?)
}
