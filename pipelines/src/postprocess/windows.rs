//! Which dates train for which: one split, or a past that moves along.

use super::config::{CasesConfig, PostprocessConfig};
use super::method::{FittedMethod, MethodConfig, Predictions};
use super::past::Past;
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result, bail};
use foehn_calibration::{Method, Table};
use foehn_compute::Workers;
use std::collections::BTreeMap;

/// Dates that share a fit.
pub(super) struct Window {
    pub(super) train: Table,
    pub(super) test: Table,
}

/// So many of a number, whole ones: 29 of 100 for 0.29, whose product with 100 is less than 29 by rounding.
fn share(count: usize, part: f64) -> usize {
    (count as f64 * part + 1e-9) as usize
}

/// The first dates for the rest, or for every few dates the past as it was then.
///
/// # Errors
/// Fewer than two dates.
pub(super) fn windows(table: &Table, data: &CasesConfig) -> Result<Vec<Window>> {
    let dates = table.distinct_dates();
    if dates.len() < 2 {
        bail!(
            "{} dates: some must train and others be forecast",
            dates.len()
        );
    }
    let first = share(dates.len(), data.train).clamp(1, dates.len() - 1);
    let later = &dates[first..];
    let length = data.window.map_or(later.len(), |_| data.refit);
    let window = |block: &[i64]| {
        let (start, end) = (block[0], block[block.len() - 1]);
        // What is trained on was observed before the first of these forecasts began.
        let known = |case: &foehn_calibration::Case<'_>| match data.window {
            Some(period) => period.holds(case, start),
            None => case.date < start && case.valid() <= start,
        };
        Window {
            train: table.filter(known),
            test: table.filter(|case| (start..=end).contains(&case.date)),
        }
    };
    Ok(later.chunks(length.max(1)).map(window).collect())
}

/// Every method's fits, one a window, and its forecasts of all windows' cases, one after the other.
pub(super) struct Run {
    pub(super) fits: BTreeMap<String, Vec<FittedMethod>>,
    pub(super) predictions: BTreeMap<String, Predictions>,
    /// Past observations of every window.
    pub(super) past: Vec<Past>,
}

/// Every method fitted in every window: statistical ones one a worker, then the learnt ones on all workers.
///
/// # Errors
/// As a method's fit; after Ctrl-C.
pub(super) fn fit_all(
    config: &PostprocessConfig,
    windows: &[Window],
    workers: &Workers,
    talk: Talk,
) -> Result<Run> {
    let count = (config.methods.len() * windows.len()) as u64;
    let progress = Progress::new(talk, "postprocess", "fits", count, 0);
    let mut run = Run {
        fits: BTreeMap::new(),
        predictions: BTreeMap::new(),
        past: windows
            .iter()
            .map(|window| Past::of(&window.train))
            .collect(),
    };
    let statistical: Vec<(&String, &Method)> = config
        .methods
        .iter()
        .filter_map(|(name, method)| match method {
            MethodConfig::Statistical(method) => Some((name, method)),
            MethodConfig::Learnt(_) => None,
        })
        .collect();
    for window in windows {
        let fits = workers.map(statistical.len(), |i| {
            check_interrupt()?;
            let (name, method) = statistical[i];
            let fitted = method.fit(&window.train);
            let fitted = fitted.with_context(|| format!("methods.{name}"))?;
            progress.advance(1);
            Ok::<_, anyhow::Error>((name.clone(), FittedMethod::Statistical(fitted)))
        })?;
        let mut fits: BTreeMap<String, FittedMethod> = fits.into_iter().collect();
        for (name, method) in &config.methods {
            if let MethodConfig::Learnt(method) = method {
                let fitted = method.fit(&window.train, config.seed, workers);
                fits.insert(
                    name.clone(),
                    fitted.with_context(|| format!("methods.{name}"))?,
                );
                progress.advance(1);
            }
        }
        for (name, fitted) in fits {
            let forecasts = fitted.predictions(&window.test, workers)?;
            run.predictions
                .entry(name.clone())
                .or_default()
                .extend(forecasts);
            run.fits.entry(name).or_default().push(fitted);
        }
    }
    progress.finish();
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_dates_are_whole() {
        let found = [0.29, 0.57, 0.58, 0.8, 0.999].map(|part| share(100, part));
        assert_eq!(found, [29, 57, 58, 80, 99]);
    }
}
