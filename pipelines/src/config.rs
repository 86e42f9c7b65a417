//! One TOML file describes a run; every key can be overridden on the command line.

use crate::config_error::ConfigError;
use crate::output_format::{
    ForecastLayout, LeadsPerFile, OutputCompression, ZarrVersion, is_default,
};
use crate::toml_text::{all_beside, overridden, typed};
use foehn_dataset::{ByteSize, DataConfig, Every, Split};
use foehn_forecast::{InterpolantConfig, Sampling};
use foehn_network::UNetConfig;
use foehn_preparation::PrepareConfig;
use foehn_simulation::TurbulenceConfig;
use foehn_training::TrainConfig;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A run: what to simulate or read, learn, forecast and report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the run, in titles and as the default folder.
    pub name: String,
    /// Seed of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// Folder of all outputs, relative to the working folder; `runs/NAME` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The most memory that the run should use; batches and the cache of states are made smaller where it is short.
    /// Not written: what it led to is.
    #[serde(default, skip_serializing)]
    pub memory: Option<ByteSize>,
    /// What `foehn simulate` writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulate: Option<SimulateConfig>,
    /// How `foehn prepare` makes the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare: Option<PrepareConfig>,
    /// What is read, when, and how it is standardised.
    pub data: DataConfig,
    /// The path that is learnt.
    #[serde(default)]
    pub interpolant: InterpolantConfig,
    /// The network.
    #[serde(default)]
    pub network: UNetConfig,
    /// How to train.
    #[serde(default)]
    pub train: TrainConfig,
    /// How the next state is sampled.
    #[serde(default)]
    pub sampling: Sampling,
    /// What is chosen on the validation part.
    #[serde(default)]
    pub tune: TuneConfig,
    /// Which forecasts are made.
    #[serde(default)]
    pub forecast: ForecastConfig,
    /// How they are scored.
    #[serde(default)]
    pub verify: VerifyConfig,
}

/// `[simulate]`: where to, and what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateConfig {
    /// The Zarr store that is written.
    pub path: PathBuf,
    /// Stochastically forced two-dimensional turbulence.
    pub turbulence: TurbulenceConfig,
}

/// `[tune]`: choices made on the validation part when training ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuneConfig {
    /// Factors on the sampler's noise to try; the one whose spread is nearest to its error is taken.
    /// Empty: nothing is tuned and `sampling.inflation` is used.
    pub inflation: Vec<f64>,
    /// Members of the ensembles.
    pub members: usize,
    /// Leads, in steps.
    pub leads: usize,
    /// Time between initial states.
    pub every: Every,
}

impl Default for TuneConfig {
    fn default() -> Self {
        Self {
            inflation: Vec::new(),
            members: 8,
            leads: 1,
            every: Every::Steps(NonZeroU32::MIN),
        }
    }
}

/// `[forecast]`: initial states x members x leads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastConfig {
    /// The part of the data that forecasts start in.
    pub split: Split,
    /// Time between initial states.
    pub every: Every,
    /// Leads, in steps of the data.
    pub leads: usize,
    /// Members.
    pub members: usize,
    /// Forecasts that run together on a worker.
    pub batch: usize,
    /// What dimensions and coordinates are called in the output.
    #[serde(skip_serializing_if = "is_default")]
    pub layout: ForecastLayout,
    /// The version of the Zarr format.
    #[serde(skip_serializing_if = "is_default")]
    pub zarr: ZarrVersion,
    /// How the output is compressed.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: OutputCompression,
    /// Leads in a file; more than one make fewer files and take their memory.
    #[serde(skip_serializing_if = "is_default")]
    pub leads_per_file: LeadsPerFile,
}

impl Default for ForecastConfig {
    fn default() -> Self {
        Self {
            split: Split::Test,
            every: Every::Steps(NonZeroU32::MIN),
            leads: 5,
            members: 20,
            batch: 32,
            layout: ForecastLayout::default(),
            zarr: ZarrVersion::default(),
            compression: OutputCompression::default(),
            leads_per_file: LeadsPerFile::default(),
        }
    }
}

/// `[verify]`: how forecasts are scored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyConfig {
    /// Days to either side from which the climatological ensemble takes its members; omit for data
    /// without seasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_days: Option<f64>,
    /// Members of the climatological ensemble; by default as many as the forecast has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub climatology_members: Option<usize>,
}

fn one() -> u64 {
    1
}

