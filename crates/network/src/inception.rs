//! The network of the Fréchet inception distance, with weights from a file.

mod blocks;
mod file;

pub use file::InceptionError;

use blocks::{Step, run};
use burn::tensor::{Device, Tensor, TensorData};
use file::Weights;
use std::path::Path;

/// Rows and columns that it sees.
const SIDE: usize = 299;
/// Its features.
const WIDTH: usize = 2048;

/// Inception v3 up to its last pooling: 2048 features of a picture.
///
/// The variant that published Fréchet distances are of: averages in its pools leave padding out, and the pool of the last block
/// takes the largest value. Its weights are those of the file that pytorch-fid publishes (`pt_inception-2015-12-05`, names
/// and shapes as in torchvision), saved as safetensors in single precision:
///
/// ```text
/// python -c "import torch, safetensors.torch as s; s.save_file(torch.load('pt_inception-2015-12-05-6726825d.pth'), 'inception.safetensors')"
/// ```
///
/// Entries that it does not need, such as `fc.weight`, may be there.
///
/// # Reference
/// Szegedy et al. 2015, arXiv:1512.00567; Heusel et al. 2017, arXiv:1706.08500.
#[derive(Clone, Debug)]
pub struct Inception {
    steps: Vec<Step>,
}

impl Inception {
    /// Features of a picture.
    pub const FEATURES: usize = WIDTH;

    /// Reads the weights of `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is no safetensors file, or an entry is missing or of another shape or type, naming it.
    pub fn read(path: &Path, device: &Device) -> Result<Self, InceptionError> {
        let bytes = std::fs::read(path).map_err(|source| InceptionError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes, path, device)
    }

    /// As [`Inception::read`], from the bytes of a file; `path` is for messages.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(bytes: &[u8], path: &Path, device: &Device) -> Result<Self, InceptionError> {
        let weights = Weights::new(bytes, path, device)?;
        let steps = blocks::all(&weights)?;
        Ok(Self { steps })
    }

    /// The features of pictures with values in [-1, 1]; grey ones count as three equal channels.
    ///
    /// They are resized to 299 x 299 by bilinear interpolation between the centres of pixels, without smoothing before.
    ///
    /// # Shapes
    /// [B, 1 or 3, H, W] to [B, 2048].
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let [b, channels, h, w] = x.dims();
        let x = if channels == 1 {
            x.expand([b, 3, h, w])
        } else {
            x
        };
        let (down, across) = (between(h, &x.device()), between(w, &x.device()));
        let x = down.unsqueeze::<4>().matmul(x);
        let x = x.matmul(across.transpose().unsqueeze::<4>());
        let y = run(&self.steps, x);
        let [b, features, h, w] = y.dims();
        y.reshape([b, features, h * w])
            .mean_dim(2)
            .reshape([b, features])
    }
}

/// The weights of `count` values in each of 299 that lie between them.
///
/// # Shapes
/// [299, count].
fn between(count: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0f32; SIDE * count];
    for i in 0..SIDE {
        let at = (i as f64 + 0.5) * count as f64 / SIDE as f64 - 0.5;
        let at = at.max(0.0);
        let (low, part) = (at.floor() as usize, at.fract());
        weights[i * count + low] += 1.0 - part as f32;
        weights[i * count + (low + 1).min(count - 1)] += part as f32;
    }
    Tensor::from_data(TensorData::new(weights, [SIDE, count]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_stays_one_and_ends_are_flat() {
        let device = Device::flex();
        let ramp =
            Tensor::<2>::from_data(TensorData::new(vec![1f32, 2.0, 3.0, 4.0], [4, 1]), &device);
        let y: Vec<f32> = between(4, &device)
            .matmul(ramp)
            .into_data()
            .iter()
            .collect();
        // centres: (i + 1/2) 4/299 - 1/2 beyond the first, at most the last
        for (i, value) in y.iter().enumerate() {
            let at = ((i as f64 + 0.5) * 4.0 / 299.0 - 0.5).clamp(0.0, 3.0);
            assert!((f64::from(*value) - 1.0 - at).abs() < 1e-6, "{i}: {value}");
        }
        // one pixel is the same everywhere
        let one = between(1, &device).sum_dim(1).sub_scalar(1.0).abs().max();
        assert!(one.into_scalar::<f32>() < 1e-6);
    }
}
