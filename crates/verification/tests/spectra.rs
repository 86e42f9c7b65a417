//! Spectra against Parseval, single modes and white noise.

use std::f64::consts::{PI, TAU};

use foehn_noise::{Key, Purpose};
use foehn_verification::{Domain, Quantity, Spectrometer, SpectrumError};
use ndarray::{Array2, Array3, Axis};

const PERIODIC: Domain = Domain::Periodic { period: TAU };

fn noise(shape: (usize, usize, usize), seed: u64) -> Array3<f32> {
    let mut fields = Array3::zeros(shape);
    Key::new(seed, Purpose::Sample).normals(fields.as_slice_mut().expect("contiguous"));
    fields
}

fn half_mean_square(field: &Array2<f32>) -> f64 {
    field.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / (2 * field.len()) as f64
}

#[test]
fn shells_sum_to_half_the_mean_square() {
    let limited = Domain::Limited {
        spacing: (2.0, 2.5),
    };
    for (shape, domain) in [
        ((32, 32), PERIODIC),
        ((15, 15), PERIODIC),
        ((17, 33), limited),
    ] {
        let field = noise((1, shape.0, shape.1), 1).index_axis_move(Axis(0), 0);
        let plan = Spectrometer::new(shape, domain, Quantity::HalfSquare).unwrap();
        let sum: f64 = plan.energy(&field).unwrap().iter().sum();
        let exact = half_mean_square(&field);
        assert!(
            (sum / exact - 1.0).abs() < 1e-13,
            "{domain:?}: {sum} {exact}"
        );
    }
}

#[test]
fn kinetic_energy_is_that_of_the_velocity() {
    // psi = cos(2x) sin(3y) + 0.1 cos(5x), w = Lap psi, u = (-psi_y, psi_x)
    let n = 32;
    let at = |i: usize| i as f64 * TAU / n as f64;
    let field = |f: &dyn Fn(f64, f64) -> f64| {
        Array2::from_shape_fn((n, n), |(j, i)| f(at(i), at(j)) as f32)
    };
    let w = field(&|x, y| -13.0 * (2.0 * x).cos() * (3.0 * y).sin() - 2.5 * (5.0 * x).cos());
    let u = field(&|x, y| -3.0 * (2.0 * x).cos() * (3.0 * y).cos());
    let v = field(&|x, y| -2.0 * (2.0 * x).sin() * (3.0 * y).sin() - 0.5 * (5.0 * x).sin());
    let plan = Spectrometer::new((n, n), PERIODIC, Quantity::KineticEnergy).unwrap();
    let energy = plan.energy(&w).unwrap();
    let exact = half_mean_square(&u) + half_mean_square(&v);
    assert!((energy.iter().sum::<f64>() / exact - 1.0).abs() < 1e-6);
    // |k| = sqrt 13 rounds to 4: u and v give 13/8; |k| = 5 gives 0.25/4
    assert!((energy[4] - 13.0 / 8.0).abs() < 1e-6 && (energy[5] - 0.0625).abs() < 1e-6);
    // E(k) = Z(k)/k^2 for a shell of one |k|
    let plan = Spectrometer::new((n, n), PERIODIC, Quantity::HalfSquare).unwrap();
    let enstrophy = plan.energy(&w).unwrap();
    assert!((enstrophy[5] / 25.0 - energy[5]).abs() < 1e-7);
}

#[test]
fn cosine_modes_fall_into_their_shell() {
    // half a wave along the 20 points of y and 3 halves along the 40 of x, both in units of the shorter side
    let shape = (20, 40);
    let plan = Spectrometer::new(
        shape,
        Domain::Limited {
            spacing: (1.0, 1.0),
        },
        Quantity::HalfSquare,
    )
    .unwrap();
    let halves = |m: f64, j: usize, n: usize| (PI * m * (j as f64 + 0.5) / n as f64).cos();
    let field = Array2::from_shape_fn(shape, |(j, i)| {
        (halves(4.0, j, 20) * halves(6.0, i, 40)) as f32
    });
    let energy = plan.energy(&field).unwrap();
    // kappa = hypot(4, 6/2) = 5; mean square 1/4
    assert!((energy[5] - 0.125).abs() < 1e-8 && (energy.iter().sum::<f64>() - 0.125).abs() < 1e-8);
    assert_eq!(plan.resolved(), 19);
}

