//! AdamW on one flat vector.

use crate::config::TrainConfig;
use burn::tensor::Tensor;

/// Keeps the division finite; small against any gradient of interest.
const EPSILON: f64 = 1e-8;

/// First and second moments of the gradient: (N) each.
///
/// # Reference
/// Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
#[derive(Clone)]
pub(crate) struct Moments {
    pub first: Tensor<1>,
    pub second: Tensor<1>,
}

impl Moments {
    pub(crate) fn zeros(like: &Tensor<1>) -> Self {
        Self {
            first: like.zeros_like(),
            second: like.zeros_like(),
        }
    }

    /// The weights after step `step` (from 0) along `gradient`; `decayed` marks those that decay.
    pub(crate) fn step(
        &mut self,
        config: &TrainConfig,
        step: usize,
        weights: Tensor<1>,
        gradient: &Tensor<1>,
        decayed: &Tensor<1>,
    ) -> Tensor<1> {
        let [b1, b2] = config.betas;
        self.first = self.first.clone() * b1 + gradient.clone() * (1.0 - b1);
        self.second = self.second.clone() * b2 + gradient.clone().square() * (1.0 - b2);
        let n = (step + 1) as f64;
        let rate = config.rate(step);
        let (c1, c2) = (1.0 - b1.powf(n), 1.0 - b2.powf(n));
        let scale = (self.second.clone() / c2).sqrt() + EPSILON;
        let shrunk = weights.clone() - weights * decayed.clone() * (rate * config.weight_decay);
        shrunk - self.first.clone() / scale * (rate / c1)
    }
}
