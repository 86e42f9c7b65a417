//! Turbulence, and an ensemble of it that is biased and too sure.

use super::store::{DAY, Fields, START};
use anyhow::Result;
use foehn_compute::Workers;
use foehn_noise::{Key, Purpose};
use foehn_simulation::{Turbulence, TurbulenceConfig};
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Vorticity of stochastic turbulence, and an ensemble from the same states whose noise is too weak, damped and with a
/// bias that differs from place to place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatedFlow {
    /// Points of a side, a power of two, at least 16: every other point of the simulation's.
    pub grid: usize,
    /// Starts, two units of time apart.
    pub dates: usize,
    /// Members.
    pub members: usize,
    /// Units of time forecast, a whole number of steps of 0.02; stored as days.
    pub lead: f64,
    /// The members' noise over the truth's.
    pub noise: f64,
    /// What members are multiplied by.
    pub damping: f64,
    /// Mean of the bias and amplitude of its wave `sin x cos y`.
    pub bias: [f64; 2],
}

impl Default for SimulatedFlow {
    fn default() -> Self {
        Self {
            grid: 32,
            dates: 120,
            members: 10,
            lead: 0.5,
            noise: 0.5,
            damping: 0.85,
            bias: [1.0, 0.7],
        }
    }
}

/// Step of time.
pub(crate) const STEP: f64 = 0.02;
/// Steps between two starts.
pub(crate) const BETWEEN: u32 = 100;
/// Steps from rest to the first start.
const SPIN_UP: u32 = 1500;

impl SimulatedFlow {
    pub(crate) fn turbulence(&self) -> TurbulenceConfig {
        TurbulenceConfig {
            grid: 2 * self.grid,
            output_grid: self.grid,
            dt: STEP,
            ..TurbulenceConfig::default()
        }
    }

    pub(crate) fn lead_steps(&self) -> u32 {
        (self.lead / STEP).round() as u32
    }

    fn run(flow: &mut Turbulence, key: Key, steps: u32, factor: f64) -> Result<()> {
        let mut normals = [0.0; Turbulence::NORMALS];
        for step in 0..steps {
            key.step(step).normals_f64(&mut normals);
            for z in &mut normals {
                *z *= factor;
            }
            flow.step(&normals)?;
        }
        Ok(())
    }

    pub(crate) fn fields(&self, seed: u64, workers: &Workers) -> Result<Fields> {
        let config = self.turbulence();
        let steps = self.lead_steps();
        let key = |date: usize| Key::new(seed, Purpose::Simulate).init(date as i64);
        let mut flow = Turbulence::new(&config)?;
        Self::run(
            &mut flow,
            Key::new(seed, Purpose::Simulate).init(-1),
            SPIN_UP,
            1.0,
        )?;
        let mut starts = Vec::with_capacity(self.dates);
        let mut truth = Vec::new();
        for date in 0..self.dates {
            starts.push(flow.vorticity());
            Self::run(&mut flow, key(date), steps.min(BETWEEN), 1.0)?;
            truth.extend(seen(&mut flow).iter().map(|x| *x as f32));
            Self::run(
                &mut flow,
                key(date).lead(1),
                BETWEEN.saturating_sub(steps),
                1.0,
            )?;
        }
        let n = self.grid;
        let angle = |i: usize| TAU * i as f64 / n as f64;
        let bias = Array2::from_shape_fn((n, n), |(i, j)| {
            self.bias[0] + self.bias[1] * angle(j).sin() * angle(i).cos()
        });
        let members = workers.map(self.dates, |date| {
            let mut flow = Turbulence::new(&config)?;
            let mut values = Vec::with_capacity(self.members * n * n);
            for member in 0..self.members {
                flow.set_vorticity(&starts[date])?;
                Self::run(
                    &mut flow,
                    key(date).member(member as u32 + 1),
                    steps,
                    self.noise,
                )?;
                let field = seen(&mut flow) * self.damping + &bias;
                values.extend(field.iter().map(|x| *x as f32));
            }
            Ok::<_, anyhow::Error>(values)
        })?;
        Ok(Fields {
            members: members.concat(),
            truth,
            dates: (0..self.dates)
                .map(|date| START + 2 * date as i64 * DAY)
                .collect(),
            count: self.members,
            lead: (self.lead * DAY as f64).round() as i64,
            units: "1",
        })
    }
}

/// Every other point: the saved grid holds no shell that the simulation leaves empty.
fn seen(flow: &mut Turbulence) -> Array2<f64> {
    flow.vorticity().slice(s![..;2, ..;2]).to_owned()
}
