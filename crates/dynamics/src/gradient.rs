//! Vector-Jacobian products of learnt functions.

use burn::tensor::Tensor;

/// `(f(x), J^T v(f(x)))` with `J = df/dx`, by one call and one backward pass.
///
/// `v` sees the value outside the graph. A function that does not depend on x, or leaves the tensors
/// (an exact law on the host), has no graph and a zero product.
pub(crate) fn pull_back<const D: usize>(
    f: impl Fn(Tensor<D>) -> Tensor<D>,
    x: Tensor<D>,
    v: impl FnOnce(&Tensor<D>) -> Tensor<D>,
) -> (Tensor<D>, Tensor<D>) {
    let plain = x.inner();
    let leaf = plain.clone().autodiff().require_grad();
    let y = f(leaf.clone());
    let value = y.clone().inner();
    let v = v(&value);
    if !y.is_autodiff() || !y.is_tracked() {
        return (value, plain.zeros_like());
    }
    let gradients = (y * Tensor::from_inner(v)).sum().backward();
    let product = leaf.grad(&gradients);
    (value, product.unwrap_or_else(|| plain.zeros_like()))
}
