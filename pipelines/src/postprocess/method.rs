//! The methods of a configuration, statistical or learnt, and their fits.

use super::interpolant::{FittedInterpolant, InterpolantConfig};
use anyhow::Result;
use foehn_calibration::{
    Bias, Climatology, Emos, Fitted, Isotonic, MemberByMember, Method, PredictError, Prediction,
    QuantileMapping, Table,
};
use foehn_compute::Workers;
use serde::{Deserialize, Serialize};

/// A post-processing method: one line of configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum MethodConfig {
    /// The members as they are.
    Raw,
    /// Past observations of the season.
    Climatology(Climatology),
    /// One step for all members.
    Bias(Bias),
    /// A parametric law regressed on the ensemble.
    Emos(Emos),
    /// Every member moved and spread.
    MemberByMember(MemberByMember),
    /// Quantiles of the members to those of the observations.
    QuantileMapping(QuantileMapping),
    /// Isotonic distributional regression.
    Isotonic(Isotonic),
    /// A parametric law carried by a learnt flow to what it leaves open.
    Interpolant(InterpolantConfig),
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
    /// Parameters and networks.
    Interpolant(Box<FittedInterpolant>),
}

impl MethodConfig {
    /// The method, unless it needs networks.
    pub fn statistical(&self) -> Option<Method> {
        Some(match self.clone() {
            Self::Raw => Method::Raw,
            Self::Climatology(method) => Method::Climatology(method),
            Self::Bias(method) => Method::Bias(method),
            Self::Emos(method) => Method::Emos(method),
            Self::MemberByMember(method) => Method::MemberByMember(method),
            Self::QuantileMapping(method) => Method::QuantileMapping(method),
            Self::Isotonic(method) => Method::Isotonic(method),
            Self::Interpolant(_) => return None,
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
        }
    }
}
