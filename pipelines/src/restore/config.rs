//! The configuration of `foehn restore`.

use super::classes::ClassConfig;
use super::generation_table::GenerationTable;
use super::network::NetworkConfig;
use super::sampling::RestoreSampling;
use crate::config_error::ConfigError;
use crate::output_format::is_default;
use crate::toml_text::{overridden, typed};
use foehn_dataset::{DataConfig, Missing, OneOrMany};
use foehn_interpolant::{Gamma, Path as Interpolant};
use foehn_network::ClassifierConfig;
use foehn_restoration::{Degradation, MaskLaw};
use foehn_training::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A model that restores pictures: what it learns from, what is lost, how it is filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreConfig {
    /// Name, in titles and as the default folder.
    pub name: String,
    /// Seed of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// Folder of the model and of its scores; `runs/NAME` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The pictures, where it learns from pictures.
    #[serde(default, skip_serializing_if = "PictureConfig::is_none")]
    pub data: PictureConfig,
    /// The fields, where `[data]` names variables of NetCDF files or Zarr stores: the section of a forecast's data.
    #[serde(skip)]
    pub fields: Option<DataConfig>,
    /// What is lost.
    pub task: Task,
    /// Classes as conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassConfig>,
    /// Where the path starts.
    #[serde(default)]
    pub coupling: Start,
    /// The path, without latent noise.
    #[serde(default = "linear")]
    pub interpolant: Interpolant,
    /// The network.
    #[serde(default)]
    pub network: NetworkConfig,
    /// How to train.
    #[serde(default)]
    pub train: TrainConfig,
    /// How to sample.
    #[serde(default)]
    pub sampling: RestoreSampling,
    /// What generated pictures are compared in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<GenerationTable>,
}

/// `[data]`: where pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureConfig {
    /// Pictures to learn from: an IDX file or a folder of images.
    pub train: PathBuf,
    /// Pictures to be scored on, never learnt from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Labels of both, IDX files: what the classifier learns whose features scores are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelConfig>,
    /// The last pictures of `train`, set aside for the validation loss.
    #[serde(default = "validation")]
    pub validation: usize,
    /// Side of the square that is cut at random from larger pictures; without it they must all have one size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<usize>,
    /// Whether pictures may be mirrored.
    #[serde(default)]
    pub flips: Flips,
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            train: PathBuf::new(),
            test: None,
            labels: None,
            validation: validation(),
            crop: None,
            flips: Flips::default(),
        }
    }
}

/// Labels, IDX files, and the classifier that learns them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelConfig {
    /// Of the pictures to learn from.
    pub train: PathBuf,
    /// Of the pictures to be scored on.
    pub test: PathBuf,
    /// The classifier.
    #[serde(default)]
    pub classifier: ClassifierConfig,
    /// Steps of its training, 128 pictures each.
    #[serde(default = "steps")]
    pub steps: usize,
}

/// Whether pictures may be mirrored while training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flips {
    /// As they are: digits, letters, clothes on a rail.
    #[default]
    None,
    /// Left and right exchanged for half of them.
    Horizontal,
}

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Pixels that a mask hides; those it does not hide stay as they are, bit for bit.
    Inpainting {
        /// The law of the mask while training and when scored.
        mask: MaskLaw,
        /// Of fields: whether gaps of other times hide too.
        #[serde(default, skip_serializing_if = "is_default")]
        gaps: Gaps,
    },
    /// Detail: the start is the degraded picture with noise of deviation `sigma`, in units of the range [-1, 1].
    Degraded {
        /// `U(D(x))`.
        degradation: Degradation,
        /// sigma.
        sigma: f64,
    },
    /// Everything: pictures are made of noise, by `foehn generate`.
    Generation,
}

/// What gaps in the data hide of a field. Where a value is missing there is no truth: nothing is learnt or scored there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Only what is missing.
    #[default]
    Own,
    /// Also what is missing at another time, drawn from the training period: gaps as they come, with a truth behind them.
    /// With `mask = { pixels = { hidden = 0.0 } }` nothing else is hidden.
    ///
    /// # Reference
    /// Barth et al. 2020, Geoscientific Model Development 13, doi:10.5194/gmd-13-1609-2020.
    Borrowed,
}

