//! A file or a folder for each workflow: a configuration in, a result out.
//!
//! `simulate`, `prepare`, `train`, `forecast`, `verify` and `report` each read a [`RunConfig`] and what
//! the step before wrote; `demo` runs them all; `bench` measures what they cost, `samplers` what fewer calls cost in
//! quality. `inspect` looks at files, `merge` ends what several writers wrote, `tune` chooses the noise again. `generate` learns any
//! table of vectors, or pictures; `postprocess` calibrates members at stations or on grids; `restore` fills and sharpens pictures; `oracle` needs
//! neither data nor configuration. The folder of a run:
//!
//! ```text
//! runs/NAME/model/           weights, statistics, tuning, losses, checkpoints, configuration
//!          /forecast.zarr    members
//!          /scores.json      numbers with how they were made
//!          /report.html      numbers and figures; also as PNG files in figures/
//! ```

mod bench;
mod budget;
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
mod merge;
mod model;
mod model_folder;
mod oracle;
mod output_format;
mod postprocess;
mod prepare;
mod progress;
mod report;
mod report_figures;
mod report_maps;
mod restore;
mod samplers;
mod scores;
mod shape;
mod simulate;
mod spectra;
mod sweep;
mod text_file;
mod toml_text;
mod train;
mod training_run;
mod tune;
mod validation;
mod verify;

pub use bench::{
    BenchReport, CallRate, ForecastRate, MatrixRate, ReadingRate, Scaling, ScalingRow,
    TrainingRate, bench,
};
pub use config::RunConfig;
pub use config_error::ConfigError;
pub use demo::{DEMO, demo};
pub use foehn_archive::{Mode, Shard, ShardError};
pub use foehn_compute::{DeviceChoice, Workers};
pub use foehn_dataset::ByteSize;
pub use forecast::{ForecastSummary, forecast, forecast_path};
pub use generate::{
    Comparison, GenerateConfig, GenerateJob, GenerateSummary, Names, Settings, TableName, generate,
};
pub use inspect::{Depth, Inspection, RunPlan, inspect, run_plan};
pub use merge::{MergeSummary, MergedStore, NoShard, ShardChoice, merge};
pub use oracle::{
    Answer, Answers, Bar, BarsMissed, Entry, Networks, OracleName, Picture, Row, Table,
    UnknownOracle, oracle, oracle_figures,
};
pub use output_format::{ForecastLayout, LeadsPerFile, OutputCompression, ZarrVersion};
pub use postprocess::{
    Base, BaseWeights, Bases, CalibratedConfig, CasesConfig, Conventions, DistributionalConfig,
    FittedDistributional, FittedInterpolant, FittedMethod, FlowDynamics, FlowStarts, Forecast,
    InterpolantConfig, Learnt, Levels, MemberScores, MethodConfig, MethodScores, Order,
    PostprocessConfig, PostprocessSummary, Predictions, Scored, SimulatedCases, SimulatedFlow,
    SimulatedRain, postprocess,
};
pub use prepare::{PrepareJob, PrepareSummary};
pub use progress::{Interrupted, Talk, catch_interrupts};
pub use report::report;
pub use restore::{
    ClassConfig, Damage, DistanceRow, EnsembleScores, FeatureNote, FieldMethod, FieldOptions,
    FieldPeriod, FieldScores, FieldScoring, FieldStore, Flips, Gaps, GenerationRow,
    GenerationScores, GenerationTable, LabelConfig, LastStep, MeanRow, NetworkConfig,
    PictureConfig, PictureJob, PictureSummary, Projection, RestoreConfig, RestoreConventions,
    RestoreJob, RestoreSampling, RestoreScores, RestoreScoring, RestoreSummary, RestoreTraining,
    Start, Task, VariableScores, generate_pictures, restore_apply, restore_score,
    restore_score_fields, restore_train,
};
pub use samplers::{SamplerRow, SamplerTable, samplers};
pub use scores::ScoreFile;
pub use shape::{GridSize, NotAGrid};
pub use simulate::{SimulateSummary, simulate};
pub use sweep::{Best, Sweep};
pub use train::{TrainSummary, train};
pub use tune::{Trial, Tuning, retune};
pub use verify::verify;
