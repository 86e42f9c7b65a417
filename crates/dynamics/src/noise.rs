//! Where a sampler's noise comes from.

use burn::tensor::Tensor;
use foehn_interpolant::normals;
use foehn_noise::Key;

/// The source of the standard normal draws that a solver turns into Wiener increments.
pub trait Noise<const D: usize> {
    /// The draws of step `step`, in the shape of `like`.
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D>;
}

/// Independent draws, sample `b` and step `k` from the stream `keys[b].step(k)`: a member is the same
/// in any batch.
pub struct WienerNoise {
    keys: Vec<Key>,
}

impl WienerNoise {
    /// One key a sample.
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }
}

impl<const D: usize> Noise<D> for WienerNoise {
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D> {
        let keys: Vec<Key> = self.keys.iter().map(|k| k.step(step as u32)).collect();
        normals(&keys, like)
    }
}

impl<const D: usize, F: FnMut(usize, &Tensor<D>) -> Tensor<D>> Noise<D> for F {
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D> {
        self(step, like)
    }
}
