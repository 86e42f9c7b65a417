//! Every method fitted in every window, and its forecasts.

use super::config::PostprocessConfig;
use super::method::{FittedMethod, MethodConfig, Predictions};
use crate::progress::{Progress, Talk, check_interrupt};
use anyhow::{Context, Result};
use foehn_calibration::{Method, Split};
use foehn_compute::Workers;
use std::collections::BTreeMap;

/// Every method's fits, one a window, and its forecasts of all windows' cases, one after the other.
pub(crate) struct Run {
    pub(crate) fits: BTreeMap<String, Vec<FittedMethod>>,
    pub(crate) predictions: BTreeMap<String, Predictions>,
}

/// Every method fitted in every window: statistical ones one a worker, then the learnt ones on all workers.
///
/// # Errors
/// As a method's fit; after Ctrl-C.
pub(crate) fn fit_all(
    config: &PostprocessConfig,
    windows: &[Split],
    workers: &Workers,
    talk: Talk,
) -> Result<Run> {
    let count = (config.methods.len() * windows.len()) as u64;
    let progress = Progress::new(talk, "postprocess", "fits", count, 0);
    let mut run = Run {
        fits: BTreeMap::new(),
        predictions: BTreeMap::new(),
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

impl Run {
    /// What is to be said of the methods, from their last fit.
    pub(crate) fn said(&self) -> BTreeMap<String, String> {
        let said = |(name, fits): (&String, &Vec<FittedMethod>)| {
            Some((name.clone(), fits.last()?.said()?))
        };
        self.fits.iter().filter_map(said).collect()
    }
}
