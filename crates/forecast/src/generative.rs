//! Samples of the next state by a Föllmer process whose drift is a network.

use crate::error::ForecastError;
use crate::host::from_host;
use crate::interpolant_config::Transition;
use crate::predictor::{Predictor, State};
use crate::sampling::Sampling;
use burn::tensor::{Device, Tensor, TensorData};
use foehn_dataset::Features;
use foehn_dynamics::{Drift, FollmerProcess, Noise, WienerNoise};
use foehn_field::Instant;
use foehn_interpolant::{
    Colour, Follmer, Interpolant, Pair, Schedule, normals, per_sample, squared_error,
};
use foehn_network::UNet;
use foehn_noise::Key;
use ndarray::{Array4, Axis};

/// A network over fields: what is shown, and when on the path -> the drift.
pub trait FieldNetwork: Sync {
    /// # Shapes
    /// `input`: [B, channels, ny, nx]; `t`: (B); result: [B, C, ny, nx].
    fn forward(&self, input: Tensor<4>, t: Tensor<1>) -> Tensor<4>;
}

impl FieldNetwork for UNet {
    fn forward(&self, input: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        UNet::forward(self, input, t)
    }
}

/// All that is known when the next state is drawn, in standardised units.
///
/// # Shapes
/// `history`: [B, C, ny, nx] each, the present last; `features`: [B, K, ny, nx].
#[derive(Clone, Debug)]
pub struct Condition {
    /// Past states.
    pub history: Vec<Tensor<4>>,
    /// Position, static fields, season, hour, validity.
    pub features: Tensor<4>,
}

/// Times on the path, and names of the randomness, a sample each.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// Interpolation times: (B).
    pub t: &'a [f64],
    /// Names: (B).
    pub keys: &'a [Key],
}

/// Steps of a sample's stream while training, one for each use.
const LATENT: u32 = 1;
const PERTURBATION: u32 = 2;

/// The conditional law of the next standardised state given the past, as learnt.
pub struct Generative<'a, N> {
    /// The drift.
    pub network: &'a N,
    /// The path it was learnt on.
    pub path: Follmer,
    /// What the path leads to.
    pub transition: Transition,
    /// Correlation of the noise.
    pub colour: &'a Colour,
    /// Root mean square of the standardised increments: [1, C, ny, nx].
    pub increment_scale: &'a Tensor<4>,
    /// 1 where a cell can hold data, else 0: [1, C, ny, nx].
    pub valid: Option<&'a Tensor<4>>,
    /// Channels beside the states.
    pub features: &'a Features,
    /// How to sample.
    pub sampling: Sampling,
}

