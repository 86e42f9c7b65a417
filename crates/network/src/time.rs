//! Time and state as features.

use crate::activation::silu;
use crate::class::{ClassEmbedding, Classes};
use crate::weights;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};

/// sin(w t) and cos(w t) at `count / 2` angular frequencies w from 1 to 100, spaced evenly in log w.
///
/// The slowest is monotone on [0, 1], the fastest tells apart times 1 / 100 from each other.
///
/// # Shapes
/// `[B]` to [B, count].
pub(crate) fn features(t: Tensor<1>, count: usize) -> Tensor<2> {
    let half = count / 2;
    let exponent = |k: usize| k as f64 / (half.max(2) - 1) as f64;
    let w: Vec<f32> = (0..half).map(|k| 100f64.powf(exponent(k)) as f32).collect();
    let w = Tensor::<2>::from_data(TensorData::new(w, [1, half]), &t.device()).cast(t.dtype());
    let angle = t.unsqueeze_dim(1) * w;
    Tensor::cat(vec![angle.clone().sin(), angle.cos()], 1)
}

/// sin(w x) and cos(w x) of every column at `count / 2` angular frequencies w from 1 to 32, spaced evenly
/// in log w: for states in units of their standard deviation.
///
/// # Shapes
/// [B, d] to [B, d count].
pub(crate) fn waves(x: &Tensor<2>, count: usize) -> Tensor<2> {
    let waves = wave_numbers(count).flat_map(|w| {
        let angle = x.clone() * w;
        [angle.clone().sin(), angle.cos()]
    });
    Tensor::cat(waves.collect(), 1)
}

/// The angular frequencies of [`waves`].
pub(crate) fn wave_numbers(count: usize) -> impl Iterator<Item = f64> {
    let half = count / 2;
    let exponent = move |k: usize| k as f64 / (half.max(2) - 1) as f64;
    (0..half).map(move |k| 32f64.powf(exponent(k)))
}

/// Features, then two layers, each followed by SiLU; where samples have classes, a row for the class is added before the last.
///
/// # Reference
/// Dhariwal and Nichol (2021), arXiv:2105.05233; Peebles and Xie (2022), arXiv:2212.09748.
#[derive(Module, Debug)]
pub(crate) struct TimeEmbedding {
    first: Linear,
    second: Linear,
    classes: Option<ClassEmbedding>,
    width: usize,
}

impl TimeEmbedding {
    pub(crate) fn new(width: usize, classes: Option<usize>, device: &Device) -> Self {
        Self {
            first: weights::linear(width, width, device),
            second: weights::linear(width, width, device),
            classes: classes.map(|count| ClassEmbedding::new(count, width, device)),
            width,
        }
    }

    /// # Shapes
    /// `[B]` to [B, width].
    pub(crate) fn forward(&self, t: Tensor<1>, classes: Option<&Classes>) -> Tensor<2> {
        let h = silu(self.first.forward(features(t, self.width)));
        let h = self.second.forward(h);
        silu(match &self.classes {
            Some(embedding) => h + embedding.forward(classes),
            None => h,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_span_1_to_100() {
        let t = Tensor::<1>::from_data([0.25f32], &Device::flex());
        let f: Vec<f32> = features(t, 6).try_into_vec_as().unwrap();
        let angles = [0.25f32, 2.5, 25.0];
        let wanted = [angles.map(f32::sin), angles.map(f32::cos)].concat();
        for (a, b) in f.iter().zip(wanted) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
