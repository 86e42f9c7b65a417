//! What regridding must keep, exactly.
#![allow(clippy::unwrap_used)]

use foehn_field::Grid;
use foehn_grid::{Method, RegridError, Regridder};
use ndarray::Array2;

/// Single precision of a sum of some thousand cells.
const ROUNDING: f64 = 2e-6;

fn line(first: f64, step: f64, count: usize) -> Vec<f64> {
    (0..count).map(|k| first + step * k as f64).collect()
}

fn sphere(latitude: Vec<f64>, longitude: Vec<f64>) -> Grid {
    Grid::Rectilinear {
        latitude,
        longitude,
    }
}

/// Globes of every convention: with and without poles, descending, wrapped, uneven.
fn globes() -> Vec<Grid> {
    let wrapped = line(0.0, 10.0, 36)
        .into_iter()
        .map(|x| if x >= 180.0 { x - 360.0 } else { x });
    let mut uneven = vec![-85.0, -72.0, -50.0, -20.0, -3.0, 14.0, 40.0, 61.0, 80.0];
    uneven.insert(0, -90.0);
    uneven.push(90.0);
    vec![
        sphere(line(90.0, -2.5, 73), line(0.0, 2.5, 144)),
        sphere(line(-88.5, 3.0, 60), line(-180.0, 3.0, 120)),
        sphere(line(87.0, -6.0, 30), wrapped.collect()),
        sphere(uneven, line(355.0, -15.0, 24)),
    ]
}

fn rough(grid: &Grid) -> Array2<f32> {
    let hash = |j: usize, i: usize| ((j * 7919 + i * 104_729) % 1009) as f32 / 1009.0 - 0.3;
    let (ny, nx) = grid.shape();
    Array2::from_shape_fn((ny, nx), |(j, i)| hash(j, i))
}

fn integral(grid: &Grid, x: &Array2<f32>) -> f64 {
    let areas = grid.cell_areas().unwrap();
    x.iter().zip(&areas).map(|(x, a)| f64::from(*x) * a).sum()
}

#[test]
fn a_constant_stays_and_a_conservative_way_keeps_the_area_integral() {
    for from in globes() {
        for to in globes() {
            for method in [Method::Conservative, Method::Bilinear] {
                let regridder = Regridder::new(&from, &to, method, 1.0).unwrap();
                let constant = Array2::from_elem(from.shape(), 273.25f32);
                assert!(
                    regridder
                        .apply(&constant.view())
                        .iter()
                        .all(|x| *x == 273.25)
                );
            }
            let regridder = Regridder::new(&from, &to, Method::Conservative, 1.0).unwrap();
            let x = rough(&from);
            let (before, after) = (
                integral(&from, &x),
                integral(&to, &regridder.apply(&x.view())),
            );
            assert!((before / after - 1.0).abs() < ROUNDING, "{before} {after}");
        }
    }
}

#[test]
fn the_plane_keeps_its_integral_too() {
    let turn = 6.0;
    let from = Grid::Cartesian {
        y: line(0.0, 0.5, 12),
        x: line(0.0, 0.25, 24),
        period: Some((turn, turn)),
    };
    let to = Grid::Cartesian {
        y: line(0.4, 1.5, 4),
        x: line(-1.0, 0.75, 8),
        period: Some((turn, turn)),
    };
    let regridder = Regridder::new(&from, &to, Method::Conservative, 1.0).unwrap();
    let x = rough(&from);
    assert!(
        (integral(&from, &x) / integral(&to, &regridder.apply(&x.view())) - 1.0).abs() < ROUNDING
    );
}

