//! Vorticity and divergence against closed forms.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use foehn_field::Grid;
use foehn_grid::{Winds, WindsError};
use ndarray::Array2;

const A: f64 = Winds::EARTH;

fn globe(rows: &[f64], nx: usize) -> Grid {
    let step = 360.0 / nx as f64;
    Grid::Rectilinear {
        latitude: rows.to_vec(),
        longitude: (0..nx).map(|i| step * i as f64).collect(),
    }
}

/// Rows from pole to pole.
fn rows(count: usize) -> Vec<f64> {
    (0..count)
        .map(|j| 90.0 - 180.0 * j as f64 / (count - 1) as f64)
        .collect()
}

/// Rows half a spacing off the poles, from the south.
fn staggered(count: usize) -> Vec<f64> {
    (0..count)
        .map(|j| -90.0 + 180.0 * (j as f64 + 0.5) / count as f64)
        .collect()
}

fn field(rows: &[f64], nx: usize, value: impl Fn(f64, f64) -> f64) -> Array2<f32> {
    Array2::from_shape_fn((rows.len(), nx), |(j, i)| {
        value(rows[j].to_radians(), TAU * i as f64 / nx as f64) as f32
    })
}

fn worst(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let scale = b.iter().fold(0f32, |m, x| m.max(x.abs()));
    let errors = a
        .iter()
        .zip(b)
        .map(|(a, b)| f64::from((a - b).abs() / scale));
    errors.fold(0.0, f64::max)
}

#[test]
fn solid_rotation_has_vorticity_two_omega_sine_of_latitude() {
    let omega = 7.292e-5;
    for rows in [rows(181), staggered(180)] {
        let winds = Winds::new(&globe(&rows, 72), A).unwrap();
        let u = field(&rows, 72, |phi, _| omega * A * phi.cos());
        let v = field(&rows, 72, |_, _| 0.0);
        let exact = field(&rows, 72, |phi, _| 2.0 * omega * phi.sin());
        // fourth order: h^4 / 30 = 3e-9; single precision of the wind over one degree 6e-8 / 0.017, more at the poles
        assert!(worst(&winds.vorticity(&u.view(), &v.view()), &exact) < 3e-4);
        let none = winds.divergence(&u.view(), &v.view());
        assert!(none.iter().all(|x| f64::from(x.abs()) < 1e-7 * omega));
    }
}

/// The wind of the stream function `P_2^1` cos(lambda) ~ sin(phi) cos(phi) cos(lambda) over the poles, which has
/// zeta = -l (l + 1) psi / a^2 with l = 2, and of the same function as a potential.
#[test]
fn spherical_harmonics_give_their_eigenvalue_also_at_the_poles() {
    let errors = |count: usize| {
        let rows = rows(count);
        let nx = 2 * (count - 1);
        let winds = Winds::new(&globe(&rows, nx), A).unwrap();
        // psi = A^2 s, u = -psi_phi / a, v = psi_lambda / (a cos phi)
        let psi_phi = field(&rows, nx, |phi, lambda| {
            A * (2.0 * phi).cos() * lambda.cos()
        });
        let psi_lambda = field(&rows, nx, |phi, lambda| -A * phi.sin() * lambda.sin());
        let exact = field(&rows, nx, |phi, lambda| {
            -6.0 * phi.sin() * phi.cos() * lambda.cos()
        });
        let zeta = winds.vorticity(&(-&psi_phi).view(), &psi_lambda.view());
        let delta = winds.divergence(&psi_lambda.view(), &psi_phi.view());
        [worst(&zeta, &exact), worst(&delta, &exact)]
    };
    let (coarse, fine) = (errors(19), errors(37));
    for (coarse, fine) in coarse.into_iter().zip(fine) {
        println!("errors at 10 and 5 degrees: {coarse:.2e} {fine:.2e}");
        assert!(fine < 2e-4, "{fine}");
        // order 4 away from the poles, 3 in the rows beside them, where 1 / cos phi is as large as 1 / h
        assert!(coarse / fine > 7.0, "{coarse} {fine}");
    }
}

