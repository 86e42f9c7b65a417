//! A small classifier of pictures: its features are what distances between sets of pictures are made of.

use crate::NetworkError;
use crate::activation::silu;
use crate::unet_config::at_least_one;
use crate::weights;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// A classifier's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifierConfig {
    /// Channels after each 3x3 convolution of stride 2.
    pub channels: Vec<usize>,
    /// Features: the width of the layer before the classes.
    pub features: usize,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self {
            channels: vec![16, 32],
            features: 64,
        }
    }
}

/// Convolutions of stride 2, a linear layer to the features, a linear layer to the classes; SiLU after all but the last.
#[derive(Module, Debug)]
pub struct Classifier {
    convolutions: Vec<Strided>,
    features: Linear,
    classes: Linear,
}

/// y(o, i, j) = silu(b(o) + sum over c, dy, dx of w(o, c, dy, dx) x(c, 2i + dy - 1, 2j + dx - 1)), zero beyond the edges.
#[derive(Module, Debug)]
struct Strided {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

impl ClassifierConfig {
    /// A network with weights drawn from the generator of `device`: seed it just before.
    ///
    /// `size`: channels, rows and columns of the pictures.
    ///
    /// # Errors
    /// If a count is zero.
    pub fn init(
        &self,
        size: [usize; 3],
        classes: usize,
        device: &Device,
    ) -> Result<Classifier, NetworkError> {
        let [channels, mut h, mut w] = size;
        let counts = [("features", self.features), ("classes", classes)];
        let sizes = [("channels", channels), ("rows", h), ("columns", w)];
        let widths = self.channels.iter().map(|c| ("channels", *c));
        at_least_one(&widths.chain(counts).chain(sizes).collect::<Vec<_>>())?;
        let mut inputs = channels;
        let mut convolutions = Vec::new();
        for &outputs in &self.channels {
            convolutions.push(Strided {
                weight: weights::uniform([outputs, inputs, 3, 3], 9 * inputs, device),
                bias: weights::constant([outputs], 0.0, device),
            });
            (inputs, h, w) = (outputs, h.div_ceil(2), w.div_ceil(2));
        }
        Ok(Classifier {
            convolutions,
            features: weights::linear(inputs * h * w, self.features, device),
            classes: weights::linear(self.features, classes, device),
        })
    }

    /// One line that tells this network from others.
    ///
    /// ```
    /// let config = foehn_network::ClassifierConfig::default();
    /// assert_eq!(config.describe([1, 28, 28], 10), "classifier size=1,28,28 classes=10 channels=16,32 features=64");
    /// ```
    pub fn describe(&self, size: [usize; 3], classes: usize) -> String {
        let list = |values: &[usize]| {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            values.join(",")
        };
        let (size, channels) = (list(&size), list(&self.channels));
        format!(
            "classifier size={size} classes={classes} channels={channels} features={}",
            self.features
        )
    }
}

impl Classifier {
    /// What the classes are read from.
    ///
    /// # Shapes
    /// [B, C, H, W] to [B, features].
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.convolutions.iter().fold(x, |x, layer| {
            let options = ConvOptions::new([2, 2], [1, 1], [1, 1], 1);
            let y = conv2d(x, layer.weight.val(), Some(layer.bias.val()), options);
            silu(y)
        });
        silu(self.features.forward(x.flatten(1, 3)))
    }

    /// The logarithms of the classes' weights, up to a constant.
    ///
    /// # Shapes
    /// [B, C, H, W] to [B, classes].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.classes.forward(self.features(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_halved_rounding_up_and_zero_counts_are_named() {
        let device = Device::flex();
        let config = ClassifierConfig::default();
        let network = config.init([3, 7, 5], 4, &device).unwrap();
        let x = Tensor::<4>::ones([2, 3, 7, 5], &device);
        assert_eq!(network.features(x.clone()).dims(), [2, 64]);
        assert_eq!(network.forward(x).dims(), [2, 4]);
        assert!(config.init([1, 28, 28], 0, &device).is_err());
    }
}
