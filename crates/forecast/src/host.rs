//! Between host arrays and device tensors.

use crate::error::ForecastError;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array4;

/// A tensor of the same shape on `device`.
pub fn from_host(array: &Array4<f32>, device: &Device) -> Tensor<4> {
    let shape: [usize; 4] = array.dim().into();
    let values = array.iter().copied().collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// An array of the same shape on the host.
///
/// # Errors
/// If the device fails.
pub fn to_host(tensor: Tensor<4>) -> Result<Array4<f32>, ForecastError> {
    let shape = tensor.dims();
    let values = tensor
        .try_into_vec_as::<f32>()
        .map_err(|e| ForecastError::Device(format!("{e:?}")))?;
    Array4::from_shape_vec(shape, values).map_err(|e| ForecastError::Device(e.to_string()))
}
