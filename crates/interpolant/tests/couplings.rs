//! Couplings: transport against brute force and sorting, masks and degradations against their formulas.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod families;

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_interpolant::{
    Coupling, Degraded, Inpainting, Interpolant, MinibatchTransport, Pair, Same, Sinkhorn, Target,
    TransportError, assign, normals, transport_cost,
};
use foehn_noise::{Key, Purpose};

fn tensor(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().try_to_vec::<f64>().unwrap()
}

fn keys(n: usize, lead: u32) -> Vec<Key> {
    (0..n)
        .map(|i| Key::new(2, Purpose::Train).init(i as i64).lead(lead))
        .collect()
}

fn draws(n: usize, lead: u32) -> Vec<f64> {
    numbers(normals(&keys(n, lead), &tensor(&vec![0.0; n])))
}

/// The least cost over all permutations of the columns not yet taken.
fn least(cost: &[Vec<f64>], row: usize, taken: &mut Vec<bool>) -> f64 {
    if row == cost.len() {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for j in 0..cost.len() {
        if !taken[j] {
            taken[j] = true;
            best = best.min(cost[row][j] + least(cost, row + 1, taken));
            taken[j] = false;
        }
    }
    best
}

#[test]
fn assignment_is_the_best_of_all_permutations() {
    const N: usize = 7;
    for trial in 0..20 {
        let values = draws(N * N, 100 + trial);
        let cost: Vec<Vec<f64>> = values.chunks(N).map(<[f64]>::to_vec).collect();
        let rows = assign(&cost).unwrap();
        let total: f64 = rows.iter().enumerate().map(|(j, &i)| cost[i][j]).sum();
        assert!((total - least(&cost, 0, &mut vec![false; N])).abs() < 1e-9);
    }
    let ragged = [vec![1.0, 2.0], vec![1.0]];
    assert!(matches!(
        assign(&ragged),
        Err(TransportError::NotSquare { .. })
    ));
    let hole = [vec![1.0, f64::NAN], vec![1.0, 2.0]];
    assert!(matches!(
        assign(&hole),
        Err(TransportError::NotFinite {
            row: 0,
            column: 1,
            ..
        })
    ));
}

#[test]
fn transport_in_one_dimension_sorts() {
    const N: usize = 200;
    let batch = Pair {
        x0: tensor(&draws(N, 1)),
        x1: tensor(&draws(N, 2)),
    };
    let pair = MinibatchTransport::Exact
        .couple(batch.clone(), &keys(N, 3))
        .unwrap();
    assert_eq!(numbers(pair.x1.clone()), numbers(batch.x1.clone()));
    let mut rows: Vec<(f64, f64)> = numbers(pair.x1).into_iter().zip(numbers(pair.x0)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(rows.windows(2).all(|w| w[0].1 <= w[1].1));
    let mut before = numbers(batch.x0);
    let mut after: Vec<f64> = rows.iter().map(|row| row.1).collect();
    before.sort_by(f64::total_cmp);
    after.sort_by(f64::total_cmp);
    assert_eq!(before, after);
}

#[test]
fn sinkhorn_meets_its_marginals_between_exact_and_independent() {
    const N: usize = 60;
    let (x0, x1) = (tensor(&draws(N, 1)), tensor(&draws(N, 2)));
    let cost = transport_cost(&x0, &x1).unwrap();
    let with = |regularisation: f64| Sinkhorn {
        regularisation,
        iterations: 20_000,
        tolerance: 1e-6,
    };
    let mean_cost = |p: &[Vec<f64>]| -> f64 {
        p.iter()
            .flatten()
            .zip(cost.iter().flatten())
            .map(|(p, c)| p * c)
            .sum()
    };
    let exact = assign(&cost).unwrap();
    let exact: f64 = exact
        .iter()
        .enumerate()
        .map(|(j, &i)| cost[i][j])
        .sum::<f64>()
        / N as f64;
    let independent = cost.iter().flatten().sum::<f64>() / (N * N) as f64;
    let mut last = exact;
    for regularisation in [0.01, 0.1, 1.0, 100.0] {
        let plan = with(regularisation).plan(&cost).unwrap();
        for i in 0..N {
            let row: f64 = plan.probability[i].iter().sum();
            let column: f64 = plan.probability.iter().map(|row| row[i]).sum();
            assert!((row * N as f64 - 1.0).abs() < 2e-6);
            assert!((column * N as f64 - 1.0).abs() < 1e-9);
        }
        let now = mean_cost(&plan.probability);
        assert!(
            now > last && now < independent,
            "{last} {now} {independent}"
        );
        last = now;
    }
    assert!((last / independent - 1.0).abs() < 0.02);
    let near = mean_cost(&with(0.01).plan(&cost).unwrap().probability);
    assert!(near - exact < 0.02, "{near} {exact}");
    // pairs are drawn from the plan: its mean cost, within 4 standard errors of about 1 / sqrt(50 N)
    let plan = with(0.1).plan(&cost).unwrap();
    let mut drawn = 0.0;
    for lead in 0..50 {
        let rows = plan.sample(&keys(N, 10 + lead));
        drawn += rows
            .iter()
            .enumerate()
            .map(|(j, &i)| cost[i][j])
            .sum::<f64>();
    }
    let drawn = drawn / (50 * N) as f64;
    let expected = mean_cost(&plan.probability);
    assert!((drawn - expected).abs() < 0.08, "{drawn} {expected}");
    let short = Sinkhorn {
        iterations: 1,
        ..with(0.01)
    };
    assert!(matches!(
        short.plan(&cost),
        Err(TransportError::NotConverged { iterations: 1, .. })
    ));
    assert!(with(0.0).plan(&cost).is_err());
}

#[test]
fn transport_that_ignores_the_condition_is_biased() {
    // x1 = c + small noise, c = +-1, x0 ~ N(0, 1) independent of c
    const N: usize = 128;
    let c: Vec<f64> = (0..N)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let noise = draws(N, 2);
    let x1: Vec<f64> = c.iter().zip(&noise).map(|(c, e)| c + 0.1 * e).collect();
    let batch = Pair {
        x0: tensor(&draws(N, 1)),
        x1: tensor(&x1),
    };
    // mean of x0 where c = 1
    let mean = |pair: Pair<2>| {
        let x0 = numbers(pair.x0);
        x0.iter().step_by(2).sum::<f64>() / (N / 2) as f64
    };
    let exact = MinibatchTransport::Exact;
    let blind = mean(exact.couple(batch.clone(), &keys(N, 3)).unwrap());
    assert!(blind > 0.6, "{blind}"); // E|x0| = .8: all of the upper half
    let aware = exact.couple_given(batch.clone(), &tensor(&c), 100.0, &keys(N, 3));
    let given = mean(batch);
    assert!((mean(aware.unwrap()) - given).abs() < 1e-12);
}

#[test]
fn known_values_stay_known_on_every_schedule() {
    let (x0, x1, z) = (
        tensor(&draws(4, 1)),
        tensor(&draws(4, 2)),
        tensor(&draws(4, 3)),
    );
    let masked = Inpainting {
        mask: tensor(&[1.0, 0.0, 1.0, 0.0]),
    };
    for (name, schedule) in families::all() {
        let path = Interpolant { schedule };
        let pair = Pair {
            x0: x0.clone(),
            x1: x1.clone(),
        };
        for t in [0.01, 0.3, 0.99] {
            let free = path.point(&[t; 4], &pair, &z, Target::Velocity).unwrap();
            let point = masked.point(free.clone(), x1.clone());
            let (xt, target) = (numbers(point.xt), numbers(point.target));
            let (free_xt, free_target) = (numbers(free.xt), numbers(free.target));
            for i in [0, 2] {
                assert_eq!((xt[i], target[i]), (numbers(x1.clone())[i], 0.0), "{name}");
            }
            for i in [1, 3] {
                assert_eq!((xt[i], target[i]), (free_xt[i], free_target[i]), "{name}");
            }
        }
    }
    assert_eq!(numbers(masked.weight()), [0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn degraded_starts_scatter_about_their_condition() {
    const N: usize = 4096;
    let x1 = tensor(&draws(N, 1));
    let halved = Degraded {
        restore: |x: Tensor<2>| x * 0.5,
        sigma: 0.3,
    };
    let batch = Pair {
        x0: x1.clone(),
        x1: x1.clone(),
    };
    let pair = halved.couple(batch.clone(), &keys(N, 9));
    let zeta = numbers((pair.x0 - halved.condition(x1.clone())) / 0.3);
    let square = zeta.iter().map(|z| z * z).sum::<f64>() / N as f64;
    assert!((square - 1.0).abs() < 4.0 * (2.0 / N as f64).sqrt());
    assert_eq!(numbers(pair.x1), numbers(x1.clone()));
    assert_eq!(numbers(Same.couple(batch, &keys(N, 9)).x0), numbers(x1));
}
