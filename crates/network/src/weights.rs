//! Initial weights.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Tensor};
use std::sync::{Mutex, PoisonError};

/// Initial weights that `seed` alone decides, whatever other threads do: `init` has the device's generator, of which a process has
/// one, to itself.
///
/// ```
/// use burn::tensor::Device;
/// use foehn_network::{MlpConfig, seeded};
///
/// let device = Device::flex();
/// let weights = || seeded(7, &device, || MlpConfig::default().init(1, 1, &device).map(|_| ()));
/// weights()?;
/// # Ok::<(), foehn_network::NetworkError>(())
/// ```
pub fn seeded<T>(seed: u64, device: &Device, init: impl FnOnce() -> T) -> T {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    init()
}

/// Independent draws, uniform with variance `1 / fan_in`, from the generator of the device.
///
/// They are drawn here and now, not at first use as burn's own initializers do, so that `device.seed`
/// just before decides them.
pub(crate) fn uniform<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    device: &Device,
) -> Param<Tensor<D>> {
    let bound = (3.0 / fan_in as f64).sqrt();
    let law = Distribution::Uniform(-bound, bound);
    Param::from_tensor(Tensor::random(shape, law, device))
}

/// `value` everywhere.
pub(crate) fn constant<const D: usize>(
    shape: [usize; D],
    value: f32,
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::full(shape, value, device))
}

/// x W + b with zero W and b.
pub(crate) fn zero_linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    Linear {
        weight: constant([inputs, outputs], 0.0, device),
        bias: Some(constant([outputs], 0.0, device)),
    }
}

/// x W + b with drawn W and zero b.
pub(crate) fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    Linear {
        weight: uniform([inputs, outputs], inputs, device),
        bias: Some(constant([outputs], 0.0, device)),
    }
}
