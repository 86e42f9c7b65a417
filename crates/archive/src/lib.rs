//! NetCDF and Zarr, in and out.
//!
//! [`open`] reads NetCDF files (classic, 64-bit, NetCDF-4) and Zarr folders (v2, v3) as [`Field`](foehn_field::Field)s:
//! unpacked, masked by what the file declares missing, with their grid and CF times. [`Store`] writes Zarr v3,
//! one atomic item at a time; [`ForecastPlan`] lays out an ensemble forecast by the CF conventions so that
//! xarray decodes it; [`export_netcdf`] turns a Zarr store into a NetCDF-4 file.
//!
//! ```
//! use foehn_archive::{ArrayPlan, Element, Mode, Store, export_netcdf, open};
//! use foehn_field::{Attribute, Attributes};
//! use ndarray::arr2;
//!
//! let folder = tempfile::tempdir()?;
//! let (zarr, netcdf) = (folder.path().join("t.zarr"), folder.path().join("t.nc"));
//! let units = Attributes::from_iter([("units".to_owned(), Attribute::from("K"))]);
//! let mut plan = ArrayPlan::whole("t", &["y", "x"], &[2, 2], Element::F32, units);
//! plan.fill = Some(f64::NAN);
//!
//! let store = Store::create(&zarr, &Attributes::new(), vec![plan], Mode::Create)?;
//! store.write_f32("t", &[0, 0], arr2(&[[280.0, 281.5], [f32::NAN, 279.0]]).into_dyn().view())?;
//! store.finish()?;
//! export_netcdf(&zarr, &netcdf, Mode::Create)?;
//!
//! for path in [&zarr, &netcdf] {
//!     let field = open(path)?.read("t", &[0..2, 0..1])?;
//!     assert_eq!(field.values[[0, 0]], 280.0);
//!     assert_eq!(field.missing_count(), 1);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod around;
mod atomic;
mod atomic_store;
mod boundary;
mod byte_parts;
mod chunked;
mod classic;
mod clock;
mod codec;
mod coordinate;
mod declared;
mod detect;
mod export;
mod forecast;
mod forecast_layout;
mod guard;
mod http;
mod http_answer;
mod items;
mod json;
mod layout;
mod locate;
mod mask;
mod merge;
mod netcdf_source;
#[cfg(feature = "object-stores")]
mod object;
mod packing;
mod parts;
mod place;
mod plan;
mod raw;
mod read_error;
mod role;
mod role_names;
mod store;
mod stored;
mod unpacking;
mod variable;
mod wrap;
mod write_error;
mod writing;
mod written;
mod zarr_kind;
mod zarr_source;
mod zarr_tree;
mod zarr_written;
mod zip_store;

pub use archive::{Archive, open};
pub use atomic::write_whole;
pub use boundary::contained;
pub use coordinate::Coordinate;
pub use detect::is_address;
pub use export::export_netcdf;
pub use forecast::ForecastPlan;
pub use forecast_layout::Layout;
pub use guard::{guard_with, try_file};
pub use merge::{check_whole, is_shared, merge};
pub use plan::{ArrayPlan, Element};
pub use read_error::{OpenError, ReadError};
pub use role::Role;
pub use store::Store;
pub use variable::{STORAGE_ATTRIBUTES, Variable};
pub use write_error::WriteError;
pub use writing::{Compression, Format, Mode, Shard, ShardError, Writing};
pub use written::Written;
