//! `foehn restore`: pictures with holes, or without detail, and samples of what they may have been.

mod apply;
mod baselines;
mod case;
mod config;
mod contest;
mod conventions;
mod drawing;
mod ensemble;
mod examples;
mod features;
mod fields;
mod folder;
mod law;
mod memory;
mod network;
mod pictures;
mod process;
mod score;
mod score_text;
mod training;

pub use apply::{Damage, Projection, RestoreJob, RestoreSummary, restore_apply};
pub use config::{
    Flips, Gaps, LabelConfig, PictureConfig, RestoreConfig, RestoreSampling, Start, Task,
};
pub use conventions::RestoreConventions;
pub use ensemble::{EnsembleScores, MeanRow};
pub use features::FeatureNote;
pub use fields::{
    FieldMethod, FieldOptions, FieldPeriod, FieldScores, FieldScoring, FieldStore, VariableScores,
    score as restore_score_fields,
};
pub use network::NetworkConfig;
pub use score::{DistanceRow, RestoreScores, RestoreScoring, restore_score};
pub use training::{RestoreTraining, restore_train};
