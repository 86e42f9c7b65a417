//! Attention between all cells of a field.

use crate::formulation::Formulation;
use crate::kernel::{Inputs, run};
use crate::norm::GroupNorm;
use crate::pointwise::Pointwise;
use crate::precision::{cast_as, widened};
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use foehn_kernel::Attention;
use std::sync::Arc;

/// x + W softmax(q' k / sqrt(d)) v, with q, k, v linear in the normalised x and d channels a head.
///
/// W is zero at first. The cost grows with the square of the number of cells.
///
/// # Reference
/// Vaswani et al. (2017), arXiv:1706.03762, equation 1; for fields Ho, Jain and Abbeel (2020), arXiv:2006.11239.
#[derive(Module, Debug)]
pub(crate) struct SelfAttention {
    norm: GroupNorm,
    inward: Pointwise,
    outward: Pointwise,
    heads: usize,
}

impl SelfAttention {
    pub(crate) fn new(channels: usize, groups: usize, heads: usize, device: &Device) -> Self {
        Self {
            norm: GroupNorm::new(channels, groups, device),
            inward: Pointwise::new(channels, 3 * channels, device),
            outward: Pointwise::zero(channels, channels, device),
            heads,
        }
    }

    /// # Shapes
    /// [B, C, H, W], or the order of the formulation, to the same.
    pub(crate) fn forward(&self, x: Tensor<4>, formulation: Formulation) -> Tensor<4> {
        match formulation {
            Formulation::Kernels => self.by_kernels(x),
            Formulation::Native => self.native(x),
        }
    }

    fn by_kernels(&self, x: Tensor<4>) -> Tensor<4> {
        let (groups, heads) = (self.norm.groups(), self.heads);
        let inputs = self.norm.with(Inputs::of(x));
        let inputs = self.outward.with(self.inward.with(inputs));
        run(Arc::new(Attention { groups, heads }), inputs)
    }

    fn native(&self, x: Tensor<4>) -> Tensor<4> {
        let shape = x.dims();
        let [b, c, h, w] = shape;
        let all = self.inward.forward(self.norm.forward(x.clone()));
        let all = all.reshape([b, 3 * self.heads, c / self.heads, h * w]);
        let part = |i: usize| all.clone().narrow(1, i * self.heads, self.heads);
        let mixed = attend(part(0), part(1), part(2)).reshape(shape);
        x + self.outward.forward(mixed)
    }
}

/// Each of `q`, `k`, `v` is [B, heads, d, cells], and so is the result.
pub(crate) fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let scale = (q.dims()[2] as f64).sqrt().recip();
    let scores = q.mul_scalar(scale).swap_dims(2, 3).matmul(k);
    let weights = cast_as(softmax(widened(scores), 3), &v);
    v.matmul(weights.swap_dims(2, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_attend_by_similarity() {
        let device = Device::flex();
        let field =
            |values: [[f32; 3]; 2]| Tensor::<2>::from_data(values, &device).reshape([1, 1, 2, 3]);
        let (q, k) = (
            [[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]],
            [[0.0, 1.0, 0.3], [2.0, 0.0, -0.4]],
        );
        let v = [[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]];
        let result = attend(field(q), field(k), field(v));
        let result: Vec<f32> = result.try_into_vec_as().unwrap();
        for i in 0..3 {
            let score = |j: usize| (q[0][i] * k[0][j] + q[1][i] * k[1][j]) / 2f32.sqrt();
            let weight = [0, 1, 2].map(|j| score(j).exp());
            for d in 0..2 {
                let sum: f32 = (0..3).map(|j| weight[j] * v[d][j]).sum();
                let wanted = sum / weight.iter().sum::<f32>();
                assert!((result[3 * d + i] - wanted).abs() < 1e-6);
            }
        }
    }
}
