//! Losses whose minimiser is a conditional expectation.

use burn::tensor::Tensor;

/// `E[w |u - target|^2] / 2`, averaged over the batch, per unit of weight.
///
/// The 1/2 is that of the method's losses, `E[|u|^2 / 2 - u . target]`, from which this one differs by
/// `E[|target|^2] / 2`, the same for every model.
///
/// # Shapes
/// `prediction`, `target`: [B, ...]; `weight`: the same, or with length 1 where it does not vary; zero
/// where data is missing. Result: (1).
pub fn squared_error<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    weight: Option<Tensor<D>>,
) -> Tensor<1> {
    let square = (prediction - target).square();
    match weight {
        None => square.mean() / 2.0,
        Some(weight) => {
            let weight = weight.expand(square.dims());
            (square * weight.clone()).sum() / (weight.sum() * 2.0)
        }
    }
}
