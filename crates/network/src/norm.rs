//! Group normalisation.

use crate::kernel::Inputs;
use crate::precision::widened;
use crate::weights;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

const EPSILON: f64 = 1e-5;

/// (x - mean) / sqrt(variance + 1e-5) over the channels of a group and all cells.
///
/// # Shapes
/// [B, C, H, W] to [B, C, H W].
///
/// # Reference
/// Wu and He (2018), arXiv:1803.08494.
fn standardised(x: Tensor<4>, groups: usize) -> (Tensor<3>, Tensor<3>) {
    let [b, c, h, w] = x.dims();
    let x = x.reshape([b, groups, c / groups * h * w]);
    let centred = x.clone() - x.mean_dim(2);
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    let scale = variance.add_scalar(EPSILON).sqrt().recip();
    let scale = scale.expand([b, groups, c / groups]).reshape([b, c, 1]);
    (centred.reshape([b, c, h * w]), scale)
}

/// The number of groups: the greatest common divisor of `groups` and `channels`.
pub(crate) fn fitting(groups: usize, channels: usize) -> usize {
    if channels == 0 {
        groups
    } else {
        fitting(channels, groups % channels)
    }
}

/// Group normalisation, then a scale and a shift for each channel.
#[derive(Module, Debug)]
pub(crate) struct GroupNorm {
    scale: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
    groups: usize,
}

impl GroupNorm {
    pub(crate) fn new(channels: usize, groups: usize, device: &Device) -> Self {
        Self {
            scale: weights::constant([channels], 1.0, device),
            shift: weights::constant([channels], 0.0, device),
            groups: fitting(groups, channels),
        }
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// `inputs` with the scale and the shift.
    pub(crate) fn with(&self, inputs: Inputs) -> Inputs {
        inputs.and(self.scale.val()).and(self.shift.val())
    }

    /// # Shapes
    /// [B, C, H, W] to the same.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (shape, kind) = (x.dims(), x.dtype());
        let (x, scale) = standardised(widened(x), self.groups);
        let scale = scale * self.scale.val().reshape([1, -1, 1]);
        let y = (x * scale + self.shift.val().reshape([1, -1, 1])).reshape(shape);
        y.cast(kind)
    }
}

/// Group normalisation whose scale and shift depend on an embedding, linearly.
///
/// # Reference
/// Perez et al. (2018), arXiv:1709.07871; Dhariwal and Nichol (2021), arXiv:2105.05233, section 3.1.
#[derive(Module, Debug)]
pub(crate) struct ModulatedNorm {
    scale: burn::nn::Linear,
    shift: burn::nn::Linear,
    groups: usize,
}

impl ModulatedNorm {
    pub(crate) fn new(channels: usize, groups: usize, embedding: usize, device: &Device) -> Self {
        let mut scale = weights::linear(embedding, channels, device);
        scale.bias = Some(weights::constant([channels], 1.0, device));
        Self {
            scale,
            shift: weights::linear(embedding, channels, device),
            groups: fitting(groups, channels),
        }
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// `inputs` with the scales and the shifts of each sample.
    pub(crate) fn with(&self, inputs: Inputs, embedding: Tensor<2>) -> Inputs {
        let scale = self.scale.forward(embedding.clone());
        inputs.and(scale).and(self.shift.forward(embedding))
    }

    /// # Shapes
    /// `x` [B, C, H, W] and `embedding` [B, E] to [B, C, H, W].
    pub(crate) fn forward(&self, x: Tensor<4>, embedding: Tensor<2>) -> Tensor<4> {
        let (shape, kind) = (x.dims(), x.dtype());
        let (x, scale) = standardised(widened(x), self.groups);
        let scale = scale * self.scale.forward(embedding.clone()).unsqueeze_dim(2);
        let shift = self.shift.forward(embedding).unsqueeze_dim(2);
        (x * scale + shift).reshape(shape).cast(kind)
    }
}

/// (1 + a) (x - mean) / sqrt(variance + 1e-6) + s over the channels of each token, in the numbers of `x`.
///
/// # Shapes
/// `x` [B, tokens, C], `scale` and `shift` [B, C].
///
/// # Reference
/// Ba, Kiros and Hinton (2016), arXiv:1607.06450.
pub(crate) fn layer_norm(x: Tensor<3>, scale: Tensor<2>, shift: Tensor<2>) -> Tensor<3> {
    let kind = x.dtype();
    let x = widened(x);
    let centred = x.clone() - x.mean_dim(2);
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    let x = centred * variance.add_scalar(1e-6).sqrt().recip();
    let y = x * scale.add_scalar(1.0).unsqueeze_dim(1) + shift.unsqueeze_dim(1);
    y.cast(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::GroupNormConfig;
    use burn::tensor::{Distribution, Tolerance};

    #[test]
    fn groups_divide_channels() {
        assert_eq!([fitting(8, 32), fitting(8, 36), fitting(8, 7)], [8, 4, 1]);
    }

    #[test]
    fn it_is_the_norm_of_burn() {
        let device = Device::flex();
        let x = Tensor::<4>::random([3, 12, 5, 7], Distribution::Normal(100.0, 2.0), &device);
        let mut ours = GroupNorm::new(12, 8, &device);
        ours.scale = weights::uniform([12], 1, &device);
        ours.shift = weights::uniform([12], 1, &device);
        let mut theirs = GroupNormConfig::new(4, 12).init(&device);
        theirs.gamma = Some(ours.scale.clone());
        theirs.beta = Some(ours.shift.clone());
        let (ours, theirs) = (ours.forward(x.clone()), theirs.forward(x));
        let tolerance = Tolerance::<f32>::absolute(2e-4);
        ours.into_data()
            .assert_approx_eq(&theirs.into_data(), tolerance);
    }

    #[test]
    fn a_constant_field_is_no_trouble() {
        let device = Device::flex();
        let x = Tensor::<4>::full([1, 4, 3, 3], 1e4, &device);
        let y = GroupNorm::new(4, 2, &device).forward(x);
        assert!(y.abs().max().into_scalar::<f32>() < 1.0);
    }
}
