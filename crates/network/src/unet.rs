//! The U-Net.

use crate::block::{Context, Head, Level, ResidualBlock};
use crate::convolution::Convolution;
use crate::dropout::Dropout;
use crate::formulation::Formulation;
use crate::kernel::{Inputs, run};
use crate::pointwise::Pointwise;
use crate::resample::{Halving, joined};
use crate::time::TimeEmbedding;
use crate::{Classes, Paddings, Precision, UNetConfig, patch};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// A field and a time to a field of the same size, at several resolutions at once.
///
/// Each level works on half the cells of the level above; on the way up, it is joined with what the way
/// down left at that resolution. Fields may have any size: where an axis is odd, the coarser level
/// continues it by one cell with the axis' own padding, and the way up crops it again, so that
/// convolutions meet the true edge at every level.
///
/// Rows of a batch do not see each other. On doubly periodic fields whose size is a multiple of
/// [`UNetConfig::stride`], shifting the input by that stride shifts the output.
///
/// # Reference
/// Ronneberger, Fischer and Brox (2015), arXiv:1505.04597; blocks as in Dhariwal and Nichol (2021),
/// arXiv:2105.05233.
#[derive(Module, Debug)]
pub struct UNet {
    time: TimeEmbedding,
    input: Convolution,
    down: Vec<Level>,
    halve: Vec<Halving>,
    middle: Vec<ResidualBlock>,
    narrow: Vec<Pointwise>,
    up: Vec<Level>,
    output: Head,
    patch: usize,
    dropout: f64,
    #[module(skip)]
    padding: Paddings,
    #[module(skip)]
    precision: Precision,
}

impl UNet {
    /// The network of a configuration that has been checked.
    pub(crate) fn new(config: &UNetConfig, inputs: usize, outputs: usize, device: &Device) -> Self {
        let (c, blocks, padding) = (&config.channels, config.blocks, config.padding);
        let cells = config.patch * config.patch;
        let down = |l: usize| Level::new(l, c[l], l * blocks, config, device);
        let up = |l: usize| {
            let layer = (c.len() + l) * blocks;
            Level::new(l, 2 * c[l], layer, config, device)
        };
        let middle = |i: usize| {
            let (coarsest, layer) = (c[c.len() - 1], 2 * c.len() * blocks + i);
            ResidualBlock::new(coarsest, coarsest, layer, config, device)
        };
        Self {
            time: TimeEmbedding::new(config.time_embedding, config.classes, device),
            input: Convolution::new(inputs * cells, c[0], padding, device).biased(device),
            down: (0..c.len()).map(down).collect(),
            halve: (1..c.len())
                .map(|l| Halving::new(c[l - 1], c[l], padding, device))
                .collect(),
            middle: (0..config.middle).map(middle).collect(),
            narrow: (1..c.len())
                .map(|l| Pointwise::new(c[l], c[l - 1], device))
                .collect(),
            up: (0..c.len() - 1).map(up).collect(),
            output: Head::new(c[0], outputs * cells, config.groups, padding, device),
            patch: config.patch,
            dropout: config.dropout,
            padding,
            precision: config.precision,
        }
    }

    /// The drift at `x` and `t`, no class told.
    ///
    /// # Shapes
    /// `x` [B, inputs, H, W], the state and its conditions side by side, and `t` `[B]` in [0, 1], to
    /// [B, outputs, H, W].
    pub fn forward(&self, x: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        self.forward_given(x, t, None)
    }

    /// As [`UNet::forward`], given the classes of the samples; a network without classes does not see them.
    ///
    /// # Shapes
    /// As there; `classes` (B).
    pub fn forward_given(
        &self,
        x: Tensor<4>,
        t: Tensor<1>,
        classes: Option<&Classes>,
    ) -> Tensor<4> {
        let [_, _, h, w] = x.dims();
        let kind = x.dtype();
        let x = self.precision.inward(x);
        let context = self.context(&x, t, classes);
        let x = patch::folded(x, self.patch, self.padding);
        let x = self.entered(context.formulation.inward(x), context.formulation);
        let (left, x) = self.downwards(x, &context);
        let x = self.middle.iter().fold(x, |x, b| b.forward(x, &context));
        let x = self.upwards(left, x, &context);
        let y = self.output.forward(x, context.formulation);
        let y = patch::unfolded(context.formulation.outward(y), self.patch, h, w);
        y.cast(kind)
    }

    fn entered(&self, x: Tensor<4>, formulation: Formulation) -> Tensor<4> {
        match formulation {
            Formulation::Kernels => {
                let edges = self.padding.edges(&x);
                let inputs = self.input.with(Inputs::of(x));
                run(Arc::new(foehn_kernel::Convolution { edges }), inputs)
            }
            Formulation::Native => self.input.forward(x),
        }
    }

    /// Channels are only switched off while gradients are recorded.
    fn context(&self, x: &Tensor<4>, t: Tensor<1>, classes: Option<&Classes>) -> Context {
        let embedding = self.time.forward(t.clone(), classes);
        let drops = self.dropout > 0.0 && embedding.is_tracked();
        Context {
            formulation: Formulation::of(x),
            embedding,
            dropout: drops.then(|| Dropout::new(self.dropout, t)),
        }
    }

    /// What each level but the coarsest leaves, finest first, and the coarsest level's result.
    fn downwards(&self, mut x: Tensor<4>, context: &Context) -> (Vec<Tensor<4>>, Tensor<4>) {
        let mut left = Vec::with_capacity(self.up.len());
        for (l, level) in self.down.iter().enumerate() {
            if l > 0 {
                left.push(x.clone());
                x = self.halve[l - 1].forward(x, context.formulation);
            }
            x = level.forward(x, context);
        }
        (left, x)
    }

    /// The finest level's result.
    fn upwards(&self, left: Vec<Tensor<4>>, mut x: Tensor<4>, context: &Context) -> Tensor<4> {
        let levels = self.narrow.iter().zip(&self.up).zip(left);
        for ((narrow, level), left) in levels.rev() {
            x = level.forward(joined(x, narrow, left, context.formulation), context);
        }
        x
    }
}
