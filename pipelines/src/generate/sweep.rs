//! Which noise and how many steps a model of vectors needs.

use super::data::Data;
use super::drawing::{Drawing, halves};
use super::folder::Folder;
use super::learnt::Learnt;
use super::quality::energy_distance;
use super::sampling::{Wanted, samples};
use crate::sweep::Sweep;
use anyhow::{Context, Result, bail};
use foehn_archive::write_whole;
use foehn_dynamics::{Diffusion, Epsilon};
use foehn_generation::{GridConfig, Method, Model, SamplingConfig};
use foehn_report::{Axis, Figure, Lines};

const STEPS: [usize; 5] = [5, 10, 20, 50, 100];
/// Parts of the usual noise that are tried.
const PARTS: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

impl Drawing<'_> {
    /// Energy distance between samples for the rows set aside and those rows over diffusions and steps,
    /// drawn in the model's folder. Estimates below zero, which equal laws give as often as others, count
    /// as zero.
    ///
    /// # Errors
    /// As sampling; or if the figure cannot be written.
    pub fn sweep(&self, data: &Data, folder: &Folder) -> Result<Sweep> {
        let what = format!(
            "energy distance to held-out data, at least 0 (halves of those {:.5})",
            halves(&data.compared)
        );
        let sweep = Sweep::run(what, &self.diffusions(), &STEPS, |how, steps| {
            let how = SamplingConfig {
                steps,
                ..how.clone()
            };
            let wanted = &data.comparison;
            let drawn = samples(self.model, &how, self.seed, wanted, self.machine)?;
            Ok(energy_distance(&drawn.x, &data.compared).max(0.0))
        })?;
        let figure = Lines {
            y: Axis::new("energy distance", "").from_zero(),
            ..sweep.figure("Samples against held-out data", "")
        };
        let path = folder.sweep();
        write_whole(&path, &figure.png()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(sweep)
    }

    /// One sample of every diffusion, to refuse a sweep before the training.
    ///
    /// # Errors
    /// As sampling; or if the grid has a fixed number of steps, or there are too few rows.
    pub fn rehearse_sweep(&self, data: &Data) -> Result<()> {
        if let GridConfig::Times(_) = self.how.grid {
            bail!(
                "--sweep varies the number of steps: give sampling.grid = uniform, cosine or power"
            );
        }
        if data.compared.nrows() < 4 {
            bail!(
                "--sweep compares samples with data: {} rows are too few",
                data.compared.nrows()
            );
        }
        let one = Wanted {
            count: 1,
            ..data.comparison.clone()
        };
        for (_, how) in self.diffusions() {
            samples(self.model, &how, self.seed, &one, self.machine)?;
        }
        Ok(())
    }

    /// The flow, and the SDE with parts of its usual noise.
    fn diffusions(&self) -> Vec<(String, SamplingConfig)> {
        let Learnt::Interpolant(Model { law, .. }) = self.model else {
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
