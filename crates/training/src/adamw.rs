//! AdamW and the moving average on flat vectors.

use crate::layout::Layout;
use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_kernel::{AdamW, State, square_sum};
use std::mem::replace;

/// First and second moments of the gradient: (N) each.
#[derive(Clone)]
pub(crate) struct Moments {
    pub first: Tensor<1>,
    pub second: Tensor<1>,
}

/// 1 where a weight decays, else 0, and where the step is computed.
pub(crate) enum Decayed {
    /// In one pass of the CPU over all vectors.
    Kernel(Vec<f32>),
    /// By operations of the device.
    Device(Box<Tensor<1>>),
}

impl Decayed {
    pub(crate) fn new(layout: &Layout, weights: &Tensor<1>) -> Self {
        let mask = layout.decayed();
        if weights.device() == Device::flex() && weights.dtype() == DType::F32 {
            return Self::Kernel(mask);
        }
        let data = TensorData::new(mask, [layout.len()]);
        let data = data.convert_dtype(weights.dtype());
        let mask = Tensor::from_data(data, (&weights.device(), weights.dtype()));
        Self::Device(Box::new(mask))
    }
}

/// The gradient of a step, where the step is computed.
pub(crate) enum Gradient {
    /// On the CPU.
    Numbers(Vec<f32>),
    /// On the device.
    Tensor(Box<Tensor<1>>),
}

impl Gradient {
    pub(crate) fn new(gradient: Tensor<1>) -> Self {
        if gradient.device() == Device::flex() && gradient.dtype() == DType::F32 {
            Self::Numbers(taken(gradient))
        } else {
            Self::Tensor(Box::new(gradient))
        }
    }

    /// The sum of the squares; on the CPU no number of threads changes it.
    pub(crate) fn square_sum(&self) -> f64 {
        match self {
            Self::Numbers(numbers) => square_sum(numbers),
            Self::Tensor(gradient) => f64::from(
                gradient
                    .as_ref()
                    .clone()
                    .square()
                    .sum()
                    .into_scalar::<f32>(),
            ),
        }
    }
}

impl Moments {
    pub(crate) fn zeros(like: &Tensor<1>) -> Self {
        Self {
            first: like.zeros_like(),
            second: like.zeros_like(),
        }
    }

    /// One step of `weights` along `gradient`, and of their `average`.
    ///
    /// # Reference
    /// Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
    pub(crate) fn step(
        &mut self,
        step: &AdamW,
        [weights, average]: [&mut Tensor<1>; 2],
        gradient: Gradient,
        decayed: &Decayed,
    ) {
        match decayed {
            Decayed::Kernel(decayed) => {
                let gradient = match gradient {
                    Gradient::Numbers(numbers) => numbers,
                    Gradient::Tensor(gradient) => taken(*gradient),
                };
                let mut vectors = [weights, average, &mut self.first, &mut self.second];
                in_one_pass(step, &mut vectors, &gradient, decayed);
            }
            Decayed::Device(decayed) => {
                let gradient = match gradient {
                    Gradient::Numbers(numbers) => {
                        let data = TensorData::new(numbers, weights.dims());
                        Tensor::from_data(data, &weights.device())
                    }
                    Gradient::Tensor(gradient) => *gradient,
                };
                let gradient = gradient * step.gradient_scale;
                let decayed = decayed.as_ref().clone();
                self.by_operations(step, [weights, average], &gradient, decayed);
            }
        }
    }

    fn by_operations(
        &mut self,
        step: &AdamW,
        [weights, average]: [&mut Tensor<1>; 2],
        gradient: &Tensor<1>,
        decayed: Tensor<1>,
    ) {
        let [b1, b2] = step.betas;
        self.first = self.first.clone() * b1 + gradient.clone() * (1.0 - b1);
        self.second = self.second.clone() * b2 + gradient.clone().square() * (1.0 - b2);
        let scale = (self.second.clone() * step.second_scale).sqrt() + AdamW::EPSILON;
        let shrunk = weights.clone() - weights.clone() * decayed * step.decay;
        *weights = shrunk - self.first.clone() / scale * step.rate;
        *average =
            average.clone() * step.average_keep + weights.clone() * (1.0 - step.average_keep);
    }
}

/// The numbers of each vector are taken out, changed and put back: no copy where nobody else holds them.
fn in_one_pass(step: &AdamW, vectors: &mut [&mut Tensor<1>; 4], gradient: &[f32], decayed: &[f32]) {
    let empty = Tensor::<1>::zeros([0], &vectors[0].device());
    let mut numbers = vectors
        .each_mut()
        .map(|vector| taken(replace(*vector, empty.clone())));
    let [weights, average, first, second] = &mut numbers;
    let state = State {
        weights,
        first,
        second,
        average,
        decayed,
    };
    step.step(state, gradient);
    for (vector, numbers) in vectors.iter_mut().zip(numbers) {
        let data = TensorData::new(numbers, [decayed.len()]);
        **vector = Tensor::from_data(data, &empty.device());
    }
}

fn taken(vector: Tensor<1>) -> Vec<f32> {
    // the vectors of this path are f32, so nothing is lost
    vector.into_data().try_into_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps of 1000 weights of order one, in f32 either way: 1e-6.
    #[test]
    fn the_operations_of_a_device_do_what_the_kernel_does() {
        let vector = |salt: usize| {
            let values: Vec<f32> = (0..1000)
                .map(|i| ((i * 7 + salt) % 91) as f32 / 91.0)
                .collect();
            Tensor::<1>::from_data(TensorData::new(values, [1000]), &Device::flex())
        };
        let step = AdamW {
            gradient_scale: 0.3,
            betas: [0.9, 0.99],
            rate: 0.02,
            second_scale: 5.0,
            decay: 0.01,
            average_keep: 0.6,
        };
        let mask: Vec<f32> = (0..1000).map(|i| (i % 3 / 2) as f32).collect();
        let data = TensorData::new(mask.clone(), [1000]);
        let device = Box::new(Tensor::from_data(data, &Device::flex()));
        let results = [Decayed::Kernel(mask), Decayed::Device(device)].map(|decayed| {
            let (mut weights, mut average) = (vector(1), vector(2));
            let mut moments = Moments::zeros(&weights);
            for i in 0..3 {
                moments.step(
                    &step,
                    [&mut weights, &mut average],
                    Gradient::new(vector(10 + i)),
                    &decayed,
                );
            }
            [weights, average, moments.first, moments.second]
        });
        let [kernel, device] = results;
        for (ours, theirs) in kernel.into_iter().zip(device) {
            assert!((ours - theirs).abs().max().into_scalar::<f32>() < 1e-6);
        }
    }
}
