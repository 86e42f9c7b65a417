//! The configuration of `foehn postprocess`.

use super::method::MethodConfig;
use super::simulated::SimulatedCases;
use crate::config_error::ConfigError;
use crate::toml_text::{overridden, typed};
use foehn_calibration::{ColumnMap, Scheme, Variables, Window};
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

/// `[data]`: a NetCDF file, Zarr store or text table of members and observations, at stations or on a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesConfig {
    /// The file; tried from the working folder first, then from the configuration's.
    pub path: PathBuf,
    /// What the file is made by where it does not exist yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<SimulatedCases>,
    /// Names of its variables and dimensions.
    #[serde(default)]
    pub variables: Variables,
    /// Columns, where the file is comma-separated text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<ColumnMap>,
    /// Columns, where the file is a Parquet table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parquet: Option<ColumnMap>,
    /// Share of the dates, the first ones, that is trained on; the rest is scored.
    #[serde(default = "four_fifths")]
    pub train: f64,
    /// Which dates each date is forecast from: a past that moves along, or blocks left out; without it the first dates
    /// serve all later ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Dates between two fits where a past moves along.
    #[serde(default = "thirty")]
    pub refit: usize,
    /// Days before and after a block that is left out whose cases do not train for it either.
    #[serde(default)]
    pub gap: u32,
}

impl CasesConfig {
    /// How the dates are divided.
    pub(crate) fn scheme(&self) -> Scheme {
        Scheme {
            window: self.window,
            share: self.train,
            refit: self.refit,
            gap: self.gap,
        }
    }
}

/// `[calibrated]`: the members that are written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedConfig {
    /// The method.
    pub method: String,
    /// Their order across places; methods that correct raw members keep theirs, if there are as many.
    #[serde(default)]
    pub order: Order,
    /// How many; as many as raw ones by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Where in the law they lie.
    #[serde(default)]
    pub levels: Levels,
}

/// The order of members across places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// That of the raw members; where more are written than there are, each raw member leads several, in one order
    /// everywhere.
    #[default]
    EccQ,
    /// That of the raw members, which also give the levels: as many as they are.
    EccT,
    /// That of observations of as many past dates.
    Schaake,
    /// None: independent draws at every place.
    Independent,
    /// None: the members of `ecc_q` in a random order at every place.
    Shuffled,
}

impl Order {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::EccQ => "ecc_q",
            Self::EccT => "ecc_t",
            Self::Schaake => "schaake",
            Self::Independent => "independent",
            Self::Shuffled => "shuffled",
        }
    }
}

/// Levels of M members in the law of a forecast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    /// `i/(M + 1)`: an observation falls into each of the M + 1 cells as often; the variance of few members is too small.
    #[default]
    EqualCells,
    /// `(i - 1/2)/M`: the members of least CRPS and nearly the law's variance; the outer cells are half as often hit.
    LeastCrps,
    /// M independent draws: cells and variance are right, at the price of noise.
    Random,
}

/// The row of the true law of simulated cases.
pub(crate) const EXACT: &str = "exact";

fn one() -> u64 {
    1
}

fn four_fifths() -> f64 {
    0.8
}

fn thirty() -> usize {
    30
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
        if self.methods.contains_key(EXACT) {
            return Err(format!(
                "methods.{EXACT}: this name is kept for the true law of simulated cases"
            ));
        }
        if !self.methods.contains_key(&self.calibrated.method) {
            let method = &self.calibrated.method;
            return Err(format!(
                "calibrated.method = {method:?} is none of the methods: {}",
                known()
            ));
        }
        for (name, method) in &self.methods {
            if let MethodConfig::Learnt(method) = method {
                let in_method = |message| format!("methods.{name}.{message}");
                method.check().map_err(in_method)?;
            }
        }
        if self.calibrated.members == Some(0) || self.data.refit == 0 {
            return Err("calibrated.members and data.refit are at least 1".to_owned());
        }
        if self.data.gap > 0 && !matches!(self.data.window, Some(Window::Blocks(_))) {
            return Err(format!(
                "data.gap = {}: days around a block that train nothing; leave it out, or set data.window = {{ blocks = N }}",
                self.data.gap
            ));
        }
        if self.data.csv.is_some() && self.data.parquet.is_some() {
            return Err("data.csv and data.parquet: a file is one of them".to_owned());
        }
        if let Some(simulated) = &self.data.simulated {
            simulated.check()?;
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
