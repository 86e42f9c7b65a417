//! 3x3 convolution that knows what lies beyond the edge.

use crate::Paddings;
use crate::formulation::Formulation;
use crate::weights;
use burn::module::{Module, Param};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

/// y(o, i, j) = b(o) + sum over c, dy, dx of w(dx, o, c, dy) x(c, i + dy - 1, j + dx - 1).
///
/// The weight has the order [dx, out, in, dy], in which the matrix product needs it.
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
            weight: weights::uniform([3, outputs, inputs, 3], 9 * inputs, device),
            bias: None,
            padding,
        }
    }

    /// Zero weights.
    pub(crate) fn zero(inputs: usize, outputs: usize, padding: Paddings, device: &Device) -> Self {
        Self {
            weight: weights::constant([3, outputs, inputs, 3], 0.0, device),
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
        let weight = self.weight.val().permute([1, 2, 3, 0]);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(self.padding.around(x), weight, None, options)
    }

    /// One matrix product that takes the three dy along with the channels and gives the three dx side
    /// by side; these are summed as three windows of one long row, each window one cell further on.
    fn products(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let wide = w + 2;
        let rows = self.three_rows(self.padding.x.around(x, 3));
        let rows = rows.reshape([b, 3 * c, h * wide]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let row = outputs * h * wide;
        let all = weight.matmul(rows).reshape([b, 3 * row]);
        // Only the two last cells of a row are lost, and they lie beyond the edge.
        let windows: Tensor<3> = all.unfold(1, row - 2, row + 1);
        let sum = windows.sum_dim(1);
        let rest = sum.clone().narrow(2, 0, 2).zeros_like();
        let y = Tensor::cat(vec![sum, rest], 2);
        y.reshape([b, outputs, h, wide]).narrow(3, 0, w)
    }

    pub(crate) fn shifted(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let shifts = crate::formulation::matrix([3 * w, w], |i, j| {
            let (dx, i) = (i / w, i % w);
            let source = self.padding.x.source((j + dx) as isize - 1, w);
            if source == Some(i) { 1.0 } else { 0.0 }
        }, &x).reshape([1, 3, w, w]);
        let rows = self.three_rows(x).reshape([b, 3 * c, h * w]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let all = weight.matmul(rows).reshape([b, 3, outputs * h, w]);
        all.matmul(shifts).sum_dim(1).reshape([b, outputs, h, w])
    }

    pub(crate) fn now2(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let wide = w + 2;
        let x = self.padding.x.around(x, 3);
        let (top, bottom) = (self.padding.y.cell(&x, 2, -1), self.padding.y.cell(&x, 2, h as isize));
        let rows = Tensor::cat(vec![top, x.clone(), x.clone(), bottom.clone(), x.narrow(2, 1, h - 1), bottom.clone(), bottom.zeros_like()], 2);
        let n = (h + 1) * wide;
        let rows = rows.reshape([b, 3 * c, n]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let row = outputs * n;
        let all = weight.matmul(rows).reshape([b, 3 * row]);
        let windows: Tensor<3> = all.unfold(1, row - 2, row + 1);
        let sum = windows.sum_dim(1);
        let rest = sum.clone().narrow(2, 0, 2).zeros_like();
        let y = Tensor::cat(vec![sum, rest], 2);
        y.reshape([b, outputs, h + 1, wide]).narrow(2, 0, h).narrow(3, 0, w)
    }
    pub(crate) fn now3(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let wide = w + 2;
        let tall = self.padding.around(x).reshape([b, c, (h + 2) * wide]);
        let n = h * wide;
        let rows: Tensor<4> = tall.unfold(2, n, wide);
        let rows = rows.reshape([b, 3 * c, n]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let row = outputs * n;
        let all = weight.matmul(rows).reshape([b, 3 * row]);
        let windows: Tensor<3> = all.unfold(1, row - 2, row + 1);
        let sum = windows.sum_dim(1);
        let rest = sum.clone().narrow(2, 0, 2).zeros_like();
        let y = Tensor::cat(vec![sum, rest], 2);
        y.reshape([b, outputs, h, wide]).narrow(3, 0, w)
    }
    pub(crate) fn shifted2(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let shifts = crate::formulation::matrix([3 * w, w], |i, j| {
            let (dx, i) = (i / w, i % w);
            let source = self.padding.x.source((j + dx) as isize - 1, w);
            if source == Some(i) { 1.0 } else { 0.0 }
        }, &x).reshape([1, 3, w, w]);
        let (top, bottom) = (self.padding.y.cell(&x, 2, -1), self.padding.y.cell(&x, 2, h as isize));
        let rows = Tensor::cat(vec![top, x.clone(), x.clone(), bottom.clone(), x.narrow(2, 1, h - 1), bottom.clone(), bottom.zeros_like()], 2);
        let rows = rows.reshape([b, 3 * c, (h + 1) * w]);
        let weight = self.weight.val().reshape([1, 3 * outputs, 3 * c]);
        let all = weight.matmul(rows).reshape([b, 3, outputs * (h + 1), w]);
        all.matmul(shifts).sum_dim(1).reshape([b, outputs, h + 1, w]).narrow(2, 0, h)
    }
    /// rows as windows of the field padded in y
    pub(crate) fn shifted3(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = x.dims();
        let outputs = self.weight.dims()[1];
        let shifts = crate::formulation::matrix([3 * w, w], |i, j| {
            let (dx, i) = (i / w, i % w);
            let source = self.padding.x.source((j + dx) as isize - 1, w);
            if source == Some(i) { 1.0 } else { 0.0 }
        }, &x).reshape([1, 3, w, w]);
        let tall = self.padding.y.around(x, 2).reshape([b, c, (h + 2) * w]);
        // one product for each dy: K = c
        let weight = self.weight.val().permute([3, 0, 1, 2]).reshape([3, 3 * outputs, c]);
        let mut sum: Option<Tensor<3>> = None;
        for dy in 0..3 {
            let z = weight.clone().narrow(0, dy, 1).matmul(tall.clone().narrow(2, dy * w, h * w));
            sum = Some(match sum { None => z, Some(s) => s + z });
        }
        let all = sum.unwrap().reshape([b, 3, outputs * h, w]);
        all.matmul(shifts).sum_dim(1).reshape([b, outputs, h, w])
    }

    /// Each channel three times: the rows above, the rows themselves, the rows below.
    pub(crate) fn three_rows(&self, x: Tensor<4>) -> Tensor<4> {
        let h = x.dims()[2];
        let (top, bottom) = (
            self.padding.y.cell(&x, 2, -1),
            self.padding.y.cell(&x, 2, h as isize),
        );
        let mut parts = vec![top];
        if h > 1 {
            parts.extend([
                x.clone().narrow(2, 0, h - 1),
                x.clone(),
                x.narrow(2, 1, h - 1),
            ]);
        } else {
            parts.push(x);
        }
        parts.push(bottom);
        Tensor::cat(parts, 2)
    }
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
                        f64::from(weight[((dx * outputs + o) * c + k) * 3 + dy]) * f64::from(value);
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
