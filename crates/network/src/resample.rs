//! Half and double resolution.

use crate::Paddings;
use crate::formulation::{Formulation, matrix};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, interpolate};
use burn::tensor::ops::{AvgPoolOptions, InterpolateMode, InterpolateOptions};

/// Means over 2x2 cells; an odd axis gets one more cell by its own rule first.
///
/// So every level has half the cells of the level above, rounded up, and all levels end at the same edge.
/// On a periodic axis of odd size the last coarse cell averages the last and the first fine cell: the
/// seam stays closed, although one coarse cell overlaps another by half.
///
/// # Shapes
/// [B, C, H, W] to [B, C, ceil(H / 2), ceil(W / 2)].
pub(crate) fn halved(x: Tensor<4>, padding: Paddings) -> Tensor<4> {
    let x = padding.up_to_multiple(x, 2);
    match Formulation::of(&x) {
        Formulation::Products => halved_by_products(x),
        Formulation::Native => avg_pool2d(x, AvgPoolOptions::new([2, 2])),
    }
}

fn halved_by_products(x: Tensor<4>) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    let mean = matrix([w, w / 2], |i, j| if i / 2 == j { 0.25 } else { 0.0 }, &x);
    let rows = b * c * h / 2;
    let pairs = x.reshape([rows, 2, w]).sum_dim(1).reshape([rows, w]);
    pairs.matmul(mean).reshape([b, c, h / 2, w / 2])
}

/// Every cell four times, cropped to `h` x `w`: undoes [`halved`] for fields that are constant on 2x2 cells.
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
    use crate::Padding;
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    #[test]
    fn both_formulations_agree() {
        let device = Device::flex();
        let x = Tensor::<4>::random([2, 3, 4, 6], Distribution::Normal(0.0, 1.0), &device);
        let native = avg_pool2d(x.clone(), AvgPoolOptions::new([2, 2]));
        let tolerance = Tolerance::<f32>::absolute(1e-6);
        let products = halved(x.clone(), Paddings::default());
        products
            .into_data()
            .assert_approx_eq(&native.into_data(), tolerance);
        let options = InterpolateOptions::new(InterpolateMode::Nearest);
        let options = options
            .with_align_corners(false)
            .with_scale_factor([2.0, 2.0]);
        let native = interpolate(x.clone(), options);
        assert_eq!(doubled(x, 8, 12).into_data(), native.into_data());
    }

    #[test]
    fn odd_axes_are_closed_by_their_rule() {
        let values = vec![1.0f32, 2.0, 3.0, 5.0, 6.0, 7.0];
        let x = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 2, 3]), &Device::flex());
        let means = |padding| -> Vec<f32> {
            let rules = Paddings {
                y: Padding::Edge,
                x: padding,
            };
            halved(x.clone(), rules).try_into_vec_as().unwrap()
        };
        assert_eq!(means(Padding::Periodic), [3.5, 4.0]);
        assert_eq!(means(Padding::Edge), [3.5, 5.0]);
        assert_eq!(means(Padding::Zero), [3.5, 2.5]);
        let back = doubled(halved(x, Paddings::default()), 2, 3);
        let back: Vec<f32> = back.try_into_vec_as().unwrap();
        assert_eq!(back, [3.5, 3.5, 5.0, 3.5, 3.5, 5.0]);
    }
}
