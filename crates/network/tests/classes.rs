//! What holds for networks whose samples have classes, whatever their weights.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::{distance, field, randomised, small, times, transformer};
use foehn_network::{Architecture, Classes, FieldNet, NetworkError, Padding};
use foehn_network::{TransformerConfig, UNetConfig};

const COUNT: usize = 4;

/// Both kinds, for 3 channels to 2.
fn both(classes: Option<usize>) -> [Architecture; 2] {
    let (inputs, outputs) = (3, 2);
    let config = UNetConfig {
        classes,
        ..small(Padding::Zero, Padding::Zero)
    };
    let unet = Architecture::UNet {
        config,
        inputs,
        outputs,
    };
    let config = TransformerConfig {
        classes,
        ..transformer()
    };
    let transformer = Architecture::Transformer {
        config,
        inputs,
        outputs,
    };
    [unet, transformer]
}

fn networks() -> [FieldNet; 2] {
    both(Some(COUNT)).map(|kind| randomised(kind.field_net(&Device::flex()).unwrap()))
}

fn classes(of: &[Option<usize>]) -> Classes {
    Classes::new(of, COUNT, &Device::flex()).unwrap()
}

#[test]
fn a_class_matters_to_its_own_sample_alone() {
    for network in networks() {
        let x = field([1, 3, 9, 6], 1);
        let twice = Tensor::cat(vec![x.clone(), x.clone()], 0);
        let t = times([0.4, 0.4]);
        let of = |a, b| network.forward_given(twice.clone(), t.clone(), Some(&classes(&[a, b])));
        let part = |y: &Tensor<4>, i| y.clone().narrow(0, i, 1);
        let same = of(Some(1), Some(1));
        assert_eq!(distance(part(&same, 0), part(&same, 1)), 0.0);
        let other = of(Some(1), Some(3));
        assert_eq!(distance(part(&same, 0), part(&other, 0)), 0.0);
        assert!(distance(part(&other, 0), part(&other, 1)) > 1e-2);
        // not told is one class more, and what `forward` computes
        let none = of(Some(1), None);
        assert!(distance(part(&none, 0), part(&none, 1)) > 1e-2);
        let alone = network.forward(x, times([0.4]));
        assert_eq!(distance(part(&none, 1), alone), 0.0);
    }
}

#[test]
fn a_part_of_a_batch_keeps_its_classes() {
    for network in networks() {
        let (x, t) = (field([3, 3, 5, 8], 2), times([0.1, 0.5, 0.9]));
        let all = classes(&[Some(2), None, Some(0)]);
        let y = network.forward_given(x.clone(), t.clone(), Some(&all));
        let part = all.part(1, 2);
        let z = network.forward_given(x.narrow(0, 1, 2), t.narrow(0, 1, 2), Some(&part));
        assert_eq!(distance(z, y.narrow(0, 1, 2)), 0.0);
    }
}

#[test]
fn classes_are_counted_described_and_zero_before_training() {
    for (with, without) in both(Some(COUNT)).iter().zip(&both(None)) {
        let network = with.field_net(&Device::flex()).unwrap();
        assert_eq!(network.num_params(), with.parameter_count());
        assert_eq!(
            with.describe(),
            format!("{} classes=4", without.describe()),
            "models without classes keep their line"
        );
        let error = with.accept(&without.describe()).unwrap_err().to_string();
        assert!(error.contains("nothing is not classes=4"), "{error}");
        let y = network.forward_given(
            field([1, 3, 8, 8], 3),
            times([0.5]),
            Some(&classes(&[Some(3)])),
        );
        assert_eq!(y.abs().max().into_scalar::<f32>(), 0.0);
        let none = &both(Some(0))[0];
        assert_eq!(
            none.field_net(&Device::flex()).unwrap_err(),
            NetworkError::Zero("classes")
        );
    }
}
