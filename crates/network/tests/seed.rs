//! Alone in its process, because a device's generator is global.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use foehn_network::{MlpConfig, UNetConfig};

#[derive(Default)]
struct Weights(Vec<f32>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().try_into_vec_as::<f32>().unwrap());
    }
}

fn weights<M: Module>(module: &M) -> Vec<f32> {
    let mut weights = Weights::default();
    module.visit(&mut weights);
    weights.0
}

#[test]
fn seeds_decide_weights() {
    let device = Device::flex();
    let unet = |seed: u64| {
        device.seed(seed);
        let network = UNetConfig::default().init(3, 1, &device).unwrap();
        // drawn by now: a later seed changes nothing
        device.seed(99);
        weights(&network)
    };
    assert_eq!(unet(5), unet(5));
    assert_ne!(unet(5), unet(6));
    let mlp = |seed: u64| {
        device.seed(seed);
        weights(
            &MlpConfig::default()
                .init(2, 2, &device.clone().autodiff())
                .unwrap(),
        )
    };
    assert_eq!(mlp(5), mlp(5));
    assert_ne!(mlp(5), mlp(6));
}
