//! From one grid to another.

use foehn_field::Grid;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use thiserror::Error;

use crate::axis::{Axis, Weights};

/// Rounding that a share of one may miss.
const ROUNDING: f64 = 1e-6;

/// How a value on the new grid is made of values on the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The mean over the cell, each old cell weighed by the area that it shares: keeps integrals. For fluxes,
    /// precipitation, and whenever the new grid is coarser.
    Conservative,
    /// Linear in latitude and in longitude between the four points around: for smooth fields on a finer grid.
    Bilinear,
}

/// Why there is no way from one grid to the other.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RegridError {
    /// Only separable grids of one kind.
    #[error(
        "cannot regrid from {from} to {to}: both must be 1-D latitudes and longitudes, or both a plane"
    )]
    Kinds {
        /// The old grid.
        from: &'static str,
        /// The new grid.
        to: &'static str,
    },
    /// An axis that turns back, or has fewer than two points.
    #[error("{grid} {axis}: needs two or more finite positions that all go one way")]
    NotAnAxis {
        /// Old or new.
        grid: &'static str,
        /// Which axis.
        axis: &'static str,
    },
    /// Two positions at one place, a period apart.
    #[error(
        "{grid} {axis}: {first} and {again} are one place, which would count twice: leave one of them out"
    )]
    Repeated {
        /// Old or new.
        grid: &'static str,
        /// Which axis.
        axis: &'static str,
        /// The position.
        first: f64,
        /// The same position, as it stands there again.
        again: f64,
    },
    /// A share outside 0 to 1.
    #[error("least_share = {0}: must be above 0 and at most 1")]
    Share(f64),
}

/// y = sum w m x / sum w m: weights w of a [`Method`], m zero where x is missing (NaN).
///
/// Where the known share sum w m (1 where nothing is missing) stays below `least_share`, y is missing. Bilinear:
/// beyond the last row before a pole the mean of that row stands at the pole; elsewhere outside, y is missing.
///
/// # Reference
/// Jones 1999 (first- and second-order conservative remapping), the first-order scheme.
#[derive(Debug, Clone)]
pub struct Regridder {
    rows: Weights,
    columns: Weights,
    source: (usize, usize),
    least_share: f64,
}

impl Regridder {
    /// The weights from `source` to `target`.
    ///
    /// # Errors
    /// [`RegridError`] for grids that are not separable, axes that turn back or hold a place twice, and impossible shares.
    pub fn new(
        source: &Grid,
        target: &Grid,
        method: Method,
        least_share: f64,
    ) -> Result<Self, RegridError> {
        if !(least_share > 0.0 && least_share <= 1.0) {
            return Err(RegridError::Share(least_share));
        }
        let [from, to] = [axes(source, "source")?, axes(target, "target")?];
        if from.kind != to.kind {
            let (from, to) = (from.kind, to.kind);
            return Err(RegridError::Kinds { from, to });
        }
        let (rows, columns) = match method {
            Method::Conservative => (from.y.overlaps(&to.y), from.x.overlaps(&to.x)),
            Method::Bilinear => (with_poles(&from, &to), from.x.brackets(&to.x)),
        };
        Ok(Self {
            rows,
            columns,
            source: source.shape(),
            least_share,
        })
    }

    /// The shape of the result.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// A field on the new grid; NaN is missing, before and after.
    ///
    /// # Panics
    /// If the field has another shape than the source grid.
    pub fn apply(&self, field: &ArrayView2<'_, f32>) -> Array2<f32> {
        let mut result = Array2::zeros(self.shape());
        self.apply_into(field, result.view_mut());
        result
    }

