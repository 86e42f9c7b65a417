//! The `[data]` section of a run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{ByteSize, DataError, Span, SpanError};

/// What is read, when, and how it is standardised.
///
/// A file is required to have every key without a default: `path`, `variables`, `step`, `train`, `validation`
/// and `test`. [`DataConfig::default`] leaves those empty, for use with `..` in code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// NetCDF files or Zarr folders; several are laid end to end along time, or hold different variables.
    pub path: OneOrMany<PathBuf>,
    /// The variables that make the state, one channel each.
    pub variables: Vec<String>,
    /// Time between two states, such as `"1 day"`.
    pub step: String,
    /// First and last date for training, both included: `"2001-01-01"` or `"2001-01-01T06:00"`.
    pub train: [String; 2],
    /// First and last date for choosing among models.
    pub validation: [String; 2],
    /// First and last date for reporting.
    pub test: [String; 2],
    /// Number of states in the condition, the current one included.
    #[serde(default = "one")]
    pub history: usize,
    /// Variables without time that are shown to the network, such as the orography.
    #[serde(default)]
    pub statics: Vec<String>,
    /// Whether the network is shown where a cell lies.
    #[serde(default)]
    pub position: Position,
    /// Whether the network is shown the season and the hour.
    #[serde(default)]
    pub calendar: CalendarFeatures,
    /// What is subtracted before training.
    #[serde(default)]
    pub centre: Centre,
    /// Harmonics of the annual cycle where `centre = "season"`.
    #[serde(default = "two")]
    pub harmonics: usize,
    /// What is divided by before training.
    #[serde(default)]
    pub scale: Scale,
    /// What to do where values are missing.
    #[serde(default)]
    pub missing: Missing,
    /// Cap on the memory for states that are kept after they were read.
    #[serde(default = "gibibyte")]
    pub memory: ByteSize,
}

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

fn gibibyte() -> ByteSize {
    ByteSize(1 << 30)
}

impl DataConfig {
    /// Refuses what no data could make right; gives the step.
    pub(crate) fn check(&self) -> Result<Span, DataError> {
        let all: Vec<&String> = self.variables.iter().chain(&self.statics).collect();
        let mut named = all.iter().enumerate();
        let twice = named.find(|(k, name)| all[..*k].contains(name));
        let step = self.step.parse();
        let (key, problem) = if self.path.as_slice().is_empty() {
            ("path", "no file is named".to_owned())
        } else if self.variables.is_empty() {
            let hint = "no variable is named; `foehn inspect FILE` lists them";
            ("variables", hint.to_owned())
        } else if let Some((_, name)) = twice {
            ("variables", format!("{name:?} is named twice"))
        } else if self.history == 0 {
            let problem = "0 states, but the current one is part of the condition: at least 1";
            ("history", problem.to_owned())
        } else if self.harmonics > 6 {
            let problem = "more than 6 follow the weather rather than the season";
            ("harmonics", problem.to_owned())
        } else {
            return step.map_err(|cause: SpanError| DataError::Config {
                key: "step",
                problem: cause.to_string(),
            });
        };
        Err(DataError::Config { key, problem })
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: OneOrMany::Many(Vec::new()),
            variables: Vec::new(),
            step: String::new(),
            train: Default::default(),
            validation: Default::default(),
            test: Default::default(),
            history: one(),
            statics: Vec::new(),
            position: Position::default(),
            calendar: CalendarFeatures::default(),
            centre: Centre::default(),
            harmonics: two(),
            scale: Scale::default(),
            missing: Missing::default(),
            memory: gibibyte(),
        }
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "one value or a list of them")]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values, one or many.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// Channels that say where a cell lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// None: right for periodic domains without fixed places.
    #[default]
    None,
    /// Two channels, y and x, from -1 at the first row or column to 1 at the last.
    Normalised,
}

/// Channels that say when a state is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarFeatures {
    /// None: right where dates mean nothing, as in a simulation.
    #[default]
    None,
    /// Cosine and sine of the time of year.
    DayOfYear,
    /// Cosine and sine of the time of year and of the time of day (UTC).
    DayOfYearAndHour,
}

/// What is subtracted from a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// One area-weighted mean a variable: right where all cells are alike.
    #[default]
    Variable,
    /// One mean a cell.
    Cell,
    /// A cell's annual cycle: mean and harmonics of the time of year, by least squares.
    Season,
}

/// What a centred state is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// One area-weighted standard deviation a variable: keeps the shape of the variance.
    #[default]
    Variable,
    /// One standard deviation a cell.
    Cell,
}

/// What to do where values are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Stop with an error.
    #[default]
    Refuse,
    /// Keep a mask: zero in standardised space, zero weight in loss and scores. NaN counts as missing.
    Mask,
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str = r#"
        path = "a.nc"
        variables = ["slp"]
        step = "1 day"
        train = ["2001-01-01", "2006-12-31"]
        validation = ["2007-01-01", "2007-12-31"]
        test = ["2008-01-01", "2008-12-31"]
    "#;

    #[test]
    fn defaults_fill_in_and_the_whole_survives_a_round_trip() {
        let config: DataConfig = toml::from_str(REQUIRED).unwrap();
        assert_eq!((config.history, config.harmonics), (1, 2));
        assert_eq!(config.memory, ByteSize(1 << 30));
        assert_eq!(config.path.as_slice(), [PathBuf::from("a.nc")]);
        let again: DataConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(config, again);
        let set = "centre = \"season\"\ncalendar = \"day_of_year_and_hour\"\nmemory = \"64 MiB\"";
        let config: DataConfig = toml::from_str(&format!("{REQUIRED}{set}")).unwrap();
        assert_eq!(config.centre, Centre::Season);
        assert_eq!(config.calendar, CalendarFeatures::DayOfYearAndHour);
        assert_eq!(config.memory, ByteSize(64 << 20));
    }

    #[test]
    fn unknown_keys_and_missing_ones_are_named() {
        let unknown = toml::from_str::<DataConfig>(&format!("{REQUIRED}histroy = 2"));
        assert!(unknown.unwrap_err().to_string().contains("histroy"));
        let lacking = toml::from_str::<DataConfig>("path = \"a.nc\"");
        assert!(lacking.unwrap_err().to_string().contains("variables"));
    }
}
