//! The `[prepare]` section of a run.

use std::path::{Path, PathBuf};

use foehn_archive::is_address;
use foehn_dataset::{ByteSize, OneOrMany, Span};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What is read, what is made of it, and where it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareConfig {
    /// NetCDF files, Zarr folders or addresses; `*` and `?` stand for any letters of files. Several are laid end to end along time,
    /// or hold different variables.
    pub from: OneOrMany<String>,
    /// The Zarr store that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<PathBuf>,
    /// The variables that are read, as the files call them.
    pub variables: Vec<String>,
    /// Variables without time that are copied beside, such as the orography.
    pub statics: Vec<String>,
    /// Levels of variables that have such a dimension, in its units; all by default. Variable `z` at 500 becomes `z_500`.
    pub levels: Vec<f64>,
    /// First and last date that are read, both included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<[String; 2]>,
    /// Southern and northern end of the region, in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<[f64; 2]>,
    /// Western and eastern end of the region, in degrees; it may cross the date line or Greenwich.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<[f64; 2]>,
    /// Another grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regrid: Option<RegridConfig>,
    /// Variables made of others, by name, after regridding.
    pub derive: IndexMap<String, Derived>,
    /// Variables that are needed on the way but not written.
    pub drop: Vec<String>,
    /// Another time step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resample: Option<ResampleConfig>,
    /// What is added up over time.
    pub statistics: StatisticsConfig,
    /// States in a chunk; by default as many as take 4 MiB, at most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<usize>,
    /// What becomes of chunks of the input that cannot be read.
    #[serde(skip_serializing_if = "is_default")]
    pub damaged: Damaged,
    /// Memory for states on their way and for the sums of the climatology, which wait in a file where they are larger;
    /// the result does not depend on it.
    pub memory: ByteSize,
}

impl Default for PrepareConfig {
    fn default() -> Self {
        Self {
            from: OneOrMany::Many(Vec::new()),
            to: None,
            variables: Vec::new(),
            statics: Vec::new(),
            levels: Vec::new(),
            period: None,
            latitude: None,
            longitude: None,
            regrid: None,
            derive: IndexMap::new(),
            drop: Vec::new(),
            resample: None,
            statistics: StatisticsConfig::default(),
            chunk: None,
            damaged: Damaged::default(),
            memory: ByteSize(384 << 20),
        }
    }
}

impl PrepareConfig {
    /// Files are relative to `folder` unless they are there as they stand.
    pub fn relative_to(&mut self, folder: &Path) {
        let resolve = |pattern: &mut String| {
            let beside = folder.join(&*pattern).to_string_lossy().into_owned();
            let here = is_address(Path::new(pattern)) || matches_any(pattern);
            if !here && matches_any(&beside) {
                *pattern = beside;
            }
        };
        match &mut self.from {
            OneOrMany::One(pattern) => resolve(pattern),
            OneOrMany::Many(patterns) => patterns.iter_mut().for_each(resolve),
        }
    }
}

fn matches_any(pattern: &str) -> bool {
    Path::new(pattern).exists() || glob::glob(pattern).is_ok_and(|mut found| found.next().is_some())
}

/// What becomes of chunks that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damaged {
    /// They end the work.
    #[default]
    Refuse,
    /// Their values are missing, and they are named.
    Mask,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `[prepare.regrid]`: the new grid and the way there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegridConfig {
    /// How a new value is made.
    pub method: RegridMethod,
    /// First and last latitude and the step between, such as `[90.0, -90.0, -1.5]`; y on a plane.
    #[serde(alias = "y")]
    pub latitude: [f64; 3],
    /// First and last longitude and the step between; x on a plane.
    #[serde(alias = "x")]
    pub longitude: [f64; 3],
    /// The least known share of what makes a new value; below it the value is missing.
    #[serde(default = "half")]
    pub least_share: f64,
}

/// How values come to another grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegridMethod {
    /// Means over cells: keeps area integrals.
    Conservative,
    /// Linear between the four points around.
    Bilinear,
}

fn half() -> f64 {
    0.5
}

fn one() -> f64 {
    1.0
}

/// A variable made of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Derived {
    /// sqrt(u^2 + v^2).
    Speed {
        /// Eastward wind.
        u: String,
        /// Northward wind.
        v: String,
    },
    /// How the wind turns, positive to the left.
    Vorticity {
        /// Eastward wind.
        u: String,
        /// Northward wind.
        v: String,
    },
    /// How the wind spreads.
    Divergence {
        /// Eastward wind.
        u: String,
        /// Northward wind.
        v: String,
    },
    /// What a variable differs by from its mean around the day of the year, over the period of the statistics.
    ///
    /// The mean is of all states at most `window` days of the year away, the state's own among them. Over n states it
    /// makes anomalies smaller by a factor of 1 - 1/n within that period, or less where neighbours in time are alike: a
    /// climatology of few years needs a window.
    Anomaly {
        /// The variable.
        of: String,
        /// Days to either side.
        #[serde(default = "fortnight")]
        window: usize,
    },
}

fn fortnight() -> usize {
    15
}

/// `[prepare.resample]`: another time step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResampleConfig {
    /// The new step, such as `"1 day"`, counted from the midnight before the first state; a state is named
    /// by when its step begins.
    pub every: Span,
    /// How the states in a step become one.
    pub by: Reduction,
    /// The least share of the states expected in a step that must be known; below it the value is missing.
    #[serde(default = "one")]
    pub least_share: f64,
}

/// How several states become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean.
    Mean,
    /// Their sum: for amounts, such as hourly precipitation.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The state at the beginning of the step.
    Sample,
}

impl Reduction {
    /// The name of the method in CF `cell_methods`.
    pub(crate) const fn cell_method(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Min => "minimum",
            Self::Max => "maximum",
            Self::Sample => "point",
        }
    }
}

/// `[prepare.statistics]`: what is added up over time, for every variable that is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatisticsConfig {
    /// Which; all where the section is there and does not say, none where it is not.
    #[serde(default = "StatisticsKind::all")]
    pub compute: Vec<StatisticsKind>,
    /// First and last date that count, both included; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<[String; 2]>,
}

/// A statistic of each cell over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatisticsKind {
    /// Mean over time.
    Mean,
    /// Standard deviation over time (ddof 0).
    StandardDeviation,
    /// Mean and standard deviation (ddof 0) of x(t + step) - x(t), where both are there.
    Tendency,
    /// Mean for each day of the year, 29 February being day 60 of a leap year.
    Climatology,
}

impl StatisticsKind {
    fn all() -> Vec<Self> {
        vec![
            Self::Mean,
            Self::StandardDeviation,
            Self::Tendency,
            Self::Climatology,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_of_statistics_asks_for_all_unless_it_says_which() {
        let parse = |text: &str| toml::from_str::<StatisticsConfig>(text);
        let given = parse("period = [\"2001-01-01\", \"2002-01-01\"]");
        assert_eq!(given.map(|s| s.compute), Ok(StatisticsKind::all()));
        let chosen = parse("compute = [\"mean\"]").map(|s| s.compute);
        assert_eq!(chosen, Ok(vec![StatisticsKind::Mean]));
        assert_eq!(StatisticsConfig::default().compute, []);
    }
}
