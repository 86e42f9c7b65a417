//! What a transformer looks like.

use crate::unet_config::at_least_one;
use crate::{NetworkError, Paddings, Precision, Transformer};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// A transformer's shape, as it stands in a configuration file.
///
/// ```
/// use foehn_network::TransformerConfig;
/// let config = TransformerConfig::default();
/// assert_eq!((config.patch, config.width, config.depth), (4, 256, 8));
/// assert_eq!(config.parameter_count(3, 1), 9_747_728);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerConfig {
    /// Side of the square patches of cells that are one token each.
    pub patch: usize,
    /// Channels of a token, a multiple of 4.
    pub width: usize,
    /// Blocks of attention and perceptron.
    pub depth: usize,
    /// Attention heads; divides the width.
    pub heads: usize,
    /// Hidden units of the perceptrons in units of the width.
    pub expansion: usize,
    /// Width of the embedded time, even.
    pub time_embedding: usize,
    /// Classes of samples, as a condition beside the time; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// What lies beyond the edges where patches do not fit.
    pub padding: Paddings,
    /// In which numbers to compute; the weights are the same.
    #[serde(skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            width: 256,
            depth: 8,
            heads: 4,
            expansion: 4,
            time_embedding: 256,
            classes: None,
            padding: Paddings::default(),
            precision: Precision::default(),
        }
    }
}

impl TransformerConfig {
    /// A network with weights drawn from the generator of `device`: seed it just before. Its output is zero.
    ///
    /// `inputs` counts the channels of the state and of all that conditions it, `outputs` those of the
    /// result.
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
            ("expansion", self.expansion),
            ("time_embedding", self.time_embedding),
            ("inputs", inputs),
            ("outputs", outputs),
            ("classes", self.classes.unwrap_or(1)),
        ])?;
        let multiple = |key, value: usize, of: usize| match value % of {
            0 => Ok(()),
            _ => Err(NetworkError::NotAMultiple { key, value, of }),
        };
        multiple("time_embedding", self.time_embedding, 2)?;
        multiple("width", self.width, 4)?;
        multiple("width", self.width, self.heads)?;
        Ok(Transformer::new(self, inputs, outputs, device))
    }

    /// The number of weights, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> usize {
        let (w, t, cells) = (self.width, self.time_embedding, self.patch * self.patch);
        let linear = |i: usize, o: usize| i * o + o;
        let hidden = self.expansion * w;
        let attention = linear(w, 3 * w) + linear(w, w);
        let perceptron = linear(w, hidden) + linear(hidden, w);
        let block = linear(t, 6 * w) + attention + perceptron;
        let ends = linear(inputs * cells, w) + linear(w, outputs * cells) + linear(t, 2 * w);
        let classes = self.classes.map_or(0, |count| (count + 1) * t);
        2 * linear(t, t) + classes + ends + self.depth * block
    }

    /// Tokens of a field of `ny` x `nx` cells.
    pub(crate) fn tokens(&self, ny: usize, nx: usize) -> usize {
        let patch = self.patch.max(1);
        ny.div_ceil(patch) * nx.div_ceil(patch)
    }
}
