//! Horizontal grids.

use ndarray::Array2;
use thiserror::Error;

use crate::areas;

/// A horizontal grid of shape (ny, nx): the first axis is y or latitude.
#[derive(Debug, Clone, PartialEq)]
pub enum Grid {
    /// Latitudes times longitudes, in degrees; either direction, any longitude convention.
    Rectilinear {
        /// Latitudes of the rows.
        latitude: Vec<f64>,
        /// Longitudes of the columns.
        longitude: Vec<f64>,
    },
    /// One latitude and longitude a cell, in degrees.
    Curvilinear {
        /// Latitudes of the cell centres.
        latitude: Array2<f64>,
        /// Longitudes of the cell centres.
        longitude: Array2<f64>,
    },
    /// A plane, periodic where `period` (y, x) is given.
    Cartesian {
        /// Positions of the rows.
        y: Vec<f64>,
        /// Positions of the columns.
        x: Vec<f64>,
        /// Lengths after which the plane repeats, along y and x.
        period: Option<(f64, f64)>,
    },
}

/// Why a grid has no cell areas.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GridError {
    /// Half a spacing beyond the last centre needs a spacing.
    #[error("{axis}: {count} point(s) do not tell the size of a cell; two or more are needed")]
    TooFew {
        /// The axis.
        axis: &'static str,
        /// How many points it has.
        count: usize,
    },
    /// Centres must all go one way.
    #[error(
        "{axis}[{index}] = {value} comes after {before}: the axis must go up or down throughout"
    )]
    NotMonotonic {
        /// The axis.
        axis: &'static str,
        /// Where it turns.
        index: usize,
        /// The value before.
        before: f64,
        /// The value there.
        value: f64,
    },
    /// A latitude beyond the poles, or a coordinate that is not finite.
    #[error(
        "{axis}[{index}] = {value} is not a position; a grid with missing coordinates has no areas"
    )]
    NotAPosition {
        /// The axis.
        axis: &'static str,
        /// Position in row-major order.
        index: usize,
        /// The value there.
        value: f64,
    },
    /// Columns or rows overlap after one turn.
    #[error(
        "{axis} spans {span}, more than the period {period}: cells overlap; drop the repeated ones"
    )]
    Overlap {
        /// The axis.
        axis: &'static str,
        /// What the cells cover.
        span: f64,
        /// What there is to cover.
        period: f64,
    },
    /// Latitudes and longitudes of different shape.
    #[error("latitude has shape {latitude:?} but longitude {longitude:?}")]
    Shapes {
        /// Shape of the latitudes.
        latitude: Vec<usize>,
        /// Shape of the longitudes.
        longitude: Vec<usize>,
    },
}

impl Grid {
    /// The shape (ny, nx).
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Rectilinear {
                latitude,
                longitude,
            } => (latitude.len(), longitude.len()),
            Self::Curvilinear { latitude, .. } => latitude.dim(),
            Self::Cartesian { y, x, .. } => (y.len(), x.len()),
        }
    }

    /// Cell areas, `(sin(north edge) - sin(south edge)) * (east edge - west edge)` on latitudes and longitudes.
    ///
    /// Edges lie midway between centres; the outer edge lies half a spacing beyond the outer centre, never
    /// beyond a pole and never stretched to one, so limited areas come out right. A curvilinear cell is the
    /// spherical quadrilateral (great-circle sides) whose corners are the mean of the four centres around
    /// them, centres being continued linearly beyond the border. A Cartesian cell is dx dy.
    ///
    /// # Shapes
    /// (ny, nx), as [`Grid::shape`].
    ///
    /// # Units
    /// Steradian on the sphere (a whole globe has 4 pi); the product of the axes' units on a plane.
    ///
    /// # Errors
    /// [`GridError`] where positions are not finite, turn back, overlap, or are too few to have a spacing.
    ///
    /// ```
    /// use foehn_field::Grid;
    ///
    /// // one cell row between 30 N and 90 N, all around: 2 pi (1 - 1/2) = pi
    /// let latitude = vec![60.0, 0.0, -60.0];
    /// let longitude = (0..36).map(|i| 10.0 * f64::from(i)).collect();
    /// let areas = Grid::Rectilinear { latitude, longitude }.cell_areas()?;
    /// assert!((areas.row(0).sum() - std::f64::consts::PI).abs() < 1e-12);
    /// # Ok::<(), foehn_field::GridError>(())
    /// ```
    pub fn cell_areas(&self) -> Result<Array2<f64>, GridError> {
        match self {
            Self::Rectilinear {
                latitude,
                longitude,
            } => areas::rectilinear(latitude, longitude),
            Self::Curvilinear {
                latitude,
                longitude,
            } => areas::curvilinear(latitude, longitude),
            Self::Cartesian { y, x, period } => areas::cartesian(y, x, *period),
        }
    }
}
