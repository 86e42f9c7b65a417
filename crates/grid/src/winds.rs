//! Vorticity and divergence of winds.

use foehn_field::Grid;
use ndarray::{Array2, ArrayView2};
use thiserror::Error;

use crate::axis::Axis;
use crate::stencil::derivative;

/// Why a grid has no derivatives.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WindsError {
    /// Only grids whose axes are lines.
    #[error("winds on 2-D latitudes and longitudes have no derivatives here: regrid them first")]
    Curvilinear,
    /// An axis that turns back or is too short.
    #[error("{axis}: derivatives need three or more positions that all go one way")]
    NotAnAxis {
        /// Which axis.
        axis: &'static str,
    },
}

/// One term of a derivative: a row or column, whether it lies beyond a pole, and its weight.
#[derive(Debug, Clone, Copy)]
struct Term {
    index: usize,
    /// Beyond a pole: half a turn further, where both components of a wind have the other sign.
    beyond: bool,
    weight: f64,
}

/// Derivatives of winds u (eastward, along x) and v (northward, along y) on a grid, by the polynomials through
/// five points: fourth order on even spacing, one-sided at the border of a limited area.
///
/// Sphere: zeta = (`v_lambda` / cos phi - `u_phi` + u tan phi) / a, delta = (`u_lambda` / cos phi + `v_phi` - v tan phi) / a.
/// Plane: zeta = `v_x` - `u_y`, delta = `u_x` + `v_y`. A globe with an even number of columns is continued across its poles;
/// at a pole itself stands its limit, from zonal means, and NaN where the columns are no closed circle. Missing (NaN) is what a missing wind takes part in.
#[derive(Debug, Clone)]
pub struct Winds {
    rows: Vec<Vec<Term>>,
    columns: Vec<Vec<Term>>,
    /// 1 / (a cos phi), 0 at a pole; 1 on a plane.
    stretch: Vec<f64>,
    /// tan phi / a; 0 on a plane.
    turn: Vec<f64>,
    pole: Vec<bool>,
    /// Whether a row is a whole circle, so that it has a zonal mean.
    circle: bool,
}

impl Winds {
    /// Radius of the Earth, m.
    pub const EARTH: f64 = 6.371e6;

    /// Derivatives on a grid; `radius` is that of the sphere, without meaning on a plane.
    ///
    /// # Units
    /// Those of the wind over those of `radius`, or of the axes of a plane.
    ///
    /// # Errors
    /// [`WindsError`] for 2-D coordinates and axes too short.
    pub fn new(grid: &Grid, radius: f64) -> Result<Self, WindsError> {
        match grid {
            Grid::Rectilinear {
                latitude,
                longitude,
            } => Self::sphere(latitude, longitude, radius),
            Grid::Cartesian { y, x, period } => Ok(Self {
                rows: along(y, period.map(|p| p.0), 1.0, "y")?,
                columns: along(x, period.map(|p| p.1), 1.0, "x")?,
                stretch: vec![1.0; y.len()],
                turn: vec![0.0; y.len()],
                pole: vec![false; y.len()],
                circle: false,
            }),
            Grid::Curvilinear { .. } => Err(WindsError::Curvilinear),
        }
    }

    fn sphere(latitude: &[f64], longitude: &[f64], radius: f64) -> Result<Self, WindsError> {
        let columns = along(longitude, Some(360.0), 1f64.to_radians(), "longitude")?;
        let globe = Axis::line(longitude, Some(360.0)).is_some_and(|axis| axis.closes());
        let across = globe && longitude.len().is_multiple_of(2);
        let cosines: Vec<f64> = latitude.iter().map(|phi| phi.to_radians().cos()).collect();
        let pole: Vec<bool> = cosines.iter().map(|c| *c < 1e-6).collect();
        let per_row = |value: &dyn Fn(f64) -> f64| {
            let of = |(phi, at_pole): (&f64, &bool)| {
                if *at_pole {
                    0.0
                } else {
                    value(phi.to_radians()) / radius
                }
            };
            latitude.iter().zip(&pole).map(of).collect()
        };
        Ok(Self {
            rows: meridian(latitude, across, radius)?,
            columns,
            stretch: per_row(&|phi| 1.0 / phi.cos()),
            turn: per_row(&f64::tan),
            pole,
            circle: globe,
        })
    }

    /// zeta, positive where the wind turns to the left.
    ///
    /// # Panics
    /// If u or v has another shape than the grid.
    pub fn vorticity(&self, u: &ArrayView2<'_, f32>, v: &ArrayView2<'_, f32>) -> Array2<f32> {
        self.combined(v, u, -1.0)
    }

    /// delta, positive where the wind spreads.
    ///
    /// # Panics
    /// If u or v has another shape than the grid.
    pub fn divergence(&self, u: &ArrayView2<'_, f32>, v: &ArrayView2<'_, f32>) -> Array2<f32> {
        self.combined(u, v, 1.0)
    }

