//! A multilayer perceptron, for states of a few numbers.

use crate::activation::silu;
use crate::time::{features, waves};
use crate::unet_config::{at_least_one, even};
use crate::{NetworkError, weights};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// A perceptron's shape, as it stands in a configuration file.
///
/// ```
/// use foehn_network::MlpConfig;
/// assert_eq!(MlpConfig::default().parameter_count(2, 2), 37_762);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpConfig {
    /// Units of a hidden layer.
    pub width: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Sines and cosines of the time, even.
    pub time_features: usize,
    /// Sines and cosines of every input beside the input itself, even, 0 for none: for laws with sharp
    /// edges, which a plain perceptron blurs (Tancik et al. 2020, arXiv:2006.10739).
    pub input_features: usize,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            width: 128,
            depth: 3,
            time_features: 32,
            input_features: 0,
        }
    }
}

impl MlpConfig {
    /// A network with weights drawn from the generator of `device`: seed it just before. Its output is zero.
    ///
    /// # Errors
    /// If the configuration is impossible; the error says which key to change.
    pub fn init(
        &self,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Result<Mlp, NetworkError> {
        at_least_one(&[
            ("width", self.width),
            ("depth", self.depth),
            ("time_features", self.time_features),
            ("inputs", inputs),
            ("outputs", outputs),
        ])?;
        even("time_features", self.time_features)?;
        even("input_features", self.input_features)?;
        let first = self.first_inputs(inputs);
        let layer = |i: usize| {
            let inputs = if i == 0 { first } else { self.width };
            weights::linear(inputs, self.width, device)
        };
        Ok(Mlp {
            hidden: (0..self.depth).map(layer).collect(),
            output: weights::zero_linear(self.width, outputs, device),
            time_features: self.time_features,
            input_features: self.input_features,
        })
    }

    /// Numbers that the first layer is shown.
    fn first_inputs(&self, inputs: usize) -> usize {
        inputs * (1 + self.input_features) + self.time_features
    }

    /// The number of weights, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> usize {
        let w = self.width;
        let first = (self.first_inputs(inputs) + 1) * w;
        first + self.depth.saturating_sub(1) * (w + 1) * w + (w + 1) * outputs
    }
}

/// Layers of SiLU units on the state, its features and those of the time side by side, then a linear layer.
#[derive(Module, Debug)]
pub struct Mlp {
    pub(crate) hidden: Vec<Linear>,
    pub(crate) output: Linear,
    time_features: usize,
    pub(crate) input_features: usize,
}

impl Mlp {
    /// The drift at `x` and `t`.
    ///
    /// # Shapes
    /// `x` [B, inputs] and `t` `[B]` in [0, 1] to [B, outputs].
    pub fn forward(&self, x: Tensor<2>, t: Tensor<1>) -> Tensor<2> {
        let hidden = self.hidden.iter();
        self.output
            .forward(hidden.fold(self.shown(x, t), |x, layer| silu(layer.forward(x))))
    }

    /// What the first layer is shown: state, its features, those of the time.
    pub(crate) fn shown(&self, x: Tensor<2>, t: Tensor<1>) -> Tensor<2> {
        let time = features(t, self.time_features);
        match self.input_features {
            0 => Tensor::cat(vec![x, time], 1),
            count => {
                let waves = waves(&x, count);
                Tensor::cat(vec![x, waves, time], 1)
            }
        }
    }
}
