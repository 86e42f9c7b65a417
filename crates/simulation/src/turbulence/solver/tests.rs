use super::*;
use std::f64::consts::TAU;

fn smooth() -> Array2<f64> {
    let at = |i: usize| TAU * i as f64 / 64.0;
    Array2::from_shape_fn((64, 64), |(y, x)| {
        let (y, x) = (at(y), at(x));
        3.0 * (x + 2.0 * y).sin() + 2.0 * (3.0 * x - y).cos() + 2.0 * (2.0 * x + 0.3).sin()
    })
}

fn quiet(dt: f64) -> Turbulence {
    let config = TurbulenceConfig {
        dt,
        amplitude: 0.0,
        save_every: 0.48,
        spin_up: 0.0,
        length: 0.0,
        ..TurbulenceConfig::default()
    };
    let mut flow = Turbulence::new(&config).unwrap();
    flow.set_vorticity(&smooth()).unwrap();
    flow
}

fn advanced(dt: f64) -> Array2<f64> {
    let mut flow = quiet(dt);
    for _ in 0..(0.96 / dt).round() as usize {
        flow.step(&[0.0; Turbulence::NORMALS]).unwrap();
    }
    flow.vorticity()
}

/// The error against a fine reference falls by 2^4 when dt is halved.
#[test]
fn deterministic_step_is_of_order_four() {
    let reference = advanced(0.002);
    let error = |dt| {
        let difference = advanced(dt) - &reference;
        (difference.mapv(|v| v * v).sum() / 4096.0).sqrt()
    };
    let errors = [0.032, 0.016, 0.008].map(error);
    println!("rms error at dt = .032, .016, .008: {errors:?}");
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((3.8..4.3).contains(&order), "order {order}");
    }
}

#[test]
fn set_and_get_are_inverse_and_the_truncation_keeps_the_modes() {
    let mut flow = quiet(0.02);
    let round = flow.vorticity();
    assert!((&round - &smooth()).iter().all(|d| d.abs() < 1e-13));
    // points of the coarse grid are points of the fine one, and nothing lies beyond its modes
    let mut coarse = Array2::zeros((32, 32));
    flow.write(&mut flow.output_plane(), coarse.view_mut());
    for ((y, x), value) in coarse.indexed_iter() {
        assert!((f64::from(*value) - round[[2 * y, 2 * x]]).abs() < 1e-6);
    }
}

/// The two halves of the noise of a step, the first damped by the step, add up to the exact variance
/// eps^2 (1 - exp(-2 l dt))/(2 l).
#[test]
fn noise_has_the_variance_of_a_damped_wave() {
    let mut w = vec![Complex64::default(); Modes::new(64).len()];
    let (rate, dt) = (2.0, 0.1_f64);
    let forcing = Forcing::new(Modes::new(64), 1.5, dt, |_, _| rate);
    forcing.push_before(&mut w, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let before = 2.0 * w[Modes::new(64).index(6, 0)].im.abs() * (-rate * dt).exp();
    w.fill(Complex64::default());
    forcing.push_after(&mut w, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let after = 2.0 * w[Modes::new(64).index(6, 0)].im.abs();
    let exact = 1.5_f64.powi(2) * (1.0 - (-2.0 * rate * dt).exp()) / (2.0 * rate);
    assert!((before.powi(2) + after.powi(2) - exact).abs() < 1e-15);
}

#[test]
fn too_long_a_step_and_a_lost_state_are_named() {
    let mut flow = quiet(0.032);
    flow.set_vorticity(&(smooth() * 20.0)).unwrap();
    let error = flow.step(&[0.0; Turbulence::NORMALS]).unwrap_err();
    assert!(matches!(
        error,
        StepError::Courant {
            step: 0,
            dt: 0.032,
            ..
        }
    ));
    println!("{error}");

    let mut flow = quiet(0.032);
    flow.step(&[0.0; Turbulence::NORMALS]).unwrap();
    let mut normals = [0.0; Turbulence::NORMALS];
    normals[3] = f64::NAN;
    // without amplitude the product 0 x NaN still is NaN
    let error = flow.step(&normals).unwrap_err();
    assert!(matches!(
        error,
        StepError::NotFinite {
            step: 1,
            dt: 0.032,
            ..
        }
    ));
    assert!(matches!(
        flow.set_vorticity(&Array2::zeros((32, 64))),
        Err(StepError::Shape {
            found: (32, 64),
            grid: 64
        })
    ));
}
