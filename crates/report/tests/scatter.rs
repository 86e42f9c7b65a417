//! Points land where their numbers say.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_report::{Axis, Cloud, Figure, Scatter};

/// Side of a lone panel in pixels: 380 units, two pixels each.
const SIDE: f64 = 760.0;

fn figure(clouds: Vec<Vec<(f64, f64)>>) -> Scatter {
    let cloud = |points| Cloud {
        title: String::new(),
        points,
        links: Vec::new(),
    };
    Scatter {
        title: String::new(),
        x: Axis::new("x", "").between(-1.0, 1.0),
        y: Axis::new("y", "").between(-2.0, 2.0),
        clouds: clouds.into_iter().map(cloud).collect(),
    }
}

/// Mean place of the coloured pixels, and their number.
fn coloured(figure: &Scatter) -> (f64, f64, usize) {
    let picture = image::load_from_memory(&figure.png().unwrap())
        .unwrap()
        .into_rgb8();
    let places: Vec<(f64, f64)> = picture
        .enumerate_pixels()
        .filter(|(_, _, pixel)| {
            let [low, high] = [pixel.0.iter().min(), pixel.0.iter().max()].map(|v| *v.unwrap());
            high - low > 100
        })
        .map(|(x, y, _)| (f64::from(x), f64::from(y)))
        .collect();
    let n = places.len() as f64;
    let sum = places
        .iter()
        .fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    (sum.0 / n, sum.1 / n, places.len())
}

#[test]
fn distances_between_points_are_those_of_their_numbers() {
    let place = |point| coloured(&figure(vec![vec![point]]));
    let (left, low, _) = place((-0.5, -1.0));
    let (right, high, _) = place((0.5, 1.0));
    // a whole unit of x is half of the side, two units of y also
    assert!((right - left - SIDE / 2.0).abs() <= 2.0, "{left} {right}");
    assert!((low - high - SIDE / 2.0).abs() <= 2.0, "{low} {high}");
}

#[test]
fn points_outside_or_not_finite_are_left_out() {
    let one = coloured(&figure(vec![vec![(0.0, 0.0)]]));
    let more = vec![
        (0.0, 0.0),
        (f64::NAN, 0.0),
        (0.0, f64::INFINITY),
        (3.0, 0.0),
    ];
    assert_eq!(coloured(&figure(vec![more])), one);
}

#[test]
fn a_figure_without_panels_is_refused() {
    let error = figure(Vec::new()).png().unwrap_err().to_string();
    assert!(error.contains("no points were given"), "{error}");
}
