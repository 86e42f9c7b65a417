//! The exact laws against independent simulation and quadrature.

use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{OrnsteinUhlenbeck, RotatingMixture};

const TAU: f64 = 0.5;

/// The mean of `values` and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Asserts that the mean lies within 4 standard errors of the exact value.
fn assert_mean(values: &[f64], exact: f64, what: &str) {
    let (mean, error) = mean(values);
    assert!(
        (mean - exact).abs() < 4.0 * error,
        "{what}: {mean} +- {error}, exactly {exact}"
    );
}

/// Euler-Maruyama in steps of 1/1000 has the moments of the closed form: n = 10 000, 4 sigma; the bias
/// of the steps is 2.5e-4 of the mean, a twentieth of sigma.
#[test]
fn ornstein_uhlenbeck_obeys_its_equation() {
    let law = OrnsteinUhlenbeck::default();
    let (n, steps) = (10_000, 500);
    let h = TAU / f64::from(steps);
    let mut x = vec![1.5; n];
    let mut noise = vec![0.0; n];
    for step in 0..steps as u32 {
        Key::new(1, Purpose::Simulate)
            .step(step)
            .normals_f64(&mut noise);
        for (x, z) in x.iter_mut().zip(&noise) {
            *x += -h * *x + h.sqrt() * z;
        }
    }
    let exact = law.mean(1.5, TAU);
    assert_mean(&x, exact, "mean");
    let squares: Vec<f64> = x.iter().map(|x| (x - exact).powi(2)).collect();
    assert_mean(&squares, law.variance(TAU), "variance");
}

/// Pairs: variance 1/2 at both ends, covariance exp(-tau)/2, entropy from the density; n = 200 000, 4 sigma.
#[test]
fn ornstein_uhlenbeck_pairs_are_stationary() {
    let law = OrnsteinUhlenbeck::default();
    let mut rng = Key::new(2, Purpose::Simulate).rng();
    let pairs: Vec<_> = (0..200_000)
        .map(|_| law.sample_pair(TAU, &mut rng))
        .collect();
    let over = |f: fn((f64, f64)) -> f64| pairs.iter().map(|&p| f(p)).collect::<Vec<_>>();
    assert_mean(&over(|(x0, _)| x0 * x0), 0.5, "var x0");
    assert_mean(&over(|(_, x1)| x1 * x1), 0.5, "var x1");
    assert_mean(&over(|(x0, x1)| x0 * x1), 0.5 * (-TAU).exp(), "cov");
    let surprise: Vec<f64> = pairs
        .iter()
        .map(|&(x0, x1)| -law.log_density(x1, x0, TAU))
        .collect();
    let entropy = 0.5 * (std::f64::consts::TAU * std::f64::consts::E * law.variance(TAU)).ln();
    assert_mean(&surprise, entropy, "entropy");
}

#[test]
fn rotating_mixture_has_the_digits_of_the_method() {
    let law = RotatingMixture::default();
    assert!((law.turns(TAU).iter().sum::<f64>() - 1.0).abs() < 1e-15);
    // the series of the Poisson law itself
    let mut series = [0.0; 5];
    let mut p = (-1.0_f64).exp();
    for n in 0..40 {
        series[n % 5] += p;
        p /= (n + 1) as f64;
    }
    for (a, b) in law.turns(TAU).iter().zip(series) {
        assert!((a - b).abs() < 1e-15);
    }
    let within = law.conditional([5.0, 0.0], TAU)[0];
    assert!((within.variances[0].sqrt() - 0.6041).abs() < 5e-5);
    assert!((within.variances[1].sqrt() - 0.2236).abs() < 5e-5);
}

