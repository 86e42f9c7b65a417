//! How an operation is written for the processor at hand.

use burn::tensor::{Device, Tensor, TensorData};

/// One operation, two ways to write it; the results agree up to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Formulation {
    /// As matrix products on views: fast on burn's CPU backend, whose own convolution and pooling are not.
    Products,
    /// As the backend's own operation.
    Native,
}

impl Formulation {
    /// The fast one for the device of `x`.
    pub(crate) fn of<const D: usize>(x: &Tensor<D>) -> Self {
        if x.device() == Device::flex() {
            Self::Products
        } else {
            Self::Native
        }
    }
}

/// A constant matrix, row by row, of the kind and on the device of `like`.
pub(crate) fn matrix<const D: usize>(
    shape: [usize; 2],
    entry: impl Fn(usize, usize) -> f32,
    like: &Tensor<D>,
) -> Tensor<2> {
    let entry = &entry;
    let values: Vec<f32> = (0..shape[0])
        .flat_map(|i| (0..shape[1]).map(move |j| entry(i, j)))
        .collect();
    Tensor::<2>::from_data(TensorData::new(values, shape), &like.device()).cast(like.dtype())
}