impl RunConfig {
    /// Reads `path` and applies `overrides` (`key=value`).
    ///
    /// # Errors
    /// If the file is missing or wrong, naming the key and the nearest valid one.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let config = Self::parse(&text, &path.display().to_string(), overrides)?;
        Ok(config.relative_to(path.parent().unwrap_or(Path::new(""))))
    }

    /// Reads `text`, which comes from `origin`, and applies `overrides`.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut table = overridden(text, origin, overrides)?;
        seed_simulation(&mut table);
        let mut config: Self = typed(table, origin)?;
        if let Some(memory) = config.memory {
            config.limit_memory(memory);
        }
        config.check().map_err(|message| ConfigError::Impossible {
            origin: origin.to_owned(),
            message,
        })?;
        Ok(config)
    }

    /// Makes `seed` that of everything random, the simulation included.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        if let Some(simulate) = &mut self.simulate {
            simulate.turbulence.seed = seed;
        }
    }

    /// Bounds the memory of a run; a quarter of it may hold states that were read.
    pub fn limit_memory(&mut self, memory: ByteSize) {
        self.memory = Some(memory);
        self.data.memory = self.data.memory.min(ByteSize(memory.0 / 4));
    }

    /// The folder of all outputs.
    pub fn folder(&self) -> PathBuf {
        let default = || Path::new("runs").join(&self.name);
        self.output.clone().unwrap_or_else(default)
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// If TOML has no way to write it, such as a path that is not Unicode.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(ConfigError::NotToml)
    }

    /// Paths of data are relative to the folder of the configuration, unless they exist as they stand.
    fn relative_to(mut self, folder: &Path) -> Self {
        all_beside(&mut self.data.path, folder);
        self
    }
}

/// A simulation without a seed of its own has the run's.
fn seed_simulation(table: &mut Table) {
    let seed = table.get("seed").cloned().unwrap_or(Value::Integer(1));
    let turbulence = table
        .get_mut("simulate")
        .and_then(|simulate| simulate.get_mut("turbulence"))
        .and_then(Value::as_table_mut);
    if let Some(turbulence) = turbulence {
        turbulence.entry("seed").or_insert(seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        name = "x"
        [data]
        path = "x.nc"
        variables = ["slp"]
        step = "1 day"
        train = ["2001-01-01", "2002-01-01"]
        validation = ["2003-01-01", "2003-06-01"]
        test = ["2004-01-01", "2004-06-01"]
    "#;

    fn parse(overrides: &[&str]) -> Result<RunConfig, ConfigError> {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::parse(MINIMAL, "x.toml", &overrides)
    }

    #[test]
    fn overrides_reach_their_keys() {
        let config = parse(&["train.steps=7", "forecast.members=3", "name=other"]).unwrap();
        assert_eq!((config.train.steps, config.forecast.members), (7, 3));
        assert_eq!(config.folder(), Path::new("runs/other"));
        let list = parse(&["tune.inflation=[1.0, 1.1]"]).unwrap();
        assert_eq!(list.tune.inflation, [1.0, 1.1]);
    }

    #[test]
    fn one_seed_is_that_of_everything_unless_the_simulation_has_its_own() {
        let simulate = r#"simulate={ path = "x.zarr", turbulence = { } }"#;
        let seed = |overrides: &[&str]| {
            let config = parse(overrides).unwrap();
            (config.seed, config.simulate.unwrap().turbulence.seed)
        };
        assert_eq!(seed(&[simulate]), (1, 1));
        assert_eq!(seed(&[simulate, "seed=5"]), (5, 5));
        let own = "simulate.turbulence.seed=7";
        assert_eq!(seed(&[simulate, "seed=5", own]), (5, 7));
    }

    #[test]
    fn unknown_keys_name_the_nearest() {
        let error = parse(&["train.stepz=7"]).unwrap_err().to_string();
        assert!(
            error.contains("train.stepz") && error.contains("\"train.steps\""),
            "{error}"
        );
        let error = parse(&["trian.steps=7"]).unwrap_err().to_string();
        assert!(
            error.contains("\"trian\"") && error.contains("\"train\""),
            "{error}"
        );
    }

    #[test]
    fn texts_that_are_not_toml_are_refused_with_their_place() {
        let error = RunConfig::parse("name = \"x\"\nseed = = 2\n", "x.toml", &[]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("x.toml") && text.contains("line 2, column"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn values_out_of_range_are_named() {
        let error = parse(&["train.batch_size=30"]).unwrap_err().to_string();
        assert!(error.contains("train.micro_batch"), "{error}");
        let error = parse(&["train.steps=abc"]).unwrap_err().to_string();
        assert!(error.contains("train.steps"), "{error}");
        assert!(matches!(parse(&["steps"]), Err(ConfigError::Override(_))));
    }

    #[test]
    fn a_resolved_configuration_reads_back() {
        let config = parse(&[]).unwrap();
        let text = config.to_toml().unwrap();
        let again = RunConfig::parse(&text, "again", &[]).unwrap();
        assert_eq!(again.to_toml().unwrap(), text);
    }
}
