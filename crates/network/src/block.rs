//! Residual blocks, and the levels made of them.

use crate::Paddings;
use crate::UNetConfig;
use crate::activation::silu;
use crate::attention::SelfAttention;
use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::norm::{GroupNorm, ModulatedNorm};
use crate::pointwise::Pointwise;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// What all blocks are told in one pass: the embedded time, and which units are off.
pub(crate) struct Context {
    pub(crate) embedding: Tensor<2>,
    pub(crate) dropout: Option<Dropout>,
}

/// x + conv(silu(modulated norm(conv(silu(norm(x)))))), the last convolution zero at first.
///
/// Where the number of channels changes, a 1x1 convolution stands for x. The convolutions have no bias:
/// the shifts of the norms and of the 1x1 convolutions do its work.
#[derive(Module, Debug)]
pub(crate) struct ResidualBlock {
    first_norm: GroupNorm,
    first: Convolution,
    second_norm: ModulatedNorm,
    second: Convolution,
    shortcut: Option<Pointwise>,
    layer: usize,
}

impl ResidualBlock {
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        layer: usize,
        config: &UNetConfig,
        device: &Device,
    ) -> Self {
        let (groups, padding) = (config.groups, config.padding);
        let shortcut = (inputs != outputs).then(|| Pointwise::new(inputs, outputs, device));
        Self {
            first_norm: GroupNorm::new(inputs, groups, device),
            first: Convolution::new(inputs, outputs, padding, device),
            second_norm: ModulatedNorm::new(outputs, groups, config.time_embedding, device),
            second: Convolution::zero(outputs, outputs, padding, device),
            shortcut,
            layer,
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
        let h = self.first.forward(silu(self.first_norm.forward(x.clone())));
        let h = silu(self.second_norm.forward(h, context.embedding.clone()));
        let h = match &context.dropout {
            Some(dropout) => dropout.forward(h, self.layer),
            None => h,
        };
        let x = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x),
            None => x,
        };
        x + self.second.forward(h)
    }
}

/// The blocks of one resolution on the way down or up, then attention where it is asked for.
#[derive(Module, Debug)]
pub(crate) struct Level {
    blocks: Vec<ResidualBlock>,
    attention: Option<SelfAttention>,
}

impl Level {
    /// Blocks numbered from `layer` on, from `inputs` channels to those of `level`.
    pub(crate) fn new(
        level: usize,
        inputs: usize,
        layer: usize,
        config: &UNetConfig,
        device: &Device,
    ) -> Self {
        let channels = config.channels[level];
        let block = |i: usize| {
            let inputs = if i == 0 { inputs } else { channels };
            ResidualBlock::new(inputs, channels, layer + i, config, device)
        };
        let attends = config.attention.contains(&level);
        Self {
            blocks: (0..config.blocks).map(block).collect(),
            attention: attends
                .then(|| SelfAttention::new(channels, config.groups, config.heads, device)),
        }
    }

    /// # Shapes
    /// [B, inputs, H, W] to [B, channels, H, W].
    pub(crate) fn forward(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
        let x = self
            .blocks
            .iter()
            .fold(x, |x, block| block.forward(x, context));
        match &self.attention {
            Some(attention) => attention.forward(x),
            None => x,
        }
    }
}

/// The last layer: norm, SiLU and a convolution that is zero at first.
#[derive(Module, Debug)]
pub(crate) struct Head {
    norm: GroupNorm,
    convolution: Convolution,
}

impl Head {
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        groups: usize,
        padding: Paddings,
        device: &Device,
    ) -> Self {
        Self {
            norm: GroupNorm::new(inputs, groups, device),
            convolution: Convolution::zero(inputs, outputs, padding, device).biased(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.convolution.forward(silu(self.norm.forward(x)))
    }
}
