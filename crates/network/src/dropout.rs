//! Dropout that can be repeated.

use burn::tensor::{Tensor, TensorData};
use foehn_noise::{Key, Purpose};

/// Which channels are off during one pass of training, for each sample of a batch.
///
/// Whole channels: neighbouring cells of a field are alike, so a cell that is off alone hides nothing.
///
/// The draws are named by the bits of the sample's time and the number of the layer: a time is drawn
/// anew for every sample of every step, so the same step drops the same channels whatever the threads, the
/// batch and whether it was resumed, without any state.
///
/// # Reference
/// Srivastava et al. (2014), J. Mach. Learn. Res. 15, 1929; whole channels: Tompson et al. (2015),
/// arXiv:1411.4280, section 3.2.
#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    probability: f64,
    names: Vec<u64>,
}

impl Dropout {
    pub(crate) fn new(probability: f64, t: Tensor<1>) -> Self {
        let t = t.into_data();
        let names = t.iter::<f64>().map(f64::to_bits).collect();
        Self { probability, names }
    }

    /// 1 / (1 - p) where a channel of a sample is on, else 0: [B, channels].
    pub(crate) fn kept(&self, channels: usize, layer: usize) -> Vec<f32> {
        let mut draws = vec![0.0; channels];
        let mut kept = Vec::with_capacity(self.names.len() * channels);
        let on = 1.0 / (1.0 - self.probability) as f32;
        for name in &self.names {
            let key = Key::new(*name, Purpose::Dropout).step(layer as u32);
            key.uniforms(&mut draws);
            kept.extend(
                draws
                    .iter()
                    .map(|u| if *u < self.probability { 0.0 } else { on }),
            );
        }
        kept
    }

    /// x over 1 - p where a channel is on, zero where it is off.
    pub(crate) fn forward(&self, x: Tensor<4>, layer: usize) -> Tensor<4> {
        let [batch, channels, _, _] = x.dims();
        let mask = self.kept(channels, layer);
        let data = TensorData::new(mask, [batch, channels, 1, 1]);
        let mask = Tensor::<4>::from_data(data, &x.device());
        let kind = x.dtype();
        x * mask.cast(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// n = 20 000 channels with p = 0.3: the fraction off has sigma 0.0032.
    #[test]
    fn channels_are_off_with_the_probability() {
        let device = Device::flex();
        let t = Tensor::<1>::from_data([0.25f32, 0.75], &device);
        let dropout = Dropout::new(0.3, t);
        let mask = |layer| -> Vec<f32> {
            let x = Tensor::ones([2, 10_000, 1, 1], &device);
            dropout.forward(x, layer).try_into_vec_as().unwrap()
        };
        let first = mask(0);
        let off = first.iter().filter(|m| **m == 0.0).count() as f64 / 20_000.0;
        assert!((off - 0.3).abs() < 4.0 * 0.0032, "{off}");
        assert!(
            first
                .iter()
                .all(|m| *m == 0.0 || (m - 1.0 / 0.7).abs() < 1e-6)
        );
        assert_ne!(first, mask(1));
        assert_ne!(first[..10_000], first[10_000..]);
    }
}
