//! The nonlinearity.

use burn::tensor::Tensor;

/// SiLU: x / (1 + exp(-x)).
///
/// While gradients are recorded, the slope is computed along with the value, and the result is written
/// as the exact tangent y(x0) + y'(x0) (x - x0) at x0 = x: one product backward instead of a second
/// exponential, which costs as much as a convolution on the CPU.
///
/// # Reference
/// Elfwing, Uchibe and Doya (2018), arXiv:1702.03118, equation 3.
pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !x.is_tracked() {
        return x.clone() * gate(x);
    }
    let x0 = x.clone().inner();
    let s = gate(x0.clone());
    let y = x0.clone() * s.clone();
    let slope = s.clone() + y.clone() - y.clone() * s;
    Tensor::from_inner(y) + (x - Tensor::from_inner(x0)) * Tensor::from_inner(slope)
}

/// 1 / (1 + exp(-x)); at very negative x the exponential is infinite and this is 0, as it should be.
pub(crate) fn gate<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.neg().exp().add_scalar(1.0).recip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn value_and_slope_are_those_of_silu() {
        let points = [-200.0f32, -30.0, -3.0, -0.5, 0.0, 0.7, 4.0, 90.0, 200.0];
        let x = Tensor::<1>::from_data(points, &Device::flex());
        let plain: Vec<f32> = silu(x.clone()).try_into_vec_as().unwrap();
        let leaf = x.autodiff().require_grad();
        let y = silu(leaf.clone());
        let gradients = y.clone().sum().backward();
        let slope: Vec<f32> = leaf.grad(&gradients).unwrap().try_into_vec_as().unwrap();
        let y: Vec<f32> = y.try_into_vec_as().unwrap();
        for (i, x) in points.into_iter().map(f64::from).enumerate() {
            let s = 1.0 / (1.0 + (-x).exp());
            let (value, derivative) = (x * s, s * (1.0 + x * (1.0 - s)));
            assert_eq!(plain[i], y[i]);
            assert!(
                (f64::from(y[i]) - value).abs() < 1e-6 * (1.0 + x.abs()),
                "{x}"
            );
            assert!((f64::from(slope[i]) - derivative).abs() < 1e-6, "{x}");
        }
    }
}
