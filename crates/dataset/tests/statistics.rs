//! Statistics against exact answers.

mod common;

use std::f64::consts::{SQRT_2, TAU};

use common::{Sketch, config, open, rough};
use foehn_dataset::{Centre, DataConfig, Missing, Scale, Statistics};
use ndarray::Array3;
use tempfile::tempdir;

const DAYS: usize = 3 * 365;

/// Three years for training (noleap), two months for each other period.
fn years(path: &std::path::Path) -> DataConfig {
    let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
    DataConfig {
        train: dates("2001-01-01", "2003-12-31"),
        validation: dates("2004-01-01", "2004-02-28"),
        test: dates("2004-03-01", "2004-04-10"),
        centre: Centre::Season,
        ..config(path)
    }
}

fn cycle(p: f64, y: usize, x: usize) -> f64 {
    let (y, x) = (y as f64, x as f64);
    2.0 + y + (1.0 + x) * p.cos() - 0.5 * y * p.sin()
        + 0.25 * (2.0 * p).cos()
        + 0.125 * x * (2.0 * p).sin()
}

#[test]
fn an_exact_annual_cycle_is_recovered_and_the_third_harmonic_is_the_scale() {
    const AMPLITUDE: f64 = 3.0;
    let phase = |t: usize| TAU * (t % 365) as f64 / 365.0;
    let folder = tempdir().unwrap();
    let law =
        move |t: usize, y, x| (cycle(phase(t), y, x) + AMPLITUDE * (3.0 * phase(t)).cos()) as f32;
    let series = open(&years(
        &Sketch::daily(DAYS + 100, law).write(&folder, "a.nc"),
    ));
    let statistics = Statistics::compute(&series).unwrap();
    for k in [0, 100, 900, DAYS + 50] {
        let centre = statistics.centre_at(series.instant(k).unwrap());
        for ((_, y, x), value) in centre.indexed_iter() {
            // harmonics are orthogonal on whole years, so only the rounding of the values to f32 remains: each is
            // off by at most 6e-7, and a coefficient by that over sqrt(1095 / 2)
            assert!(
                (value - cycle(phase(k), y, x)).abs() < 2e-7,
                "{k} {y} {x}: {value}"
            );
        }
    }
    // the mean square of a cosine over whole years is a half
    let scale = statistics.scale();
    assert!(
        scale.iter().all(|s| (s - AMPLITUDE / SQRT_2).abs() < 1e-6),
        "{scale}"
    );
}

#[test]
fn a_short_training_period_has_no_annual_cycle() {
    let folder = tempdir().unwrap();
    let path = Sketch::daily(100, rough).write(&folder, "a.nc");
    let series = open(&DataConfig {
        centre: Centre::Season,
        ..config(&path)
    });
    let error = Statistics::compute(&series).unwrap_err().to_string();
    assert!(
        error.contains("of 12 equal parts of the year 2 hold states"),
        "{error}"
    );
}

#[test]
fn values_outside_the_training_part_change_nothing_and_values_inside_do() {
    let folder = tempdir().unwrap();
    let file = |name: &str, changed: Option<usize>| {
        let law = move |t: usize, y, x| {
            if Some(t) == changed {
                rough(t, y, x) + 50.0
            } else {
                rough(t, y, x)
            }
        };
        Sketch::daily(DAYS + 100, law).write(&folder, name)
    };
    let paths = [
        file("a.nc", None),
        file("b.nc", Some(DAYS)),
        file("c.nc", Some(DAYS - 1)),
    ];
    for centre in [Centre::Variable, Centre::Cell, Centre::Season] {
        for (scale, missing) in [
            (Scale::Variable, Missing::Refuse),
            (Scale::Cell, Missing::Mask),
        ] {
            let [a, b, c] = paths.each_ref().map(|path| {
                let series = open(&DataConfig {
                    centre,
                    scale,
                    missing,
                    ..years(path)
                });
                Statistics::compute(&series).unwrap()
            });
            assert_eq!(a, b);
            assert_ne!(a, c);
            let saved = folder.path().join("statistics.json");
            a.save(&saved).unwrap();
            assert_eq!(Statistics::load(&saved).unwrap(), a);
        }
    }
}

