//! The plan: what is read, what is made of it, what is written.

use std::ops::Range;
use std::path::PathBuf;

use foehn_dataset::ByteSize;
use foehn_dataset::joining::{gaps, gaps_said};
use foehn_field::{Attribute, Calendar, Grid, Instant, TimeAxis};
use foehn_grid::{Method, Regridder};
use ndarray::Array2;
use serde::Serialize;

use crate::damage::Damage;
use crate::derive::{Anomaly, Derivation, Label, derivations};
use crate::join::{Joined, period};
use crate::labels::{inputs, of_outputs, outputs};
use crate::region::Region;
use crate::resample::{Step, steps};
use crate::{PrepareConfig, PrepareError, RegridMethod, StatisticsKind};

/// Bytes of a chunk where no number of states is configured.
const CHUNK_BYTES: usize = 4 << 20;
/// States in a chunk at most, where no number is configured.
const CHUNK_STATES: usize = 64;

/// A planned preparation: every file was looked at, nothing is written yet.
#[derive(Debug)]
pub struct Preparation {
    pub(crate) config: PrepareConfig,
    pub(crate) joined: Joined,
    pub(crate) region: Region,
    pub(crate) regridder: Option<Regridder>,
    /// The grid of the output.
    pub(crate) grid: Grid,
    /// The levels that are read of each variable.
    pub(crate) levels: Vec<Vec<usize>>,
    /// What is read, then what is derived.
    labels: Vec<Label>,
    pub(crate) derivations: Vec<Derivation>,
    /// Labels that are written.
    pub(crate) outputs: Vec<usize>,
    /// Each with the number of the output that it is one of.
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) statics: Vec<(Label, Array2<f32>)>,
    pub(crate) steps: Vec<Step>,
    /// The times of the output.
    pub(crate) times: TimeAxis,
    pub(crate) statistics_period: Range<Instant>,
    /// States in a chunk of the output.
    pub(crate) chunk: usize,
    /// The configuration, without what does not change the result.
    pub(crate) described: String,
    pub(crate) damage: Damage,
}

/// What a preparation will be.
#[derive(Debug, Clone, Serialize)]
pub struct Outline {
    /// Files that are read.
    pub files: usize,
    /// Variables that are written, statistics apart.
    pub variables: Vec<String>,
    /// States of the input.
    pub input_states: usize,
    /// States of the output.
    pub states: usize,
    /// Rows and columns of the output.
    pub grid: (usize, usize),
    /// States in a chunk.
    pub chunk: usize,
    /// Places in the time axis of the input where states are missing or out of step.
    pub gaps: usize,
    /// The same in words, with the first of them.
    pub gaps_said: Option<String>,
    /// Estimated peak memory, bytes.
    pub memory: u64,
}

impl Preparation {
    /// Looks at all files and plans.
    ///
    /// # Errors
    /// [`PrepareError`]: what is wrong with the configuration or the files.
    pub fn open(config: &PrepareConfig) -> Result<Self, PrepareError> {
        let joined = Joined::open(config)?;
        let region = Region::of(&joined.grid, config)?;
        let target = config.regrid.as_ref().map(|to| target(&region.grid, to));
        let grid = target.transpose()?.unwrap_or_else(|| region.grid.clone());
        let regridder = config.regrid.as_ref().map(|to| {
            let method = match to.method {
                RegridMethod::Conservative => Method::Conservative,
                RegridMethod::Bilinear => Method::Bilinear,
            };
            Regridder::new(&region.grid, &grid, method, to.least_share)
        });
        let (levels, mut labels) = inputs(&joined, config)?;
        let (derivations, anomalies) = derivations(config, &grid, labels.clone())?;
        labels.extend(derivations.iter().map(|d| d.label.clone()));
        let outputs = outputs(config, &labels)?;
        let steps = steps(&joined.times, joined.step, config.resample.as_ref())?;
        let calendar = joined.times.calendar;
        let plane = 4 * grid.shape().0 * grid.shape().1;
        let chunk = config
            .chunk
            .unwrap_or_else(|| (CHUNK_BYTES / plane.max(1)).clamp(1, CHUNK_STATES));
        if chunk == 0 {
            return Err(PrepareError::config("chunk", "0 states; at least 1"));
        }
        let chunk = chunk.min(steps.len().max(1));
        if let Some(resample) = &config.resample {
            let method = format!("time: {}", resample.by.cell_method());
            for label in &mut labels {
                label
                    .attributes
                    .insert("cell_methods".to_owned(), Attribute::from(method.as_str()));
            }
        }
        let mut plan = Self {
            times: TimeAxis {
                calendar,
                instants: steps.iter().map(|step| step.instant).collect(),
            },
            statistics_period: statistics_period(config, &steps, calendar)?,
            regridder: regridder.transpose()?,
            anomalies: of_outputs(anomalies, &outputs, &labels)?,
            described: described(config),
            config: config.clone(),
            statics: Vec::new(),
            damage: Damage::default(),
            joined,
            region,
            grid,
            levels,
            labels,
            derivations,
            outputs,
            steps,
            chunk,
        };
        plan.statics = plan.read_statics()?;
        Ok(plan)
    }

