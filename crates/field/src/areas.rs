//! Cell areas from cell centres.

use ndarray::Array2;

use crate::GridError;
use crate::sphere::{Vec3, direction, triangle, unit};

/// Relative slack for coordinates that were stored as f32.
const SLACK: f64 = 1e-4;

pub(crate) fn rectilinear(latitude: &[f64], longitude: &[f64]) -> Result<Array2<f64>, GridError> {
    latitudes_are_positions(latitude)?;
    finite("longitude", longitude)?;
    let heights: Vec<f64> = edges("latitude", latitude)?
        .windows(2)
        .map(|e| sine_of_edge(e[0]) - sine_of_edge(e[1]))
        .map(f64::abs)
        .collect();
    let widths = widths("longitude", &unwrapped(longitude), Some(360.0))?;
    Ok(product(
        &heights,
        &widths.iter().map(|w| w.to_radians()).collect::<Vec<_>>(),
    ))
}

pub(crate) fn cartesian(
    y: &[f64],
    x: &[f64],
    period: Option<(f64, f64)>,
) -> Result<Array2<f64>, GridError> {
    finite("y", y)?;
    finite("x", x)?;
    let heights = periodic_widths("y", y, period.map(|p| p.0))?;
    let widths = periodic_widths("x", x, period.map(|p| p.1))?;
    Ok(product(&heights, &widths))
}

pub(crate) fn curvilinear(
    latitude: &Array2<f64>,
    longitude: &Array2<f64>,
) -> Result<Array2<f64>, GridError> {
    if latitude.shape() != longitude.shape() {
        let (latitude, longitude) = (latitude.shape().to_vec(), longitude.shape().to_vec());
        return Err(GridError::Shapes {
            latitude,
            longitude,
        });
    }
    latitudes_are_positions(latitude.iter())?;
    finite("longitude", longitude.iter())?;
    let (ny, nx) = latitude.dim();
    for (axis, count) in [("y", ny), ("x", nx)] {
        if count < 2 {
            return Err(GridError::TooFew { axis, count });
        }
    }
    let centre = |j: usize, i: usize| direction(latitude[[j, i]], longitude[[j, i]]);
    let padded = Array2::from_shape_fn((ny + 2, nx + 2), |(j, i)| {
        along(j, ny, |row| along(i, nx, |column| centre(row, column)))
    });
    let corners = Array2::from_shape_fn((ny + 1, nx + 1), |(j, i)| {
        let [a, b] = [padded[[j, i]], padded[[j, i + 1]]];
        let [c, d] = [padded[[j + 1, i]], padded[[j + 1, i + 1]]];
        unit([0, 1, 2].map(|k| a[k] + b[k] + c[k] + d[k]))
    });
    Ok(Array2::from_shape_fn((ny, nx), |(j, i)| {
        let [a, b] = [corners[[j, i]], corners[[j, i + 1]]];
        let [d, c] = [corners[[j + 1, i]], corners[[j + 1, i + 1]]];
        triangle(a, b, c) + triangle(a, c, d)
    }))
}

/// The value at padded index `k` of an axis of `n` centres; one step beyond either end it is continued linearly.
fn along(k: usize, n: usize, at: impl Fn(usize) -> Vec3) -> Vec3 {
    let beyond = |end: Vec3, next: Vec3| [0, 1, 2].map(|c| 2.0 * end[c] - next[c]);
    match k {
        0 => beyond(at(0), at(1)),
        k if k == n + 1 => beyond(at(n - 1), at(n - 2)),
        k => at(k - 1),
    }
}

fn product(heights: &[f64], widths: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((heights.len(), widths.len()), |(j, i)| {
        heights[j] * widths[i]
    })
}

fn sine_of_edge(degrees: f64) -> f64 {
    degrees.clamp(-90.0, 90.0).to_radians().sin()
}

