//! Derivatives carried forward through a perceptron.

use crate::Mlp;
use crate::activation::gate;
use crate::time::wave_numbers;
use burn::nn::Linear;
use burn::tensor::Tensor;

impl Mlp {
    /// The drift at `x` and `t`, and `J v = sum_j v_j df/dx_j` there for every tangent v.
    ///
    /// Value and products are one graph of tensor operations, so that a loss made of derivatives of the
    /// network, such as its divergence, has a gradient in the weights by one ordinary backward pass. The
    /// cost is that of one call more a tangent. A product backward from a graph that is recorded once
    /// gives the same numbers without such a gradient.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use foehn_network::MlpConfig;
    /// let device = Device::flex();
    /// let network = MlpConfig::default().init(2, 2, &device)?;
    /// let (x, t) = (Tensor::<2>::ones([5, 2], &device), Tensor::<1>::zeros([5], &device));
    /// let (value, products) = network.push_forward(x.clone(), t, &[x.clone(), x * 2.0]);
    /// assert_eq!((value.dims(), products.len(), products[1].dims()), ([5, 2], 2, [5, 2]));
    /// # Ok::<(), foehn_network::NetworkError>(())
    /// ```
    ///
    /// # Shapes
    /// `x` and every tangent [B, inputs], `t` `[B]` in [0, 1]; value and products [B, outputs].
    ///
    /// # Reference
    /// Baydin, Pearlmutter, Radul, Siskind 2018, arXiv:1502.05767 (forward mode).
    pub fn push_forward(
        &self,
        x: Tensor<2>,
        t: Tensor<1>,
        tangents: &[Tensor<2>],
    ) -> (Tensor<2>, Vec<Tensor<2>>) {
        let shown = tangents.iter().map(|v| self.shown_tangent(&x, v)).collect();
        let (mut value, mut tangents) = (self.shown(x, t), shown);
        for layer in &self.hidden {
            let (y, slope) = silu_and_slope(layer.forward(value));
            tangents = products(layer, tangents)
                .into_iter()
                .map(|v| v * slope.clone())
                .collect();
            value = y;
        }
        (self.output.forward(value), products(&self.output, tangents))
    }

    /// The derivative along `v` of what the first layer is shown, but for the time, which stands still.
    fn shown_tangent(&self, x: &Tensor<2>, v: &Tensor<2>) -> Tensor<2> {
        let waves = wave_numbers(self.input_features).flat_map(|w| {
            let (angle, v) = (x.clone() * w, v.clone() * w);
            [angle.clone().cos() * v.clone(), (angle.sin() * v).neg()]
        });
        let mut parts = vec![v.clone()];
        parts.extend(waves);
        Tensor::cat(parts, 1)
    }
}

/// Tangents behind a layer: its weight, not its bias, and of the weight as many rows as they have columns.
fn products(layer: &Linear, tangents: Vec<Tensor<2>>) -> Vec<Tensor<2>> {
    let Some(first) = tangents.first() else {
        return tangents;
    };
    let [batch, columns] = first.dims();
    let weight = layer.weight.val();
    let [rows, outputs] = weight.dims();
    let weight = if rows == columns {
        weight
    } else {
        weight.slice([0..columns, 0..outputs])
    };
    // one product for all tangents
    let count = tangents.len();
    let all = Tensor::cat(tangents, 0).matmul(weight);
    let part = |k: usize| all.clone().slice([k * batch..(k + 1) * batch, 0..outputs]);
    (0..count).map(part).collect()
}

/// SiLU and its derivative.
///
/// While gradients are recorded both are written as their exact tangents at the present x, as
/// [`silu`](crate::activation::silu) is: no derivative of an exponential, which may be infinite, is taken.
fn silu_and_slope(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let tracked = x.is_tracked();
    let x0 = if tracked {
        x.clone().inner()
    } else {
        x.clone()
    };
    let s = gate(x0.clone());
    let y = x0.clone() * s.clone();
    let slope = s.clone() + y.clone() - y.clone() * s.clone();
    if !tracked {
        return (y, slope);
    }
    // d slope / dx = s (1 - s) (2 + x (1 - 2 s)) = (1 - s) (2 s + y - 2 y s)
    let curvature = (s.clone().neg() + 1.0) * ((s.clone() - y.clone() * s) * 2.0 + y.clone());
    let shift = x - Tensor::from_inner(x0);
    (
        Tensor::from_inner(y) + shift.clone() * Tensor::from_inner(slope.clone()),
        Tensor::from_inner(slope) + shift * Tensor::from_inner(curvature),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    #[test]
    fn slope_and_curvature_are_those_of_silu_even_far_out() {
        let points: Vec<f64> = vec![-900.0, -40.0, -2.0, -0.3, 0.0, 0.9, 5.0, 60.0, 900.0];
        let data = TensorData::new(points.clone(), [1, 9]);
        let x = Tensor::<2>::from_data(data, (&Device::flex(), DType::F64));
        let leaf = x.autodiff().require_grad();
        let (y, slope) = silu_and_slope(leaf.clone());
        let gradient = slope.clone().sum().backward();
        let host = |x: Tensor<2>| x.into_data().iter::<f64>().collect::<Vec<_>>();
        let (y, slope, curvature) = (host(y), host(slope), host(leaf.grad(&gradient).unwrap()));
        for (i, x) in points.into_iter().enumerate() {
            let (s, r) = (1.0 / (1.0 + (-x).exp()), 1.0 / (1.0 + x.exp()));
            assert!((y[i] - x * s).abs() < 1e-13, "{x}");
            assert!((slope[i] - s * (1.0 + x * r)).abs() < 1e-13, "{x}");
            let exact = s * r * (2.0 + x * (r - s));
            assert!((curvature[i] - exact).abs() < 1e-13, "{x}");
        }
    }
}
