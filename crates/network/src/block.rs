//! Residual blocks, and the levels made of them.

use crate::Paddings;
use crate::UNetConfig;
use crate::activation::silu;
use crate::attention::SelfAttention;
use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::formulation::Formulation;
use crate::kernel::{Inputs, run};
use crate::norm::{GroupNorm, ModulatedNorm};
use crate::pointwise::Pointwise;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foehn_kernel::{Block, Shortcut};
use std::sync::Arc;

/// What all blocks are told in one pass: how to compute, the embedded time, and which units are off.
pub(crate) struct Context {
    pub(crate) formulation: Formulation,
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
    #[module(skip)]
    padding: Paddings,
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
            padding,
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
        match context.formulation {
            Formulation::Kernels => self.by_kernels(x, context),
            Formulation::Native => self.native(x, context),
        }
    }

    fn by_kernels(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
        let outputs = self.first.outputs();
        let kept = |dropout: &Dropout| dropout.kept(outputs, self.layer).into();
        let block = Block {
            groups: [self.first_norm.groups(), self.second_norm.groups()],
            edges: self.padding.edges(&x),
            shortcut: match self.shortcut {
                Some(_) => Shortcut::Learnt,
                None => Shortcut::Identity,
            },
            keep: context.dropout.as_ref().map(kept),
        };
        let inputs = self.first.with(self.first_norm.with(Inputs::of(x)));
        let inputs = self.second_norm.with(inputs, context.embedding.clone());
        let inputs = self.second.with(inputs);
        let inputs = match &self.shortcut {
            Some(shortcut) => shortcut.with(inputs),
            None => inputs,
        };
        run(Arc::new(block), inputs)
    }

    fn native(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
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
    /// [B, inputs, H, W] to [B, channels, H, W], or in the order of the formulation.
    pub(crate) fn forward(&self, x: Tensor<4>, context: &Context) -> Tensor<4> {
        let x = self
            .blocks
            .iter()
            .fold(x, |x, block| block.forward(x, context));
        match &self.attention {
            Some(attention) => attention.forward(x, context.formulation),
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

    pub(crate) fn forward(&self, x: Tensor<4>, formulation: Formulation) -> Tensor<4> {
        match formulation {
            Formulation::Kernels => {
                let (groups, edges) = (self.norm.groups(), self.convolution.edges(&x));
                let inputs = self.convolution.with(self.norm.with(Inputs::of(x)));
                run(Arc::new(foehn_kernel::Head { groups, edges }), inputs)
            }
            Formulation::Native => self.convolution.forward(silu(self.norm.forward(x))),
        }
    }
}