impl<N: FieldNetwork> Generative<'_, N> {
    /// Channels that the network is shown: the point on the path, `history` states and the features.
    pub fn input_channels(state_channels: usize, history: usize, features: usize) -> usize {
        state_channels * (1 + history) + features
    }

    /// The regression loss of the drift, averaged over the batch.
    ///
    /// # Shapes
    /// `draws`: (B); `next` and `weight`: [B, C, ny, nx], weight zero where data is missing.
    ///
    /// # Errors
    /// If the history is empty.
    pub fn loss(
        &self,
        condition: &Condition,
        next: &Tensor<4>,
        weight: Tensor<4>,
        draws: Draws,
        condition_noise: f64,
    ) -> Result<Tensor<1>, ForecastError> {
        let condition = self.perturbed(condition, condition_noise, draws.keys)?;
        let shown = self.shown(&condition)?;
        let x0 = self.start(&condition)?;
        let x1 = match self.transition {
            Transition::State => next.clone(),
            Transition::Increment => {
                (next.clone() - present(&condition)?.clone()) / self.increment_scale.clone()
            }
        };
        let z = self.noise(draws.keys, LATENT, &x1);
        let pair = Pair { x0, x1 };
        let point = Interpolant {
            schedule: self.path,
        }
        .drift_point(draws.t, &pair, &z);
        let (input, t) = self.input(&shown, draws.t, &point.xt);
        let drift = self.network.forward(input, t);
        Ok(squared_error(
            self.masked(drift),
            point.target,
            Some(weight),
        ))
    }

    /// The condition with noise on the present state, in units of an increment and coloured like one:
    /// the target stays the true next state, so the network learns to forecast from states that are
    /// not quite right, as its own are in a rollout.
    fn perturbed(
        &self,
        condition: &Condition,
        condition_noise: f64,
        keys: &[Key],
    ) -> Result<Condition, ForecastError> {
        let mut condition = condition.clone();
        if condition_noise > 0.0 {
            let x0 = present(&condition)?.clone();
            let noise = self.noise(keys, PERTURBATION, &x0) * self.increment_scale.clone();
            condition.history.pop();
            condition.history.push(x0 + noise * condition_noise);
        }
        Ok(condition)
    }

    /// Coloured draws from the streams `keys`.
    fn noise(&self, keys: &[Key], step: u32, like: &Tensor<4>) -> Tensor<4> {
        let keys: Vec<Key> = keys.iter().map(|k| k.step(step)).collect();
        self.masked(self.colour.apply(normals(&keys, like)))
    }

    /// The features at `instants`, a sample each: [B, K, ny, nx].
    pub fn features_at(features: &Features, instants: &[Instant], device: &Device) -> Tensor<4> {
        let each: Vec<_> = instants.iter().map(|at| features.at(*at)).collect();
        let views: Vec<_> = each.iter().map(|a| a.view()).collect();
        let shape = each.first().map_or((0, 0, 0), ndarray::ArrayBase::dim);
        let stacked = ndarray::stack(Axis(0), &views)
            .unwrap_or_else(|_| Array4::zeros((0, shape.0, shape.1, shape.2)));
        from_host(&stacked, device)
    }

    /// The states as the network is shown them: the present one, and the tendencies that led to it in
    /// units of their standard deviation.
    fn shown(&self, condition: &Condition) -> Result<Tensor<4>, ForecastError> {
        let mut channels = vec![present(condition)?.clone()];
        for pair in condition.history.windows(2).rev() {
            let tendency = (pair[1].clone() - pair[0].clone()) / self.increment_scale.clone();
            channels.push(tendency);
        }
        if condition.features.dims()[1] > 0 {
            channels.push(condition.features.clone());
        }
        Ok(Tensor::cat(channels, 1))
    }

    fn start(&self, condition: &Condition) -> Result<Tensor<4>, ForecastError> {
        let x0 = present(condition)?;
        Ok(match self.transition {
            Transition::State => x0.clone(),
            Transition::Increment => x0.zeros_like(),
        })
    }

    /// The drift at `t[b]` for every sample, masked.
    fn evaluate(&self, shown: &Tensor<4>, t: &[f64], xt: &Tensor<4>) -> Tensor<4> {
        let (input, t) = self.input(shown, t, xt);
        self.masked(self.network.forward(input, t))
    }

    /// What the network is shown, and when.
    fn input(&self, shown: &Tensor<4>, t: &[f64], xt: &Tensor<4>) -> (Tensor<4>, Tensor<1>) {
        let scale: Vec<f64> = t.iter().map(|&t| self.input_scale(t)).collect();
        let scaled = xt.clone() * per_sample(&scale, xt);
        let times: Vec<f32> = t.iter().map(|&t| t as f32).collect();
        let times = Tensor::from_data(TensorData::new(times, [t.len()]), &xt.device());
        (Tensor::cat(vec![scaled, shown.clone()], 1), times)
    }

    /// Brings the point on the path to unit variance, as far as the path alone tells.
    fn input_scale(&self, t: f64) -> f64 {
        match self.transition {
            Transition::State => 1.0,
            Transition::Increment => {
                let c = self.path.at(t);
                1.0 / (c.beta.powi(2) + c.gamma.powi(2) + 1e-4).sqrt()
            }
        }
    }

    fn masked(&self, x: Tensor<4>) -> Tensor<4> {
        match self.valid {
            Some(valid) => x * valid.clone(),
            None => x,
        }
    }
}

fn present(condition: &Condition) -> Result<&Tensor<4>, ForecastError> {
    condition.history.last().ok_or(ForecastError::ShortHistory {
        needed: 1,
        found: 0,
    })
}

/// The network with its condition bound.
struct Bound<'a, N> {
    model: &'a Generative<'a, N>,
    shown: Tensor<4>,
}

impl<N: FieldNetwork> Drift<4> for Bound<'_, N> {
    fn drift(&self, t: f64, x: Tensor<4>) -> Tensor<4> {
        let times = vec![t; x.dims()[0]];
        self.model.evaluate(&self.shown, &times, &x)
    }
}

impl<N: FieldNetwork> Predictor for Generative<'_, N> {
    fn next(&self, state: &State) -> Result<Tensor<4>, ForecastError> {
        let device = state.present()?.device();
        let condition = Condition {
            history: state.history.clone(),
            features: Self::features_at(self.features, &state.instants, &device),
        };
        let x0 = self.start(&condition)?;
        let drift = Bound {
            model: self,
            shown: self.shown(&condition)?,
        };
        let process = FollmerProcess::new(self.path, self.sampling.diffusion, drift, x0);
        let mut white = WienerNoise::new(state.keys.clone());
        let mut noise = |step: usize, like: &Tensor<4>| {
            let z = self.colour.apply(white.draw(step, like));
            self.masked(z) * self.sampling.inflation.unwrap_or(1.0)
        };
        let x1 = self.sampling.sample(&process, &mut noise)?.x;
        Ok(match self.transition {
            Transition::State => x1,
            Transition::Increment => state.present()?.clone() + x1 * self.increment_scale.clone(),
        })
    }
}
