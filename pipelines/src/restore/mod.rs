//! `foehn restore`: pictures with holes, or without detail, and samples of what they may have been; and pictures of which
//! nothing is known, `foehn generate`.

mod apply;
mod baselines;
mod case;
mod classes;
mod config;
mod config_reading;
mod contest;
mod conventions;
mod distances;
mod drawing;
mod ensemble;
mod examples;
mod features;
mod fields;
mod folder;
mod generation;
mod generation_samples;
mod generation_scores;
mod generation_table;
mod generation_writing;
mod given;
mod inputs;
mod law;
mod learning;
mod memory;
mod network;
mod pictures;
mod process;
mod puzzle;
mod record;
mod same_law;
mod sampling;
mod score;
mod score_text;
mod training;
mod written;

pub use apply::{Damage, Projection, RestoreJob, RestoreSummary, restore_apply};
pub use classes::ClassConfig;
pub use config::{Flips, Gaps, LabelConfig, PictureConfig, RestoreConfig, Start, Task};
pub use conventions::RestoreConventions;
pub use distances::DistanceRow;
pub use ensemble::{EnsembleScores, MeanRow};
pub use features::FeatureNote;
pub use fields::{
    FieldMethod, FieldOptions, FieldPeriod, FieldScores, FieldScoring, FieldStore, VariableScores,
    score as restore_score_fields,
};
pub use generation::{PictureJob, PictureSummary, generate_pictures};
pub use generation_scores::{GenerationRow, GenerationScores};
pub use generation_table::GenerationTable;
pub use network::NetworkConfig;
pub use sampling::{LastStep, RestoreSampling};
pub use score::{RestoreScores, RestoreScoring, restore_score};
pub use training::{RestoreTraining, restore_train};
