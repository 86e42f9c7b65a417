//! The configuration of `foehn postprocess`.

use super::method::MethodConfig;
use crate::config_error::ConfigError;
use crate::toml_text::{overridden, typed};
use foehn_calibration::{ColumnMap, Variables};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which methods are compared on which cases, and which of them writes members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostprocessConfig {
    /// Name of the run and of its default folder.
    pub name: String,
    /// Seed of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// Folder of all outputs; `runs/NAME` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The cases.
    pub data: CasesConfig,
    /// The methods by a name of your own, one line each.
    pub methods: BTreeMap<String, MethodConfig>,
    /// Whose members are written.
    pub calibrated: CalibratedConfig,
}

/// `[data]`: a NetCDF file, Zarr store or text table of members and observations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesConfig {
    /// The file; relative to the folder of the configuration, unless it exists as it stands.
    pub path: PathBuf,
    /// Names of its variables and dimensions.
    #[serde(default)]
    pub variables: Variables,
    /// Columns, where the file is comma-separated text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<ColumnMap>,
    /// Share of the dates, the first ones, that is trained on; the rest is scored.
    #[serde(default = "four_fifths")]
    pub train: f64,
}

/// `[calibrated]`: the members that are written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedConfig {
    /// The method.
    pub method: String,
    /// Their order across stations; methods that correct members keep the raw one.
    #[serde(default)]
    pub order: Order,
}

/// The order of members across stations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Equidistant quantiles in the raw members' order.
    #[default]
    EccQ,
    /// Quantiles at the raw members' levels.
    EccT,
    /// Independent draws at every station.
    Independent,
}

fn one() -> u64 {
    1
}

fn four_fifths() -> f64 {
    0.8
}

impl PostprocessConfig {
    /// Reads a file and applies `overrides` (`key=value`).
    ///
    /// # Errors
    /// If the file is missing or wrong, naming the key and the nearest valid one.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let origin = path.display().to_string();
        let mut config: Self = typed(overridden(&text, &origin, overrides)?, &origin)?;
        config
            .check()
            .map_err(|message| ConfigError::Impossible { origin, message })?;
        let beside = path
            .parent()
            .unwrap_or(Path::new(""))
            .join(&config.data.path);
        if !config.data.path.exists() && beside.exists() {
            config.data.path = beside;
        }
        Ok(config)
    }

    /// The folder of all outputs.
    pub fn folder(&self) -> PathBuf {
        self.output
            .clone()
            .unwrap_or_else(|| Path::new("runs").join(&self.name))
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(ConfigError::NotToml)
    }

    fn check(&self) -> Result<(), String> {
        let known = || self.methods.keys().cloned().collect::<Vec<_>>().join(", ");
        if !self.methods.contains_key(&self.calibrated.method) {
            let method = &self.calibrated.method;
            return Err(format!(
                "calibrated.method = {method:?} is none of the methods: {}",
                known()
            ));
        }
        for (name, method) in &self.methods {
            if let MethodConfig::Interpolant(method) = method {
                let in_method = |message| format!("methods.{name}.{message}");
                method.check().map_err(in_method)?;
            }
        }
        if !(self.data.train > 0.0 && self.data.train < 1.0) {
            let train = self.data.train;
            return Err(format!(
                "data.train = {train}: give a share of the dates between 0 and 1"
            ));
        }
        Ok(())
    }
}
