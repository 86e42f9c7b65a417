//! What a transformer looks like.

use crate::unet_config::at_least_one;
use crate::{NetworkError, Transformer};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// A transformer's shape, as it stands in a configuration file.
///
/// ```
/// use foehn_network::TransformerConfig;
/// let config = TransformerConfig { patch: 4, width: 256, depth: 8, heads: 4, ratio: 4 };
/// assert_eq!(config.parameter_count(3, 1), 9_747_728);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerConfig {
    /// Side of the square patches of cells that become tokens. Cost grows with the square of their number.
    pub patch: usize,
    /// Numbers of a token; a multiple of 4 and of `heads`.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the layer within a block's perceptron, in widths of a token.
    pub ratio: usize,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            patch: 2,
            width: 128,
            depth: 6,
            heads: 4,
            ratio: 4,
        }
    }
}

impl TransformerConfig {
    /// A network with weights drawn from the generator of `device`: seed it just before. Its output is zero.
    ///
    /// `inputs` counts the channels of the state and of all that conditions it, `outputs` those of the result.
    ///
    /// # Errors
    /// If the configuration is impossible; the error says which key to change.
    pub fn init(
        &self,
        inputs: usize,
        outputs: usize,
        device: &Device,
    ) -> Result<Transformer, NetworkError> {
        at_least_one(&[
            ("patch", self.patch),
            ("width", self.width),
            ("depth", self.depth),
            ("heads", self.heads),
            ("ratio", self.ratio),
            ("inputs", inputs),
            ("outputs", outputs),
        ])?;
        let (width, heads) = (self.width, self.heads);
        if width % 4 != 0 || width % heads != 0 {
            return Err(NetworkError::Width { width, heads });
        }
        Ok(Transformer::new(self, inputs, outputs, device))
    }

    /// The number of weights, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> usize {
        let (w, cells) = (self.width, self.patch * self.patch);
        let linear = |i: usize, o: usize| i * o + o;
        let block = linear(w, 6 * w)
            + linear(w, 3 * w)
            + linear(w, w)
            + linear(w, self.ratio * w)
            + linear(self.ratio * w, w);
        let ends = linear(inputs * cells, w) + linear(w, 2 * w) + linear(w, outputs * cells);
        2 * linear(w, w) + self.depth * block + ends
    }

    /// Multiply-adds of the matrix products of one sample, `channels` those of input and output together.
    pub(crate) fn operations(&self, channels: usize, ny: usize, nx: usize) -> usize {
        let (w, p) = (self.width, self.patch);
        let tokens = ny.div_ceil(p) * nx.div_ceil(p);
        // queries, keys, values and what is made of them; the perceptron; scores and their mixture
        let products = tokens * (4 + 2 * self.ratio) * w * w + 2 * tokens * tokens * w;
        let modulations = (6 * self.depth + 2) * w * w;
        self.depth * products + modulations + 2 * w * w + tokens * channels * p * p * w
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_counted_by_hand() {
        let config = TransformerConfig {
            patch: 2,
            width: 4,
            depth: 1,
            heads: 2,
            ratio: 3,
        };
        // 3 x 2 tokens of 4 cells; 2 channels in, 1 out
        let (input, output) = (6 * (8 * 4), 6 * (4 * 4));
        let time = 4 * 4 + 4 * 4;
        let modulation = 4 * 24 + 4 * 8;
        let attention = 6 * (4 * 12) + 2 * (6 * 6 * 4) + 6 * (4 * 4);
        let perceptron = 6 * (4 * 12) + 6 * (12 * 4);
        let wanted = input + time + modulation + attention + perceptron + output;
        assert_eq!(config.operations(3, 5, 4), wanted);
    }
}
