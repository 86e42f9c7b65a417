//! The configuration of `foehn generate`: everything has a default, so that a table alone is enough.

use crate::config_error::ConfigError;
use crate::toml_text::{overridden, typed};
use foehn_generation::{GenerationConfig, MaximumLikelihoodConfig, Method, SamplingConfig};
use foehn_interpolant::Path as Interpolant;
use foehn_network::MlpConfig;
use foehn_training::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a network is trained for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Regression on an interpolant, `[model]`.
    #[default]
    Interpolant,
    /// Maximum likelihood through a flow, `[likelihood]`: a baseline for few columns.
    Likelihood,
}

/// What is learnt from a table and how it is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerateConfig {
    /// Seed of everything random.
    pub seed: u64,
    /// Share of the rows that is not trained on: for the validation loss and for scores.
    pub validation: f64,
    /// What the network is trained for.
    pub objective: Objective,
    /// Path, coupling, targets, network.
    pub model: GenerationConfig,
    /// Steps in which the path itself is learnt before the model, for least cost; only for
    /// `interpolant.kind = "fourier"`. 0: the path stays as it is.
    pub path_steps: usize,
    /// The flow that is trained by maximum likelihood.
    pub likelihood: MaximumLikelihoodConfig,
    /// How to train.
    pub train: TrainConfig,
    /// How to sample.
    pub sampling: SamplingConfig,
}

impl Default for GenerateConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            validation: 0.1,
            objective: Objective::Interpolant,
            path_steps: 0,
            likelihood: MaximumLikelihoodConfig {
                network: MlpConfig {
                    width: 64,
                    time_features: 2,
                    ..MlpConfig::default()
                },
                ..MaximumLikelihoodConfig::default()
            },
            model: GenerationConfig::default(),
            train: TrainConfig {
                steps: 4000,
                batch_size: 512,
                micro_batch: 256,
                learning_rate: 4e-3,
                warmup: 100,
                weight_decay: 0.0,
                ema_decay: 0.998,
                validate_every: 500,
                checkpoint_every: 500,
                ..TrainConfig::default()
            },
            sampling: SamplingConfig::default(),
        }
    }
}

impl GenerateConfig {
    /// Reads `path`, or the defaults where there is none, and applies `overrides` (`key=value`).
    ///
    /// # Errors
    /// If the file is missing or wrong, naming the key and the nearest valid one.
    pub fn load(path: Option<&Path>, overrides: &[String]) -> Result<Self, ConfigError> {
        let origin = path.map_or("--set".to_owned(), |path| path.display().to_string());
        let text = match path {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?,
        };
        Self::parse(&text, &origin, overrides)
    }

    /// Reads `text`, which comes from `origin`, and applies `overrides`.
    ///
    /// # Errors
    /// As [`GenerateConfig::load`].
    pub fn parse(text: &str, origin: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut table = overridden(text, origin, overrides)?;
        if let Some(model) = table.get_mut("model").and_then(toml::Value::as_table_mut) {
            expand_path(model);
        }
        if let Some(sampling) = table
            .get_mut("sampling")
            .and_then(toml::Value::as_table_mut)
        {
            expand_epsilon(sampling);
        }
        // an absent section has the defaults of this command, a present one too
        let mut whole = toml::Table::try_from(Self::default()).map_err(ConfigError::NotToml)?;
        merge(&mut whole, table);
        let config: Self = typed(whole, origin)?;
        config.check().map_err(|message| ConfigError::Impossible {
            origin: origin.to_owned(),
            message,
        })?;
        Ok(config)
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(ConfigError::NotToml)
    }

    fn check(&self) -> Result<(), String> {
        self.train.check()?;
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed = {}: give at most {}", self.seed, i64::MAX));
        }
        if !(0.0..=0.9).contains(&self.validation) {
            return Err(format!(
                "validation = {}: give a share of the rows, 0 to 0.9",
                self.validation
            ));
        }
        let fourier = matches!(self.model.interpolant, Interpolant::Fourier(_));
        if self.path_steps > 0 && !(fourier && self.objective == Objective::Interpolant) {
            return Err(format!(
                "path_steps = {}: a path is learnt within interpolant = fourier: choose it, or give 0",
                self.path_steps
            ));
        }
        let follmer = matches!(self.model.interpolant, Interpolant::Follmer { .. });
        if self.sampling.epsilon.is_some() && follmer {
            return Err(
                "sampling.epsilon: the noise of a Föllmer process is sampling.diffusion".into(),
            );
        }
        let mirror = matches!(self.model.interpolant, Interpolant::Mirror { .. });
        if self.sampling.epsilon.is_some() && self.sampling.method != Some(Method::Sde) && !mirror {
            return Err(
                "sampling.epsilon is the noise of an SDE: give sampling.method = sde too".into(),
            );
        }
        if self.train.networks != 1 {
            return Err(format!(
                "train.networks = {}: foehn generate trains one network",
                self.train.networks
            ));
        }
        Ok(())
    }
}

