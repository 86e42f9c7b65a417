//! Products with the Jacobian against differences and against the product backward, in double precision.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, FloatDType, Tensor};
use common::{normals, randomised, times};
use foehn_network::{Mlp, MlpConfig};

struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|w| w.inner().cast(FloatDType::F64))
    }
}

fn network(input_features: usize) -> Mlp {
    let config = MlpConfig {
        width: 12,
        depth: 3,
        time_features: 6,
        input_features,
    };
    randomised(config.init(3, 2, &Device::flex()).unwrap()).map(&mut Double)
}

fn table(columns: usize, name: i64) -> Tensor<2> {
    let data = normals(&[5, columns], name);
    Tensor::<2>::from_data(data, &Device::flex()).cast(FloatDType::F64)
}

fn largest(x: Tensor<2>) -> f64 {
    x.abs().max().into_scalar()
}

#[test]
fn products_are_differences_and_the_value_is_that_of_the_network() {
    let t = times([0.0, 0.25, 0.5, 0.75, 1.0]).cast(FloatDType::F64);
    for features in [0, 4] {
        let network = network(features);
        let (x, v) = (table(3, 20), table(3, 21));
        let at = |h: f64| network.forward(x.clone() + v.clone() * h, t.clone());
        let tangents = [v.clone(), v.clone() * -3.0, v.zeros_like()];
        let (value, products) = network.push_forward(x.clone(), t.clone(), &tangents);
        assert!(largest(value - at(0.0)) < 1e-14);
        // fourth order, the fastest wave has 32 radians per unit: error about (32 h)^4 / 30 of it
        let h = 1e-4;
        let difference = ((at(h) - at(-h)) * 8.0 - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        let size = largest(difference.clone());
        assert!(size > 0.01, "{size}");
        assert!(largest(products[0].clone() - difference) < 1e-9 * (1.0 + size));
        assert!(largest(products[1].clone() + products[0].clone() * 3.0) < 1e-13 * (1.0 + size));
        assert_eq!(largest(products[2].clone()), 0.0);
        assert_eq!(network.push_forward(x, t.clone(), &[]).1.len(), 0);
    }
}

#[test]
fn forward_and_backward_products_are_adjoint() {
    // u . (J v) = (J^T u) . v, sample by sample
    let t = times([0.1, 0.3, 0.5, 0.7, 0.9]).cast(FloatDType::F64);
    let network = network(4);
    let (v, u) = (table(3, 31), table(2, 32));
    let leaf = table(3, 30).autodiff().require_grad();
    let (value, products) = network.push_forward(leaf.clone(), t, std::slice::from_ref(&v));
    let weighted = (value * Tensor::from_inner(u.clone())).sum().backward();
    let backward = (leaf.grad(&weighted).unwrap() * v).sum_dim(1);
    let forward = (products[0].clone().inner() * u).sum_dim(1);
    let size = largest(forward.clone());
    assert!(largest(forward - backward) < 1e-12 * (1.0 + size));
}
