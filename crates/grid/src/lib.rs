//! From one grid to another, and derivatives of winds on grids.
//!
//! [`Regridder`] is the weighted mean of the cells below a cell (conservative) or of the points around a point
//! (bilinear), on latitudes and longitudes or on a plane. [`Winds`] takes vorticity and divergence of a wind.
//!
//! ```
//! use foehn_field::Grid;
//! use foehn_grid::{Method, Regridder};
//! use ndarray::arr2;
//!
//! let line = |n: u32, step: f64| (0..n).map(|i| step * (f64::from(i) + 0.5)).collect::<Vec<_>>();
//! let fine = Grid::Cartesian { y: line(2, 1.0), x: line(4, 1.0), period: None };
//! let coarse = Grid::Cartesian { y: vec![0.5, 1.5], x: line(2, 2.0), period: None };
//! let regridder = Regridder::new(&fine, &coarse, Method::Conservative, 0.5)?;
//! let x = arr2(&[[1.0, 3.0, 5.0, 7.0], [f32::NAN, 4.0, f32::NAN, f32::NAN]]);
//! let y = regridder.apply(&x.view());
//! assert_eq!(y.row(0).to_vec(), [2.0, 6.0]);
//! assert_eq!(y[[1, 0]], 4.0); // half of the cell is known
//! assert!(y[[1, 1]].is_nan());
//! # Ok::<(), foehn_grid::RegridError>(())
//! ```

mod axis;
mod regrid;
mod stencil;
mod winds;

pub use regrid::{Method, RegridError, Regridder};
pub use winds::{Winds, WindsError};
