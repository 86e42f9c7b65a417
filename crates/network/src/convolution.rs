//! 3x3 convolution that knows what lies beyond the edge.

use crate::Paddings;
use crate::formulation::Formulation;
use crate::weights;
use burn::module::{Module, Param};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

/// y(o, i, j) = b(o) + sum over c, dy, dx of w(dx, o, dy, c) x(c, i + dy - 1, j + dx - 1).
///
/// The weight has the order [dx, out, dy, in], in which the matrix product needs it.
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

    /// # Shapes
    /// [B, in, H, W] to [B, out, H, W].
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = match Formulation::of(&x) {
            Formulation::Products => self.products(x),
            Formulation::Native => self.native(x),
        };
        match &self.bias {
            Some(bias) => y + bias.val().reshape([1, -1, 1, 1]),
            None => y,
        }
    }

    fn native(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val().permute([1, 3, 2, 0]);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(self.padding.around(x), weight, None, options)
    }

    /// One matrix product that takes the three rows around a row along with the channels, and gives the
    /// three columns around a column side by side; both are windows of one long row of cells.
    fn products(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let (outputs, wide) = (self.weight.dims()[1], w + 2);
        let padded = self.padding.around(x).reshape([b, c, (h + 2) * wide]);
        let rows: Tensor<4> = padded.unfold(2, h * wide, wide);
        let rows = packed(rows.swap_dims(1, 2)).reshape([b, 3 * c, h * wide]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let length = outputs * h * wide;
        let columns = weight.matmul(rows).reshape([b, 3 * length]);
        // of these windows only the last two cells are missing, which lie beyond the edge
        let columns: Tensor<3> = columns.unfold(1, length - 2, length + 1);
        let sum = columns.sum_dim(1);
        let rest = sum.clone().narrow(2, 0, 2).zeros_like();
        let y = Tensor::cat(vec![sum, rest], 2);
        packed(y.reshape([b, outputs, h, wide]).narrow(3, 0, w))
    }
}

/// The same values without gaps. Adding zero does it many times faster than burn's CPU backend copies.
fn packed(x: Tensor<4>) -> Tensor<4> {
    let zero = Tensor::zeros([1; 4], (&x.device(), x.dtype()));
    x + zero
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Padding;
    use burn::tensor::{Distribution, TensorData};

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
            for result in [layer.products(input.clone()), layer.native(input)] {
                let result: Vec<f32> = result.try_into_vec_as().unwrap();
                assert_eq!(result.len(), wanted.len());
                for (a, b) in result.iter().zip(&wanted) {
                    assert!(
                        (f64::from(*a) - b).abs() < 1e-5,
                        "{padding:?} {:?}",
                        shapes[s]
                    );
                }
            }
        }
    }
}
