//! From files as they come to analysis-ready Zarr: selected, regridded, derived, resampled, described.
//!
//! [`Preparation::open`] looks at the files of a [`PrepareConfig`] and plans; [`Preparation::write`] streams them, one
//! part of the time axis read ahead while the one before is worked on, into one store. Memory depends on the
//! size of a state and on `memory`, not on how many states or files there are. What a killed run has written
//! stays: statistics are of the values as written, so that the next run takes up those that it reads back.

mod anomalies;
mod climatology;
mod config;
mod damage;
mod day_sums;
mod derive;
mod error;
mod input;
mod input_parts;
mod join;
mod labels;
mod moments;
mod preparation;
mod queue;
mod reader;
mod region;
mod resample;
mod room;
mod share;
mod source_mark;
mod statics;
mod statistics;
mod store_plan;
mod stream;
mod work;

pub use config::{
    Damaged, Derived, PrepareConfig, Reduction, RegridConfig, RegridMethod, ResampleConfig,
    StatisticsConfig, StatisticsKind,
};
pub use error::PrepareError;
pub use preparation::{Outline, Preparation};