    /// As [`Regridder::apply`], into an array of the new shape.
    ///
    /// # Panics
    /// If a shape does not fit.
    pub fn apply_into(&self, field: &ArrayView2<'_, f32>, mut result: ArrayViewMut2<'_, f32>) {
        assert_eq!(field.dim(), self.source, "a field of another grid");
        assert_eq!(result.dim(), self.shape(), "a result of another grid");
        let (ny, nx) = (self.source.0, self.shape().1);
        // sums along x: of values and of weights, with the means of the outer rows behind the others
        let mut values = Array2::<f64>::zeros((ny + 2, nx));
        let mut shares = Array2::<f64>::zeros((ny + 2, nx));
        for (j, row) in field.outer_iter().enumerate() {
            for i in 0..nx {
                let (mut sum, mut share) = (0.0, 0.0);
                for &(k, weight) in self.columns.row(i) {
                    let x = f64::from(row[k]);
                    if !x.is_nan() {
                        sum += weight * x;
                        share += weight;
                    }
                }
                values[[j, i]] = sum;
                shares[[j, i]] = share;
            }
        }
        for (pole, row) in [(ny, 0), (ny + 1, ny - 1)] {
            let known = || field.row(row).into_iter().filter(|x| !x.is_nan());
            let count = known().count() as f64;
            let mean = known().map(|x| f64::from(*x)).sum::<f64>() / count.max(1.0);
            let share = count / field.ncols() as f64;
            values.row_mut(pole).fill(mean * share);
            shares.row_mut(pole).fill(share);
        }
        for (j, mut row) in result.outer_iter_mut().enumerate() {
            let entries = self.rows.row(j);
            for (i, y) in row.iter_mut().enumerate() {
                let total = |of: &Array2<f64>| entries.iter().map(|(k, w)| w * of[[*k, i]]).sum();
                let (sum, share): (f64, f64) = (total(&values), total(&shares));
                let known = share > 0.0 && share >= self.least_share - ROUNDING;
                *y = if known {
                    (sum / share) as f32
                } else {
                    f32::NAN
                };
            }
        }
    }
}

struct Axes {
    kind: &'static str,
    y: Axis,
    x: Axis,
}

fn axes(grid: &Grid, which: &'static str) -> Result<Axes, RegridError> {
    let found = |axis: Option<Axis>, name: &'static str| {
        let axis = axis.ok_or(RegridError::NotAnAxis {
            grid: which,
            axis: name,
        })?;
        match axis.repeated() {
            None => Ok(axis),
            Some((first, again)) => Err(RegridError::Repeated {
                grid: which,
                axis: name,
                first,
                again,
            }),
        }
    };
    match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => Ok(Axes {
            kind: "latitudes and longitudes",
            y: found(Axis::latitude(latitude), "latitude")?,
            x: found(Axis::line(longitude, Some(360.0)), "longitude")?,
        }),
        Grid::Cartesian { y, x, period } => Ok(Axes {
            kind: "a plane",
            y: found(Axis::line(y, period.map(|p| p.0)), "y")?,
            x: found(Axis::line(x, period.map(|p| p.1)), "x")?,
        }),
        Grid::Curvilinear { .. } => Err(RegridError::Kinds {
            from: "2-D latitudes and longitudes",
            to: "another grid",
        }),
    }
}

/// Linear weights along y, and beyond the outer rows those between a row and its pole: the pole of the first row
/// has index ny, that of the last ny + 1.
fn with_poles(from: &Axes, to: &Axes) -> Weights {
    let inner = from.y.brackets(&to.y);
    let centres = &from.y.centres;
    let n = centres.len();
    if from.kind == "a plane" || !from.x.closes() {
        return inner;
    }
    let mut weights = Weights::default();
    for (target, &latitude) in to.y.centres.iter().enumerate() {
        for &(index, weight) in inner.row(target) {
            weights.push(index, weight);
        }
        if inner.row(target).is_empty() {
            for (outer, next, pole) in [(0, 1, n), (n - 1, n - 2, n + 1)] {
                let spacing = centres[outer] - centres[next];
                let end = 90f64.copysign(spacing);
                let share = (latitude - centres[outer]) / (end - centres[outer]);
                let near = (end - centres[outer]).abs() <= spacing.abs();
                if near && (0.0..=1.0 + ROUNDING).contains(&share) {
                    weights.push(outer, 1.0 - share.min(1.0));
                    weights.push(pole, share.min(1.0));
                }
            }
        }
        weights.close();
    }
    weights
}
