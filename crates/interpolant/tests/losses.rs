//! Losses, laws of training times and tables of losses.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_interpolant::{
    Draw, Gamma, Interpolant, Linear, LossTable, Pair, TableError, Target, TargetError, TimeLaw,
    importance_mean, normals, quadratic_loss, quadratic_losses, squared_error, squared_errors,
};
use foehn_noise::{Key, Purpose};

fn tensor(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().try_to_vec::<f64>().unwrap()
}

fn key() -> Key {
    Key::new(5, Purpose::Train)
}

#[test]
fn losses_share_their_factor() {
    let (u, r) = (tensor(&[1.0, 2.0]), tensor(&[3.0, 1.0]));
    // |u|^2/2 - u r: 1/2 - 3 and 2 - 2
    assert_eq!(
        numbers(quadratic_losses(u.clone(), r.clone(), None)),
        [-2.5, 0.0]
    );
    assert_eq!(numbers(quadratic_loss(u.clone(), r.clone(), None)), [-1.25]);
    assert_eq!(
        numbers(squared_errors(u.clone(), r.clone(), None)),
        [2.0, 0.5]
    );
    let weight = tensor(&[3.0, 1.0]);
    let one = numbers(squared_error(u.clone(), r.clone(), Some(weight.clone())))[0];
    let each = numbers(squared_errors(u.clone(), r.clone(), Some(weight)));
    assert_eq!(one, (3.0 * 2.0 + 0.5) / 4.0);
    assert_eq!((each[0] + each[1]) / 2.0, one);
    let losses = squared_errors(u, r, None);
    assert_eq!(numbers(importance_mean(losses, &[0.5, 2.0])), [1.0]);
}

#[test]
fn antithetic_points_bound_the_variance_at_the_ends() {
    // u(x) = x: the loss of b at t -> 0 with gamma' ~ 1 / (2 sqrt t)
    const N: usize = 2000;
    let path = Interpolant {
        schedule: Linear {
            gamma: Gamma::BrownianBridge { a: 1.0 },
        },
    };
    let keys: Vec<Key> = (0..N).map(|i| key().init(i as i64)).collect();
    let ends = |shift: u32| {
        normals(
            &keys.iter().map(|k| k.lead(shift)).collect::<Vec<_>>(),
            &tensor(&[0.0; N]),
        )
    };
    let (pair, z) = (
        Pair {
            x0: ends(1),
            x1: ends(2),
        },
        ends(3),
    );
    let spread = |t: f64| {
        let [plus, minus] = path
            .antithetic(&[t; N], &pair, &z, Target::Velocity)
            .unwrap();
        let single = quadratic_losses(plus.xt.clone(), plus.target.clone(), None);
        let other = quadratic_losses(minus.xt, minus.target, None);
        let both = (single.clone() + other) / 2.0;
        [single, both].map(|losses| {
            let losses = numbers(losses);
            let mean = losses.iter().sum::<f64>() / N as f64;
            losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / N as f64
        })
    };
    let ([near, near_both], [far, far_both]) = (spread(1e-8), spread(1e-4));
    assert!(near > 1e3 * far, "{near} {far}");
    assert!(
        (near_both / far_both - 1.0).abs() < 0.1,
        "{near_both} {far_both}"
    );
    let refused = path.point(&[0.0], &pair, &z, Target::Velocity).unwrap_err();
    assert_eq!(
        refused,
        TargetError::Diverges {
            target: Target::Velocity,
            t: 0.0
        }
    );
    assert!(path.point(&[0.5; N], &pair, &z, Target::Drift).is_err());
}

#[test]
fn logit_normal_times_have_normal_logits() {
    const N: usize = 10_000;
    let law = TimeLaw::LogitNormal {
        mean: -0.4,
        sd: 1.3,
    }
    .checked()
    .unwrap();
    let draws = law.draw(&key(), N);
    let logits: Vec<f64> = draws.iter().map(|d| (d.t / (1.0 - d.t)).ln()).collect();
    let mean = logits.iter().sum::<f64>() / N as f64;
    let variance = logits.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / N as f64;
    // stratified: far nearer than the 1.3 / sqrt(N) = .013 of independent draws
    assert!((mean + 0.4).abs() < 1e-3, "{mean}");
    assert!((variance.sqrt() - 1.3).abs() < 5e-3, "{variance}");
    // E[1 / density] = 1, of which 1 % lies beyond the outermost of 10000 strata
    let total = draws.iter().map(Draw::weight).sum::<f64>() / N as f64;
    assert!((total - 1.0).abs() < 0.02, "{total}");
    assert!(
        TimeLaw::LogitNormal { mean: 0.0, sd: 0.0 }
            .checked()
            .is_err()
    );
    assert!(
        TimeLaw::Importance {
            density: vec![1.0, 0.0]
        }
        .checked()
        .is_err()
    );
}

#[test]
fn importance_sampling_is_unbiased_and_steadier() {
    const N: usize = 64;
    const BATCHES: u32 = 400;
    let loss = |t: f64| 0.1 + 1.0 / (t + 0.01); // int_0^1 = .1 + ln 101
    let exact = 0.1 + 101f64.ln();
    let mut table = LossTable::new(50).unwrap();
    for draw in TimeLaw::Uniform.draw(&key(), 5000) {
        table.add(draw.t, loss(draw.t)).unwrap();
    }
    assert!((table.integral().unwrap() - exact).abs() < 0.05);
    let law = table.importance(0.1).unwrap().checked().unwrap();
    let estimates = |law: &TimeLaw| -> (f64, f64) {
        let of = |b: u32| {
            let draws = law.draw(&key().lead(b), N);
            draws.iter().map(|d| loss(d.t) * d.weight()).sum::<f64>() / N as f64
        };
        let all: Vec<f64> = (0..BATCHES).map(of).collect();
        let mean = all.iter().sum::<f64>() / f64::from(BATCHES);
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(BATCHES);
        (mean, variance.sqrt())
    };
    let ((uniform, uniform_sd), (weighted, weighted_sd)) =
        (estimates(&TimeLaw::Uniform), estimates(&law));
    let bound = |sd: f64| 4.0 * sd / f64::from(BATCHES).sqrt();
    assert!((uniform - exact).abs() < bound(uniform_sd));
    assert!((weighted - exact).abs() < bound(weighted_sd));
    assert!(weighted_sd < 0.5 * uniform_sd, "{weighted_sd} {uniform_sd}");
}

#[test]
fn tables_of_parts_merge_into_that_of_the_whole() {
    let draws = TimeLaw::Uniform.draw(&key(), 100);
    let (mut whole, mut left, mut right) = (
        LossTable::new(7).unwrap(),
        LossTable::new(7).unwrap(),
        LossTable::new(7).unwrap(),
    );
    for (i, draw) in draws.iter().enumerate() {
        let loss = i as f64;
        whole.add(draw.t, loss).unwrap();
        if i % 3 == 0 { &mut left } else { &mut right }
            .add(draw.t, loss)
            .unwrap();
    }
    left.merge(&right).unwrap();
    assert_eq!(left, whole);
    assert!(whole.standard_error(3).unwrap() > 0.0);
    assert_eq!(
        whole.add(0.5, f64::NAN).unwrap_err().to_string(),
        "loss NaN at t = 0.5: both must be finite, and t in [0, 1]"
    );
    let other = LossTable::new(8).unwrap();
    assert_eq!(
        whole.merge(&other),
        Err(TableError::DifferentBins { left: 7, right: 8 })
    );
    assert_eq!(other.importance(0.1), Err(TableError::Empty));
    assert_eq!(LossTable::new(0), Err(TableError::NoBins));
}
