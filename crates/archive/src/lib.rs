//! NetCDF and Zarr, in and out.
//!
//! [`open`] reads NetCDF files (classic, 64-bit, NetCDF-4) and Zarr folders (v2, v3) as [`Field`](foehn_field::Field)s:
//! unpacked, masked by what the file declares missing, with their grid and CF times. [`Store`] writes Zarr v3,
//! one atomic item at a time; [`ForecastPlan`] lays out an ensemble forecast by the CF conventions so that
//! xarray decodes it; [`export_netcdf`] turns a Zarr store into a NetCDF-4 file.

mod archive;
mod atomic;
mod boundary;
mod classic;
mod coordinate;
mod declared;
mod detect;
mod export;
mod forecast;
mod json;
mod layout;
mod locate;
mod netcdf_source;
mod packing;
mod plan;
mod raw;
mod read_error;
mod store;
mod variable;
mod write_error;
mod zarr_source;
mod zarr_tree;

pub use archive::{Archive, open};
pub use coordinate::Coordinate;
pub use export::export_netcdf;
pub use forecast::ForecastPlan;
pub use plan::{ArrayPlan, Element};
pub use read_error::{OpenError, ReadError};
pub use store::{Mode, Store};
pub use variable::Variable;
pub use write_error::WriteError;
