//! Networks with weights that are not zero anywhere, and fields to show them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it"
)]

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_network::{Padding, Paddings, TransformerConfig, UNet, UNetConfig};
use foehn_noise::{Key, Purpose};

/// Draws from N(0, 1), by name.
pub fn normals(shape: &[usize], name: i64) -> TensorData {
    let mut values = vec![0f32; shape.iter().product()];
    Key::new(1, Purpose::Train).init(name).normals(&mut values);
    TensorData::new(values, shape.to_vec())
}

/// A field of draws from N(0, 1).
pub fn field(shape: [usize; 4], name: i64) -> Tensor<4> {
    Tensor::from_data(normals(&shape, name), &Device::flex())
}

/// Times in [0, 1].
pub fn times<const N: usize>(t: [f32; N]) -> Tensor<1> {
    Tensor::from_data(t, &Device::flex())
}

struct Randomised(i64);

impl ModuleMapper for Randomised {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let name = self.0;
        param.map(|w| {
            let draws = Tensor::from_data(normals(&w.dims(), name), &w.device());
            w.inner().add(draws.mul_scalar(0.1))
        })
    }
}

/// The same network with noise added to all weights, zero or not.
pub fn randomised<M: Module>(module: M) -> M {
    module.map(&mut Randomised(100))
}

/// A small U-Net with every part in it.
pub fn small(y: Padding, x: Padding) -> UNetConfig {
    UNetConfig {
        channels: vec![8, 12, 16],
        blocks: 1,
        attention: vec![2],
        heads: 2,
        time_embedding: 8,
        groups: 4,
        padding: Paddings { y, x },
        ..UNetConfig::default()
    }
}

/// A small transformer; fields of odd sizes do not fit its patches.
pub fn transformer() -> TransformerConfig {
    TransformerConfig {
        patch: 2,
        width: 24,
        depth: 2,
        heads: 2,
        expansion: 3,
        time_embedding: 8,
        ..TransformerConfig::default()
    }
}

/// A U-Net of 3 channels to 2 on the CPU, with noise added to all weights.
pub fn network(config: &UNetConfig) -> UNet {
    randomised(config.init(3, 2, &Device::flex()).unwrap())
}

/// The largest difference.
pub fn distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    (a - b).abs().max().into_scalar()
}
