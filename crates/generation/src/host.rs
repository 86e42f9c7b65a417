//! Tables between the host and a device.

use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array2;

/// A table on a device.
///
/// # Shapes
/// (N, d) to [N, d].
pub fn on_device(table: &Array2<f32>, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = table.iter().copied().collect();
    let shape = [table.nrows(), table.ncols()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A batch of states on the host.
///
/// # Shapes
/// [N, d] to (N, d).
pub fn on_host(x: Tensor<2>) -> Array2<f32> {
    let [rows, columns] = x.dims();
    let values: Vec<f32> = x.into_data().iter::<f32>().collect();
    Array2::from_shape_fn((rows, columns), |(i, j)| values[i * columns + j])
}
