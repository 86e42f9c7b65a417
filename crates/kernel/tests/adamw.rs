//! The fused step against the algorithm, written out.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use foehn_kernel::{AdamW, State};

/// n = 40 000 weights (of which an interpreter takes 100), three steps; f32 against f64, of numbers of order one: 1e-6.
#[test]
fn a_step_is_the_algorithm() {
    let n = if cfg!(miri) { 100 } else { 40_000 };
    let numbers = |salt: usize| (0..n).map(move |i| ((i * 31 + salt) % 997) as f64 / 997.0 - 0.5);
    let mut w: Vec<f64> = numbers(1).collect();
    let (mut m, mut v, mut a) = (vec![0.0; n], vec![0.0; n], w.clone());
    let single = |x: &[f64]| -> Vec<f32> { x.iter().map(|v| *v as f32).collect() };
    let [mut weights, mut first, mut second, mut average] = [&w, &m, &v, &a].map(|x| single(x));
    let decayed: Vec<f32> = (0..n).map(|i| (i % 2) as f32).collect();
    for step in 1..4 {
        let (b1, b2, rate, keep) = (0.9f64, 0.99f64, 0.01f64, 0.7);
        let (c1, c2) = (1.0 - b1.powi(step), 1.0 - b2.powi(step));
        let g: Vec<f64> = numbers(17 * step as usize).collect();
        let numbers = AdamW {
            gradient_scale: 0.5,
            betas: [b1 as f32, b2 as f32],
            rate: (rate / c1) as f32,
            second_scale: (1.0 / c2) as f32,
            decay: (rate * 0.1) as f32,
            average_keep: keep as f32,
        };
        let state = State {
            weights: &mut weights,
            first: &mut first,
            second: &mut second,
            average: &mut average,
            decayed: &decayed,
        };
        numbers.step(state, &single(&g));
        for i in 0..n {
            let g = 0.5 * g[i];
            m[i] = b1 * m[i] + (1.0 - b1) * g;
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            w[i] -= rate * 0.1 * w[i] * f64::from(decayed[i]);
            w[i] -= rate * (m[i] / c1) / ((v[i] / c2).sqrt() + 1e-8);
            a[i] = keep * a[i] + (1.0 - keep) * w[i];
        }
    }
    for (ours, wanted) in [(&weights, &w), (&first, &m), (&second, &v), (&average, &a)] {
        for (ours, wanted) in ours.iter().zip(wanted) {
            assert!((f64::from(*ours) - wanted).abs() < 1e-6);
        }
    }
}
