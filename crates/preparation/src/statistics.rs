//! Statistics over time of every variable that is written.

use std::ops::Range;
use std::path::Path;

use foehn_archive::{ArrayPlan, Element, Store};
use foehn_field::{Attribute, Attributes, Calendar, Instant};
use ndarray::{Array2, Array3, ArrayView3, Axis};
use rayon::prelude::*;

use crate::climatology::Climatology;
use crate::derive::{Anomaly, Label};
use crate::moments::Moments;
use crate::preparation::Preparation;
use crate::{PrepareError, StatisticsKind};

/// Bytes of a chunk of the climatology.
const CHUNK_BYTES: usize = 1 << 20;

/// The sums, taken up in the order of time.
#[derive(Debug)]
pub(crate) struct Statistics<'a> {
    plan: &'a Preparation,
    /// Of each variable that is written.
    sums: Vec<Sums>,
    folder: &'a Path,
}

/// What is added up of one variable.
#[derive(Debug)]
struct Sums {
    moments: Option<Moments>,
    climatology: Option<Climatology>,
}

/// The days of the longest year.
pub(crate) const fn days_in(calendar: Calendar) -> usize {
    match calendar {
        Calendar::NoLeap => 365,
        Calendar::Day360 => 360,
        _ => 366,
    }
}

impl<'a> Statistics<'a> {
    /// Nothing taken up; `folder` is where sums wait that do not fit into memory.
    pub(crate) fn new(plan: &'a Preparation, folder: &'a Path) -> Result<Self, PrepareError> {
        let (shape, count) = (plan.grid.shape(), plan.written().count());
        let days = days_in(plan.times.calendar);
        let memory = plan.climatology_memory() / count.max(1);
        let sums = (0..count).map(|variable| {
            let climatology = plan
                .needs_climatology_of(variable)
                .then(|| Climatology::new(shape, days, memory, folder));
            Ok(Sums {
                moments: plan
                    .needs_moments()
                    .then(|| Moments::new(shape, plan.step())),
                climatology: climatology.transpose()?,
            })
        });
        let sums = sums.collect::<std::io::Result<_>>();
        Ok(Self {
            plan,
            sums: sums.map_err(|cause| failed(folder, cause))?,
            folder,
        })
    }

    /// Takes up states of the output, one array a variable.
    pub(crate) fn add(
        &mut self,
        states: &Range<usize>,
        values: &[Array3<f32>],
    ) -> Result<(), PrepareError> {
        let instants = &self.plan.times.instants[states.clone()];
        let period = &self.plan.statistics_period;
        let within = instants.partition_point(|t| *t < period.start)
            ..instants.partition_point(|t| *t < period.end);
        if within.is_empty() {
            return Ok(());
        }
        let instants = &instants[within.clone()];
        let calendar = self.plan.times.calendar;
        let variables = self.sums.par_iter_mut().zip(values);
        let added = variables.try_for_each(|(sums, values)| {
            sums.add(
                &values.slice(ndarray::s![within.clone(), .., ..]),
                instants,
                calendar,
            )
        });
        added.map_err(|cause| failed(self.folder, cause))
    }

    /// Writes what was asked for.
    pub(crate) fn write(mut self, store: &Store) -> Result<(), PrepareError> {
        let names: Vec<&str> = self.plan.written().map(|c| c.name.as_str()).collect();
        for (name, sums) in names.iter().zip(&mut self.sums) {
            if let Some(climatology) = &mut sums.climatology {
                let settled = climatology.settle();
                settled.map_err(|cause| failed(self.folder, cause))?;
            }
            let Some(moments) = &sums.moments else {
                continue;
            };
            for (_, suffix, ..) in MOMENTS.iter().filter(|(kind, ..)| self.plan.wants(*kind)) {
                let plane = value(suffix, moments);
                let name = format!("{name}_{suffix}");
                store.write_f32(&name, &[0, 0], plane.view().into_dyn())?;
            }
        }
        if self.plan.wants(StatisticsKind::Climatology) {
            self.write_climatologies(store, &names)?;
        }
        self.write_references(store)
    }

    fn write_climatologies(&self, store: &Store, names: &[&str]) -> Result<(), PrepareError> {
        let days = days_in(self.plan.times.calendar);
        let chunk = days_in_chunk(self.plan.grid.shape());
        let starts = (0..names.len()).flat_map(|k| (0..days).step_by(chunk).map(move |s| (k, s)));
        let parts: Vec<(usize, usize)> = starts.collect();
        parts.par_iter().try_for_each(|&(number, start)| {
            let Some(climatology) = &self.sums[number].climatology else {
                return Ok(());
            };
            let means = climatology.means(start..(start + chunk).min(days));
            let means = means.map_err(|cause| failed(self.folder, cause))?;
            let name = climatology_name(names[number]);
            Ok(store.write_f32(&name, &[start as u64, 0, 0], means.view().into_dyn())?)
        })
    }

