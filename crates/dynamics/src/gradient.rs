//! Derivatives of learnt functions along a direction.

use burn::tensor::{DType, Tensor};

/// `(f(x), J^T v)` with `J = df/dx`, by one call and one backward pass; no product where `f(x)` is not in
/// the graph of `x`, because it does not depend on it or was made outside the tensors.
pub(crate) fn pull_back<const D: usize>(
    f: impl Fn(Tensor<D>) -> Tensor<D>,
    x: Tensor<D>,
    v: Tensor<D>,
) -> (Tensor<D>, Option<Tensor<D>>) {
    let leaf = x.inner().autodiff().require_grad();
    let y = f(leaf.clone());
    let value = y.clone().inner();
    if !y.is_autodiff() || !y.is_tracked() {
        return (value, None);
    }
    let gradients = (y * Tensor::from_inner(v.inner())).sum().backward();
    (value, leaf.grad(&gradients))
}

/// A spacing for central differences, near the cube root of the precision.
pub(crate) fn spacing<const D: usize>(x: &Tensor<D>) -> f64 {
    if x.dtype() == DType::F64 { 1e-5 } else { 1e-2 }
}

/// `J v` by a central difference: two calls.
pub(crate) fn push_forward<const D: usize>(
    f: impl Fn(Tensor<D>) -> Tensor<D>,
    x: &Tensor<D>,
    v: &Tensor<D>,
) -> Tensor<D> {
    let h = spacing(x);
    let shift = v.clone() * h;
    (f(x.clone() + shift.clone()) - f(x.clone() - shift)) / (2.0 * h)
}
