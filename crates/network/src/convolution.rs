//! 3x3 convolution that knows what lies beyond the edge.

use crate::Paddings;
use crate::kernel::Inputs;
use crate::precision::cast_as;
use crate::weights;
use burn::module::{Module, Param};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use foehn_kernel::Edges;

/// y(o, i, j) = b(o) + sum over c, dy, dx of w(dx, o, dy, c) x(c, i + dy - 1, j + dx - 1).
///
/// The weight has the order [dx, out, dy, in], in which the kernels need it.
#[derive(Module, Debug)]
pub(crate) struct Convolution {
    weight: Param<Tensor<4>>,
    bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    padding: Paddings,
}

impl Convolution {
    /// Drawn weights.
    pub(crate) fn new(inputs: usize, outputs: usize, padding: Paddings, device: &Device) -> Self {
        Self {
            weight: weights::uniform([3, outputs, 3, inputs], 9 * inputs, device),
            bias: None,
            padding,
        }
    }

    /// Zero weights.
    pub(crate) fn zero(inputs: usize, outputs: usize, padding: Paddings, device: &Device) -> Self {
        Self {
            weight: weights::constant([3, outputs, 3, inputs], 0.0, device),
            bias: None,
            padding,
        }
    }

    /// The same with a bias, zero at first.
    pub(crate) fn biased(self, device: &Device) -> Self {
        let bias = weights::constant([self.weight.dims()[1]], 0.0, device);
        Self {
            bias: Some(bias),
            ..self
        }
    }

    pub(crate) fn outputs(&self) -> usize {
        self.weight.dims()[1]
    }

    /// The edges of a field [B, H, W, C] for the kernels.
    pub(crate) fn edges(&self, x: &Tensor<4>) -> Edges {
        self.padding.edges(x)
    }

    /// `inputs` with the weights and, if there is one, the bias.
    pub(crate) fn with(&self, inputs: Inputs) -> Inputs {
        let inputs = inputs.and(self.weight.val());
        match &self.bias {
            Some(bias) => inputs.and(bias.val()),
            None => inputs,
        }
    }

    /// # Shapes
    /// [B, in, H, W] to [B, out, H, W].
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = cast_as(self.weight.val(), &x).permute([1, 3, 2, 0]);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let y = conv2d(self.padding.around(x), weight, None, options);
        match &self.bias {
            Some(bias) => {
                let bias = cast_as(bias.val(), &y);
                y + bias.reshape([1, -1, 1, 1])
            }
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Padding;
    use crate::kernel::run;
    use burn::tensor::{Distribution, TensorData};
    use std::sync::Arc;

    /// The cell that `i` stands for, written out for one cell beyond the ends.
    fn index(padding: Padding, i: isize, n: usize) -> Option<usize> {
        let last = n as isize - 1;
        let inside = (0..=last).contains(&i);
        match padding {
            _ if inside => Some(i as usize),
            Padding::Zero => None,
            Padding::Periodic => Some(if i < 0 { last as usize } else { 0 }),
            Padding::Edge => Some(if i < 0 { 0 } else { last as usize }),
            Padding::Reflecting if n == 1 => Some(0),
            Padding::Reflecting => Some(if i < 0 { 1 } else { n - 2 }),
        }
    }

    fn by_hand(layer: &Convolution, x: &TensorData, [b, c, h, w]: [usize; 4]) -> Vec<f64> {
        let weight: Vec<f32> = layer.weight.val().inner().try_into_vec_as().unwrap();
        let x: Vec<f32> = x.iter::<f32>().collect();
        let outputs = layer.weight.dims()[1];
        let mut y = Vec::new();
        for (n, o, i, j) in indices([b, outputs, h, w]) {
            let mut sum = 0.0;
            for (k, dy, dx, _) in indices([c, 3, 3, 1]) {
                let row = index(layer.padding.y, (i + dy) as isize - 1, h);
                let column = index(layer.padding.x, (j + dx) as isize - 1, w);
                if let (Some(row), Some(column)) = (row, column) {
                    let value = x[((n * c + k) * h + row) * w + column];
                    sum +=
                        f64::from(weight[((dx * outputs + o) * 3 + dy) * c + k]) * f64::from(value);
                }
            }
            y.push(sum);
        }
        y
    }

    fn indices([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
    }

    #[test]
    fn both_formulations_are_the_sum_over_neighbours() {
        let device = Device::flex();
        let all = [
            Padding::Periodic,
            Padding::Reflecting,
            Padding::Edge,
            Padding::Zero,
        ];
        let shapes = [
            [2, 3, 4, 5],
            [1, 2, 1, 6],
            [2, 1, 3, 1],
            [1, 5, 2, 2],
            [1, 1, 1, 1],
        ];
        for (y, x, _, s) in indices([4, 4, 1, 5]) {
            let padding = Paddings {
                y: all[y],
                x: all[x],
            };
            let layer = Convolution::new(shapes[s][1], 4, padding, &device);
            let input = Tensor::<4>::random(shapes[s], Distribution::Normal(0.0, 1.0), &device);
            let wanted = by_hand(&layer, &input.to_data(), shapes[s]);
            let biased = layer.clone().biased(&device);
            let last = input.clone().permute([0, 2, 3, 1]);
            let edges = padding.edges(&last);
            let inputs = biased.with(Inputs::of(last));
            let kernel: Tensor<4> = run(Arc::new(foehn_kernel::Convolution { edges }), inputs);
            // Winograd's transforms lose some bits of the largest numbers
            let scale = wanted.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
            for result in [kernel.permute([0, 3, 1, 2]), layer.forward(input)] {
                let result: Vec<f32> = result.try_into_vec_as().unwrap();
                assert_eq!(result.len(), wanted.len());
                for (a, b) in result.iter().zip(&wanted) {
                    let error = (f64::from(*a) - b).abs();
                    assert!(
                        error < 3e-5 * scale,
                        "{padding:?} {:?}: {error:e} of {scale}",
                        shapes[s]
                    );
                }
            }
        }
    }
}
