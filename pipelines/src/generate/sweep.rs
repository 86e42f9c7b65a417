//! Which noise and how many steps a model of vectors needs.

use super::data::Data;
use super::learnt::Learnt;
use super::quality::energy_distance;
use super::sampling::{Wanted, samples};
use super::{Drawing, Folder};
use crate::sweep::Sweep;
use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_dynamics::{Diffusion, Epsilon};
use foehn_generation::{Method, Model, SamplingConfig};
use foehn_report::{Axis, Figure, Lines, Reference};

const STEPS: [usize; 5] = [5, 10, 20, 50, 100];
/// Samples of every cell.
const COUNT: usize = 2000;
/// Parts of the usual noise that are tried.
const PARTS: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

impl Drawing<'_> {
    /// Energy distance between samples and data over diffusions and steps, drawn in the model's folder.
    ///
    /// # Errors
    /// As sampling; or if the figure cannot be written.
    pub fn sweep(&self, wanted: &Wanted, data: &Data, folder: &Folder) -> Result<Sweep> {
        let wanted = Wanted {
            count: COUNT,
            x0: wanted.x0.clone(),
            condition: wanted.condition.clone(),
        };
        let what = "energy distance to the data";
        let sweep = Sweep::run(what, &self.diffusions(), &STEPS, |how, steps| {
            let how = SamplingConfig {
                steps,
                ..how.clone()
            };
            let drawn = samples(&self.trained.model, &how, self.seed, &wanted, self.machine)?;
            Ok(energy_distance(&drawn.x, &data.compared))
        })?;
        let figure = Lines {
            y: Axis::new("energy distance", "").from_zero(),
            references: vec![Reference::Line {
                value: 0.0,
                label: "equal laws".into(),
            }],
            ..sweep.figure("Samples against data", "")
        };
        let path = folder.sweep();
        write_whole(&path, &figure.png()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(sweep)
    }

    /// The flow, and the SDE with parts of its usual noise.
    fn diffusions(&self) -> Vec<(String, SamplingConfig)> {
        let Learnt::Interpolant(Model { law, .. }) = &self.trained.model else {
            return vec![("flow".to_owned(), self.how.clone())];
        };
        let with = |method: Method| SamplingConfig {
            method: Some(method),
            ..self.how.clone()
        };
        if law.is_follmer() {
            let flow = SamplingConfig {
                diffusion: Diffusion::Zero,
                ..with(Method::Exponential)
            };
            let follmer = |part: f64| {
                let diffusion = Diffusion::FollmerTimes(part);
                let how = SamplingConfig {
                    diffusion,
                    ..with(Method::Sde)
                };
                (format!("{part} g_F"), how)
            };
            let sigma = SamplingConfig {
                diffusion: Diffusion::Sigma,
                ..with(Method::Sde)
            };
            let mut all = vec![("flow".to_owned(), flow), ("sigma".to_owned(), sigma)];
            all.extend(PARTS.map(follmer));
            return all;
        }
        let mut all = vec![("flow".to_owned(), with(Method::Flow))];
        if law.has_score() {
            let noise = |part: f64| {
                let epsilon = law.usual_epsilon(part);
                let how = SamplingConfig {
                    epsilon: Some(epsilon),
                    ..with(Method::Sde)
                };
                (name(epsilon), how)
            };
            all.extend(PARTS.map(noise));
        }
        all
    }
}

fn name(epsilon: Epsilon) -> String {
    match epsilon {
        Epsilon::Gamma(e0) => format!("e = {e0} gamma"),
        Epsilon::Decreasing { e0, .. } => format!("e = {e0} (1 - t)"),
        other => format!("{other:?}"),
    }
}
