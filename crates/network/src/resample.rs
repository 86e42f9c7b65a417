//! Half and double resolution.

use crate::Paddings;
use crate::formulation::{Formulation, matrix};
use crate::patch::folded;
use crate::pointwise::Pointwise;
use burn::module::Module;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

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
    /// [B, in, H, W] to [B, out, ceil(H / 2), ceil(W / 2)].
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.mixture.forward(folded(x, 2, self.padding))
    }
}

/// Every cell four times, cropped to `h` x `w`.
///
/// # Shapes
/// [B, C, ceil(h / 2), ceil(w / 2)] to [B, C, h, w].
pub(crate) fn doubled(x: Tensor<4>, h: usize, w: usize) -> Tensor<4> {
    let y = match Formulation::of(&x) {
        Formulation::Products => doubled_by_products(x),
        Formulation::Native => {
            let options = InterpolateOptions::new(InterpolateMode::Nearest);
            interpolate(
                x,
                options
                    .with_align_corners(false)
                    .with_scale_factor([2.0, 2.0]),
            )
        }
    };
    y.narrow(2, 0, h).narrow(3, 0, w)
}

fn doubled_by_products(x: Tensor<4>) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    let twice = matrix([w, 2 * w], |i, j| if j / 2 == i { 1.0 } else { 0.0 }, &x);
    let rows = x.reshape([b * c * h, w]).matmul(twice);
    let rows = rows.reshape([b * c * h, 1, 2 * w]);
    Tensor::cat(vec![rows.clone(), rows], 1).reshape([b, c, 2 * h, 2 * w])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn cells_are_repeated_alike_in_both_formulations() {
        let device = Device::flex();
        let x = Tensor::<4>::random([2, 3, 4, 6], Distribution::Normal(0.0, 1.0), &device);
        let options = InterpolateOptions::new(InterpolateMode::Nearest);
        let options = options
            .with_align_corners(false)
            .with_scale_factor([2.0, 2.0]);
        let native = interpolate(x.clone(), options);
        assert_eq!(doubled(x, 8, 12).into_data(), native.into_data());
        let row = Tensor::<4>::from_data([[[[1.0f32, 2.0]]]], &device);
        let cropped: Vec<f32> = doubled(row, 2, 3).try_into_vec_as().unwrap();
        assert_eq!(cropped, [1.0, 1.0, 2.0, 1.0, 1.0, 2.0]);
    }
}
