//! Past observations of the season as a forecast.

use std::f64::consts::TAU;

use foehn_verification::Window;
use serde::{Deserialize, Serialize};

use crate::{Case, Law, PredictError, Scope};

/// The observations of training within so many days of the time of year, as members of equal weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Climatology {
    /// Half-width of the window, days; infinite for the whole year.
    pub half_window: f64,
    /// Which stations share their observations.
    pub scope: Scope,
}

impl Default for Climatology {
    fn default() -> Self {
        Self {
            half_window: 15.0,
            scope: Scope::Local,
        }
    }
}

/// The observations of one group with their seasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClimatologyFit {
    window: Window,
    seasons: Vec<f64>,
    observations: Vec<f64>,
}

impl Climatology {
    pub(crate) fn fit(&self, cases: &[Case<'_>]) -> ClimatologyFit {
        ClimatologyFit {
            window: Window::days(self.half_window),
            seasons: cases.iter().map(|case| case.season).collect(),
            observations: cases.iter().map(|case| case.observation).collect(),
        }
    }
}

impl ClimatologyFit {
    /// The law for the season of a case; members are not looked at.
    ///
    /// # Errors
    /// No observation in the window.
    pub fn predict(&self, case: &Case<'_>) -> Result<Law, PredictError> {
        let day = |season: f64| season / TAU * self.window.year;
        let near = |season: f64| self.window.holds(day(season), day(case.season));
        let past = self
            .seasons
            .iter()
            .zip(&self.observations)
            .filter(|(season, _)| near(**season));
        let past: Vec<f64> = past.map(|(_, y)| *y).collect();
        Law::of_members(&past).map_err(|_| PredictError::NoSeason {
            half: self.window.half,
            station: case.station.name.clone(),
        })
    }
}
