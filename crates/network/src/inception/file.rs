//! Weights from a safetensors file.

use super::blocks::Unit;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// What is added to variances.
const EPSILON: f32 = 1e-3;

/// Why a file of weights was refused.
#[derive(Debug, thiserror::Error)]
pub enum InceptionError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is of another format.
    #[error("{path} is no safetensors file: {cause}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// An entry is not there.
    #[error(
        "{path} has no entry {name} of shape {shape:?}: it is of another network; give Inception v3 with the names of torchvision"
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
        /// The shape that it should have.
        shape: Vec<usize>,
    },
    /// An entry is of another shape or type.
    #[error(
        "{path}: {name} is {kind} of shape {found:?}, not F32 of shape {shape:?}: give Inception v3 in single precision"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
        /// Its type.
        kind: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that it should have.
        shape: Vec<usize>,
    },
}

/// A file that is open for reading.
pub(super) struct Weights<'a> {
    tensors: SafeTensors<'a>,
    path: &'a Path,
    device: &'a Device,
}

/// What a convolution looks like.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub channels: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: usize,
    pub padding: [usize; 2],
}

impl<'a> Weights<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        path: &'a Path,
        device: &'a Device,
    ) -> Result<Self, InceptionError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| InceptionError::Format {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self {
            tensors,
            path,
            device,
        })
    }

    /// A convolution without bias and the normalisation after it as one convolution: with g, b, m and v of the latter,
    /// `w g / sqrt(v + 0.001)` and `b - m g / sqrt(v + 0.001)`.
    pub(super) fn unit(&self, name: &str, shape: Shape) -> Result<Unit, InceptionError> {
        let [inputs, outputs] = shape.channels;
        let [rows, columns] = shape.kernel;
        let sizes = [outputs, inputs, rows, columns];
        let mut weight = self.values(&format!("{name}.conv.weight"), &sizes)?;
        let of = |what: &str| self.values(&format!("{name}.bn.{what}"), &[outputs]);
        let (gain, mut bias) = (of("weight")?, of("bias")?);
        let (mean, variance) = (of("running_mean")?, of("running_var")?);
        for (o, of_one) in weight.chunks_exact_mut(inputs * rows * columns).enumerate() {
            let scale = gain[o] / (variance[o] + EPSILON).sqrt();
            for w in of_one {
                *w *= scale;
            }
            bias[o] -= mean[o] * scale;
        }
        Ok(Unit {
            weight: Tensor::from_data(TensorData::new(weight, sizes), self.device),
            bias: Tensor::from_data(TensorData::new(bias, [outputs]), self.device),
            stride: shape.stride,
            padding: shape.padding,
        })
    }

    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, InceptionError> {
        let tensor = self.tensors.tensor(name);
        let tensor = tensor.map_err(|_| InceptionError::Missing {
            path: self.path.to_owned(),
            name: name.to_owned(),
            shape: shape.to_vec(),
        })?;
        if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
            return Err(InceptionError::Shape {
                path: self.path.to_owned(),
                name: name.to_owned(),
                kind: format!("{:?}", tensor.dtype()),
                found: tensor.shape().to_vec(),
                shape: shape.to_vec(),
            });
        }
        let words = tensor.data().chunks_exact(4);
        Ok(words
            .map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]]))
            .collect())
    }
}