/// The density integrates to one: 4 pi over the plane on a fine grid, at a start between two modes.
#[test]
fn rotating_mixture_density_is_normalised() {
    for noise_square in [1.0, 2.0] {
        let law = RotatingMixture {
            noise_square,
            rate: 2.0,
        };
        let h = 0.1;
        let axis = || (-120..=120).map(|i| f64::from(i) * h);
        let total: f64 = axis()
            .flat_map(|y| axis().map(move |x| [x, y]))
            .map(|x| law.log_density(x, [3.6, 2.9], TAU).exp())
            .sum();
        assert!((total * h * h - 1.0).abs() < 1e-9, "{total}");
    }
}

/// Simulated pairs against the closed form: first and second moments given x0, weights of the turns,
/// E[log p(simulated)] = E[log p(drawn from the components)]; n = 100 000, 4 sigma.
#[test]
fn rotating_mixture_simulation_follows_the_closed_form() {
    let law = RotatingMixture::default();
    let x0 = [3.2, 1.7];
    let mut rng = Key::new(3, Purpose::Simulate).rng();
    let draws: Vec<[f64; 2]> = (0..100_000)
        .map(|_| law.sample(x0, TAU, &mut rng))
        .collect();
    let components = law.conditional(x0, TAU);
    let weighted = |f: &dyn Fn([f64; 2], [[f64; 2]; 2]) -> f64| {
        let value = |c: &foehn_simulation::laws::Component| c.weight * f(c.mean, c.covariance());
        components.iter().map(value).sum::<f64>()
    };
    let over = |f: &dyn Fn([f64; 2]) -> f64| draws.iter().map(|&x| f(x)).collect::<Vec<_>>();
    for i in 0..2 {
        assert_mean(&over(&|x| x[i]), weighted(&|m, _| m[i]), "mean");
        for j in 0..2 {
            let exact = weighted(&|m, c| m[i] * m[j] + c[i][j]);
            assert_mean(&over(&|x| x[i] * x[j]), exact, "second moment");
        }
    }
    let simulated = over(&|x| law.log_density(x, x0, TAU));
    let direct: Vec<f64> = (0..100_000)
        .map(|_| {
            let mut left: f64 = rand::RngExt::random(&mut rng);
            let chosen = components.iter().find(|c| {
                left -= c.weight;
                left < 0.0
            });
            law.log_density(chosen.unwrap_or(&components[0]).sample(&mut rng), x0, TAU)
        })
        .collect();
    let ((a, sa), (b, sb)) = (mean(&simulated), mean(&direct));
    assert!(
        (a - b).abs() < 4.0 * sa.hypot(sb),
        "{a} +- {sa}, {b} +- {sb}"
    );
}

/// Pairs from the stationary state: x0 and X(tau) have the same second moment, and the conditional
/// mean is right over all starts; n = 100 000, 4 sigma.
#[test]
fn rotating_mixture_pairs_are_stationary() {
    let law = RotatingMixture::default();
    let mut rng = Key::new(4, Purpose::Simulate).rng();
    let pairs: Vec<_> = (0..100_000)
        .map(|_| law.sample_pair(TAU, &mut rng))
        .collect();
    let radius_square = 25.0 + 0.5 * (1.5 + 0.1);
    let over = |f: &dyn Fn([f64; 2], [f64; 2]) -> f64| {
        pairs.iter().map(|&(x0, x1)| f(x0, x1)).collect::<Vec<_>>()
    };
    assert_mean(
        &over(&|x, _| x[0] * x[0] + x[1] * x[1]),
        radius_square,
        "start",
    );
    assert_mean(
        &over(&|_, x| x[0] * x[0] + x[1] * x[1]),
        radius_square,
        "end",
    );
    assert_mean(&over(&|_, x| x[0]), 0.0, "mean");
    // E[x0 . X] from the conditional mean at every start
    let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
    let residual = over(&|x0, x1| {
        let mean = law.conditional(x0, TAU).iter().fold([0.0; 2], |sum, c| {
            [sum[0] + c.weight * c.mean[0], sum[1] + c.weight * c.mean[1]]
        });
        dot(x0, x1) - dot(x0, mean)
    });
    assert_mean(&residual, 0.0, "x0 . (X - E[X | x0])");
}
