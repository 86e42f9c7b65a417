//! The folder of a model of pictures.

use super::config::{RestoreConfig, Task};
use super::generation_samples::Samples;
use super::law::{RestorationLaw, Seen};
use crate::continuation::refuse_other;
use crate::text_file::write_text;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use flate2::Crc;
use foehn_archive::Mode;
use foehn_network::FieldNet;
use foehn_training::Checkpoint;
use std::fs;
use std::path::PathBuf;

/// Sections of a configuration that leave a model as it is.
const NOT_OF_THE_MODEL: [&str; 4] = ["name", "output", "sampling", "scores"];
/// Keys of `[data]` that do so: what it is scored on.
const OF_SCORES: [&str; 3] = ["test", "labels", "memory"];
/// The key of a model's metadata that counts the channels of its pictures.
pub const CHANNELS: &str = "channels";
/// The key of a model's metadata that counts the classes that it is told.
pub const CLASSES: &str = "classes";
/// The key that says the rows and columns of pictures that are generated.
pub const SIZE: &str = "size";
/// The key that counts the features its network sees beside.
pub const FEATURES: &str = "features";

/// The files of a model of pictures.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

/// A model that is ready to restore.
pub struct Model {
    /// How it was trained.
    pub config: RestoreConfig,
    /// What its weights mean.
    pub law: RestorationLaw,
    /// The weights.
    pub network: FieldNet,
    /// Rows and columns of the pictures, where it generates.
    size: Option<[usize; 2]>,
}

impl Model {
    /// Rows and columns of the pictures that it generates.
    ///
    /// # Errors
    /// If its weights do not say.
    pub fn size(&self) -> Result<[usize; 2]> {
        self.size.context(
            "the weights do not say the size of the pictures that they generate: train the model again with foehn generate",
        )
    }

    /// The class that is called so.
    ///
    /// # Errors
    /// If there is none, or the model is not told classes.
    pub fn class(&self, called: Option<&str>) -> Result<Option<usize>> {
        let Some(called) = called else {
            return Ok(None);
        };
        match (&self.config.classes, self.law.classes()) {
            (Some(classes), Some(count)) => classes.find(called, count).map(Some),
            _ => bail!(
                "--class {called}: the model is not told classes; leave it out, or train one with the section [classes]"
            ),
        }
    }
}

impl Folder {
    /// The configuration that it was trained with.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
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

    /// The classifier whose features scores are made of.
    pub fn classifier(&self) -> PathBuf {
        self.0.join("classifier.safetensors")
    }

    /// How fields are standardised.
    pub fn statistics(&self) -> PathBuf {
        self.0.join("statistics.json")
    }

    /// The cells of which anything was learnt, where not all are.
    pub fn learnt(&self) -> PathBuf {
        self.0.join("learnt.json")
    }

    /// Scores.
    pub fn scores(&self) -> PathBuf {
        self.0.join("scores.json")
    }

    /// Rows of scores that are done, while others are not.
    pub fn rows(&self) -> PathBuf {
        self.0.join("scores.part.json")
    }

    /// Samples of a model that generates.
    pub fn samples(&self) -> PathBuf {
        self.0.join("samples")
    }

    /// CRC-32 of the weights: a model that was trained again makes other samples.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn mark(&self) -> Result<String> {
        let path = self.weights();
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut crc = Crc::new();
        crc.update(&bytes);
        Ok(format!("{:08x}", crc.sum()))
    }

    /// Refuses a model that is in the way, or of another configuration.
    ///
    /// # Errors
    /// If there is one, and the mode does not allow for it.
    pub fn refuse(&self, config: &RestoreConfig, mode: Mode) -> Result<()> {
        let name = self.0.display();
        let there = [self.config(), self.weights(), self.checkpoints()]
            .iter()
            .any(|path| path.exists());
        match mode {
            Mode::Create if there => bail!(
                "{name} holds a model already: give --resume to continue it or --overwrite to begin again"
            ),
            Mode::Resume if self.config().exists() => {
                let before = fs::read_to_string(self.config())
                    .with_context(|| format!("cannot read {}", self.config().display()))?;
                let of_model = |text: &str| {
                    let mut table = text.parse::<toml::Table>()?;
                    table.retain(|section, _| !NOT_OF_THE_MODEL.contains(&section));
                    let told = table.contains_key("classes");
                    if let Some(data) = table.get_mut("data").and_then(toml::Value::as_table_mut) {
                        // classes that a model is told are part of what it learns from
                        let labels = data.get("labels").and_then(|labels| labels.get("train"));
                        let labels = labels.filter(|_| told).cloned();
                        data.retain(|key, _| !OF_SCORES.contains(&key));
                        data.extend(labels.map(|labels| ("labels".to_owned(), labels)));
                    }
                    Ok::<_, toml::de::Error>(table)
                };
                let before = of_model(&before).with_context(|| {
                    format!("{} is not a configuration", self.config().display())
                })?;
                refuse_other(&self.0, &before, &of_model(&config.to_toml()?)?)
            }
            _ => Ok(()),
        }
    }

    /// Makes the folder ready for a training; with [`Mode::Overwrite`] the files of an older model go, and no others.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn prepare(&self, config: &RestoreConfig, mode: Mode) -> Result<()> {
        if mode == Mode::Overwrite {
            if self.checkpoints().exists() {
                fs::remove_dir_all(self.checkpoints())
                    .with_context(|| format!("cannot remove {}", self.checkpoints().display()))?;
            }
            if config.task == Task::Generation {
                Samples::at(None, self).remove()?;
            }
            // what says which model it is goes last, so that a crash leaves nothing that another would continue
            let files = [
                self.weights(),
                self.losses(),
                self.classifier(),
                self.scores(),
                self.rows(),
                self.statistics(),
                self.learnt(),
                self.config(),
            ];
            for file in files {
                if file.exists() {
                    fs::remove_file(&file)
                        .with_context(|| format!("cannot remove {}", file.display()))?;
                }
            }
        }
        fs::create_dir_all(&self.0)
            .with_context(|| format!("cannot create {}", self.0.display()))?;
        write_text(&self.config(), &config.to_toml()?)
    }

    /// The model in this folder.
    ///
    /// # Errors
    /// If it is not there, not trained to the end, or damaged.
    pub fn load(&self, device: &Device) -> Result<Model> {
        if !self.config().exists() || !self.weights().exists() {
            bail!(
                "no trained model in {}: run `foehn restore train`, with --resume if it was interrupted",
                self.0.display()
            );
        }
        let config = RestoreConfig::load(&self.config(), &[])?;
        let file = Checkpoint::open(&self.weights())?;
        let count = |key: &str| file.metadata().get(key).and_then(|text| text.parse().ok());
        let channels = count(CHANNELS)
            .with_context(|| format!("{} does not say its {CHANNELS}", self.weights().display()))?;
        let size = file.metadata().get(SIZE).and_then(|text| {
            let (rows, columns) = text.split_once(' ')?;
            Some([rows.parse().ok()?, columns.parse().ok()?])
        });
        let classes = count(CLASSES);
        if config.classes.is_some() && classes.is_none() {
            bail!("{} does not say its {CLASSES}", self.weights().display());
        }
        let seen = Seen {
            channels,
            features: count(FEATURES).unwrap_or(0),
            classes,
        };
        let law = RestorationLaw::new(&config, seen)?;
        let architecture = law.architecture();
        let network = file.load(architecture.field_net(device)?, &architecture.describe())?;
        Ok(Model {
            config,
            law,
            network,
            size,
        })
    }
}