    /// `along_x` / (a cos phi) + sign (d/d phi - tan phi) `along_y` / a.
    fn combined(&self, p: &ArrayView2<'_, f32>, q: &ArrayView2<'_, f32>, sign: f64) -> Array2<f32> {
        let shape = (self.rows.len(), self.columns.len());
        assert_eq!(p.dim(), shape, "a wind of another grid");
        assert_eq!(q.dim(), shape, "a wind of another grid");
        let mut result = Array2::zeros(shape);
        for (j, mut row) in result.outer_iter_mut().enumerate() {
            if self.pole[j] && !self.circle {
                row.fill(f32::NAN);
                continue;
            }
            if self.pole[j] {
                // the limit: both terms in phi are alike there, and only the zonal mean remains
                let sum: f64 = (0..shape.1).map(|i| self.along_y(q, j, i)).sum();
                row.fill((2.0 * sign * sum / shape.1 as f64) as f32);
                continue;
            }
            for (i, value) in row.iter_mut().enumerate() {
                let in_x = self.columns[i]
                    .iter()
                    .map(|t| t.weight * f64::from(p[[j, t.index]]));
                let in_x: f64 = in_x.sum::<f64>() * self.stretch[j];
                let in_y = self.along_y(q, j, i) - self.turn[j] * f64::from(q[[j, i]]);
                *value = (in_x + sign * in_y) as f32;
            }
        }
        result
    }

    fn along_y(&self, q: &ArrayView2<'_, f32>, j: usize, i: usize) -> f64 {
        let half = (i + q.ncols() / 2) % q.ncols();
        let term = |t: &Term| {
            if t.beyond {
                // across the pole a wind has the other sign
                -t.weight * f64::from(q[[t.index, half]])
            } else {
                t.weight * f64::from(q[[t.index, i]])
            }
        };
        self.rows[j].iter().map(term).sum()
    }
}

/// Derivatives along a line that closes where its cells cover a period; positions are in `unit`s.
fn along(
    centres: &[f64],
    period: Option<f64>,
    unit: f64,
    name: &'static str,
) -> Result<Vec<Vec<Term>>, WindsError> {
    let axis = Axis::line(centres, period).filter(|_| centres.len() >= 3);
    let axis = axis.ok_or(WindsError::NotAnAxis { axis: name })?;
    let n = axis.centres.len();
    let turn = axis.period.filter(|_| axis.closes());
    let sense = (axis.centres[1] - axis.centres[0]).signum();
    let (nodes, source): (Vec<f64>, Vec<usize>) = match turn {
        None => (axis.centres.clone(), (0..n).collect()),
        Some(turn) => [-1.0, 0.0, 1.0]
            .into_iter()
            .flat_map(|lap| (0..n).map(move |k| (lap, k)))
            .map(|(lap, k)| (axis.centres[k] + sense * lap * turn, k))
            .unzip(),
    };
    let plain = |(node, weight): (usize, f64)| Term {
        index: source[node],
        beyond: false,
        weight: weight / unit,
    };
    let rows = derivative(&nodes, &axis.centres).into_iter();
    Ok(rows
        .map(|row| row.into_iter().map(plain).collect())
        .collect())
}

/// Derivatives along latitude, continued beyond the poles that the outer rows come near.
fn meridian(latitude: &[f64], across: bool, radius: f64) -> Result<Vec<Vec<Term>>, WindsError> {
    let n = latitude.len();
    let refuse = WindsError::NotAnAxis { axis: "latitude" };
    let axis = Axis::latitude(latitude).filter(|_| n >= 3).ok_or(refuse)?;
    let mut nodes: Vec<(f64, usize, bool)> = (0..n).map(|j| (axis.centres[j], j, false)).collect();
    let rising = latitude[1] > latitude[0];
    for (outer, next) in [(0, 1), (n - 1, n - 2)] {
        let spacing = latitude[outer] - latitude[next];
        let pole = 90f64.copysign(spacing);
        if across && (pole - latitude[outer]).abs() <= spacing.abs() {
            let mirrored = |j: usize| (2.0 * pole - latitude[j], j, true);
            let beyond = (0..n).filter(|j| (latitude[*j] - pole).abs() > 1e-6);
            nodes.extend(beyond.map(mirrored));
        }
    }
    nodes.sort_by(|a, b| {
        if rising {
            a.0.total_cmp(&b.0)
        } else {
            b.0.total_cmp(&a.0)
        }
    });
    let positions: Vec<f64> = nodes.iter().map(|node| node.0).collect();
    let term = |(node, weight): (usize, f64)| Term {
        index: nodes[node].1,
        beyond: nodes[node].2,
        weight: weight / (1f64.to_radians() * radius),
    };
    let rows = derivative(&positions, latitude).into_iter();
    Ok(rows
        .map(|row| row.into_iter().map(term).collect())
        .collect())
}