/// Where the path starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// What is known of the picture: the data-dependent coupling.
    #[default]
    Dependent,
    /// Gaussian noise everywhere, with the same conditions: what the dependent one is compared with.
    Uncoupled,
}

fn one() -> u64 {
    1
}

fn steps() -> usize {
    1500
}

fn validation() -> usize {
    256
}

fn linear() -> Interpolant {
    Interpolant::Linear { gamma: Gamma::Zero }
}

impl RestoreConfig {
    /// Reads `path` and applies `overrides` (`key=value`).
    ///
    /// # Errors
    /// If the file is missing or wrong, naming the key and the nearest valid one.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config = Self::parse(&text, &path.display().to_string(), overrides)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.data.relative_to(folder);
        if let Some(fields) = &mut config.fields {
            match &mut fields.path {
                OneOrMany::One(path) => relative_to(path, folder),
                OneOrMany::Many(paths) => {
                    for path in paths {
                        relative_to(path, folder);
                    }
                }
            }
        }
        Ok(config)
    }

    /// Reads `text`, which comes from `origin`, and applies `overrides`.
    ///
    /// # Errors
    /// As [`RestoreConfig::load`].
    pub fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut table = overridden(text, origin, overrides)?;
        let named = |key: &str| {
            table
                .get("data")
                .is_some_and(|data| data.get(key).is_some())
        };
        let fields = (named("variables") || named("path"))
            .then(|| table.remove("data"))
            .flatten();
        let fields = fields
            .map(|data| {
                typed::<FieldSection>(Table::from_iter([("data".to_owned(), data)]), origin)
            })
            .transpose()?;
        let config = Self {
            fields: fields.map(|section| section.data),
            ..typed(table, origin)?
        };
        config.check().map_err(|message| ConfigError::Impossible {
            origin: origin.to_owned(),
            message,
        })?;
        Ok(config)
    }

    /// The same with another guidance, if one is given.
    ///
    /// # Errors
    /// If it cannot be, as for a model that is not told classes.
    pub fn guided(&self, guidance: Option<f64>) -> Result<Self, ConfigError> {
        let mut config = self.clone();
        config.sampling.guidance = guidance.or(config.sampling.guidance);
        let impossible = |message| ConfigError::Impossible {
            origin: "--guidance".to_owned(),
            message,
        };
        config.check_classes().map_err(impossible)?;
        Ok(config)
    }

    /// The folder of the model and of its scores.
    pub fn folder(&self) -> PathBuf {
        let default = || Path::new("runs").join(&self.name);
        self.output.clone().unwrap_or_else(default)
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// If TOML has no way to write it, such as a path that is not Unicode.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        let mut table = Table::try_from(self).map_err(ConfigError::NotToml)?;
        if let Some(fields) = &self.fields {
            let data = Value::try_from(fields).map_err(ConfigError::NotToml)?;
            table.insert("data".to_owned(), data);
        }
        toml::to_string_pretty(&table).map_err(ConfigError::NotToml)
    }

    fn check(&self) -> Result<(), String> {
        self.train.check()?;
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed = {}: give at most {}", self.seed, i64::MAX));
        }
        if self.train.networks != 1 {
            return Err(format!(
                "train.networks = {}: foehn restore trains one network",
                self.train.networks
            ));
        }
        if self.sampling.steps == 0 {
            return Err("sampling.steps = 0: give at least 1".into());
        }
        if self.data.crop == Some(0) {
            return Err("data.crop = 0: give at least 1, or leave it out".into());
        }
        self.check_noise()?;
        self.check_data()?;
        self.check_classes()?;
        if self.network.classes().is_some() {
            return Err(
                "network: classes are those of data.labels: give the section [classes] instead"
                    .into(),
            );
        }
        self.check_generation()?;
        match self.task {
            Task::Generation => Ok(()),
            Task::Inpainting { mask, .. } => mask.check().map_err(|e| format!("task.{e}")),
            Task::Degraded { degradation, sigma } => {
                degradation.check().map_err(|e| format!("task.{e}"))?;
                if (1e-3..=10.0).contains(&sigma) {
                    Ok(())
                } else {
                    Err(format!("task.sigma = {sigma} is not within 0.001 and 10"))
                }
            }
        }
    }
}

