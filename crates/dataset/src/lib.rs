//! Windows over time, splits, statistics and batches: from files to standardised arrays on the host.
//!
//! [`Series`] is the opened, checked data of a run; [`Statistics`] come from its training part; [`Loader`] puts
//! both together and [`Batches`] visits every window once an epoch, by random access.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use foehn_dataset::{Batches, DataConfig, Loader, Series, Split, Statistics};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let config = DataConfig::default();
//! let series = Arc::new(Series::open(&config, Path::new("configs"))?);
//! let statistics = Arc::new(Statistics::compute(&series)?);
//! let loader = Arc::new(Loader::new(series, statistics)?);
//! let batches = Arc::new(Batches::new(loader, Split::Train, 1, 7)?);
//! for batch in batches.prefetch(0..1000, 32, 4)? {
//!     let states = batch?.states; // (32, history + 1, variables, ny, nx)
//! }
//! # Ok(())
//! # }
//! ```

mod batch;
mod batches;
mod byte_size;
mod cache;
mod centre_sums;
mod channel;
mod config;
mod error;
mod features;
mod fit;
mod frame;
mod join;
mod join_error;
pub mod joining;
mod layout;
mod places;
mod prefetch;
mod quality;
mod reel;
mod season;
mod series;
mod source;
mod span;
mod split;
mod spread_sums;
mod statistics;
mod window;

pub use batch::{Batch, Loader};
pub use batches::Batches;
pub use byte_size::{ByteSize, ByteSizeError};
pub use channel::Channel;
pub use config::{CalendarFeatures, Centre, DataConfig, Missing, OneOrMany, Position, Scale};
pub use error::DataError;
pub use features::Features;
pub use frame::Frame;
pub use join_error::JoinError;
pub use prefetch::Prefetch;
pub use series::Series;
pub use span::{Every, Span, SpanError};
pub use split::Split;
pub use statistics::Statistics;
pub use window::Window;
