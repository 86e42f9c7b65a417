//! Gradients against central differences, in double precision.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, FloatDType, Gradients, Tensor, TensorData};
use common::{field, network, small, times};
use foehn_network::{
    Classes, MlpConfig, Padding, Transformer, TransformerConfig, UNet, UNetConfig,
};

/// Casts weights to f64; moves entry `entry` of weight number `chosen` by `step`.
struct Moved {
    chosen: usize,
    entry: usize,
    step: f64,
    seen: usize,
}

impl ModuleMapper for Moved {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let here = self.seen == self.chosen;
        self.seen += 1;
        param.map(|w| {
            let w = w.inner().cast(FloatDType::F64);
            let (shape, device) = (w.dims(), w.device());
            let mut values: Vec<f64> = w.try_into_vec_as().unwrap();
            if here {
                let entry = self.entry % values.len();
                values[entry] += self.step;
            }
            Tensor::from_data(TensorData::new(values, shape), (&device, DType::F64))
        })
    }
}

/// The derivative of each weight's chosen entry.
struct Entries<'a> {
    gradients: &'a Gradients,
    entry: usize,
    values: Vec<f64>,
}

impl ModuleVisitor for Entries<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).unwrap();
        let gradient: Vec<f64> = gradient.try_into_vec_as().unwrap();
        self.values.push(gradient[self.entry % gradient.len()]);
    }
}

/// Compares one entry of every weight; returns how many.
fn compare<M: Module, F: Fn(&M) -> Tensor<1>>(module: &M, entry: usize, loss: F) -> usize {
    let moved = |chosen: usize, step: f64| {
        module.clone().map(&mut Moved {
            chosen,
            entry,
            step,
            seen: 0,
        })
    };
    let training = moved(usize::MAX, 0.0).train();
    let gradients = loss(&training).backward();
    let mut entries = Entries {
        gradients: &gradients,
        entry,
        values: Vec::new(),
    };
    training.visit(&mut entries);
    for (chosen, derivative) in entries.values.iter().enumerate() {
        let at = |step: f64| loss(&moved(chosen, step)).into_scalar::<f64>();
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        let error = (difference - derivative).abs();
        assert!(
            error < 1e-6 * (1.0 + derivative.abs()),
            "weight {chosen}: {derivative} or {difference}"
        );
    }
    entries.values.len()
}

#[test]
fn the_gradient_of_a_unet_is_its_derivative() {
    let double = FloatDType::F64;
    for (h, w, padding) in [
        (6, 8, Padding::Periodic),
        (5, 7, Padding::Reflecting),
        (3, 5, Padding::Edge),
    ] {
        let config = UNetConfig {
            channels: vec![4, 6],
            attention: vec![1],
            ..small(padding, padding)
        };
        let network = network(&config);
        let (x, target) = (
            field([2, 3, h, w], 8).cast(double),
            field([2, 2, h, w], 9).cast(double),
        );
        let t = times([0.3, 0.8]).cast(double);
        let loss = |network: &foehn_network::UNet| {
            let error = network.forward(x.clone(), t.clone()) - target.clone();
            (error.clone() * error).mean()
        };
        assert!(compare(&network, 7, loss) > 40);
    }
}

#[test]
fn the_gradient_given_classes_is_the_derivative() {
    let double = FloatDType::F64;
    let unet = UNetConfig {
        channels: vec![4, 6],
        attention: vec![1],
        classes: Some(2),
        ..small(Padding::Zero, Padding::Edge)
    };
    let transformer = TransformerConfig {
        classes: Some(2),
        ..common::transformer()
    };
    let (unet, device) = (network(&unet), Device::flex());
    let transformer = common::randomised(transformer.init(3, 2, &device).unwrap());
    let (x, target) = (
        field([3, 3, 5, 4], 8).cast(double),
        field([3, 2, 5, 4], 9).cast(double),
    );
    let t = times([0.3, 0.8, 0.1]).cast(double);
    let classes = Classes::new(&[Some(1), None, Some(1)], 2, &device).unwrap();
    let loss = |y: Tensor<4>| (y - target.clone()).square().mean();
    let of_unet =
        |network: &UNet| loss(network.forward_given(x.clone(), t.clone(), Some(&classes)));
    let of_transformer =
        |network: &Transformer| loss(network.forward_given(x.clone(), t.clone(), Some(&classes)));
    // of a table of three rows of 8: an entry of no sample, of two, and of the one whose class is not told
    for entry in [3, 11, 19] {
        assert!(compare(&unet, entry, of_unet) > 40);
        assert!(compare(&transformer, entry, of_transformer) > 20);
    }
}

#[test]
fn the_gradient_of_an_mlp_is_its_derivative() {
    let double = FloatDType::F64;
    let config = MlpConfig {
        width: 12,
        depth: 2,
        time_features: 6,
        input_features: 4,
    };
    let network = common::randomised(config.init(3, 3, &Device::flex()).unwrap());
    let x = Tensor::<2>::from_data(common::normals(&[5, 3], 10), &Device::flex()).cast(double);
    let t = times([0.0, 0.25, 0.5, 0.75, 1.0]).cast(double);
    let loss = |network: &foehn_network::Mlp| {
        let y = network.forward(x.clone(), t.clone());
        (y.clone() * y).mean()
    };
    assert_eq!(compare(&network, 5, loss), 6);
}

#[test]
fn the_gradient_of_a_divergence_is_its_derivative() {
    let double = FloatDType::F64;
    let config = MlpConfig {
        width: 12,
        depth: 2,
        time_features: 6,
        input_features: 4,
    };
    let network = common::randomised(config.init(2, 2, &Device::flex()).unwrap());
    let x = Tensor::<2>::from_data(common::normals(&[5, 2], 11), &Device::flex()).cast(double);
    let t = times([0.0, 0.25, 0.5, 0.75, 1.0]).cast(double);
    let unit = |i: usize| {
        let zero = Tensor::<2>::zeros([5, 1], (&Device::flex(), DType::F64));
        let one = zero.ones_like();
        Tensor::cat(
            if i == 0 {
                vec![one, zero]
            } else {
                vec![zero, one]
            },
            1,
        )
    };
    let units = [unit(0), unit(1)];
    let loss = |network: &foehn_network::Mlp| {
        let (y, products) = network.push_forward(x.clone(), t.clone(), &units);
        let diagonal = |i: usize| products[i].clone().slice([0..5, i..i + 1]);
        // the square of the value besides, so that every weight takes part
        (diagonal(0) + diagonal(1)).square().mean() + y.square().mean()
    };
    assert_eq!(compare(&network, 5, loss), 6);
}
