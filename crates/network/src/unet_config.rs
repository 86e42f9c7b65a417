//! What a U-Net looks like.

use crate::{NetworkError, Paddings, Precision, UNet};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// A U-Net's shape, as it stands in a configuration file.
///
/// ```
/// use foehn_network::UNetConfig;
/// let config = UNetConfig::default();
/// assert_eq!((config.channels.len(), config.stride()), (3, 4));
/// assert_eq!(config.parameter_count(3, 1), 1_099_841);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UNetConfig {
    /// Channels of each level, finest first; each level has half the cells of the one before.
    pub channels: Vec<usize>,
    /// Residual blocks of each level on the way down, and again on the way up.
    pub blocks: usize,
    /// Residual blocks of the coarsest level after its attention, between the ways down and up.
    pub middle: usize,
    /// The levels with attention, 0 being the finest. Cost grows with the square of a level's cells.
    pub attention: Vec<usize>,
    /// Attention heads; divides the channels of those levels.
    pub heads: usize,
    /// Width of the embedded time, even.
    pub time_embedding: usize,
    /// Classes of samples, as a condition beside the time; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// Groups of the normalisation; where they do not divide the channels, their common divisor.
    pub groups: usize,
    /// Side of the square patches of cells that the finest level sees as one cell; 1 for none.
    pub patch: usize,
    /// Probability with which a channel is off while training.
    pub dropout: f64,
    /// What lies beyond the edges.
    pub padding: Paddings,
    /// In which numbers to compute; the weights are the same.
    #[serde(skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

impl Default for UNetConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 96],
            blocks: 2,
            middle: 1,
            attention: vec![2],
            heads: 4,
            time_embedding: 64,
            classes: None,
            groups: 8,
            patch: 1,
            dropout: 0.0,
            padding: Paddings::default(),
            precision: Precision::default(),
        }
    }
}

impl UNetConfig {
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
    ) -> Result<UNet, NetworkError> {
        self.check()?;
        let counts = [("inputs", inputs), ("outputs", outputs)];
        at_least_one(&counts)?;
        Ok(UNet::new(self, inputs, outputs, device))
    }

    /// The shift of a periodic field, in cells, that shifts the output alike: patch x 2^(levels - 1).
    pub fn stride(&self) -> usize {
        self.patch << self.channels.len().saturating_sub(1)
    }

    /// The number of weights, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> usize {
        let (c, t, cells) = (&self.channels, self.time_embedding, self.patch * self.patch);
        let Some((&finest, _)) = c.split_first() else {
            return 0;
        };
        let pointwise = |i: usize, o: usize| i * o + o;
        let block = |i: usize, o: usize| {
            let shortcut = if i == o { 0 } else { pointwise(i, o) };
            2 * i + 9 * i * o + 2 * pointwise(t, o) + 9 * o * o + shortcut
        };
        let level = |l: usize, i: usize| {
            let attends = self.attention.contains(&l);
            let attention = if attends {
                2 * c[l] + pointwise(c[l], 4 * c[l])
            } else {
                0
            };
            block(i, c[l]) + (self.blocks - 1) * block(c[l], c[l]) + attention
        };
        let input = 9 * inputs * cells * finest + finest;
        let output = 2 * finest + 9 * finest * outputs * cells + outputs * cells;
        let down = (0..c.len()).map(|l| level(l, c[l]));
        let halve = (1..c.len()).map(|l| pointwise(4 * c[l - 1], c[l]));
        let coarsest = c[c.len() - 1];
        let middle = self.middle * block(coarsest, coarsest);
        let up = (1..c.len()).map(|l| pointwise(c[l], c[l - 1]) + level(l - 1, 2 * c[l - 1]));
        let levels = down.chain(halve).chain(up).sum::<usize>();
        let classes = self.classes.map_or(0, |count| (count + 1) * t);
        2 * pointwise(t, t) + classes + input + output + middle + levels
    }

    fn check(&self) -> Result<(), NetworkError> {
        if self.channels.is_empty() {
            return Err(NetworkError::NoLevels);
        }
        let channels = self.channels.iter().map(|c| ("channels", *c));
        let counts = [
            ("blocks", self.blocks),
            ("heads", self.heads),
            ("time_embedding", self.time_embedding),
            ("groups", self.groups),
            ("patch", self.patch),
            ("classes", self.classes.unwrap_or(1)),
        ];
        at_least_one(&channels.chain(counts).collect::<Vec<_>>())?;
        even("time_embedding", self.time_embedding)?;
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(NetworkError::Dropout(self.dropout));
        }
        self.attention
            .iter()
            .try_for_each(|level| self.check_attention(*level))
    }

    fn check_attention(&self, level: usize) -> Result<(), NetworkError> {
        let (levels, heads) = (self.channels.len(), self.heads);
        match self.channels.get(level) {
            None => Err(NetworkError::NoSuchLevel { level, levels }),
            Some(&channels) if channels % heads != 0 => Err(NetworkError::Heads {
                heads,
                channels,
                level,
            }),
            Some(_) => Ok(()),
        }
    }
}

pub(crate) fn at_least_one(counts: &[(&'static str, usize)]) -> Result<(), NetworkError> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some((key, _)) => Err(NetworkError::Zero(key)),
        None => Ok(()),
    }
}

pub(crate) fn even(key: &'static str, value: usize) -> Result<(), NetworkError> {
    if value % 2 == 1 {
        Err(NetworkError::Odd { key, value })
    } else {
        Ok(())
    }
}
