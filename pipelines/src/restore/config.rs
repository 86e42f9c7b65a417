//! The configuration of `foehn restore`.

use super::classes::ClassConfig;
use super::generation_table::GenerationTable;
use super::network::NetworkConfig;
use super::sampling::RestoreSampling;
use crate::output_format::is_default;
use foehn_dataset::DataConfig;
use foehn_interpolant::{Gamma, Path as Interpolant};
use foehn_network::ClassifierConfig;
use foehn_restoration::{Degradation, MaskLaw};
use foehn_training::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A model that restores pictures: what it learns from, what is lost, how it is filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreConfig {
    /// Name, in titles and as the default folder.
    pub name: String,
    /// Seed of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// Folder of the model and of its scores; `runs/NAME` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The pictures, where it learns from pictures.
    #[serde(default, skip_serializing_if = "PictureConfig::is_none")]
    pub data: PictureConfig,
    /// The fields, where `[data]` names variables of NetCDF files or Zarr stores: the section of a forecast's data.
    #[serde(skip)]
    pub fields: Option<DataConfig>,
    /// What is lost.
    pub task: Task,
    /// Classes as conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassConfig>,
    /// Where the path starts.
    #[serde(default)]
    pub coupling: Start,
    /// The path, without latent noise.
    #[serde(default = "linear")]
    pub interpolant: Interpolant,
    /// The network.
    #[serde(default)]
    pub network: NetworkConfig,
    /// How to train.
    #[serde(default)]
    pub train: TrainConfig,
    /// How to sample.
    #[serde(default)]
    pub sampling: RestoreSampling,
    /// What generated pictures are compared in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<GenerationTable>,
}

/// `[data]`: where pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureConfig {
    /// Pictures to learn from: an IDX file or a folder of images.
    pub train: PathBuf,
    /// Pictures to be scored on, never learnt from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Labels of both, IDX files: what the classifier learns whose features scores are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelConfig>,
    /// The last pictures of `train`, set aside for the validation loss.
    #[serde(default = "validation")]
    pub validation: usize,
    /// Side of the square that is cut at random from larger pictures; without it they must all have one size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<usize>,
    /// Whether pictures may be mirrored.
    #[serde(default)]
    pub flips: Flips,
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            train: PathBuf::new(),
            test: None,
            labels: None,
            validation: validation(),
            crop: None,
            flips: Flips::default(),
        }
    }
}

/// Labels, IDX files, and the classifier that learns them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelConfig {
    /// Of the pictures to learn from.
    pub train: PathBuf,
    /// Of the pictures to be scored on.
    pub test: PathBuf,
    /// The classifier.
    #[serde(default)]
    pub classifier: ClassifierConfig,
    /// Steps of its training, 128 pictures each.
    #[serde(default = "steps")]
    pub steps: usize,
}

/// Whether pictures may be mirrored while training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flips {
    /// As they are: digits, letters, clothes on a rail.
    #[default]
    None,
    /// Left and right exchanged for half of them.
    Horizontal,
}

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Pixels that a mask hides; those it does not hide stay as they are, bit for bit.
    Inpainting {
        /// The law of the mask while training and when scored.
        mask: MaskLaw,
        /// Of fields: whether gaps of other times hide too.
        #[serde(default, skip_serializing_if = "is_default")]
        gaps: Gaps,
    },
    /// Detail: the start is the degraded picture with noise of deviation `sigma`, in units of the range [-1, 1].
    Degraded {
        /// `U(D(x))`.
        degradation: Degradation,
        /// sigma.
        sigma: f64,
    },
    /// Everything: pictures are made of noise, by `foehn generate`.
    Generation,
}

/// What gaps in the data hide of a field. Where a value is missing there is no truth: nothing is learnt or scored there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Only what is missing.
    #[default]
    Own,
    /// Also what is missing at another time, drawn from the training period: gaps as they come, with a truth behind them.
    /// With `mask = { pixels = { hidden = 0.0 } }` nothing else is hidden.
    ///
    /// # Reference
    /// Barth et al. 2020, Geoscientific Model Development 13, doi:10.5194/gmd-13-1609-2020.
    Borrowed,
}

/// Where the path starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// What is known of the picture: the data-dependent coupling.
    #[default]
    Dependent,
    /// Gaussian noise everywhere, with the same conditions: what the dependent one is compared with.
    Uncoupled,
}

fn one() -> u64 {
    1
}

fn steps() -> usize {
    1500
}

fn validation() -> usize {
    256
}

fn linear() -> Interpolant {
    Interpolant::Linear { gamma: Gamma::Zero }
}