/// Keys whose tables are values: one kind of path does not keep the keys of another.
const WHOLE: [&str; 5] = ["interpolant", "coupling", "time", "epsilon", "grid"];

/// Puts the values of `over` in place of those of `table`.
fn merge(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value))
                if !WHOLE.contains(&key.as_str()) =>
            {
                merge(inner, value);
            }
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// Parameters of a path that is asked for by its name alone.
fn expand_path(model: &mut toml::Table) {
    let Some(toml::Value::String(name)) = model.get("interpolant") else {
        return;
    };
    let parameters = match name.as_str() {
        "linear" | "trigonometric" => "gamma = \"zero\"",
        "fourier" => "gamma = \"zero\"\nalpha = [0.0, 0.0, 0.0, 0.0]\nbeta = [0.0, 0.0, 0.0, 0.0]",
        "mirror" => "gamma = \"quadratic\"",
        "one_sided" => "sides = { kind = \"linear\", gamma = \"zero\" }",
        "variance_exploding" => "sigma_max = 20.0\npower = 3.0",
        "follmer" => "beta = \"linear\"\nepsilon = 1.0",
        _ => "",
    };
    let text = format!("kind = \"{name}\"\n{parameters}");
    if let Ok(table) = text.parse::<toml::Table>() {
        model.insert("interpolant".into(), toml::Value::Table(table));
    }
}

/// A number alone is a constant e.
fn expand_epsilon(sampling: &mut toml::Table) {
    let constant = match sampling.get("epsilon") {
        Some(toml::Value::Float(e)) => *e,
        Some(toml::Value::Integer(e)) => *e as f64,
        _ => return,
    };
    let table = toml::Table::from_iter([("constant".to_owned(), toml::Value::Float(constant))]);
    sampling.insert("epsilon".into(), toml::Value::Table(table));
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_interpolant::{FollmerBeta, Gamma, Path};

    fn parse(overrides: &[&str]) -> Result<GenerateConfig, ConfigError> {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        GenerateConfig::parse("", "--set", &overrides)
    }

    #[test]
    fn paths_are_named_or_written_out() {
        let path = |text: &str| parse(&[&format!("model.interpolant={text}")]);
        let (beta, epsilon) = (FollmerBeta::Linear, 1.0);
        let follmer = path("follmer").unwrap().model.interpolant;
        assert_eq!(follmer, Path::Follmer { beta, epsilon });
        let gamma = Gamma::Quadratic;
        let linear = path("{ kind = \"linear\", gamma = \"quadratic\" }").unwrap();
        assert_eq!(linear.model.interpolant, Path::Linear { gamma });
        for name in [
            "linear",
            "trigonometric",
            "encoding_decoding",
            "one_sided",
            "mirror",
            "variance_preserving",
            "sub_variance_preserving",
            "variance_exploding",
            "fourier",
        ] {
            let config = path(name).unwrap();
            assert!(config.model.interpolant.schedule().is_ok(), "{name}");
        }
        let error = path("linaer").unwrap_err().to_string();
        assert!(
            error.contains("linaer") && error.contains("`linear`"),
            "{error}"
        );
    }

    #[test]
    fn a_section_keeps_the_defaults_of_what_it_leaves_out() {
        let config = parse(&["train.steps=7", "model.network.width=64"]).unwrap();
        let default = GenerateConfig::default();
        assert_eq!(config.train.batch_size, default.train.batch_size);
        assert_eq!((config.train.steps, config.model.network.width), (7, 64));
        let text = config.to_toml().unwrap();
        assert_eq!(GenerateConfig::parse(&text, "again", &[]).unwrap(), config);
        let error = parse(&["train.stepz=7"]).unwrap_err().to_string();
        assert!(error.contains("\"train.steps\""), "{error}");
    }
}
