//! Statistics over time of every variable that is written.

use std::ops::Range;
use std::path::Path;

use foehn_archive::{ArrayPlan, Element, Store};
use foehn_field::{Attribute, Attributes, Calendar, Instant};
use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;

use crate::climatology::Climatology;
use crate::derive::Channel;
use crate::moments::{Moments, as_block};
use crate::preparation::Preparation;
use crate::{PrepareError, StatisticsKind};

/// Bytes of a chunk of the climatology.
const CHUNK_BYTES: usize = 1 << 20;

/// The sums, taken up in the order of time.
#[derive(Debug)]
pub(crate) struct Statistics<'a> {
    plan: &'a Preparation,
    moments: Vec<Moments>,
    climatology: Option<Climatology>,
    folder: &'a Path,
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
        let moments = if plan.needs_moments() { count } else { 0 };
        let climatology = plan.wants(StatisticsKind::Climatology).then(|| {
            let days = days_in(plan.times.calendar);
            Climatology::new(shape, days, count, plan.climatology_memory(), folder)
        });
        Ok(Self {
            plan,
            moments: (0..moments)
                .map(|_| Moments::new(shape, plan.step()))
                .collect(),
            climatology: climatology
                .transpose()
                .map_err(|cause| failed(folder, cause))?,
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
        let counts = |t: &Instant| period.contains(t);
        let (first, last) = (
            instants.partition_point(|t| *t < period.start),
            instants.partition_point(|t| *t < period.end),
        );
        if first < last {
            let moments = self.moments.par_iter_mut().zip(values);
            moments.for_each(|(moments, values)| {
                moments.add(
                    &values.slice(ndarray::s![first..last, .., ..]),
                    &instants[first..last],
                );
            });
        }
        let Some(climatology) = &mut self.climatology else {
            return Ok(());
        };
        for (k, instant) in instants.iter().enumerate().filter(|(_, t)| counts(t)) {
            let day = self.plan.times.calendar.day_of_year(*instant) as usize;
            for (variable, values) in values.iter().enumerate() {
                let added = climatology.add(day, variable, &values.index_axis(Axis(0), k));
                added.map_err(|cause| failed(self.folder, cause))?;
            }
        }
        Ok(())
    }

    /// Writes what was asked for.
    pub(crate) fn write(mut self, store: &Store) -> Result<(), PrepareError> {
        for (number, channel) in self.plan.written().enumerate() {
            for (kind, suffix, ..) in MOMENTS {
                if self.plan.wants(kind) {
                    let plane = value(suffix, &self.moments[number]);
                    store.write_f32(
                        &format!("{}_{suffix}", channel.name),
                        &[0, 0],
                        plane.view().into_dyn(),
                    )?;
                }
            }
        }
        let Some(climatology) = &mut self.climatology else {
            return Ok(());
        };
        let days = days_in(self.plan.times.calendar);
        let chunk = days_in_chunk(self.plan.grid.shape());
        let channels: Vec<_> = self.plan.written().collect();
        for start in (0..days).step_by(chunk) {
            let end = (start + chunk).min(days);
            let slabs = (0..channels.len()).map(|number| {
                let means = (start..end).map(|day| climatology.mean(day, number).map(as_block));
                means.collect::<std::io::Result<Vec<_>>>()
            });
            let slabs = slabs
                .collect::<std::io::Result<Vec<_>>>()
                .map_err(|cause| failed(self.folder, cause))?;
            // one day after the other comes out of the file; compressing them takes longest
            channels
                .par_iter()
                .zip(slabs)
                .try_for_each(|(channel, means)| {
                    let views: Vec<_> = means.iter().map(|mean| mean.view()).collect();
                    let slab = ndarray::concatenate(Axis(0), &views).unwrap_or_default();
                    let start = [start as u64, 0, 0];
                    store.write_f32(&climatology_name(channel), &start, slab.view().into_dyn())
                })?;
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

pub(crate) fn climatology_name(channel: &Channel) -> String {
    format!("{}_climatology", channel.name)
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
pub(crate) fn arrays(plan: &Preparation, channel: &Channel, dims: [&str; 2]) -> Vec<ArrayPlan> {
    let (ny, nx) = plan.grid.shape();
    let labelled = |method: &str, meaning: &str| {
        let mut attributes: Attributes = channel.attributes.clone();
        // the name of the quantity stays; how it was made is a cell method or, for tendencies, only said
        if method.is_empty() {
            attributes.shift_remove("standard_name");
            attributes.shift_remove("cell_methods");
        } else {
            attributes.insert("cell_methods".to_owned(), Attribute::from(method));
        }
        attributes.insert(
            "long_name".to_owned(),
            Attribute::from(format!("{}: {meaning}", channel.name)),
        );
        attributes
    };
    let planes = MOMENTS.iter().filter(|(kind, ..)| plan.wants(*kind));
    let planes = planes.map(|(_, suffix, method, meaning)| ArrayPlan {
        fill: Some(f64::NAN),
        ..ArrayPlan::whole(
            &format!("{}_{suffix}", channel.name),
            &dims,
            &[ny, nx],
            Element::F32,
            labelled(method, meaning),
        )
    });
    let mut arrays: Vec<ArrayPlan> = planes.collect();
    if plan.wants(StatisticsKind::Climatology) {
        let days = days_in(plan.times.calendar);
        let attributes = labelled("", "mean for each day of the year");
        let dims = ["dayofyear", dims[0], dims[1]];
        arrays.push(ArrayPlan {
            chunks: vec![
                days_in_chunk((ny, nx)).min(days) as u64,
                ny as u64,
                nx as u64,
            ],
            fill: Some(f64::NAN),
            ..ArrayPlan::whole(
                &climatology_name(channel),
                &dims,
                &[days, ny, nx],
                Element::F32,
                attributes,
            )
        });
    }
    arrays
}
