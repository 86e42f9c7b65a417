//! Where the cells of a map lie: coordinates, the direction of its rows, aspect and ticks.

use crate::error::FigureError;
use crate::side::Side;
use crate::{number, ticks};

/// Which way the rows of an array run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowOrder {
    /// y rises with the row: row 0 is drawn at the bottom.
    #[default]
    Ascending,
    /// y falls with the row: row 0 is drawn at the top.
    Descending,
}

/// Coordinates of the cell centres of a map. North, or large y, is always drawn at the top, east at the right.
#[derive(Clone, Debug, PartialEq)]
pub enum MapAxes {
    /// Latitudes and longitudes in degrees, either direction, any longitude convention (a jump across
    /// the date line or Greenwich is closed). Drawn with degrees of longitude shortened by the cosine of
    /// the middle latitude.
    Geographic {
        /// Latitude of each row.
        latitude: Vec<f64>,
        /// Longitude of each column.
        longitude: Vec<f64>,
    },
    /// Plane coordinates, drawn true to scale.
    Plane {
        /// y of each row.
        y: Vec<f64>,
        /// x of each column.
        x: Vec<f64>,
        /// Unit of both; may be empty.
        unit: String,
    },
    /// Square cells without coordinates: curvilinear grids, images.
    Cells {
        /// Rows and columns.
        shape: (usize, usize),
        /// Which way the rows run.
        rows: RowOrder,
    },
}

impl MapAxes {
    /// Rows and columns of the maps that fit these axes.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Geographic {
                latitude,
                longitude,
            } => (latitude.len(), longitude.len()),
            Self::Plane { y, x, .. } => (y.len(), x.len()),
            Self::Cells { shape, .. } => *shape,
        }
    }

    /// Which way the rows run: descending when the first y is the largest.
    pub fn row_order(&self) -> RowOrder {
        let falling = |y: &[f64]| y.first() > y.last();
        match self {
            Self::Geographic { latitude: y, .. } | Self::Plane { y, .. } if falling(y) => {
                RowOrder::Descending
            }
            Self::Geographic { .. } | Self::Plane { .. } => RowOrder::Ascending,
            Self::Cells { rows, .. } => *rows,
        }
    }

    pub(crate) fn geometry(&self) -> Result<Geometry, FigureError> {
        let index = |n: usize| (0..n).map(|i| i as f64).collect::<Vec<f64>>();
        let (y, x) = match self {
            Self::Geographic {
                latitude,
                longitude,
            } => {
                let y = Side::new("latitude", latitude)?;
                (
                    y.clipped(-90.0, 90.0),
                    Side::new("longitude", &unwrapped(longitude))?,
                )
            }
            Self::Plane { y, x, .. } => (Side::new("y", y)?, Side::new("x", x)?),
            Self::Cells { shape, rows } => {
                let y = Side::new("row", &index(shape.0))?;
                let y = Side {
                    descending: *rows == RowOrder::Descending,
                    ..y
                };
                (y, Side::new("column", &index(shape.1))?)
            }
        };
        let middle = f64::midpoint(y.low(), y.high()).to_radians();
        let shorter = if matches!(self, Self::Geographic { .. }) {
            middle.cos().max(0.2)
        } else {
            1.0
        };
        let aspect = (y.high() - y.low()) / ((x.high() - x.low()) * shorter);
        Ok(Geometry {
            y,
            x,
            aspect: aspect.clamp(0.1, 5.0),
        })
    }

    /// Ticks of the rows: position from the bottom, label.
    pub(crate) fn y_ticks(&self, side: &Side, target: usize) -> Vec<(f64, String)> {
        match self {
            Self::Geographic { .. } => degrees(side, target, latitude_label),
            Self::Plane { .. } => plain(side, target).0,
            Self::Cells { .. } => Vec::new(),
        }
    }

    /// Ticks of the columns: position from the left, label.
    pub(crate) fn x_ticks(&self, side: &Side, target: usize) -> Vec<(f64, String)> {
        match self {
            Self::Geographic { .. } => degrees(side, target, longitude_label),
            Self::Plane { .. } => plain(side, target).0,
            Self::Cells { .. } => Vec::new(),
        }
    }

    /// Captions of y and x; empty where the ticks speak for themselves.
    pub(crate) fn captions(&self, geometry: &Geometry) -> (String, String) {
        let Self::Plane { unit, .. } = self else {
            return (String::new(), String::new());
        };
        let caption =
            |name: &str, side: &Side| crate::Axis::new(name, unit).caption(plain(side, 5).1);
        (caption("y", &geometry.y), caption("x", &geometry.x))
    }
}

fn degrees(side: &Side, target: usize, label: fn(f64) -> String) -> Vec<(f64, String)> {
    let ticks = ticks::degrees(side.low(), side.high(), target);
    ticks
        .into_iter()
        .map(|v| (side.fraction(v), label(v)))
        .collect()
}

fn plain(side: &Side, target: usize) -> (Vec<(f64, String)>, i32) {
    let ticks = ticks::linear(side.low(), side.high(), target);
    let (labels, exponent) = number::labels(&ticks);
    (
        ticks
            .iter()
            .map(|v| side.fraction(*v))
            .zip(labels)
            .collect(),
        exponent,
    )
}

fn latitude_label(v: f64) -> String {
    hemisphere(v, ["N", "S"])
}

fn longitude_label(v: f64) -> String {
    let v = (v + 180.0).rem_euclid(360.0) - 180.0;
    if v == -180.0 {
        "180°".into()
    } else {
        hemisphere(v, ["E", "W"])
    }
}

fn hemisphere(v: f64, names: [&str; 2]) -> String {
    let name = if v == 0.0 {
        ""
    } else {
        names[usize::from(v < 0.0)]
    };
    format!("{}°{name}", number::short(v.abs()))
}

/// Longitudes without the jump of 360 degrees where they cross the edge of their convention.
fn unwrapped(longitude: &[f64]) -> Vec<f64> {
    let mut turns = 0.0;
    let mut previous = longitude.first().copied().unwrap_or(0.0);
    let close = |&v: &f64| {
        turns -= ((v - previous) / 360.0).round();
        previous = v;
        v + 360.0 * turns
    };
    longitude.iter().map(close).collect()
}

/// Both sides of a map and its height over width.
#[derive(Debug)]
pub(crate) struct Geometry {
    pub y: Side,
    pub x: Side,
    pub aspect: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_true_to_scale_and_closed_across_greenwich() {
        let latitude: Vec<f64> = (0..17).map(|i| 60.0 - 2.5 * f64::from(i)).collect();
        let longitude: Vec<f64> = (0..33)
            .map(|i| (300.0 + 2.5 * f64::from(i)) % 360.0)
            .collect();
        let axes = MapAxes::Geographic {
            latitude,
            longitude,
        };
        let geometry = axes.geometry().unwrap();
        let expected = 42.5 / (82.5 * 40.0_f64.to_radians().cos());
        assert!((geometry.aspect - expected).abs() < 1e-12);
        assert_eq!(axes.row_order(), RowOrder::Descending);
        let labels: Vec<String> = axes
            .x_ticks(&geometry.x, 5)
            .into_iter()
            .map(|t| t.1)
            .collect();
        assert_eq!(labels, ["60°W", "40°W", "20°W", "0°", "20°E"]);
    }
}