fn finite<'a>(
    axis: &'static str,
    values: impl IntoIterator<Item = &'a f64>,
) -> Result<(), GridError> {
    match values.into_iter().enumerate().find(|(_, v)| !v.is_finite()) {
        Some((index, &value)) => Err(GridError::NotAPosition { axis, index, value }),
        None => Ok(()),
    }
}

fn latitudes_are_positions<'a>(values: impl IntoIterator<Item = &'a f64>) -> Result<(), GridError> {
    let axis = "latitude";
    match values
        .into_iter()
        .enumerate()
        .find(|(_, v)| v.is_nan() || v.abs() > 90.0 + SLACK)
    {
        Some((index, &value)) => Err(GridError::NotAPosition { axis, index, value }),
        None => Ok(()),
    }
}

/// Longitudes without the jump by 360 degrees where the convention wraps.
fn unwrapped(longitude: &[f64]) -> Vec<f64> {
    let mut turn = 0.0;
    let mut before = f64::NAN;
    let step = |&here: &f64| {
        if here - before > 180.0 {
            turn -= 360.0;
        } else if before - here > 180.0 {
            turn += 360.0;
        }
        before = here;
        here + turn
    };
    longitude.iter().map(step).collect()
}

/// The n + 1 edges of n cells.
fn edges(axis: &'static str, centres: &[f64]) -> Result<Vec<f64>, GridError> {
    let count = centres.len();
    if count < 2 {
        return Err(GridError::TooFew { axis, count });
    }
    let up = centres[1] > centres[0];
    for index in 1..count {
        let (before, value) = (centres[index - 1], centres[index]);
        if value == before || (value > before) != up {
            return Err(GridError::NotMonotonic {
                axis,
                index,
                before,
                value,
            });
        }
    }
    let first = centres[0] - (centres[1] - centres[0]) / 2.0;
    let last = centres[count - 1] + (centres[count - 1] - centres[count - 2]) / 2.0;
    let between = centres.windows(2).map(|c| c[0].midpoint(c[1]));
    Ok(std::iter::once(first)
        .chain(between)
        .chain([last])
        .collect())
}

/// Cell widths by [`edges`]; together at most `period`.
fn widths(axis: &'static str, centres: &[f64], period: Option<f64>) -> Result<Vec<f64>, GridError> {
    let edges = edges(axis, centres)?;
    let span = (edges[edges.len() - 1] - edges[0]).abs();
    match period {
        Some(period) if span > period * (1.0 + SLACK) => {
            Err(GridError::Overlap { axis, span, period })
        }
        _ => Ok(edges.windows(2).map(|e| (e[1] - e[0]).abs()).collect()),
    }
}

