//! The kernels of the CPU against burn's own operations, which double precision uses.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Gradients, Tensor};
use common::{field, network, randomised, small, times, transformer};
use foehn_network::{FieldNet, Padding, TransformerConfig, UNetConfig};
use rayon::ThreadPoolBuilder;

struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|w| w.inner().cast(FloatDType::F64))
    }
}

/// All gradients, weight by weight.
struct All<'a> {
    gradients: &'a Gradients,
    values: Vec<Vec<f64>>,
}

impl ModuleVisitor for All<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).unwrap();
        self.values.push(gradient.try_into_vec_as().unwrap());
    }
}

/// The output, and the gradients of the mean of its products with `r`.
fn results(
    network: FieldNet,
    x: Tensor<4>,
    t: Tensor<1>,
    r: Tensor<4>,
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let network = network.train();
    let y = network.forward(x, t);
    let gradients = (y.clone() * r).mean().backward();
    let values = Vec::new();
    let mut all = All {
        gradients: &gradients,
        values,
    };
    network.visit(&mut all);
    let values = all.values;
    (y.inner().try_into_vec_as().unwrap(), values)
}

/// Outputs of order one and gradients through some twenty operations: single precision leaves 1e-4 of the
/// largest entry.
#[test]
fn kernels_are_burn_s_operations() {
    let paddings = [
        (Padding::Periodic, Padding::Edge),
        (Padding::Reflecting, Padding::Zero),
        (Padding::Edge, Padding::Periodic),
        (Padding::Zero, Padding::Reflecting),
    ];
    for ((y, x), [h, w]) in paddings
        .into_iter()
        .zip([[9, 12], [16, 16], [5, 21], [2, 3]])
    {
        for (patch, dropout) in [(1, 0.0), (2, 0.2)] {
            let config = UNetConfig {
                patch,
                dropout,
                ..small(y, x)
            };
            agree(FieldNet::Unet(network(&config)), [h, w]);
        }
    }
    // the same for tokens, whose norms sum over single cells
    for (size, [heads, depth]) in [([9, 12], [2, 2]), ([16, 16], [1, 1]), ([2, 3], [4, 3])] {
        let config = TransformerConfig {
            heads,
            depth,
            ..transformer()
        };
        let network = config.init(3, 2, &Device::flex()).unwrap();
        agree(FieldNet::Transformer(randomised(network)), size);
    }
}

fn agree(network: FieldNet, [h, w]: [usize; 2]) {
    let (x, r) = (field([3, 3, h, w], 21), field([3, 2, h, w], 22));
    let t = times([0.25, 0.5, 0.75]);
    let ours = results(network.clone(), x.clone(), t.clone(), r.clone());
    let [x, r] = [x, r].map(|v| v.cast(FloatDType::F64));
    let double = network.map(&mut Double);
    let theirs = results(double, x, t.cast(FloatDType::F64), r);
    close(&ours.0, &theirs.0);
    assert_eq!(ours.1.len(), theirs.1.len());
    for (ours, theirs) in ours.1.iter().zip(&theirs.1) {
        close(ours, theirs);
    }
}

fn close(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(0f64, |a, v| a.max(v.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-4 * scale, "{ours} {theirs}");
    }
}

/// The same bytes, forward and backward.
#[test]
fn threads_change_nothing() {
    let unet = FieldNet::Unet(network(&small(Padding::Reflecting, Padding::Periodic)));
    let tokens = transformer().init(3, 2, &Device::flex()).unwrap();
    for network in [unet, FieldNet::Transformer(randomised(tokens))] {
        let run = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let (x, t) = (field([4, 3, 24, 20], 23), times([0.2, 0.4, 0.6, 0.8]));
                results(network.clone(), x, t, field([4, 2, 24, 20], 24))
            })
        };
        let alone = run(1);
        assert!(run(2) == alone && run(5) == alone);
    }
}