    /// Writes what anomalies are counted from.
    fn write_references(&self, store: &Store) -> Result<(), PrepareError> {
        let chunk = days_in_chunk(self.plan.grid.shape());
        self.plan.anomalies.par_iter().try_for_each(|anomaly| {
            let Some(climatology) = &self.sums[anomaly.of].climatology else {
                return Ok(());
            };
            let name = anomaly.reference();
            let write = |start: usize, means: Array3<f32>| {
                store.write_f32(&name, &[start as u64, 0, 0], means.view().into_dyn())
            };
            let written = climatology.each_window(anomaly.window, chunk, write);
            Ok(written.map_err(|cause| failed(self.folder, cause))??)
        })
    }
}

impl Sums {
    fn add(
        &mut self,
        values: &ArrayView3<'_, f32>,
        instants: &[Instant],
        calendar: Calendar,
    ) -> std::io::Result<()> {
        if let Some(moments) = &mut self.moments {
            moments.add(values, instants);
        }
        if let Some(climatology) = &mut self.climatology {
            for (state, instant) in values.axis_iter(Axis(0)).zip(instants) {
                climatology.add(calendar.day_of_year(*instant) as usize, &state)?;
            }
        }
        Ok(())
    }
}

fn failed(folder: &Path, cause: std::io::Error) -> PrepareError {
    PrepareError::Sums {
        path: folder.to_path_buf(),
        cause,
    }
}

fn climatology_name(variable: &str) -> String {
    format!("{variable}_climatology")
}

/// Which kind writes which arrays, with a cell method and a description.
const MOMENTS: [(StatisticsKind, &str, &str, &str); 4] = [
    (StatisticsKind::Mean, "mean", "time: mean", "mean over time"),
    (
        StatisticsKind::StandardDeviation,
        "standard_deviation",
        "time: standard_deviation",
        "standard deviation over time (ddof 0)",
    ),
    (
        StatisticsKind::Tendency,
        "tendency_mean",
        "",
        "mean change over one step",
    ),
    (
        StatisticsKind::Tendency,
        "tendency_standard_deviation",
        "",
        "standard deviation (ddof 0) of the change over one step",
    ),
];

fn value(suffix: &str, moments: &Moments) -> Array2<f32> {
    match suffix {
        "mean" => moments.mean(),
        "standard_deviation" => moments.standard_deviation(),
        "tendency_mean" => moments.tendency_mean(),
        _ => moments.tendency_standard_deviation(),
    }
}

fn days_in_chunk((ny, nx): (usize, usize)) -> usize {
    (CHUNK_BYTES / (4 * ny * nx).max(1)).clamp(1, 366)
}

/// The arrays of a variable's statistics.
pub(crate) fn arrays(plan: &Preparation, label: &Label, dims: [&str; 2]) -> Vec<ArrayPlan> {
    let (ny, nx) = plan.grid.shape();
    let planes = MOMENTS.iter().filter(|(kind, ..)| plan.wants(*kind));
    let planes = planes.map(|(_, suffix, method, meaning)| ArrayPlan {
        fill: Some(f64::NAN),
        ..ArrayPlan::whole(
            &format!("{}_{suffix}", label.name),
            &dims,
            &[ny, nx],
            Element::F32,
            labelled(label, method, meaning),
        )
    });
    let mut arrays: Vec<ArrayPlan> = planes.collect();
    if plan.wants(StatisticsKind::Climatology) {
        let attributes = labelled(label, "", "mean for each day of the year");
        let name = climatology_name(&label.name);
        arrays.push(by_day(plan, &name, attributes, dims));
    }
    arrays
}

/// The array of what an anomaly is counted from.
pub(crate) fn reference(plan: &Preparation, anomaly: &Anomaly, dims: [&str; 2]) -> ArrayPlan {
    let label = plan.written().nth(anomaly.of);
    let meaning = match anomaly.window {
        0 => "mean for each day of the year".to_owned(),
        days => format!("mean of {days} days to either side of each day of the year, and of it"),
    };
    let attributes = label.map(|label| labelled(label, "", &meaning));
    by_day(
        plan,
        &anomaly.reference(),
        attributes.unwrap_or_default(),
        dims,
    )
}

fn by_day(plan: &Preparation, name: &str, attributes: Attributes, dims: [&str; 2]) -> ArrayPlan {
    let days = days_in(plan.times.calendar);
    let (ny, nx) = plan.grid.shape();
    let chunk = days_in_chunk((ny, nx)).min(days);
    let dims = ["dayofyear", dims[0], dims[1]];
    ArrayPlan {
        chunks: vec![chunk as u64, ny as u64, nx as u64],
        fill: Some(f64::NAN),
        ..ArrayPlan::whole(name, &dims, &[days, ny, nx], Element::F32, attributes)
    }
}

/// The name of the quantity stays; how it was made is a cell method or, for tendencies, only said.
fn labelled(label: &Label, method: &str, meaning: &str) -> Attributes {
    let mut attributes: Attributes = label.attributes.clone();
    if method.is_empty() {
        attributes.shift_remove("standard_name");
        attributes.shift_remove("cell_methods");
    } else {
        attributes.insert("cell_methods".to_owned(), Attribute::from(method));
    }
    let meaning = format!("{}: {meaning}", label.name);
    attributes.insert("long_name".to_owned(), Attribute::from(meaning));
    attributes
}
