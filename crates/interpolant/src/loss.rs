//! Losses whose minimiser is a conditional expectation.

use burn::tensor::{Tensor, TensorData};

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

/// `E[w (|u|^2 / 2 - u . target)]`, averaged over the batch, per unit of weight.
///
/// The loss of every target, with the same 1/2 in each, so that losses of velocity and score may be
/// compared; its minimum is `-E|u*|^2 / 2`. It does not square the target, so that with antithetic points
/// its variance is bounded where the target is not; elsewhere [`squared_error`] has the same gradient and
/// is zero for a perfect fit.
///
/// # Shapes
/// As [`squared_error`].
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 2.
pub fn quadratic_loss<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    weight: Option<Tensor<D>>,
) -> Tensor<1> {
    quadratic_losses(prediction, target, weight).mean()
}

/// [`squared_error`] of every sample, per unit of the batch's mean weight: their mean is
/// [`squared_error`].
///
/// # Shapes
/// As [`squared_error`]; result: (B).
pub fn squared_errors<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    weight: Option<Tensor<D>>,
) -> Tensor<1> {
    by_sample((prediction - target).square() / 2.0, weight)
}

/// [`quadratic_loss`] of every sample, per unit of the batch's mean weight.
///
/// # Shapes
/// As [`squared_error`]; result: (B).
pub fn quadratic_losses<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    weight: Option<Tensor<D>>,
) -> Tensor<1> {
    let cells = prediction.clone() * (prediction / 2.0 - target);
    by_sample(cells, weight)
}

/// `sum_b weights[b] losses[b] / B`: with the weights of [`Draw`](crate::Draw) an unbiased estimate of
/// the loss under uniform times.
///
/// # Shapes
/// `losses` and `weights`: (B); result: (1).
pub fn importance_mean(losses: Tensor<1>, weights: &[f64]) -> Tensor<1> {
    let data = TensorData::new(weights.to_vec(), [weights.len()]).convert_dtype(losses.dtype());
    let weights = Tensor::<1>::from_data(data, (&losses.device(), losses.dtype()));
    (losses * weights).mean()
}

/// Weighted mean over the cells of each sample.
fn by_sample<const D: usize>(cells: Tensor<D>, weight: Option<Tensor<D>>) -> Tensor<1> {
    let shape = cells.dims();
    let rows = [shape[0], shape[1..].iter().product()];
    match weight {
        None => cells.reshape(rows).mean_dim(1).flatten(0, 1),
        Some(weight) => {
            let weight = weight.expand(shape);
            let total = weight.clone().sum() / shape[0] as f64;
            let sums = (cells * weight).reshape(rows).sum_dim(1);
            sums.flatten::<1>(0, 1) / total
        }
    }
}
