//! What holds for a U-Net whatever its weights.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::{distance, field, network, small, times};
use foehn_network::{Architecture, NetworkError, Padding, UNetConfig};

const ALL: [Padding; 4] = [
    Padding::Periodic,
    Padding::Reflecting,
    Padding::Edge,
    Padding::Zero,
];

#[test]
fn a_new_network_is_exactly_zero() {
    for config in [
        UNetConfig::default(),
        small(Padding::Edge, Padding::Periodic),
    ] {
        let network = config.init(3, 2, &Device::flex()).unwrap();
        let y = network.forward(field([2, 3, 10, 13], 1), times([0.2, 0.9]));
        assert_eq!(y.abs().max().into_scalar::<f32>(), 0.0);
    }
}

/// n = 8 fields of N(0, 1), outputs of order 1: rounding stays below 1e-4.
#[test]
fn shifts_along_periodic_axes_pass_through() {
    for (patch, stride) in [(1, 4), (2, 8)] {
        let config = UNetConfig {
            patch,
            ..small(Padding::Periodic, Padding::Periodic)
        };
        assert_eq!(config.stride(), stride);
        let network = network(&config);
        let (x, t) = (field([2, 3, 16, 24], 2), times([0.1, 0.7]));
        let y = network.forward(x.clone(), t.clone());
        for (dy, dx) in [(0, stride), (stride, 2 * stride)] {
            let shift = |v: Tensor<4>| v.roll(&[dy as i64, dx as i64], &[2, 3]);
            let shifted = network.forward(shift(x.clone()), t.clone());
            assert!(distance(shifted, shift(y.clone())) < 1e-4);
        }
        let odd = network.forward(x.roll(&[1], &[3]), t);
        assert!(distance(odd, y.roll(&[1], &[3])) > 1e-2);
    }
}

#[test]
fn edges_are_felt_only_where_there_are_edges() {
    let (x, t) = (field([1, 3, 16, 16], 3), times([0.5]));
    let network = network(&small(Padding::Edge, Padding::Periodic));
    let y = network.forward(x.clone(), t.clone());
    let along = network.forward(x.clone().roll(&[4], &[3]), t.clone());
    assert!(distance(along, y.clone().roll(&[4], &[3])) < 1e-4);
    let across = network.forward(x.roll(&[4], &[2]), t);
    assert!(distance(across, y.roll(&[4], &[2])) > 1e-2);
}

#[test]
fn any_size_keeps_its_size() {
    for padding in ALL {
        for patch in [1, 2] {
            let config = UNetConfig {
                patch,
                ..small(padding, padding)
            };
            let network = network(&config);
            for [h, w] in [[1, 1], [2, 3], [7, 5], [17, 33]] {
                let y = network.forward(field([1, 3, h, w], 4), times([0.3]));
                assert_eq!(y.dims(), [1, 2, h, w]);
                assert!(y.abs().max().into_scalar::<f32>().is_finite());
            }
        }
    }
}

#[test]
fn weights_are_counted_by_formula() {
    let device = Device::flex();
    let mut configs = vec![UNetConfig::default(), small(Padding::Edge, Padding::Edge)];
    configs.push(UNetConfig {
        blocks: 3,
        attention: vec![0, 1],
        patch: 2,
        ..UNetConfig::default()
    });
    configs.push(UNetConfig {
        channels: vec![16],
        attention: vec![],
        ..UNetConfig::default()
    });
    for config in configs {
        let network = config.init(5, 2, &device).unwrap();
        assert_eq!(network.num_params(), config.parameter_count(5, 2));
    }
}

/// Every sample is computed by the same operations on the same numbers, so the result has the same bytes.
#[test]
fn samples_do_not_see_each_other() {
    let network = network(&small(Padding::Reflecting, Padding::Periodic));
    let (x, t) = (field([5, 3, 9, 12], 5), [0.0, 0.2, 0.4, 0.6, 1.0]);
    let together = network.forward(x.clone(), times(t));
    for (i, t) in t.into_iter().enumerate() {
        let alone = network.forward(x.clone().narrow(0, i, 1), times([t]));
        assert_eq!(distance(alone, together.clone().narrow(0, i, 1)), 0.0);
    }
}

#[test]
fn the_time_matters() {
    let network = network(&small(Padding::Edge, Padding::Edge));
    let x = field([1, 3, 8, 8], 6);
    let y = network.forward(x.clone(), times([0.40]));
    assert!(distance(y, network.forward(x, times([0.42]))) > 1e-3);
}

#[test]
fn dropout_is_named_by_the_time_and_only_for_training() {
    let config = UNetConfig {
        dropout: 0.3,
        ..small(Padding::Edge, Padding::Edge)
    };
    let network = network(&config);
    let (x, t) = (field([2, 3, 8, 8], 7), times([0.4, 0.6]));
    let wanted = network.forward(x.clone(), t.clone());
    let network = network.train();
    let train = |x: Tensor<4>, t: Tensor<1>| network.forward(x, t).inner();
    let first = train(x.clone(), t.clone());
    assert_eq!(distance(first.clone(), train(x.clone(), t)), 0.0);
    assert!(distance(first.clone(), wanted) > 1e-2);
    let second = train(x.narrow(0, 1, 1), times([0.6]));
    assert_eq!(distance(second, first.narrow(0, 1, 1)), 0.0);
}

#[test]
fn impossible_configurations_say_what_to_change() {
    let error = |config: &str| -> String {
        let config: UNetConfig = toml::from_str(config).unwrap();
        config.init(3, 1, &Device::flex()).unwrap_err().to_string()
    };
    assert!(error("channels = []").contains("network.channels is empty"));
    assert!(error("channels = [8, 0]").contains("network.channels is 0"));
    assert!(error("attention = [3]").contains("0 to 2"));
    assert!(error("heads = 5").contains("96 channels of level 2"));
    assert!(error("time_embedding = 7").contains("even"));
    assert!(error("dropout = 1.0").contains("[0, 1)"));
    let unknown = toml::from_str::<UNetConfig>("chanels = [8]").unwrap_err();
    assert!(unknown.to_string().contains("unknown field `chanels`"));
}

#[test]
fn checkpoints_of_another_architecture_are_refused() {
    let config = UNetConfig::default();
    let architecture = Architecture::UNet {
        config: config.clone(),
        inputs: 4,
        outputs: 1,
    };
    let text = architecture.describe();
    assert_eq!(
        text,
        "unet inputs=4 outputs=1 channels=32,64,96 blocks=2 middle=1 attention=2 heads=4 time_embedding=64 groups=8 patch=1 \
         padding=zero,zero"
    );
    assert_eq!(architecture.accept(&text), Ok(()));
    let config = UNetConfig {
        blocks: 3,
        ..config
    };
    let other = Architecture::UNet {
        config,
        inputs: 4,
        outputs: 1,
    };
    let error = other.accept(&text).unwrap_err();
    assert!(matches!(error, NetworkError::AnotherArchitecture { .. }));
    assert!(error.to_string().contains("blocks=2 is not blocks=3"));
    let json = serde_json::to_string(&other).unwrap();
    assert!(json.starts_with(r#"{"kind":"unet","config":{"channels":[32,64,96]"#));
    assert_eq!(serde_json::from_str::<Architecture>(&json).unwrap(), other);
}