#[test]
fn white_noise_has_as_much_energy_as_modes() {
    let (n, samples) = (16, 400);
    let plan = Spectrometer::new((n, n), PERIODIC, Quantity::HalfSquare).unwrap();
    let fields = noise((samples, n, n), 2);
    let (first, rest) = fields.view().split_at(Axis(0), 150);
    let mut mean = plan.mean(&rest).unwrap();
    mean.merge(&plan.mean(&first).unwrap()).unwrap();
    let spectrum = plan.spectrum(&mean).unwrap();
    assert_eq!((spectrum.samples, spectrum.resolved), (400, 8));
    for shell in 1..8 {
        let wave = |i: usize| {
            if i <= n / 2 {
                i as f64
            } else {
                i as f64 - n as f64
            }
        };
        let modes = (0..n * n)
            .filter(|i| wave(i / n).hypot(wave(i % n)).round() as usize == shell)
            .count() as f64;
        let exact = modes / (2 * n * n) as f64;
        // |w_k|^2 of modes/2 independent complex numbers: relative sigma sqrt(2 / (modes samples))
        let sigma = exact * (2.0 / (modes * samples as f64)).sqrt();
        let off = (spectrum.energy[shell] - exact) / sigma;
        assert!(off.abs() < 4.0, "shell {shell}: {off} sigma");
    }
}

#[test]
fn log_distance_is_exact_and_averages_before_the_logarithm() {
    let plan = Spectrometer::new((16, 16), PERIODIC, Quantity::HalfSquare).unwrap();
    let fields = noise((6, 16, 16), 3);
    let spectrum = |fields: &Array3<f32>| plan.spectrum(&plan.mean(fields).unwrap()).unwrap();
    let truth = spectrum(&fields);
    assert_eq!(truth.log_distance(&truth).unwrap(), 0.0);
    let louder = spectrum(&fields.mapv(|w| w * 8.0));
    assert!((louder.log_distance(&truth).unwrap() - 64f64.log10()).abs() < 1e-12);
    assert!((truth.log_ratios(&louder).unwrap()[0] + 64f64.log10()).abs() < 1e-12);
    // half the fields silent, half doubled: (0 + 4)/2, not a mean of logarithms
    let mut uneven = Array3::zeros((12, 16, 16));
    uneven
        .slice_mut(ndarray::s![..6, .., ..])
        .assign(&fields.mapv(|w| w * 2.0));
    assert!((spectrum(&uneven).log_distance(&truth).unwrap() - 2f64.log10()).abs() < 1e-12);
    let silent = spectrum(&Array3::zeros((1, 16, 16)));
    assert!(matches!(
        silent.log_distance(&truth),
        Err(SpectrumError::Empty { shell: 1, .. })
    ));
}

#[test]
fn what_has_no_spectrum_is_refused() {
    let plan = |shape, domain, quantity| Spectrometer::new(shape, domain, quantity).err();
    let limited = Domain::Limited {
        spacing: (1.0, 1.0),
    };
    assert_eq!(
        plan((8, 9), PERIODIC, Quantity::HalfSquare),
        Some(SpectrumError::NotSquare((8, 9)))
    );
    assert_eq!(
        plan((8, 9), limited, Quantity::KineticEnergy),
        Some(SpectrumError::Energy(limited))
    );
    let plan = Spectrometer::new((8, 9), limited, Quantity::HalfSquare).unwrap();
    let mut field = Array2::zeros((8, 9));
    field[(2, 3)] = f32::NAN;
    let message = plan.energy(&field).unwrap_err().to_string();
    assert!(message.contains("NaN at point (2, 3)"), "{message}");
    let fourier = Spectrometer::new((8, 8), PERIODIC, Quantity::HalfSquare).unwrap();
    assert!(
        fourier
            .spectrum(&plan.mean(&Array3::zeros((1, 8, 9))).unwrap())
            .is_err()
    );
}
