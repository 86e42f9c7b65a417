//! The flow and the SDE of a model of pictures.

use super::folder::Model;
use super::law::{Conditions, RestorationLaw};
use super::sampling::RestoreSampling;
use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_dynamics::{ClassifierFree, Dynamics, Noise, Sampler, TimeGrid, Velocity, WienerNoise};
use foehn_interpolant::{Inpainting, Schedule};
use foehn_noise::Key;
use foehn_restoration::{Tile, Tiling};

/// The step of a sample's key that names its start; steps of solvers lie below.
const START: u32 = u32::MAX;

/// The velocity of pictures of a batch, given what is known of them.
type Velocities<'a> = &'a dyn Fn(&[f64], Tensor<4>, &Conditions) -> Tensor<4>;

/// A law with a velocity and the conditions of a batch bound.
///
/// Given them, the start is normal with centre m and deviation sigma, so that the velocity has the score with it. With
/// `y = x - alpha m` and `u = b - alpha' m`:
/// `sigma E[zeta] = (beta u - beta' y) / (alpha' beta - alpha beta')` and `s = -sigma E[zeta] / (alpha sigma^2)`.
struct Process<'a> {
    law: &'a RestorationLaw,
    network: Velocities<'a>,
    given: Conditions,
    kept: Option<Inpainting<4>>,
    e: Option<Box<dyn Fn(f64) -> f64 + 'a>>,
    tiling: Option<&'a Tiling>,
    guidance: f64,
}

/// Samples, one a key, of what the pictures may have been.
///
/// # Shapes
/// Result: [B, C, H, W], B keys; known values are those of the condition, bit for bit.
///
/// # Errors
/// If a sample leaves the numbers, or solver and noise do not go together.
pub fn sample(
    model: &Model,
    how: &RestoreSampling,
    given: Conditions,
    keys: &[Key],
    tiling: Option<&Tiling>,
) -> Result<Tensor<4>> {
    let Model { law, network, .. } = model;
    let velocity = |t: &[f64], x, given: &Conditions| law.velocity(network, t, x, given);
    sample_of(law, &velocity, how, given, keys, tiling)
}

/// As [`sample`], of any velocity.
fn sample_of(
    law: &RestorationLaw,
    network: Velocities,
    how: &RestoreSampling,
    given: Conditions,
    keys: &[Key],
    tiling: Option<&Tiling>,
) -> Result<Tensor<4>> {
    let starts: Vec<Key> = keys.iter().map(|key| key.step(START)).collect();
    let x0 = law.start(&given, &starts);
    let e = how
        .epsilon
        .map(|epsilon| epsilon.on(law.schedule().clone()))
        .transpose()?;
    let sampler = Sampler {
        solver: how.solver(),
        grid: TimeGrid::uniform(how.steps)?,
    };
    let process = Process {
        law,
        network,
        kept: law.kept(&given),
        given: given.clone(),
        e: e.map(|e| Box::new(e) as Box<dyn Fn(f64) -> f64>),
        tiling,
        guidance: how.guidance(),
    };
    let mut wiener = WienerNoise::new(keys.to_vec());
    let kept = process.kept.clone();
    // known values do not move, neither by the drift nor by the noise
    let mut noise = |step: usize, like: &Tensor<4>| {
        let z = wiener.draw(step, like);
        kept.as_ref().map_or(z.clone(), |kept| kept.free(z))
    };
    let x = sampler
        .sample_with(&process, x0, &mut noise, how.last_step.into())?
        .finite()
        .context("a sample left the numbers: take more steps, or less noise in sampling.epsilon")?;
    Ok(match given.known {
        Some(mask) => Inpainting { mask }.keep(x, given.condition),
        None => x,
    })
}

impl Dynamics<4> for Process<'_> {
    fn drift(&self, t: f64, x: Tensor<4>) -> Tensor<4> {
        let b = self.velocity(t, x.clone());
        let Some(e) = self.e.as_ref().map(|e| e(t)).filter(|e| *e > 0.0) else {
            return b;
        };
        let (law, c) = (self.law, self.law.schedule().at(t));
        let m = law.centre(&self.given);
        let (y, u) = (x - m.clone() * c.alpha, b.clone() - m * c.d_alpha);
        let noise = (u * c.beta - y * c.d_beta) / (c.d_alpha * c.beta - c.alpha * c.d_beta);
        let drift = b - noise * (e / (c.alpha * law.sigma().powi(2)));
        match &self.kept {
            Some(kept) => kept.free(drift),
            None => drift,
        }
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.e.as_ref().map_or(0.0, |e| (2.0 * e(t)).sqrt())
    }

    fn is_regular_at_end(&self) -> bool {
        // the score has no limit where nothing is left of the start
        self.e.is_none()
    }
}

impl Process<'_> {
    /// The velocity, whole or in tiles.
    fn velocity(&self, t: f64, x: Tensor<4>) -> Tensor<4> {
        let Some(tiling) = self.tiling else {
            return self.guided(t, x, &self.given);
        };
        let [b, c, ..] = x.dims();
        let mut sum = x.zeros_like();
        for tile in tiling.tiles() {
            let u = self.guided(t, cut(&x, tile), &self.given.cut(tile));
            let place = [0..b, 0..c, tile.rows.clone(), tile.columns.clone()];
            let before = sum.clone().slice(place.clone());
            sum = sum.slice_assign(place, before + u * share(tile, &x.device()));
        }
        sum
    }

    /// `b + w (b_class - b)`, where a class is told.
    fn guided(&self, t: f64, x: Tensor<4>, given: &Conditions) -> Tensor<4> {
        let times = vec![t; x.dims()[0]];
        let of = |x: Tensor<4>, given: &Conditions| (self.network)(&times, x, given);
        let untold = given.untold();
        match given.classes {
            Some(_) if self.guidance == 0.0 => of(x, &untold),
            Some(_) if self.guidance != 1.0 => ClassifierFree {
                unconditional: |_: f64, x: Tensor<4>| of(x, &untold),
                conditional: |_: f64, x: Tensor<4>| of(x, given),
                weight: self.guidance,
            }
            .velocity(t, x),
            _ => of(x, given),
        }
    }
}

impl Conditions {
    fn cut(&self, tile: &Tile) -> Self {
        Self {
            condition: cut(&self.condition, tile),
            known: self.known.as_ref().map(|known| cut(known, tile)),
            features: self.features.as_ref().map(|x| cut(x, tile)),
            classes: self.classes.clone(),
        }
    }
}

/// # Shapes
/// [B, C, H, W] to [B, C, rows, columns] of the tile.
fn cut(x: &Tensor<4>, tile: &Tile) -> Tensor<4> {
    let [b, c, ..] = x.dims();
    x.clone()
        .slice([0..b, 0..c, tile.rows.clone(), tile.columns.clone()])
}

fn share(tile: &Tile, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = tile.share.iter().copied().collect();
    let shape = [1, 1, tile.rows.len(), tile.columns.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod coupling_tests;
#[cfg(test)]
mod tests;
