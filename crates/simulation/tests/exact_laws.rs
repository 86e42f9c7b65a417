//! Exact laws against differentiation of their densities, against quadrature and against draws.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::{
    Checkerboard, DensityChain, DriftErrors, GaussianMixture, LinearAssimilation, MaternField,
    MixturePath, PathPoint, closed_form_errors, derivative,
};
use ndarray::{Array1, Array2};
use rand_distr::{Distribution, StandardNormal};

const A: f64 = 0.7;

/// Points where `rho_t` has mass, and one in its tail.
fn points(path: &MixturePath, t: f64) -> Vec<Array1<f64>> {
    let mut rng = Key::new(5, Purpose::Resample).rng();
    let at = path.at(PathPoint::linear(t, A)).unwrap();
    let mut points: Vec<_> = (0..3).map(|_| at.law().sample(&mut rng)).collect();
    let tail = &points[0] * 2.0 + 1.0;
    points.push(tail);
    points
}

#[test]
fn velocity_and_score_are_those_of_the_log_density() {
    for dimension in [1, 2, 128] {
        let path = MixturePath::instance(dimension).unwrap();
        let (mut worst_score, mut worst_velocity) = (0f64, 0f64);
        for t in [0.2, 0.5, 0.85] {
            let count = if dimension > 2 { 1 } else { 4 };
            for x in points(&path, t).into_iter().take(count) {
                let point = |t: f64| PathPoint::linear(t, A);
                let (s, b) = closed_form_errors(&path, point, t, x.as_slice().unwrap()).unwrap();
                worst_score = worst_score.max(s);
                worst_velocity = worst_velocity.max(b);
            }
        }
        println!("O3, {dimension}-d: s {worst_score:.1e}, b {worst_velocity:.1e}");
        assert!(worst_score < 1e-10 && worst_velocity < 1e-10);
    }
}

#[test]
fn velocity_is_the_conditional_mean_by_quadrature() {
    // one dimension: integrate over x0 and x1, z being what is left of x
    let path = MixturePath::instance(1).unwrap();
    let density = |law: &GaussianMixture, x: f64| law.log_density(&[x]).exp();
    let (t, x) = (0.4, 0.3);
    let p = PathPoint::linear(t, A);
    let gamma = p.gamma_square.sqrt();
    let (n, edge) = (1200, 9.0);
    let node = |i: usize| -edge + 2.0 * edge * i as f64 / n as f64;
    let ends: Vec<f64> = (0..=n).map(|i| density(&path.end, node(i))).collect();
    let (mut sums, mut total) = ([0.0; 3], 0.0);
    for i in 0..=n {
        let (x0, rho0) = (node(i), density(&path.start, node(i)));
        for (j, rho1) in ends.iter().enumerate() {
            let x1 = node(j);
            let z = (x - p.alpha * x0 - p.beta * x1) / gamma;
            let mass = rho0 * rho1 * (-z * z / 2.0).exp();
            let b = p.d_alpha * x0 + p.d_beta * x1 + p.gamma_d_gamma / gamma * z;
            total += mass;
            for (sum, value) in sums.iter_mut().zip([b, x0, x1]) {
                *sum += mass * value;
            }
        }
    }
    let at = path.at(p).unwrap();
    let x = [x];
    let exact = [at.velocity(&x)[0], at.origin(&x)[0], at.target(&x)[0]];
    for (sum, exact) in sums.iter().zip(exact) {
        assert!(
            (sum / total - exact).abs() < 1e-10,
            "{} {exact}",
            sum / total
        );
    }
}

#[test]
fn draws_of_a_mixture_have_its_moments() {
    const N: usize = 200_000;
    let law = GaussianMixture::seeded(2, 3, 2).unwrap();
    let mut rng = Key::new(1, Purpose::Resample).rng();
    let mut mean = Array1::<f64>::zeros(2);
    let mut square = 0.0;
    for _ in 0..N {
        let x = law.sample(&mut rng);
        square += x.dot(&x) / N as f64;
        mean.scaled_add(1.0 / N as f64, &x);
    }
    let exact = law
        .modes()
        .iter()
        .fold(Array1::<f64>::zeros(2), |sum, mode| {
            sum + &mode.mean * mode.weight
        });
    let second: f64 = law
        .modes()
        .iter()
        .map(|m| m.weight * (m.mean.dot(&m.mean) + m.covariance.diag().sum()))
        .sum();
    // 4 standard errors of values that vary by less than 3, and 20 for their squares
    assert!(
        (&mean - &exact)
            .iter()
            .all(|d| d.abs() < 4.0 * 3.0 / (N as f64).sqrt())
    );
    assert!((square - second).abs() < 4.0 * 20.0 / (N as f64).sqrt());
}

