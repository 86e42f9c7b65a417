//! What memory a sample needs while a network is called.

use crate::operations::cells;
use crate::{Architecture, MlpConfig, TransformerConfig, UNetConfig};

/// Bytes of a number.
const NUMBER: usize = size_of::<f32>();
/// Products of a Winograd tile, and the most tiles that a thread transforms together.
const PRODUCTS: usize = 36;
const TILES: usize = 128;
/// What a thread packs of a matrix product, rounded up.
const PACKED: usize = 4 << 20;

impl Architecture {
    /// Bytes that one more sample adds to the peak of a forward pass without gradients, weights and the buffers of
    /// kernels not counted: an estimate from the tensors that are alive together.
    ///
    /// # Shapes
    /// Of a field [`inputs`, `ny`, `nx`]; of a perceptron they say nothing.
    ///
    /// ```
    /// use foehn_network::{Architecture, MlpConfig};
    /// let config = MlpConfig { width: 64, depth: 2, time_features: 32, input_features: 0 };
    /// let two = Architecture::Mlp { config, inputs: 2, outputs: 2 };
    /// assert_eq!(two.call_bytes(1, 1), 4 * (2 + 32 + 2 * 64));
    /// ```
    pub fn call_bytes(&self, ny: usize, nx: usize) -> usize {
        match self {
            Self::UNet {
                config,
                inputs,
                outputs,
            } => NUMBER * Widths::new(config, ny, nx).alive(*inputs, *outputs),
            Self::Transformer {
                config,
                inputs,
                outputs,
            } => NUMBER * (2 * (inputs + outputs) * ny * nx + attending(config, ny, nx)),
            Self::Mlp { config, inputs, .. } => {
                NUMBER * (entered(config, *inputs) + 2 * config.width)
            }
        }
    }

    /// As [`Architecture::call_bytes`] of a pass forward and backward, which keeps what the way back needs.
    ///
    /// # Shapes
    /// As there.
    pub fn gradient_bytes(&self, ny: usize, nx: usize) -> usize {
        match self {
            Self::UNet {
                config,
                inputs,
                outputs,
            } => NUMBER * Widths::new(config, ny, nx).kept(*inputs, *outputs),
            Self::Transformer {
                config,
                inputs,
                outputs,
            } => {
                // every block keeps what it held
                NUMBER
                    * (3 * (inputs + outputs) * ny * nx + config.depth * attending(config, ny, nx))
            }
            Self::Mlp { config, inputs, .. } => {
                // of each layer its sum and what the nonlinearity makes of it
                NUMBER * (entered(config, *inputs) + (2 * config.depth + 2) * config.width)
            }
        }
    }

    /// Bytes of the buffers that a worker's kernels hold beside its samples: blocks of tiles of the widest convolution,
    /// before and after it, its transformed weights, and what matrix products pack.
    ///
    /// ```
    /// use foehn_network::{Architecture, UNetConfig};
    /// let config = UNetConfig { channels: vec![64], blocks: 1, attention: vec![], ..UNetConfig::default() };
    /// let unet = Architecture::UNet { config, inputs: 2, outputs: 1 };
    /// // 36 numbers a tile and channel, and as many a pair of channels
    /// assert_eq!(unet.buffer_bytes(), (4 << 20) + 4 * 36 * (128 * (128 + 64) + 128 * 64));
    /// ```
    pub fn buffer_bytes(&self) -> usize {
        let widest = match self {
            Self::UNet { config, .. } => config.channels.iter().copied().max().unwrap_or(0),
            Self::Transformer { .. } | Self::Mlp { .. } => 0,
        };
        let (inputs, outputs) = (2 * widest, widest);
        PACKED + NUMBER * PRODUCTS * (TILES * (inputs + outputs) + inputs * outputs)
    }
}

/// What a block of a transformer holds: tokens, their queries, keys and values or their perceptron, and the weights of all
/// tokens for all, twice.
fn attending(config: &TransformerConfig, ny: usize, nx: usize) -> usize {
    let tokens = ny.div_ceil(config.patch) * nx.div_ceil(config.patch);
    tokens * config.width * (6 + 2 * config.ratio) + 2 * config.heads * tokens * tokens
}

fn entered(config: &MlpConfig, inputs: usize) -> usize {
    inputs + config.time_features + config.input_features
}

/// The numbers in a tensor of every level's width, finest first.
struct Widths<'a> {
    config: &'a UNetConfig,
    level: Vec<usize>,
    /// Numbers of one channel before the field is cut into patches.
    field: usize,
}

impl<'a> Widths<'a> {
    fn new(config: &'a UNetConfig, ny: usize, nx: usize) -> Self {
        let cells = cells(config, ny, nx);
        let channels = config.channels.iter();
        Self {
            config,
            level: channels.zip(&cells).map(|(c, cells)| c * cells).collect(),
            field: cells.first().map_or(0, |n| n * config.patch.pow(2)),
        }
    }

    /// The most at once: what finer levels left, and of a block its input, the tensor between its convolutions,
    /// its shortcut and its result. Outside it the state, what is shown beside it, and both side by side.
    fn alive(&self, inputs: usize, outputs: usize) -> usize {
        let deepest = self.level.len().saturating_sub(1);
        let mut left = 0;
        let mut most = 0;
        for (l, width) in self.level.iter().enumerate() {
            // on the way up the input has twice the channels and a shortcut of its own
            let block = if l < deepest { 5 } else { 4 };
            most = most.max(left + block * width);
            left += width;
        }
        most + self.field * (2 * inputs + 2 * outputs)
    }

    /// The inputs of all convolutions, and at the end as much as on the way there.
    fn kept(&self, inputs: usize, outputs: usize) -> usize {
        let deepest = self.level.len().saturating_sub(1);
        let blocks = self.config.blocks;
        let mut all = 0;
        for (l, width) in self.level.iter().enumerate() {
            let down = 2 * blocks * width;
            let up = if l < deepest { down + 2 * width } else { 0 };
            let middle = if l == deepest {
                2 * self.config.middle * width
            } else {
                0
            };
            // normalised input, queries, keys, values, their mixture
            let attention = if self.config.attention.contains(&l) {
                5 * width
            } else {
                0
            };
            all += down + up + middle + attention;
        }
        let finest = self.level.first().copied().unwrap_or(0);
        // the field's ends, and the gradients of one block on its way back
        all + 2 * finest + 3 * finest + self.field * (2 * inputs + 3 * outputs)
    }
}
