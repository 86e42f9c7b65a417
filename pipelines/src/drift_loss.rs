//! The loss of a network on windows of a batch, with draws that are named by step and sample.

use crate::law::Law;
use burn::tensor::Tensor;
use foehn_dataset::Batch;
use foehn_forecast::{Condition, Draws, ForecastError, from_host};
use foehn_network::UNet;
use foehn_noise::{Key, Purpose};
use ndarray::s;

/// Times on the path and names of the latents, a sample each.
pub struct Sampled {
    t: Vec<f64>,
    keys: Vec<Key>,
}

impl Sampled {
    /// Times stratified over the batch: sample b has t uniform on [b, b + 1) / B, so that every step
    /// sees the whole path.
    pub fn training(seed: u64, step: usize, part: std::ops::Range<usize>, batch: usize) -> Self {
        let key = Key::new(seed, Purpose::Train).init(step as i64);
        Self::stratified(part.map(|b| (b, key.member(b as u32))), batch)
    }

    /// As in training, but named by the window, so that every evaluation draws the same.
    pub fn validation(seed: u64, first: usize, count: usize, total: usize) -> Self {
        let key = Key::new(seed, Purpose::Validate);
        // neighbouring windows are alike: spread their times by a stride prime to their number
        let stride = (37..37 + total).find(|stride| coprime(*stride, total));
        let stride = stride.unwrap_or(1);
        let place = |b: usize| (b * stride) % total;
        Self::stratified(
            (first..first + count).map(|b| (place(b), key.member(b as u32))),
            total,
        )
    }

    fn stratified(samples: impl Iterator<Item = (usize, Key)>, total: usize) -> Self {
        let (mut t, mut keys) = (Vec::new(), Vec::new());
        for (place, key) in samples {
            let mut u = [0.0];
            key.uniforms(&mut u);
            t.push((place as f64 + u[0]) / total as f64);
            keys.push(key);
        }
        Self { t, keys }
    }
}

fn coprime(a: usize, b: usize) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

/// The mean loss of `network` over the windows `part` of a batch.
///
/// # Errors
/// If the condition has no state.
pub fn loss(
    law: &Law,
    network: &UNet,
    batch: &Batch,
    part: std::ops::Range<usize>,
    sampled: &Sampled,
    condition_noise: f64,
) -> Result<Tensor<1>, ForecastError> {
    let device = &law.device;
    let state = |m: usize| {
        let states = batch.states.slice(s![part.clone(), m, .., .., ..]);
        from_host(&states.to_owned(), device)
    };
    let condition = Condition {
        history: (0..law.history).map(state).collect(),
        features: from_host(
            &batch
                .features
                .slice(s![part.clone(), .., .., ..])
                .to_owned(),
            device,
        ),
    };
    let weights = from_host(
        &batch.weights.slice(s![part.clone(), .., .., ..]).to_owned(),
        device,
    );
    let next = state(law.history);
    let draws = Draws {
        t: &sampled.t,
        keys: &sampled.keys,
    };
    let model = law.generative(network, foehn_forecast::Sampling::default());
    model.loss(&condition, &next, weights, draws, condition_noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One time in each of `total` equal parts of [0, 1], whatever the total.
    #[test]
    fn validation_times_are_stratified() {
        for total in [1, 2, 36, 37, 74, 256, 1369] {
            let sampled = Sampled::validation(3, 0, total, total);
            let mut parts: Vec<usize> = sampled
                .t
                .iter()
                .map(|t| (t * total as f64) as usize)
                .collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..total).collect::<Vec<_>>());
        }
    }
}