#[test]
fn a_limited_area_is_fourth_order_to_its_border() {
    let error = |n: usize| {
        let latitude: Vec<f64> = (0..n)
            .map(|j| 30.0 + 30.0 * j as f64 / (n - 1) as f64)
            .collect();
        let longitude: Vec<f64> = (0..n)
            .map(|i| -20.0 + 40.0 * i as f64 / (n - 1) as f64)
            .collect();
        let at = |value: &dyn Fn(f64, f64) -> f64| {
            Array2::from_shape_fn((n, n), |(j, i)| {
                value(latitude[j].to_radians(), longitude[i].to_radians()) as f32
            })
        };
        let u = at(&|phi, lambda| A * phi.sin() * (3.0 * lambda).cos());
        let v = at(&|phi, lambda| A * phi.cos() * (3.0 * lambda).sin());
        let grid = Grid::Rectilinear {
            latitude: latitude.clone(),
            longitude: longitude.clone(),
        };
        let exact = at(&|phi, lambda| {
            let (s, c) = (3.0 * lambda).sin_cos();
            3.0 * c - phi.cos() * c + phi.sin() * phi.tan() * c + 0.0 * s
        });
        worst(
            &Winds::new(&grid, A)
                .unwrap()
                .vorticity(&u.view(), &v.view()),
            &exact,
        )
    };
    let (coarse, fine) = (error(9), error(17));
    println!("limited area: {coarse:.2e} {fine:.2e}");
    assert!(coarse / fine > 12.0, "{coarse} {fine}");
}

#[test]
fn waves_on_the_torus() {
    let error = |n: usize| {
        let line: Vec<f64> = (0..n).map(|k| TAU * k as f64 / n as f64).collect();
        let grid = Grid::Cartesian {
            y: line.clone(),
            x: line.clone(),
            period: Some((TAU, TAU)),
        };
        let at = |value: &dyn Fn(f64, f64) -> f64| {
            Array2::from_shape_fn((n, n), |(j, i)| value(line[j], line[i]) as f32)
        };
        // psi = sin(2 x) cos(y): u = -psi_y, v = psi_x, zeta = -5 psi, delta = 0
        let u = at(&|y, x| (2.0 * x).sin() * y.sin());
        let v = at(&|y, x| 2.0 * (2.0 * x).cos() * y.cos());
        let winds = Winds::new(&grid, 1.0).unwrap();
        let zeta = winds.vorticity(&u.view(), &v.view());
        worst(&zeta, &at(&|y, x| -5.0 * (2.0 * x).sin() * y.cos()))
    };
    let (coarse, fine) = (error(24), error(48));
    // order 4: a factor of 16
    assert!((coarse / fine - 16.0).abs() < 1.5, "{coarse} {fine}");
}

#[test]
fn missing_winds_and_grids_without_lines() {
    let rows = rows(19);
    let winds = Winds::new(&globe(&rows, 36), A).unwrap();
    let mut u = field(&rows, 36, |phi, _| phi.cos());
    u[[9, 10]] = f32::NAN;
    let v = field(&rows, 36, |_, _| 0.0);
    let zeta = winds.vorticity(&u.view(), &v.view());
    let missing = zeta
        .indexed_iter()
        .filter(|(_, x)| x.is_nan())
        .map(|(at, _)| at);
    // the cell itself, and two rows to either side
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [(7, 10), (8, 10), (9, 10), (10, 10), (11, 10)]
    );
    let plane = Array2::zeros((3, 3));
    let curvilinear = Grid::Curvilinear {
        latitude: plane.clone(),
        longitude: plane,
    };
    assert_eq!(
        Winds::new(&curvilinear, A).unwrap_err(),
        WindsError::Curvilinear
    );
}

#[test]
fn the_pole_of_a_sector_is_missing() {
    let sector = Grid::Rectilinear {
        latitude: vec![90.0, 80.0, 70.0, 60.0],
        longitude: vec![0.0, 10.0, 20.0, 30.0],
    };
    let wind = Array2::<f32>::ones((4, 4));
    let result = Winds::new(&sector, A)
        .unwrap()
        .vorticity(&wind.view(), &wind.view());
    for ((j, _), value) in result.indexed_iter() {
        assert_eq!(value.is_nan(), j == 0);
    }
}
