//! Intervals for the difference of two scores.

use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// A statistic of one case, averaged over its points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseValue {
    /// Initial time of the case in seconds.
    pub init: i64,
    /// The mean over its points.
    pub value: f64,
    /// The sum of its weights.
    pub weight: f64,
}

/// A bootstrap of consecutive blocks of cases, the last followed by the first.
///
/// Cases close in time are not independent; blocks as long as their memory keep it. With few blocks
/// (under twenty, say) the interval is too narrow.
///
/// # Reference
/// Politis and Romano (1992), the circular block bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Cases in a block.
    pub block: usize,
    /// Number of resampled series.
    pub resamples: usize,
    /// Probability that the interval shall hold, such as 0.95.
    pub level: f64,
}

/// An estimate with the percentile interval of its resamples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// From all cases as they are.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How the interval was made.
    pub bootstrap: Bootstrap,
}

/// Why two series of cases have no interval of their difference.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BootstrapError {
    /// The two scores are not of the same cases.
    #[error(
        "case {index}: {left} against {right} (init in seconds, weight of the valid points); score \
         both forecasts on the same cases and mask"
    )]
    Unpaired {
        /// Position in the series.
        index: usize,
        /// The case in one series.
        left: String,
        /// The case in the other.
        right: String,
    },
    /// Settings that cannot work with so many cases.
    #[error(
        "{bootstrap:?} does not fit {cases} cases: 1 <= block <= cases, resamples >= 1 and \
         0 < level < 1"
    )]
    Settings {
        /// The settings.
        bootstrap: Bootstrap,
        /// Cases in the series.
        cases: usize,
    },
}

/// Mean of `left - right` over paired cases, with its bootstrap interval.
///
/// An interval that leaves out zero says that the difference is more than the choice of cases.
///
/// # Errors
/// Cases that are not the same in both, settings that do not fit.
pub fn difference(
    left: &[CaseValue],
    right: &[CaseValue],
    bootstrap: &Bootstrap,
    key: Key,
) -> Result<Interval, BootstrapError> {
    let pairs = pair(left, right)?;
    let n = pairs.len();
    let Bootstrap {
        block,
        resamples,
        level,
    } = *bootstrap;
    if !(1..=n).contains(&block) || resamples == 0 || !(level > 0.0 && level < 1.0) {
        return Err(BootstrapError::Settings {
            bootstrap: *bootstrap,
            cases: n,
        });
    }
    let mut means: Vec<f64> = (0..resamples)
        .map(|resample| {
            let mut starts = vec![0.0; n.div_ceil(block)];
            key.step(resample as u32).uniforms(&mut starts);
            let cases = starts
                .iter()
                .flat_map(|u| (0..block).map(move |i| ((u * n as f64) as usize + i) % n));
            weighted_mean(cases.take(n).map(|i| pairs[i]))
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    Ok(Interval {
        estimate: weighted_mean(pairs.into_iter()),
        low: quantile(&means, (1.0 - level) / 2.0),
        high: quantile(&means, f64::midpoint(1.0, level)),
        bootstrap: *bootstrap,
    })
}

fn pair(left: &[CaseValue], right: &[CaseValue]) -> Result<Vec<(f64, f64)>, BootstrapError> {
    let case = |series: &[CaseValue], i: usize| series.get(i).map(|c| (c.init, c.weight));
    (0..left.len().max(right.len()))
        .map(|index| match (left.get(index), right.get(index)) {
            (Some(a), Some(b)) if (a.init, a.weight) == (b.init, b.weight) => {
                Ok((a.value - b.value, a.weight))
            }
            _ => Err(BootstrapError::Unpaired {
                index,
                left: format!("{:?}", case(left, index)),
                right: format!("{:?}", case(right, index)),
            }),
        })
        .collect()
}

fn weighted_mean(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weight) = pairs.fold((0.0, 0.0), |(sum, weight), (x, w)| {
        (sum + w * x, weight + w)
    });
    sum / weight
}

/// Linear between order statistics, 0 the least and 1 the greatest.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (at - at.floor()) * (sorted[high] - sorted[low])
}
