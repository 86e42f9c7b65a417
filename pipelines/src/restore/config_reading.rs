//! Reading a configuration of `foehn restore`, and what its keys must be together.

use super::config::{Gaps, PictureConfig, RestoreConfig, Task};
use crate::config_error::ConfigError;
use crate::toml_text::{all_beside, beside, overridden, typed};
use foehn_dataset::{DataConfig, Missing};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

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
            all_beside(&mut fields.path, folder);
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
    pub(super) fn is_none(&self) -> bool {
        self.train.as_os_str().is_empty()
    }

    /// Paths are relative to the folder of the configuration, unless they exist as they stand.
    fn relative_to(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| beside(path, folder);
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
    use crate::restore::config::Start;

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
