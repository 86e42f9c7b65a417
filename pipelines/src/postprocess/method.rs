//! The methods of a configuration, statistical or learnt, and their fits.

use super::learnt::{
    DistributionalConfig, FittedDistributional, FittedInterpolant, InterpolantConfig,
};
use anyhow::Result;
use foehn_calibration::{Fitted, Method, PredictError, Prediction, Table};
use foehn_compute::Workers;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// A post-processing method: one line of configuration, chosen by its key `name`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MethodConfig {
    /// One of [`Method`].
    Statistical(Method),
    /// One that trains networks.
    Learnt(Learnt),
}

/// The methods that train networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Learnt {
    /// A parametric law or the raw members, carried by a learnt flow.
    Interpolant(InterpolantConfig),
    /// A parametric law whose parameters a network moves.
    Distributional(DistributionalConfig),
}

/// Their names.
const LEARNT: [&str; 2] = ["interpolant", "distributional"];

impl<'de> Deserialize<'de> for MethodConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(from)?;
        let name = table.get("name").and_then(toml::Value::as_str);
        let learnt = name.is_some_and(|name| LEARNT.contains(&name));
        let value = toml::Value::Table(table);
        // The other reader's message is kept, with the keys and names that it knows.
        if learnt {
            let method = Learnt::deserialize(value).map_err(|e| D::Error::custom(e.message()))?;
            return Ok(Self::Learnt(method));
        }
        let with_learnt = |message: &str| {
            message.strip_prefix("unknown variant").map_or_else(
                || message.to_owned(),
                |_| format!("{message}, `{}`", LEARNT.join("`, `")),
            )
        };
        Method::deserialize(value)
            .map(Self::Statistical)
            .map_err(|e| D::Error::custom(with_learnt(e.message())))
    }
}

/// The forecast of one case, or why there is none.
pub type Forecast = Result<Prediction, PredictError>;

/// One forecast a row of a table.
pub type Predictions = Vec<Forecast>;

/// A fitted method.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum FittedMethod {
    /// Parameters.
    Statistical(Fitted),
    /// Parameters and flows.
    Interpolant(Box<FittedInterpolant>),
    /// Parameters and networks.
    Distributional(Box<FittedDistributional>),
}

impl Learnt {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Interpolant(method) => method.check(),
            Self::Distributional(method) => method.check(),
        }
    }

    /// Fits on all workers.
    ///
    /// # Errors
    /// As the method's own `fit`.
    pub fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedMethod> {
        Ok(match self {
            Self::Interpolant(method) => {
                FittedMethod::Interpolant(Box::new(method.fit(training, seed, workers)?))
            }
            Self::Distributional(method) => {
                FittedMethod::Distributional(Box::new(method.fit(training, seed, workers)?))
            }
        })
    }
}

impl FittedMethod {
    /// The forecasts of all rows; observations are not looked at.
    ///
    /// # Errors
    /// If a flow cannot be solved, or after Ctrl-C.
    pub fn predictions(&self, table: &Table, workers: &Workers) -> Result<Predictions> {
        match self {
            Self::Statistical(fitted) => {
                Ok(table.cases().map(|case| fitted.predict(&case)).collect())
            }
            Self::Interpolant(fitted) => fitted.predictions(table, workers),
            Self::Distributional(fitted) => fitted.predictions(table, workers),
        }
    }

    /// What is to be said of the fit: the base that was chosen, the step at which training was stopped, or searches without
    /// an end.
    pub(crate) fn said(&self) -> Option<String> {
        match self {
            Self::Statistical(fitted) => match fitted.unconverged() {
                [_, 0] => None,
                [all, open] => Some(format!(
                    "{open} of {all} searches ended before they converged"
                )),
            },
            Self::Interpolant(fitted) => Some(fitted.said()),
            Self::Distributional(fitted) => Some(fitted.said()),
        }
    }
}
