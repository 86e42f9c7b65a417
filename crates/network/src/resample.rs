//! Half and double resolution.

use crate::Paddings;
use crate::formulation::Formulation;
use crate::kernel::{Inputs, run};
use crate::patch::folded;
use crate::pointwise::Pointwise;
use burn::module::Module;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};
use foehn_kernel::{Halve, Rise};
use std::sync::Arc;

/// A learnt mixture of each 2x2 cells, a convolution of stride 2; an odd axis gets one more cell by its own
/// rule first.
///
/// So every level has half the cells of the level above, rounded up, and all levels end at the same edge.
/// A mean over the cells instead would hide from the coarser level where within them something is.
#[derive(Module, Debug)]
pub(crate) struct Halving {
    mixture: Pointwise,
    #[module(skip)]
    padding: Paddings,
}

impl Halving {
    pub(crate) fn new(inputs: usize, outputs: usize, padding: Paddings, device: &Device) -> Self {
        Self {
            mixture: Pointwise::new(4 * inputs, outputs, device),
            padding,
        }
    }

    /// # Shapes
    /// [B, in, H, W] to [B, out, ceil(H / 2), ceil(W / 2)], or in the order of the formulation.
    pub(crate) fn forward(&self, x: Tensor<4>, formulation: Formulation) -> Tensor<4> {
        match formulation {
            Formulation::Kernels => {
                let edges = self.padding.edges(&x);
                run(Arc::new(Halve { edges }), self.mixture.with(Inputs::of(x)))
            }
            Formulation::Native => self.mixture.forward(folded(x, 2, self.padding)),
        }
    }
}

/// The coarse field, narrowed, at twice the resolution, and the fine field beside it. To narrow and then double
/// is the same as the other way round, but cheaper.
///
/// # Shapes
/// `coarse` [B, in, ceil(H / 2), ceil(W / 2)] and `fine` [B, C, H, W] to [B, out + C, H, W], or in the order
/// of the formulation.
pub(crate) fn joined(
    coarse: Tensor<4>,
    narrow: &Pointwise,
    fine: Tensor<4>,
    formulation: Formulation,
) -> Tensor<4> {
    match formulation {
        Formulation::Kernels => run(Arc::new(Rise), narrow.with(Inputs::of(coarse)).and(fine)),
        Formulation::Native => {
            let [_, _, h, w] = fine.dims();
            let coarse = doubled(narrow.forward(coarse), h, w);
            Tensor::cat(vec![coarse, fine], 1)
        }
    }
}

/// Every cell four times, cropped to `h` x `w`.
///
/// # Shapes
/// [B, C, ceil(h / 2), ceil(w / 2)] to [B, C, h, w].
fn doubled(x: Tensor<4>, h: usize, w: usize) -> Tensor<4> {
    let options = InterpolateOptions::new(InterpolateMode::Nearest)
        .with_align_corners(false)
        .with_scale_factor([2.0, 2.0]);
    interpolate(x, options).narrow(2, 0, h).narrow(3, 0, w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Padding;
    use burn::tensor::Distribution;

    const ALL: [Padding; 4] = [
        Padding::Periodic,
        Padding::Reflecting,
        Padding::Edge,
        Padding::Zero,
    ];

    fn close(ours: Tensor<4>, theirs: Tensor<4>) {
        let ours = Formulation::Kernels.outward(ours);
        assert_eq!(ours.dims(), theirs.dims());
        assert!((ours - theirs).abs().max().into_scalar::<f32>() < 1e-5);
    }

    #[test]
    fn both_formulations_halve_and_join_alike() {
        let device = Device::flex();
        let law = Distribution::Normal(0.0, 1.0);
        for (y, x) in ALL.into_iter().flat_map(|y| ALL.map(|x| (y, x))) {
            for [h, w] in [[4, 6], [5, 3], [1, 2], [1, 1]] {
                let fine = Tensor::<4>::random([2, 3, h, w], law, &device);
                let halving = Halving::new(3, 5, Paddings { y, x }, &device);
                let last = Formulation::Kernels.inward(fine.clone());
                let ours = halving.forward(last.clone(), Formulation::Kernels);
                let coarse = halving.forward(fine.clone(), Formulation::Native);
                close(ours.clone(), coarse.clone());
                let narrow = Pointwise::new(5, 2, &device);
                let ours = joined(ours, &narrow, last, Formulation::Kernels);
                close(ours, joined(coarse, &narrow, fine, Formulation::Native));
            }
        }
    }

    #[test]
    fn cells_are_repeated_and_cropped() {
        let row = Tensor::<4>::from_data([[[[1.0f32, 2.0]]]], &Device::flex());
        let cropped: Vec<f32> = doubled(row, 2, 3).try_into_vec_as().unwrap();
        assert_eq!(cropped, [1.0, 1.0, 2.0, 1.0, 1.0, 2.0]);
    }
}