    /// What it will be.
    pub fn outline(&self) -> Outline {
        let names = self
            .written()
            .chain(self.anomalies.iter().map(|anomaly| &anomaly.label));
        let times = &self.joined.times;
        Outline {
            files: self.joined.files.len(),
            variables: names.map(|label| label.name.clone()).collect(),
            input_states: times.len(),
            states: self.steps.len(),
            grid: self.grid.shape(),
            chunk: self.chunk,
            gaps: gaps(&times.instants).len(),
            gaps_said: gaps_said(times),
            memory: self.estimate(),
        }
    }

    /// The files that are read.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.joined.files.iter().map(|file| &file.path)
    }

    /// The variables that are written as series, anomalies apart.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Label> {
        self.outputs.iter().map(|k| &self.labels[*k])
    }

    pub(crate) fn wants(&self, kind: StatisticsKind) -> bool {
        self.config.statistics.compute.contains(&kind)
    }

    /// Whether sums for each day of the year are needed of a variable that is written.
    pub(crate) fn needs_climatology_of(&self, variable: usize) -> bool {
        let of = |anomaly: &Anomaly| anomaly.of == variable;
        self.wants(StatisticsKind::Climatology) || self.anomalies.iter().any(of)
    }

    pub(crate) fn needs_climatology(&self) -> bool {
        self.wants(StatisticsKind::Climatology) || !self.anomalies.is_empty()
    }

    pub(crate) fn needs_moments(&self) -> bool {
        let compute = &self.config.statistics.compute;
        compute
            .iter()
            .any(|kind| *kind != StatisticsKind::Climatology)
    }

    pub(crate) fn needs_statistics(&self) -> bool {
        self.needs_moments() || self.needs_climatology()
    }

    /// Time between two states of the output, s.
    pub(crate) fn step(&self) -> i64 {
        self.config
            .resample
            .as_ref()
            .map_or(self.joined.step, |r| r.every.seconds())
    }

    pub(crate) fn memory(&self) -> usize {
        usize::try_from(self.config.memory.0).unwrap_or(usize::MAX)
    }

    /// The number of chunks along time.
    pub(crate) fn blocks(&self) -> usize {
        self.steps.len().div_ceil(self.chunk)
    }

    /// The states of a chunk.
    pub(crate) fn block(&self, block: usize) -> Range<usize> {
        block * self.chunk..((block + 1) * self.chunk).min(self.steps.len())
    }
}

/// The configuration as JSON, without what does not change the result.
fn described(config: &PrepareConfig) -> String {
    let mut config = config.clone();
    (config.to, config.memory) = (None, ByteSize(1));
    serde_json::to_string(&config).unwrap_or_default()
}

/// The grid that first, last and step of two axes make.
fn target(from: &Grid, to: &crate::RegridConfig) -> Result<Grid, PrepareError> {
    let axis = |key: &str, [first, last, step]: [f64; 3]| {
        let count = ((last - first) / step).round();
        let hits = (first + count * step - last).abs() <= 1e-6 * step.abs();
        if !((1.0..1e6).contains(&count) && hits) {
            let problem = format!(
                "[{first}, {last}, {step}] is not first, last and a step that leads from one to the other"
            );
            return Err(PrepareError::config(&format!("regrid.{key}"), problem));
        }
        let count = count as usize;
        // the last as it is written, and not beyond it by rounding
        let place = |k: usize| {
            if k == count {
                last
            } else {
                first + k as f64 * step
            }
        };
        Ok((0..=count).map(place).collect())
    };
    let (y, x): (Vec<f64>, Vec<f64>) = (
        axis("latitude", to.latitude)?,
        axis("longitude", to.longitude)?,
    );
    let beyond = y.iter().find(|phi| phi.abs() > 90.0);
    if let (Some(phi), false) = (beyond, matches!(from, Grid::Cartesian { .. })) {
        let problem = format!("{phi} is no latitude: they go from -90 to 90 degrees");
        return Err(PrepareError::config("regrid.latitude", problem));
    }
    Ok(match from {
        Grid::Cartesian { period, .. } => Grid::Cartesian {
            y,
            x,
            period: *period,
        },
        _ => Grid::Rectilinear {
            latitude: y,
            longitude: x,
        },
    })
}

/// The period of the statistics, which must hold a state of the output.
fn statistics_period(
    config: &PrepareConfig,
    steps: &[Step],
    calendar: Calendar,
) -> Result<Range<Instant>, PrepareError> {
    let dates = config.statistics.period.as_ref();
    let period = period(dates, calendar)?;
    match (dates, steps.first().zip(steps.last())) {
        (Some([from, to]), Some((first, last)))
            if !steps.iter().any(|step| period.contains(&step.instant)) =>
        {
            let [first, last] = [first, last].map(|step| calendar.date(step.instant));
            let problem = format!(
                "no state lies between {from} and {to}; the states go from {first} to {last}"
            );
            Err(PrepareError::config("statistics.period", problem))
        }
        _ => Ok(period),
    }
}
