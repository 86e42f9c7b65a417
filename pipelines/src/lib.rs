//! One file a workflow: a configuration in, a result out.
//!
//! `simulate`, `prepare`, `train`, `forecast`, `verify` and `report` each read a [`RunConfig`] and what
//! the step before wrote; `demo` runs them all; `bench` measures what they cost; `generate` learns any table of vectors; `oracle` needs neither data
//! nor configuration. The folder of a run:
//!
//! ```text
//! runs/NAME/model/           weights, statistics, tuning, losses, checkpoints, configuration
//!          /forecast.zarr    members
//!          /scores.json      numbers with how they were made
//!          /report.html      numbers and figures; also as PNG files in figures/
//! ```

mod bench;
mod check;
mod climatology;
mod config;
mod config_error;
mod continuation;
mod demo;
mod drift_loss;
mod ensemble;
mod forecast;
mod generate;
mod inspect;
mod law;
mod loss_log;
mod model;
mod model_folder;
mod oracle;
mod prepare;
mod progress;
mod report;
mod report_figures;
mod report_maps;
mod scores;
mod simulate;
mod spectra;
mod sweep;
mod text_file;
mod toml_text;
mod train;
mod training_run;
mod tune;
mod verify;

pub use bench::{
    BenchReport, CallRate, ForecastRate, GridSize, MatrixRate, NotAGrid, ReadingRate, TrainingRate,
    bench,
};
pub use config::RunConfig;
pub use config_error::ConfigError;
pub use demo::{DEMO, demo};
pub use foehn_archive::Mode;
pub use foehn_compute::{DeviceChoice, Workers};
pub use forecast::{ForecastSummary, forecast, forecast_path};
pub use generate::{
    Comparison, GenerateConfig, GenerateJob, GenerateSummary, Names, Settings, TableName, generate,
};
pub use inspect::{Depth, Inspection, RunPlan, inspect, run_plan};
pub use oracle::{
    Answer, Answers, Bar, BarsMissed, Entry, Networks, OracleName, Picture, Row, Table,
    UnknownOracle, oracle, oracle_figures,
};
pub use prepare::{PrepareSummary, prepare};
pub use progress::{Interrupted, Talk, catch_interrupts};
pub use report::report;
pub use scores::ScoreFile;
pub use simulate::{SimulateSummary, simulate};
pub use sweep::{Best, Sweep};
pub use train::{TrainSummary, train};
pub use verify::verify;
