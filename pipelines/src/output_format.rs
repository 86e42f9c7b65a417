//! How a forecast is laid out on the disk, as configurations say it.

use foehn_archive::{Compression, Format, Layout};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// Names of dimensions and coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForecastLayout {
    /// `time`, `prediction_timedelta`, `number`, `valid_time`.
    #[default]
    WeatherBench,
    /// `forecast_reference_time`, `step`, `number`, `valid_time`.
    Earthkit,
    /// `forecast_reference_time`, `forecast_period`, `realization`, `time`.
    Iris,
    /// `time`, `lead_time`, `ensemble`, `lat`, `lon`.
    Earth2Studio,
}

impl From<ForecastLayout> for Layout {
    fn from(layout: ForecastLayout) -> Self {
        match layout {
            ForecastLayout::WeatherBench => Self::WeatherBench,
            ForecastLayout::Earthkit => Self::Earthkit,
            ForecastLayout::Iris => Self::Iris,
            ForecastLayout::Earth2Studio => Self::Earth2Studio,
        }
    }
}

/// The version of the Zarr format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZarrVersion {
    /// For older software.
    V2,
    /// The present one.
    #[default]
    V3,
}

impl From<ZarrVersion> for Format {
    fn from(version: ZarrVersion) -> Self {
        match version {
            ZarrVersion::V2 => Self::V2,
            ZarrVersion::V3 => Self::V3,
        }
    }
}

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputCompression {
    /// As they are.
    None,
    /// Fast.
    Lz4,
    /// Small.
    #[default]
    Zstd,
}

impl From<OutputCompression> for Compression {
    fn from(compression: OutputCompression) -> Self {
        match compression {
            OutputCompression::None => Self::None,
            OutputCompression::Lz4 => Self::Lz4,
            OutputCompression::Zstd => Self::Zstd,
        }
    }
}

/// Leads in a file, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeadsPerFile(pub NonZeroUsize);

impl Default for LeadsPerFile {
    fn default() -> Self {
        Self(NonZeroUsize::MIN)
    }
}

/// Whether a key need not be written.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
