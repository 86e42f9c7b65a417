//! What a call of a network costs.

use crate::{Architecture, MlpConfig, TransformerConfig, UNetConfig};

/// The layers of a U-Net as their matrix products.
struct Cost<'a> {
    config: &'a UNetConfig,
    /// Cells of each level, finest first.
    cells: Vec<usize>,
}

impl Architecture {
    /// Multiply-adds of the matrix products of one sample's forward pass, 3x3 convolutions counted as 9 products a
    /// cell; a pass forward and backward takes three times as many.
    ///
    /// Norms, nonlinearities and sums are left out. Winograd's convolutions need fewer multiplications than are
    /// counted here (of 4x4 cells 36 instead of 144), so a rate made of this number may pass the rate of a matrix product.
    /// Of a perceptron, `ny` and `nx` say nothing.
    ///
    /// # Shapes
    /// Of a field [`inputs`, `ny`, `nx`].
    ///
    /// ```
    /// use foehn_network::{Architecture, MlpConfig};
    /// let config = MlpConfig { width: 64, depth: 2, time_features: 32, input_features: 0 };
    /// let two = Architecture::Mlp { config, inputs: 2, outputs: 2 };
    /// assert_eq!(two.operations(1, 1), (2 + 32) * 64 + 64 * 64 + 64 * 2);
    /// ```
    pub fn operations(&self, ny: usize, nx: usize) -> usize {
        match self {
            Self::UNet {
                config,
                inputs,
                outputs,
            } => Cost::new(config, ny, nx).all(*inputs, *outputs),
            Self::Transformer {
                config,
                inputs,
                outputs,
            } => transformer(config, *inputs + *outputs, config.tokens(ny, nx)),
            Self::Mlp {
                config,
                inputs,
                outputs,
            } => perceptron(config, *inputs, *outputs),
        }
    }
}

/// `ends` counts the channels of the field on either side.
fn transformer(config: &TransformerConfig, ends: usize, tokens: usize) -> usize {
    let (w, t) = (config.width, config.time_embedding);
    // queries, keys, values and what is made of them, scores and their mixture, the perceptron
    let block = tokens * ((4 + 2 * config.expansion) * w * w + 2 * tokens * w) + 6 * t * w;
    let ends = tokens * config.patch * config.patch * ends * w + 2 * t * w;
    2 * t * t + ends + config.depth * block
}

fn perceptron(config: &MlpConfig, inputs: usize, outputs: usize) -> usize {
    let biases = config.depth * config.width + outputs;
    config.parameter_count(inputs, outputs) - biases
}

/// Cells of each level of a field of `ny` x `nx`, finest first.
pub(crate) fn cells(config: &UNetConfig, ny: usize, nx: usize) -> Vec<usize> {
    let level = |l: usize| {
        let side = |n: usize| n.div_ceil(config.patch.max(1)).div_ceil(1 << l);
        side(ny) * side(nx)
    };
    (0..config.channels.len()).map(level).collect()
}

impl<'a> Cost<'a> {
    fn new(config: &'a UNetConfig, ny: usize, nx: usize) -> Self {
        Self {
            config,
            cells: cells(config, ny, nx),
        }
    }

    fn all(&self, inputs: usize, outputs: usize) -> usize {
        let (config, c, cells) = (self.config, &self.config.channels, &self.cells);
        let Some(coarsest) = c.len().checked_sub(1) else {
            return 0;
        };
        let patch = config.patch * config.patch;
        let ends = 9 * cells[0] * c[0] * patch * (inputs + outputs);
        let time = 2 * config.time_embedding * config.time_embedding;
        let down = (0..c.len()).map(|l| self.level(l, c[l]));
        let halve = (1..c.len()).map(|l| cells[l] * 4 * c[l - 1] * c[l]);
        let middle = config.middle * self.block(coarsest, c[coarsest]);
        let narrow = (1..c.len()).map(|l| cells[l] * c[l] * c[l - 1]);
        let up = (0..coarsest).map(|l| self.level(l, 2 * c[l]));
        let levels = down.chain(halve).chain(narrow).chain(up);
        ends + time + middle + levels.sum::<usize>()
    }

    /// The blocks of level `l`, the first from `inputs` channels, and its attention.
    fn level(&self, l: usize, inputs: usize) -> usize {
        let (c, cells) = (self.config.channels[l], self.cells[l]);
        let further = self.config.blocks.saturating_sub(1);
        let attention = if self.config.attention.contains(&l) {
            // queries, keys, values and what is made of them; scores and their mixture
            cells * 4 * c * c + 2 * cells * cells * c
        } else {
            0
        };
        self.block(l, inputs) + further * self.block(l, c) + attention
    }

    fn block(&self, l: usize, inputs: usize) -> usize {
        let (c, cells) = (self.config.channels[l], self.cells[l]);
        let shortcut = if inputs == c { 0 } else { inputs * c };
        let modulation = 2 * self.config.time_embedding * c;
        cells * (9 * inputs * c + 9 * c * c + shortcut) + modulation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 5 x 6 field in patches of 2: 9 tokens.
    #[test]
    fn products_of_a_transformer_are_those_counted_by_hand() {
        let config = TransformerConfig {
            patch: 2,
            width: 8,
            depth: 3,
            heads: 2,
            expansion: 2,
            time_embedding: 6,
            ..TransformerConfig::default()
        };
        let network = Architecture::Transformer {
            config,
            inputs: 3,
            outputs: 1,
        };
        let ends = 9 * (12 * 8) + 9 * (8 * 4) + 6 * 16;
        let attention = 9 * (8 * 24) + 2 * (9 * 9 * 8) + 9 * (8 * 8);
        let perceptron = 9 * (8 * 16) + 9 * (16 * 8);
        let wanted = 2 * 36 + ends + 3 * (attention + perceptron + 6 * 48);
        assert_eq!(network.operations(5, 6), wanted);
    }

    /// Two levels on a 5 x 6 field in patches of 2: 3 x 3 cells, then 2 x 2.
    #[test]
    fn products_are_those_counted_by_hand() {
        let config = UNetConfig {
            channels: vec![4, 8],
            blocks: 2,
            middle: 1,
            attention: vec![1],
            heads: 2,
            time_embedding: 6,
            patch: 2,
            ..UNetConfig::default()
        };
        let network = Architecture::UNet {
            config,
            inputs: 3,
            outputs: 1,
        };
        let time = 6 * 6 + 6 * 6;
        let input = 9 * (9 * 12 * 4);
        let output = 9 * (9 * 4 * 4);
        let fine = 9 * (9 * 4 * 4 + 9 * 4 * 4) + 6 * 4 + 6 * 4;
        let coarse = 4 * (9 * 8 * 8 + 9 * 8 * 8) + 6 * 8 + 6 * 8;
        let joined = 9 * (9 * 8 * 4 + 9 * 4 * 4 + 8 * 4) + 6 * 4 + 6 * 4;
        let attention = 4 * (8 * 24) + 4 * 4 * 8 + 4 * 4 * 8 + 4 * (8 * 8);
        let halve = 4 * (16 * 8);
        let narrow = 4 * (8 * 4);
        let down = 2 * fine + halve + 2 * coarse + attention;
        let up = narrow + joined + fine;
        let wanted = time + input + down + coarse + up + output;
        assert_eq!(network.operations(5, 6), wanted);
    }
}