#[test]
fn bilinear_reproduces_what_is_linear_in_latitude_and_in_longitude() {
    let from = sphere(vec![60.0, 50.0, 45.0, 30.0], vec![350.0, 355.0, 0.0, 10.0]);
    let to = sphere(line(58.0, -4.0, 7), line(-9.0, 3.0, 7));
    // product of lines: what bilinear functions are
    let value = |phi: f64, lambda: f64| (2.0 + 0.5 * phi) * (1.0 - 0.125 * lambda);
    let x = Array2::from_shape_fn((4, 4), |(j, i)| {
        value([60.0, 50.0, 45.0, 30.0][j], [-10.0, -5.0, 0.0, 10.0][i]) as f32
    });
    let y = Regridder::new(&from, &to, Method::Bilinear, 1.0)
        .unwrap()
        .apply(&x.view());
    for ((j, i), y) in y.indexed_iter() {
        let exact = value(58.0 - 4.0 * j as f64, -9.0 + 3.0 * i as f64);
        assert!((f64::from(*y) - exact).abs() < 1e-5, "{y} {exact}");
    }
}

#[test]
fn around_the_globe_and_to_the_poles() {
    let from = sphere(line(-87.5, 5.0, 36), line(0.0, 30.0, 12));
    let to = sphere(vec![90.0, 88.75, 0.0, -90.0], vec![345.0, 346.0]);
    let x = Array2::from_shape_fn((36, 12), |(j, i)| {
        (j as f32) + if i == 0 { 12.0 } else { 0.0 }
    });
    let y = Regridder::new(&from, &to, Method::Bilinear, 1.0)
        .unwrap()
        .apply(&x.view());
    // between columns 11 and 0, half each; at the poles the mean of the outer row: 35 + 1 and 0 + 1
    assert_eq!(y.column(0).to_vec(), [36.0, 38.5, 23.5, 1.0]);
}

#[test]
fn weights_are_shared_among_what_is_known_down_to_the_least_share() {
    let from = Grid::Cartesian {
        y: line(0.5, 1.0, 2),
        x: line(0.5, 1.0, 4),
        period: None,
    };
    let to = Grid::Cartesian {
        y: vec![0.0, 2.0],
        x: vec![1.0, 3.0],
        period: None,
    };
    let x = ndarray::arr2(&[
        [1.0, f32::NAN, 5.0, 5.0],
        [2.0, f32::NAN, f32::NAN, f32::NAN],
    ]);
    let with = |share| {
        Regridder::new(&from, &to, Method::Conservative, share)
            .unwrap()
            .apply(&x.view())
    };
    // half of each new cell lies outside the old grid, so that a quarter is known at (0, 0)
    let y = with(0.25);
    assert_eq!((y[[0, 0]], y[[0, 1]], y[[1, 0]]), (1.0, 5.0, 2.0));
    assert!(y[[1, 1]].is_nan());
    let half = with(0.5);
    assert_eq!(half[[0, 1]], 5.0);
    assert!(half[[0, 0]].is_nan());
    assert!(with(0.75).iter().all(|x| x.is_nan()));
}

#[test]
fn what_cannot_be_is_refused() {
    let globe = &globes()[0];
    let plane = Grid::Cartesian {
        y: line(0.0, 1.0, 3),
        x: line(0.0, 1.0, 3),
        period: None,
    };
    assert!(matches!(
        Regridder::new(globe, &plane, Method::Bilinear, 0.5),
        Err(RegridError::Kinds { .. })
    ));
    assert!(matches!(
        Regridder::new(globe, globe, Method::Bilinear, 0.0),
        Err(RegridError::Share(_))
    ));
    let turning = sphere(vec![0.0, 5.0, 4.0], line(0.0, 1.0, 3));
    assert!(matches!(
        Regridder::new(globe, &turning, Method::Bilinear, 0.5),
        Err(RegridError::NotAnAxis { grid: "target", .. })
    ));
}

#[test]
fn a_longitude_that_stands_there_twice_is_refused() {
    let twice = sphere(line(-60.0, 30.0, 5), line(0.0, 90.0, 5));
    let once = sphere(line(-60.0, 30.0, 5), line(0.0, 90.0, 4));
    for (from, to) in [(&twice, &once), (&once, &twice)] {
        let said = Regridder::new(from, to, Method::Conservative, 0.5).unwrap_err();
        assert!(
            said.to_string()
                .contains("longitude: 0 and 360 are one place"),
            "{said}"
        );
    }
}