/// Cell widths on an axis that may close on itself, where the last cell is the first one's neighbour.
fn periodic_widths(
    axis: &'static str,
    centres: &[f64],
    period: Option<f64>,
) -> Result<Vec<f64>, GridError> {
    let Some(period) = period else {
        return widths(axis, centres, None);
    };
    let n = centres.len();
    if n == 1 {
        return Ok(vec![period]);
    }
    edges(axis, centres)?;
    let span = (centres[n - 1] - centres[0]).abs();
    if span >= period {
        return Err(GridError::Overlap { axis, span, period });
    }
    let gap = |k: usize| {
        if k == 0 {
            period - span
        } else {
            (centres[k] - centres[k - 1]).abs()
        }
    };
    Ok((0..n).map(|k| gap(k).midpoint(gap((k + 1) % n))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn axis(first: f64, step: f64, count: u32) -> Vec<f64> {
        (0..count).map(|k| first + step * f64::from(k)).collect()
    }

    #[test]
    fn a_globe_has_four_pi_whatever_its_conventions() {
        let with_poles = axis(90.0, -2.5, 73);
        let without = axis(-88.75, 2.5, 72);
        let wrapping: Vec<f64> = axis(0.0, 7.5, 48)
            .into_iter()
            .map(|l| if l >= 180.0 { l - 360.0 } else { l })
            .collect();
        for latitude in [with_poles, without] {
            for longitude in [
                axis(0.0, 7.5, 48),
                axis(-180.0, 7.5, 48),
                wrapping.clone(),
                axis(352.5, -7.5, 48),
            ] {
                let sum = rectilinear(&latitude, &longitude).unwrap().sum();
                assert!((sum - 4.0 * PI).abs() < 1e-12, "{sum}");
            }
        }
    }

    #[test]
    fn a_limited_area_is_not_stretched_to_the_poles() {
        // rows reach from 20 to 70 N, columns over 60 degrees: (sin 70 - sin 20) pi / 3
        let areas = rectilinear(&axis(67.5, -5.0, 10), &axis(-47.5, 5.0, 12)).unwrap();
        let exact = (70f64.to_radians().sin() - 20f64.to_radians().sin()) * PI / 3.0;
        assert!((areas.sum() - exact).abs() < 1e-13);
        let one = (70f64.to_radians().sin() - 65f64.to_radians().sin()) * 5f64.to_radians();
        assert!((areas[[0, 3]] - one).abs() < 1e-15);
    }

    #[test]
    fn unequal_spacing_has_edges_midway() {
        let areas = cartesian(&[0.0, 1.0, 3.0], &[0.0, 2.0], None).unwrap();
        assert_eq!(areas, ndarray::arr2(&[[2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]));
        let closed = cartesian(&[0.0, 1.0, 3.0], &[0.0, 2.0], Some((4.0, 4.0))).unwrap();
        assert_eq!(closed, ndarray::arr2(&[[2.0, 2.0], [3.0, 3.0], [3.0, 3.0]]));
    }

    #[test]
    fn curvilinear_agrees_with_rectilinear_and_does_not_feel_a_rotation() {
        let (lats, lons) = (axis(40.0, 0.25, 12), axis(-2.0, 0.25, 16));
        let flat = rectilinear(&lats, &lons).unwrap();
        let latitude = Array2::from_shape_fn((12, 16), |(j, _)| lats[j]);
        let longitude = Array2::from_shape_fn((12, 16), |(_, i)| lons[i]);
        let curved = curvilinear(&latitude, &longitude).unwrap();
        for (a, b) in flat.iter().zip(&curved) {
            // corners as means of centres and straight sides differ by O(spacing^2) = (0.25 deg)^2 = 2e-5
            assert!((a / b - 1.0).abs() < 2e-5, "{a} {b}");
        }
        // turn the sphere about the y axis by 70 degrees: the patch then straddles the date line
        let (sin, cos) = 70f64.to_radians().sin_cos();
        let turned = Array2::from_shape_fn((12, 16), |(j, i)| {
            let [x, y, z] = direction(lats[j], lons[i]);
            [cos * x - sin * z, y, sin * x + cos * z]
        });
        let latitude = turned.map(|v| v[2].asin().to_degrees());
        let longitude = turned.map(|v| v[1].atan2(v[0]).to_degrees());
        assert!(longitude.iter().any(|l| *l > 175.0) && longitude.iter().any(|l| *l < -175.0));
        for (a, b) in curvilinear(&latitude, &longitude)
            .unwrap()
            .iter()
            .zip(&curved)
        {
            assert!((a / b - 1.0).abs() < 1e-8);
        }
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let lon = axis(0.0, 10.0, 4);
        assert!(matches!(
            rectilinear(&[0.0], &lon),
            Err(GridError::TooFew { count: 1, .. })
        ));
        assert!(matches!(
            rectilinear(&[0.0, 5.0, 4.0], &lon),
            Err(GridError::NotMonotonic { index: 2, .. })
        ));
        assert!(matches!(
            rectilinear(&[0.0, 95.0], &lon),
            Err(GridError::NotAPosition { index: 1, .. })
        ));
        assert!(matches!(
            rectilinear(&[0.0, f64::NAN], &lon),
            Err(GridError::NotAPosition { .. })
        ));
        assert!(matches!(
            rectilinear(&[0.0, 5.0], &axis(0.0, 10.0, 37)),
            Err(GridError::Overlap { .. })
        ));
    }
}