fn relative_to(path: &mut PathBuf, folder: &Path) {
    let beside = folder.join(&*path);
    if path.is_relative() && !path.exists() && beside.exists() {
        *path = beside;
    }
}

impl RestoreConfig {
    /// Whether there are data, and keys have an effect on them.
    fn check_data(&self) -> Result<(), String> {
        let Some(fields) = &self.fields else {
            if self.data.is_none() {
                return Err("there is no [data]: give data.train (pictures), or data.path and data.variables".into());
            }
            return match self.task {
                Task::Inpainting {
                    gaps: Gaps::Borrowed,
                    ..
                } => Err("task.inpainting.gaps: pictures have none: leave it out".into()),
                _ => Ok(()),
            };
        };
        if fields.history != 1 {
            return Err(format!(
                "data.history = {}: a field is restored from itself alone; leave it out",
                fields.history
            ));
        }
        match (self.task, fields.missing) {
            (Task::Degraded { .. }, Missing::Mask) => Err(
                "data.missing = \"mask\": what was degraded has no gaps; choose task.inpainting, or leave it out".into(),
            ),
            (
                Task::Inpainting {
                    gaps: Gaps::Borrowed,
                    ..
                },
                Missing::Refuse,
            ) => Err("task.inpainting.gaps = \"borrowed\" needs data.missing = \"mask\"".into()),
            _ => Ok(()),
        }
    }
}

/// `[data]` of fields.
#[derive(Deserialize)]
struct FieldSection {
    data: DataConfig,
}

impl PictureConfig {
    fn is_none(&self) -> bool {
        self.train.as_os_str().is_empty()
    }

    /// Paths are relative to the folder of the configuration, unless they exist as they stand.
    fn relative_to(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| relative_to(path, folder);
        resolve(&mut self.train);
        self.test.iter_mut().for_each(resolve);
        if let Some(labels) = &mut self.labels {
            resolve(&mut labels.train);
            resolve(&mut labels.test);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "name = \"x\"\n[data]\ntrain = \"x\"\n\
                           [task.inpainting.mask]\ntiles = { across = 8, hidden = 0.3 }\n";

    fn parse(overrides: &[&str]) -> Result<RestoreConfig, ConfigError> {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RestoreConfig::parse(MINIMAL, "x.toml", &overrides)
    }

    #[test]
    fn the_comparison_is_one_line_and_a_configuration_reads_back() {
        let config = parse(&["coupling=uncoupled"]).unwrap();
        assert_eq!(config.coupling, Start::Uncoupled);
        let again = RestoreConfig::parse(&config.to_toml().unwrap(), "again", &[]).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let refused = |overrides: &[&str], about: &str| {
            let error = parse(overrides).unwrap_err().to_string();
            assert!(error.contains(about), "{error}");
        };
        refused(&["task.inpainting.mask.tiles.hidden=2"], "hidden = 2");
        refused(
            &["task={ degraded = { degradation = { reduce = { factor = 4 } }, sigma = 0.0 } }"],
            "task.sigma",
        );
        refused(&["train.networks=2"], "networks");
        refused(&["data.flip=none"], "data.flips");
        refused(&["sampling.steps=0"], "sampling.steps");
        // a path without latent noise has gamma = 0, and the noise of diffusion models is infinite where it starts
        refused(&["sampling.epsilon={ gamma = 1.0 }"], "zero wherever");
        refused(&["sampling.epsilon={ constant = 0.0 }"], "zero wherever");
        refused(&["sampling.epsilon={ sbdm = 1.0 }"], "inf at t = 0");
        refused(&["sampling.guidance=2.0"], "section [classes]");
        refused(&["classes={}"], "data.labels.train");
        refused(&["network.unet.classes=3"], "section [classes]");
        let labels = "data.labels={ train = \"a\", test = \"b\" }";
        refused(&[labels, "classes.dropped=1.0"], "below 1");
        let (never, guided) = ("classes.dropped=0.0", "sampling.guidance=2.0");
        refused(&[labels, never, guided], "learnt without");
        assert!(parse(&[labels, "classes={}", guided]).is_ok());
        let constant = "sampling.epsilon={ constant = 1.0 }";
        refused(&[constant, "sampling.solver=heun"], "takes no noise");
        assert!(parse(&[constant, "sampling.solver=sra1"]).is_ok());
    }
}
