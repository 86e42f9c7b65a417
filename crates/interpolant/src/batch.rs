//! From host numbers to tensors: one scalar a sample, one stream of noise a sample.

use burn::tensor::{DType, Tensor, TensorData};
use foehn_noise::Key;

/// `values[b]` as a tensor of shape [B, 1, ...] that multiplies sample `b` of a batch like `x`.
///
/// # Shapes
/// `values`: (B); `x`: [B, ...]; result: [B, 1, ...] in the precision and on the device of `x`.
pub fn per_sample<const D: usize>(values: &[f64], x: &Tensor<D>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[0] = values.len();
    let data = TensorData::new(values.to_vec(), shape).convert_dtype(x.dtype());
    Tensor::from_data(data, (&x.device(), x.dtype()))
}

/// Standard normal draws, sample `b` from the stream `keys[b]`, so a sample's noise does not depend on
/// its batch.
///
/// # Shapes
/// `keys`: (B); `x`: [B, ...], whose shape, precision and device the result takes.
pub fn normals<const D: usize>(keys: &[Key], x: &Tensor<D>) -> Tensor<D> {
    let shape = x.dims();
    let length = shape[1..].iter().product::<usize>();
    let data = if x.dtype() == DType::F64 {
        let mut z = vec![0f64; length * keys.len()];
        for (key, z) in keys.iter().zip(z.chunks_mut(length.max(1))) {
            key.normals_f64(z);
        }
        TensorData::new(z, shape)
    } else {
        let mut z = vec![0f32; length * keys.len()];
        for (key, z) in keys.iter().zip(z.chunks_mut(length.max(1))) {
            key.normals(z);
        }
        TensorData::new(z, shape).convert_dtype(x.dtype())
    };
    Tensor::from_data(data, (&x.device(), x.dtype()))
}
