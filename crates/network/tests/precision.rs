//! Networks in bf16 against themselves in f32.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor};
use common::{field, network, randomised, small, times, transformer};
use foehn_compute::Workers;
use foehn_network::{FieldNet, Padding, Precision, TransformerConfig, UNet, UNetConfig};
use foehn_training::{Layout, LayoutError, Recording, TrainConfig, TrainError, Trainer};

/// bf16 rounds to 2^-9 = 0.002 of a value, here some thirty times in a row.
const ERROR: f64 = 0.03;

fn config(precision: Precision) -> UNetConfig {
    UNetConfig {
        precision,
        ..small(Padding::Periodic, Padding::Zero)
    }
}

/// The gradients of all weights, one after the other.
struct All<'a> {
    gradients: &'a Gradients,
    values: Vec<f64>,
}

impl ModuleVisitor for All<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).unwrap();
        assert_eq!(gradient.dtype(), DType::F32);
        self.values
            .extend(gradient.into_data().iter::<f64>().collect::<Vec<_>>());
    }
}

/// The output, and the gradients of the mean of its products with a field.
fn results(network: FieldNet) -> (Vec<f64>, Vec<f64>) {
    let network = network.train();
    let y = network.forward(field([3, 3, 9, 12], 21), times([0.25, 0.5, 0.75]));
    assert_eq!(y.dtype(), DType::F32);
    let gradients = (y.clone() * field([3, 2, 9, 12], 22)).mean().backward();
    let values = Vec::new();
    let mut all = All {
        gradients: &gradients,
        values,
    };
    network.visit(&mut all);
    let values = all.values;
    (y.inner().try_into_vec_as().unwrap(), values)
}

/// |a - b| / |b|.
fn relative(a: &[f64], b: &[f64]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

#[test]
fn outputs_and_gradients_are_those_of_f32_but_for_rounding() {
    let unet = |precision| FieldNet::Unet(network(&config(precision)));
    let transformer = |precision| {
        let config = TransformerConfig {
            precision,
            ..transformer()
        };
        FieldNet::Transformer(randomised(config.init(3, 2, &Device::flex()).unwrap()))
    };
    let both = [Precision::F32, Precision::Bf16];
    for [full, half] in [both.map(unet), both.map(transformer)] {
        let layout = Layout::of(&full);
        let half = layout.install(half, &layout.weights(&full), Recording::Nothing);
        let (full, half) = (results(full), results(half.unwrap()));
        for (half, full) in [(&half.0, &full.0), (&half.1, &full.1)] {
            assert_eq!(half.len(), full.len());
            let error = relative(half, full);
            // above the rounding of f32: it was bf16 indeed
            assert!(error < ERROR && error > 1e-4, "{error}");
        }
    }
}

/// Weights of order 0.1 have neighbours 5e-4 apart in bf16, a hundred times what one step here changes: only weights
/// kept in f32 can move.
#[test]
fn steps_below_the_rounding_of_bf16_are_not_lost() {
    let workers = Workers::new(1).unwrap();
    let config = TrainConfig {
        steps: 40,
        batch_size: 1,
        micro_batch: 1,
        learning_rate: 5e-6,
        warmup: 0,
        final_rate: 1.0,
        weight_decay: 0.0,
        ..TrainConfig::default()
    };
    let network = network(&self::config(Precision::Bf16));
    let layout = Layout::of(&network);
    let mut trainer = Trainer::new(config.clone(), network);
    let weights = |trainer: &Trainer<UNet>| -> Vec<f64> {
        let module = trainer.averaged().unwrap();
        layout.weights(&module).try_into_vec_as().unwrap()
    };
    let (x, target) = (field([4, 3, 8, 8], 1), field([4, 2, 8, 8], 2));
    let before = weights(&trainer);
    for _ in 0..config.steps {
        let loss = |network: &UNet, _: usize| -> Result<Tensor<1>, Refused> {
            let y = network.forward(x.clone(), times([0.2, 0.4, 0.6, 0.8]));
            Ok((y - target.clone()).square().mean())
        };
        let report = trainer.step(&workers, loss).unwrap();
        assert!(!report.skipped);
    }
    let after = weights(&trainer);
    let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    // Adam's step is the rate whatever the gradient: all weights but those without one
    assert!(moved > before.len() * 9 / 10, "{moved} of {}", before.len());
    let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
    let largest = largest.fold(0.0, f64::max);
    assert!(largest > 5e-6 && largest < 40.5 * 5e-6, "{largest}");
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
}
