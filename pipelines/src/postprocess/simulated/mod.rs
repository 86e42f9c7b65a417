//! Cases of which the truth is known: rain of a known law, and turbulence with an ensemble that is biased and too sure.

mod flow;
mod store;

pub use flow::SimulatedFlow;

use super::method::{Forecast, Predictions};
use anyhow::{Context, Result};
use flow::{BETWEEN, STEP};
use foehn_calibration::{Basis, Law, Prediction, Table, Variables};
use foehn_compute::Workers;
use foehn_field::Grid;
use foehn_noise::{Key, Purpose};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::path::Path;
use store::{DAY, Fields, Made, START};

/// What `[data]` is made by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SimulatedCases {
    /// One station.
    Rain(SimulatedRain),
    /// A periodic grid.
    Turbulence(SimulatedFlow),
}

/// Rain that is zero with chance `1 - p`, else gamma: `p = 1/(1 + e^-z)`, shape 0.8, mean `2 e^(0.6 z)` mm, z a normal
/// signal of the day. Members are drawn from the same law and come out half as much again: too wet, and with as many dry
/// ones as they should have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatedRain {
    /// Days.
    pub dates: usize,
    /// Members.
    pub members: usize,
}

impl Default for SimulatedRain {
    fn default() -> Self {
        Self {
            dates: 4000,
            members: 50,
        }
    }
}

const SHAPE: f64 = 0.8;

/// The law of a day's rain.
struct Rain {
    chance: f64,
    mean: f64,
}

impl Rain {
    fn of(signal: f64) -> Self {
        Self {
            chance: 1.0 / (1.0 + (-signal).exp()),
            mean: 2.0 * (0.6 * signal).exp(),
        }
    }

    fn quantile(&self, u: f64) -> f64 {
        let dry = 1.0 - self.chance;
        if u <= dry {
            return 0.0;
        }
        let law = Law::CensoredShiftedGamma {
            mean: self.mean,
            deviation: self.mean / SHAPE.sqrt(),
            shift: 0.0,
        };
        law.quantile(((u - dry) / self.chance).min(1.0 - 1e-15))
    }
}

impl SimulatedRain {
    fn key(seed: u64, date: usize) -> Key {
        Key::new(seed, Purpose::Simulate).init(date as i64)
    }

    fn signal(seed: u64, date: usize) -> f64 {
        let mut z = [0.0];
        Self::key(seed, date).normals_f64(&mut z);
        z[0]
    }

    fn fields(&self, seed: u64) -> Fields {
        let mut members = Array2::zeros((self.dates, self.members));
        let mut truth = Vec::with_capacity(self.dates);
        for date in 0..self.dates {
            let rain = Rain::of(Self::signal(seed, date));
            let mut u = vec![0.0; self.members + 1];
            Self::key(seed, date).step(1).uniforms(&mut u);
            truth.push(rain.quantile(u[0]) as f32);
            for (member, u) in members.row_mut(date).iter_mut().zip(&u[1..]) {
                *member = (1.5 * rain.quantile(*u)) as f32;
            }
        }
        Fields {
            members: members.into_iter().collect(),
            truth,
            dates: (0..self.dates)
                .map(|date| START + date as i64 * DAY)
                .collect(),
            count: self.members,
            lead: DAY,
            units: "mm",
        }
    }

    /// The law that nobody can know better, at 1000 levels.
    fn exact(seed: u64, date: i64) -> Result<Law, foehn_calibration::StepsError> {
        let rain = Rain::of(Self::signal(seed, ((date - START) / DAY) as usize));
        let levels = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0);
        let values: Vec<f64> = levels.map(|u| rain.quantile(u)).collect();
        Law::of_members(&values)
    }
}

impl SimulatedCases {
    /// Whether there is anything to make.
    ///
    /// # Errors
    /// The key that no simulation can have.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Rain(rain) if rain.dates < 2 || rain.members == 0 => {
                Err("data.simulated.rain: at least 2 dates and 1 member".to_owned())
            }
            Self::Turbulence(flow) => {
                flow.turbulence()
                    .validate()
                    .map_err(|e| format!("data.simulated.turbulence: {e}"))?;
                let whole = (flow.lead / STEP - f64::from(flow.lead_steps())).abs() < 1e-9
                    && flow.lead_steps() <= BETWEEN;
                if flow.dates < 2 || flow.members == 0 || !whole || flow.lead_steps() == 0 {
                    return Err(format!(
                        "data.simulated.turbulence: at least 2 dates and 1 member, and a lead of 0.02 to 2 in steps of \
                         0.02; it is {}",
                        flow.lead
                    ));
                }
                Ok(())
            }
            Self::Rain(_) => Ok(()),
        }
    }

    /// Makes the cases and writes them as a Zarr store.
    ///
    /// # Errors
    /// If the flow leaves what its scheme can follow, or the store cannot be written.
    pub(crate) fn write(
        &self,
        path: &Path,
        names: &Variables,
        seed: u64,
        workers: &Workers,
    ) -> Result<()> {
        let (fields, grid) = match self {
            Self::Rain(rain) => (rain.fields(seed), None),
            Self::Turbulence(flow) => {
                let points: Vec<f64> = (0..flow.grid)
                    .map(|i| TAU * i as f64 / flow.grid as f64)
                    .collect();
                let grid = Grid::Cartesian {
                    y: points.clone(),
                    x: points,
                    period: Some((TAU, TAU)),
                };
                (flow.fields(seed, workers)?, Some(grid))
            }
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fields.write(path, names, grid.as_ref(), &self.made(seed))
    }

    /// What a store of these cases says that it was made by.
    pub(crate) fn made(&self, seed: u64) -> Made<'_> {
        Made { seed, cases: self }
    }

    /// The exact law of every case, where it is known.
    pub(crate) fn exact(&self, test: &Table, seed: u64) -> Option<Predictions> {
        let Self::Rain(_) = self else { return None };
        let one = |case: foehn_calibration::Case<'_>| -> Forecast {
            let none = |_| foehn_calibration::PredictError::NoMember {
                station: case.station.name.clone(),
                date: case.when(),
                lead: case.lead,
            };
            Ok(Prediction {
                law: SimulatedRain::exact(seed, case.date).map_err(none)?,
                members: None,
                basis: Basis::Global,
            })
        };
        Some(test.cases().map(one).collect())
    }
}