#[test]
fn checkerboard_fills_its_cells_evenly() {
    const N: usize = 64_000;
    let mut rng = Key::new(2, Purpose::Resample).rng();
    let mut counts = [0f64; 64];
    for _ in 0..N {
        let x = Checkerboard.sample(&mut rng);
        assert!(Checkerboard.contains(x), "{x:?}");
        let cell = ((x[0] + 4.0) as usize) * 8 + (x[1] + 4.0) as usize;
        counts[cell] += 1.0;
    }
    let expected = N as f64 / 32.0;
    let filled = counts.iter().filter(|c| **c > 0.0).count();
    let chi: f64 = counts
        .iter()
        .filter(|c| **c > 0.0)
        .map(|c| (c - expected).powi(2) / expected)
        .sum();
    // chi-square of 31 degrees: mean 31, deviation 7.9
    assert!(filled == 32 && chi < 31.0 + 4.0 * 7.9, "{filled} {chi}");
}

#[test]
fn posterior_is_that_of_the_joint_normal_law() {
    let law = LinearAssimilation {
        model_variance: 0.7,
        observation_variance: 0.3,
    };
    let (x0, y) = (0.4, 1.9);
    // log p(x1 | x0) + log p(y | x1) is quadratic: mean and variance from its derivatives
    let log = |x: f64| -(x - x0).powi(2) / 1.4 - (y - x).powi(2) / 0.6;
    let curvature = log(1.0) - 2.0 * log(0.0) + log(-1.0);
    let mean = -(log(1.0) - log(-1.0)) / 2.0 / curvature;
    let (m, v) = law.posterior(x0, y);
    assert!((m - mean).abs() < 1e-12 && (v + 1.0 / curvature).abs() < 1e-12);
    // the observation's score, by differences of log N(y; E[x1|x_t], var + r)
    let point = PathPoint::linear(0.6, 0.5);
    let variance = point.beta.powi(2) * 0.7 + point.gamma_square;
    let spread = 0.7 - (point.beta * 0.7).powi(2) / variance + 0.3;
    let log = |x: f64| -(y - law.target(point, x, x0)).powi(2) / (2.0 * spread);
    let exact = law.observation_score(point, 0.8, x0, y);
    assert!((derivative(0.1, |h| log(0.8 + h)) - exact).abs() < 1e-12);
}

#[test]
fn field_has_unit_variance_its_spectrum_and_its_velocity() {
    const DRAWS: u32 = 200;
    let field = MaternField::new(32, 3.0, 1.0);
    let white = |m: u32| {
        let mut rng = Key::new(3, Purpose::Resample).member(m).rng();
        Array2::from_shape_simple_fn((32, 32), || -> f64 { StandardNormal.sample(&mut rng) })
    };
    assert!((field.power().sum() - 1.0).abs() < 1e-12);
    let mut spectrum = vec![0.0; 16];
    for m in 0..DRAWS {
        let draw = field.spectrum_of(&field.colour(&white(m)));
        spectrum
            .iter_mut()
            .zip(draw)
            .for_each(|(a, b)| *a += b / f64::from(DRAWS));
    }
    // the first shell has 8 modes, 4 of them free: 5 % deviation of its mean, 0.022 in log10
    assert!(field.spectral_error(&spectrum) < 0.02);
    // the velocity moves the score's variance as the path does: Euler steps of one mode, exactly known
    let p = PathPoint::linear(0.3, 0.5);
    let x = field.colour(&white(0));
    let (b, s) = (field.velocity(p, &x), field.score(p, &x));
    let cells = 32.0 * 32.0;
    // b = -(a C0 + ...) s mode by mode: check by one independent filter
    let rebuilt = field.filter(&s, |power| {
        -(p.alpha * p.d_alpha + p.beta * p.d_beta * power * cells + p.gamma_d_gamma)
    });
    let worst = (&b - &rebuilt).iter().fold(0f64, |a, d| a.max(d.abs()));
    assert!(worst < 1e-10, "{worst}");
}

/// In the first of 50 steps the slope `1 - scale (1 - 2 x^2) exp(-x^2)` beside that of the exact step.
fn bend(t: f64, x: f64, scale: f64) -> f64 {
    if t == 0.0 {
        -50.0 * scale * x * (-x * x).exp()
    } else {
        0.0
    }
}

#[test]
fn a_flow_that_folds_the_line_is_infinitely_far() {
    let divergence = |velocity: fn(f64, f64) -> f64| {
        let score = |_, _| 0.0;
        let chain = DensityChain::new(50).unwrap();
        chain.divergence(0.0, DriftErrors { velocity, score })
    };
    let straight = divergence(|_, _| 0.0);
    let narrow = divergence(|t, x| bend(t, x, 0.5));
    assert!(narrow > straight && narrow.is_finite(), "{narrow}");
    let folded = divergence(|t, x| bend(t, x, 1.5));
    assert!(folded.is_infinite() && folded > 0.0, "{folded}");
}

#[test]
fn euler_s_chain_tends_to_the_law_with_and_without_noise() {
    // first order in h: KL falls as its square
    for e in [0.0, 0.3, 1.0] {
        let at = |steps| {
            let chain = DensityChain::new(steps).unwrap();
            chain.divergence(e, DriftErrors::NONE)
        };
        let (coarse, fine) = (at(50), at(100));
        println!("chain, e = {e}: {coarse:.2e} {fine:.2e}");
        assert!(
            fine > 0.0 && (coarse / fine).log2() > 1.5,
            "{coarse} {fine}"
        );
    }
}
