//! What holds for a transformer whatever its weights.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::tensor::{Device, Tensor};
use common::{distance, field, randomised, times, transformer};
use foehn_network::{Architecture, NetworkError, Transformer, TransformerConfig};

fn network() -> Transformer {
    randomised(transformer().init(3, 2, &Device::flex()).unwrap())
}

#[test]
fn a_new_network_is_exactly_zero() {
    let network = transformer().init(3, 2, &Device::flex()).unwrap();
    let y = network.forward(field([2, 3, 10, 13], 1), times([0.2, 0.9]));
    assert_eq!(y.abs().max().into_scalar::<f32>(), 0.0);
}

#[test]
fn any_size_keeps_its_size() {
    for [h, w] in [[1, 1], [2, 3], [7, 5], [17, 33]] {
        let y = network().forward(field([1, 3, h, w], 4), times([0.3]));
        assert_eq!(y.dims(), [1, 2, h, w]);
        assert!(y.abs().max().into_scalar::<f32>().is_finite());
    }
}

#[test]
fn rows_of_a_batch_do_not_see_each_other() {
    let (network, x, t) = (network(), field([3, 3, 8, 6], 5), times([0.1, 0.5, 0.9]));
    let all = network.forward(x.clone(), t.clone());
    for i in 0..3 {
        let alone = network.forward(x.clone().narrow(0, i, 1), t.clone().narrow(0, i, 1));
        assert_eq!(distance(alone, all.clone().narrow(0, i, 1)), 0.0);
    }
}

/// Attention alone would permute its results with the patches; what is added to the tokens tells places apart.
#[test]
fn places_and_times_matter_and_every_patch_sees_every_other() {
    let (network, x, t) = (network(), field([1, 3, 8, 8], 6), times([0.5]));
    let y = network.forward(x.clone(), t.clone());
    let shift = |v: Tensor<4>| v.roll(&[2], &[3]);
    let shifted = network.forward(shift(x.clone()), t.clone());
    assert!(distance(shifted, shift(y.clone())) > 1e-2);
    let later = network.forward(x.clone(), times([0.9]));
    assert!(distance(later, y.clone()) > 1e-2);
    let corner = Tensor::<4>::zeros([1, 3, 8, 8], &Device::flex()).slice_assign(
        [0..1, 0..3, 0..1, 0..1],
        Tensor::full([1, 3, 1, 1], 1.0, &Device::flex()),
    );
    let far = (network.forward(x + corner, t) - y).slice([0..1, 0..2, 6..8, 6..8]);
    assert!(far.abs().min().into_scalar::<f32>() > 0.0);
}

#[test]
fn impossible_shapes_are_refused_by_key() {
    let refused = |config: TransformerConfig| {
        let architecture = Architecture::Transformer {
            config,
            inputs: 3,
            outputs: 1,
        };
        architecture.field_net(&Device::flex()).unwrap_err()
    };
    let heads = refused(TransformerConfig {
        heads: 5,
        ..transformer()
    });
    assert_eq!(
        heads.to_string(),
        "network.width = 24 is not a multiple of 5: give one that is"
    );
    let width = TransformerConfig {
        width: 6,
        heads: 1,
        ..transformer()
    };
    assert!(matches!(
        refused(width),
        NetworkError::NotAMultiple { of: 4, .. }
    ));
    let patch = TransformerConfig {
        patch: 0,
        ..transformer()
    };
    assert_eq!(refused(patch), NetworkError::Zero("patch"));
}

#[test]
fn the_description_names_all_that_weights_depend_on() {
    let of = |config| Architecture::Transformer {
        config,
        inputs: 3,
        outputs: 1,
    };
    let ours = of(transformer());
    assert!(ours.accept(&ours.describe()).is_ok());
    let deeper = of(TransformerConfig {
        depth: 3,
        ..transformer()
    });
    let error = ours.accept(&deeper.describe()).unwrap_err().to_string();
    assert!(error.contains("depth=3 is not depth=2"), "{error}");
    // the weights are counted as they are made
    let network = ours.field_net(&Device::flex()).unwrap();
    let count = burn::module::Module::num_params(&network);
    assert_eq!(ours.parameter_count(), count);
}
