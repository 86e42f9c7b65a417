//! Grids compared, and cells named.

use foehn_field::Grid;
use ndarray::Array2;

/// Coordinates that differ by less than this part of a spacing are the same: some files keep them as f32.
const SLACK: f64 = 1e-3;

/// How two grids differ; `None` where they are the same.
pub(crate) fn difference(first: &Grid, second: &Grid) -> Option<String> {
    let (a, b) = (first.shape(), second.shape());
    if a != b {
        return Some(format!(
            "the grids are {} x {} and {} x {}",
            a.0, a.1, b.0, b.1
        ));
    }
    let ((kind_a, a), (kind_b, b)) = (coordinates(first), coordinates(second));
    if kind_a != kind_b {
        return Some(format!("one grid is {kind_a}, the other {kind_b}"));
    }
    let mut axes = a.iter().zip(&b);
    axes.find_map(|((name, a), (_, b))| {
        let slack = SLACK * spacing(a);
        let apart = a.iter().zip(b).position(|(a, b)| (a - b).abs() > slack)?;
        Some(format!(
            "the grids differ, {name}[{apart}] is {} and {}",
            a[apart], b[apart]
        ))
    })
}

/// The first and last place of a grid to three decimals, whichever way longitudes are counted: the same for
/// files of one region, another for any other region.
pub(crate) fn corners(grid: &Grid) -> String {
    let (kind, axes) = coordinates(grid);
    let axes = axes.iter().map(|(name, values)| {
        let place = |value: Option<&f64>| {
            let value = value.copied().unwrap_or(f64::NAN);
            if *name == "longitude" {
                value.rem_euclid(360.0)
            } else {
                value
            }
        };
        let (first, last) = (place(values.first()), place(values.last()));
        format!("{name} {first:.3} to {last:.3}")
    });
    format!("{kind}, {}", axes.collect::<Vec<_>>().join(", "))
}

/// The kind of a grid, and its coordinates by name.
type Coordinates = (&'static str, Vec<(&'static str, Vec<f64>)>);

fn coordinates(grid: &Grid) -> Coordinates {
    let list = |plane: &Array2<f64>| plane.iter().copied().collect();
    match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => (
            "latitudes times longitudes",
            vec![
                ("latitude", latitude.clone()),
                ("longitude", longitude.clone()),
            ],
        ),
        Grid::Curvilinear {
            latitude,
            longitude,
        } => (
            "curvilinear",
            vec![("latitude", list(latitude)), ("longitude", list(longitude))],
        ),
        Grid::Cartesian { y, x, .. } => ("a plane", vec![("y", y.clone()), ("x", x.clone())]),
    }
}

fn spacing(values: &[f64]) -> f64 {
    let steps = values.windows(2).map(|v| (v[1] - v[0]).abs());
    steps
        .filter(|step| *step > 0.0)
        .fold(f64::INFINITY, f64::min)
        .min(1e3)
}

/// A cell as a reader finds it: row, column and coordinates.
pub(crate) fn cell(grid: &Grid, row: usize, column: usize) -> String {
    let position = match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => latitude
            .get(row)
            .zip(longitude.get(column))
            .map(|(a, b)| format!(" (latitude {a}, longitude {b})")),
        Grid::Curvilinear {
            latitude,
            longitude,
        } => {
            let at = latitude
                .get((row, column))
                .zip(longitude.get((row, column)));
            at.map(|(a, b)| format!(" (latitude {a}, longitude {b})"))
        }
        Grid::Cartesian { y, x, .. } => y
            .get(row)
            .zip(x.get(column))
            .map(|(a, b)| format!(" (y {a}, x {b})")),
    };
    format!("row {row}, column {column}{}", position.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(latitude: &[f64], longitude: &[f64]) -> Grid {
        let (latitude, longitude) = (latitude.to_vec(), longitude.to_vec());
        Grid::Rectilinear {
            latitude,
            longitude,
        }
    }

    #[test]
    fn grids_differ_by_shape_kind_or_coordinate_but_not_by_rounding() {
        let a = grid(&[10.1, 20.1], &[0.0, 5.0]);
        let rounded = grid(&[f64::from(10.1f32), 20.1], &[0.0, 5.0]);
        assert_eq!(difference(&a, &rounded), None);
        let moved = difference(&a, &grid(&[10.1, 20.2], &[0.0, 5.0])).unwrap();
        assert!(moved.contains("latitude[1] is 20.1 and 20.2"), "{moved}");
        let larger = difference(&a, &grid(&[10.1, 20.1], &[0.0, 5.0, 10.0])).unwrap();
        assert!(larger.contains("2 x 2 and 2 x 3"), "{larger}");
        let plane = Grid::Cartesian {
            y: vec![10.1, 20.1],
            x: vec![0.0, 5.0],
            period: None,
        };
        assert!(difference(&a, &plane).unwrap().contains("plane"));
    }
}