#[test]
fn standardising_is_undone_to_the_rounding_of_single_precision() {
    let folder = tempdir().unwrap();
    let path = Sketch::daily(DAYS + 100, rough).write(&folder, "a.nc");
    for (centre, scale) in [
        (Centre::Variable, Scale::Variable),
        (Centre::Season, Scale::Cell),
    ] {
        let series = open(&DataConfig {
            centre,
            scale,
            ..years(&path)
        });
        let statistics = Statistics::compute(&series).unwrap();
        let mut sum = [0.0, 0.0];
        for k in 0..DAYS {
            let (frame, instant) = (series.frame(k).unwrap(), series.instant(k).unwrap());
            let mut values = frame.values.clone();
            statistics.standardise(instant, values.view_mut());
            let weighted = |p: i32| {
                values
                    .iter()
                    .zip(series.areas())
                    .map(|(z, a)| f64::from(*z).powi(p) * a)
                    .sum::<f64>()
            };
            sum = [sum[0] + weighted(1), sum[1] + weighted(2)];
            statistics.restore(instant, values.view_mut());
            for (back, x) in values.iter().zip(&frame.values) {
                assert!((back - x).abs() <= x.abs() * f32::EPSILON, "{back} {x}");
            }
        }
        let total = series.areas().sum() * DAYS as f64;
        // z is rounded to f32: 6e-8 relative
        assert!(
            (sum[0] / total).abs() < 1e-6 && (sum[1] / total - 1.0).abs() < 1e-6,
            "{sum:?}"
        );
    }
}

#[test]
fn missing_values_do_not_count() {
    let folder = tempdir().unwrap();
    let lacking =
        |t: usize, y: usize, x: usize| (x == 0 && t.is_multiple_of(3)) || (y, x) == (2, 2);
    let law = move |t, y, x| {
        if lacking(t, y, x) {
            f32::NAN
        } else {
            rough(t, y, x)
        }
    };
    let path = Sketch::daily(100, law).write(&folder, "a.nc");
    let series = open(&DataConfig {
        centre: Centre::Cell,
        missing: Missing::Mask,
        ..config(&path)
    });
    let statistics = Statistics::compute(&series).unwrap();
    let mean = |y: usize, x: usize| {
        let there: Vec<f64> = (0..60)
            .filter(|t| !lacking(*t, y, x))
            .map(|t| f64::from(rough(t, y, x)))
            .collect();
        there.iter().sum::<f64>() / there.len().max(1) as f64
    };
    let centre = statistics.centre_at(series.instant(0).unwrap());
    let exact = Array3::from_shape_fn((1, 3, 4), |(_, y, x)| mean(y, x));
    assert!((&centre - &exact).iter().all(|d| d.abs() < 1e-10));
    let mut squares = [0.0, 0.0];
    for (t, (y, x)) in (0..60).flat_map(|t| (0..12).map(move |k| (t, (k / 4, k % 4)))) {
        if !lacking(t, y, x) {
            let area = series.areas()[(y, x)];
            squares = [
                squares[0] + area,
                squares[1] + area * (f64::from(rough(t, y, x)) - mean(y, x)).powi(2),
            ];
        }
    }
    let scale = (squares[1] / squares[0]).sqrt();
    assert!((statistics.scale()[(0, 0, 0)] / scale - 1.0).abs() < 1e-12);
    assert!((series.weights().mean().unwrap() - 1.0).abs() < 1e-14);
}

#[test]
fn constant_fields_are_named() {
    let folder = tempdir().unwrap();
    let message = |law: fn(usize, usize, usize) -> f32, scale| {
        let path = Sketch::daily(100, law).write(&folder, "a.nc");
        Statistics::compute(&open(&DataConfig {
            scale,
            centre: Centre::Cell,
            ..config(&path)
        }))
        .unwrap_err()
        .to_string()
    };
    let everywhere = message(|_, _, _| 273.15, Scale::Variable);
    assert!(
        everywhere.contains("t is constant (273.1") && everywhere.contains("training part"),
        "{everywhere}"
    );
    let one = message(
        |t, y, x| {
            if (y, x) == (1, 3) {
                5.0
            } else {
                rough(t, y, x)
            }
        },
        Scale::Cell,
    );
    assert!(
        one.contains("t is constant (5) at row 1, column 3"),
        "{one}"
    );
}
