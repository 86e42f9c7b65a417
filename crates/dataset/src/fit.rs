//! Statistics of the training part, in two passes over it.

use std::f64::consts::TAU;

use crate::centre_sums::{CentreSums, row_major};
use crate::spread_sums::SpreadSums;
use crate::statistics::StaticScale;
use crate::{Centre, DataError, Missing, Series, Split, Statistics, places, season};

pub(crate) fn statistics(series: &Series) -> Result<Statistics, DataError> {
    let config = series.config();
    let states = series.range(Split::Train).len();
    if series.training_pairs().is_empty() {
        return Err(DataError::NoWindows {
            split: Split::Train,
            states,
            history: 1,
            horizon: 1,
            step: config.step.clone(),
        });
    }
    let harmonics = match config.centre {
        Centre::Season => config.harmonics,
        Centre::Variable | Centre::Cell => 0,
    };
    covers_year(series, harmonics)?;
    let mut statistics = unfitted(series, harmonics)?;
    (statistics.centre, statistics.valid) = centre(series, &statistics)?;
    let spread = spread(series, &statistics)?;
    statistics.scale = spread.scales(&statistics)?;
    Ok(statistics)
}

/// What is known before the passes.
fn unfitted(series: &Series, harmonics: usize) -> Result<Statistics, DataError> {
    let range = series.range(Split::Train);
    let date = |index: usize| series.calendar().date(series.times().instants[index]);
    let variables = series.variables().iter();
    Ok(Statistics {
        variables: variables.clone().map(|v| v.name.clone()).collect(),
        units: variables.map(|v| v.units().to_owned()).collect(),
        shape: series.shape(),
        corners: places::corners(series.grid()),
        calendar: series.calendar(),
        first: date(range.start),
        last: date(range.end - 1),
        states: range.len(),
        harmonics,
        centre: Vec::new(),
        scale: Vec::new(),
        valid: None,
        statics: statics(series)?,
    })
}

/// Refuses an annual cycle where some part of the year has no training state.
fn covers_year(series: &Series, harmonics: usize) -> Result<(), DataError> {
    let parts = (4 * harmonics).max(12);
    let mut held = vec![harmonics == 0; parts];
    for instant in &series.times().instants[series.range(Split::Train)] {
        let part = season::phase(series.calendar(), *instant) / TAU * parts as f64;
        held[(part as usize).min(parts - 1)] = true;
    }
    match held.iter().filter(|h| **h).count() {
        covered if covered == parts => Ok(()),
        covered => Err(DataError::SeasonNotCovered { parts, covered }),
    }
}

/// First pass: the centre's coefficients, and the cells where nothing was ever missing.
fn centre(
    series: &Series,
    statistics: &Statistics,
) -> Result<(Vec<f64>, Option<Vec<bool>>), DataError> {
    let mut sums = CentreSums::new(series, statistics.terms());
    let (_, ny, nx) = series.shape();
    let mut valid = vec![true; ny * nx];
    for index in series.range(Split::Train) {
        let frame = series.frame(index)?;
        sums.add(&frame, &statistics.basis(series.times().instants[index]));
        for plane in frame.missing.iter().flat_map(|mask| mask.outer_iter()) {
            for (valid, missing) in valid.iter_mut().zip(plane) {
                *valid &= !missing;
            }
        }
    }
    let masked = series.config().missing == Missing::Mask && valid.iter().any(|v| !v);
    Ok((sums.solve(), masked.then_some(valid)))
}

/// Second pass: deviations from the centre.
fn spread<'a>(series: &'a Series, statistics: &Statistics) -> Result<SpreadSums<'a>, DataError> {
    let mut sums = SpreadSums::new(series);
    for index in series.range(Split::Train) {
        sums.add(&centred(series, statistics, index)?);
    }
    Ok(sums)
}

fn centred(series: &Series, statistics: &Statistics, index: usize) -> Result<Vec<f64>, DataError> {
    let frame = series.frame(index)?;
    let basis = statistics.basis(series.times().instants[index]);
    let planes = frame.values.outer_iter().enumerate();
    let deviations = planes.flat_map(|(channel, plane)| {
        let basis = &basis;
        let cells: Vec<f64> = plane
            .iter()
            .enumerate()
            .map(|(cell, x)| f64::from(*x) - statistics.centre_of(channel, cell, basis))
            .collect();
        cells
    });
    Ok(deviations.collect())
}

fn statics(series: &Series) -> Result<Vec<StaticScale>, DataError> {
    let areas = row_major(series.areas());
    let scale = |(name, plane): (&str, &ndarray::Array2<f32>)| {
        let there = || {
            areas
                .iter()
                .zip(plane.iter().map(|x| f64::from(*x)))
                .filter(|(_, x)| !x.is_nan())
        };
        let total: f64 = there().map(|(area, _)| area).sum();
        let mean = there().map(|(area, x)| area * x).sum::<f64>() / total;
        let variance = there()
            .map(|(area, x)| area * (x - mean).powi(2))
            .sum::<f64>()
            / total;
        let (name, scale) = (name.to_owned(), variance.sqrt());
        if total == 0.0 {
            return Err(DataError::NeverThere { name });
        }
        if scale <= 1e-9 * mean.abs() {
            let (place, remedy) = ("everywhere".to_owned(), "take it out of data.statics");
            return Err(DataError::Constant {
                name,
                value: mean,
                place,
                remedy,
            });
        }
        Ok(StaticScale { name, mean, scale })
    };
    series.statics().map(scale).collect()
}
