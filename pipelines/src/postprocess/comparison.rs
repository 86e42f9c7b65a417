//! Which differences between methods are more than chance.

use super::scores::MethodScores;
use foehn_calibration::Table;
use foehn_noise::{Key, Purpose};
use foehn_verification::{Bootstrap, CaseValue, diebold_mariano, difference};

/// Series that a bootstrap draws.
const RESAMPLES: usize = 2000;

/// Sorts by CRPS and compares every method with the best: a test with autocovariances of so many lags, and an interval.
///
/// Both are of the mean over cases, dates of many cases weighing more: an interval of the ratio of sums over the dates that
/// a resample draws, a test of the sums. The number of blocks that a resample draws.
pub fn compare(scores: &mut [MethodScores], lag: usize, seed: u64) -> usize {
    scores.sort_by(|a, b| a.crps.total_cmp(&b.crps));
    let Some((best, others)) = scores.split_first_mut() else {
        return 0;
    };
    let dates = best.by_date.len();
    let bootstrap = Bootstrap {
        block: block(dates, lag),
        resamples: RESAMPLES,
        level: 0.95,
    };
    let key = Key::new(seed, Purpose::Resample).lead(2);
    let (first, first_sums) = (means(best), sums(best));
    for other in others {
        // Series too short for a test have no p-value.
        other.equal_to_best_p_value = diebold_mariano(&sums(other), &first_sums, lag)
            .ok()
            .map(|test| test.p_value);
        // Two blocks at least, or every resample is the series itself.
        let several = dates >= 2 * bootstrap.block;
        other.over_best = several
            .then(|| difference(&means(other), &first, &bootstrap, key).ok())
            .flatten();
    }
    dates.div_ceil(bootstrap.block)
}

/// The mean of every date, weighing as many as its cases.
fn means(scores: &MethodScores) -> Vec<CaseValue> {
    let value = |(&init, &(sum, weight)): (&i64, &(f64, f64))| CaseValue {
        init,
        value: sum / weight,
        weight,
    };
    scores.by_date.iter().map(value).collect()
}

/// The sum of every date.
fn sums(scores: &MethodScores) -> Vec<f64> {
    scores.by_date.values().map(|(sum, _)| *sum).collect()
}

/// Dates in a block: the cube root of their number, and more than a lead overlaps.
fn block(dates: usize, lag: usize) -> usize {
    ((dates as f64).cbrt().ceil() as usize).max(lag + 1)
}

/// Forecasts overlap for as many dates as begin within the longest lead, less one.
pub(crate) fn lag(table: &Table) -> usize {
    let dates = table.distinct_dates();
    let mut steps: Vec<i64> = dates.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    let Some(&step) = steps.get(steps.len() / 2) else {
        return 0;
    };
    let longest = table.distinct_leads().last().copied().unwrap_or(0);
    ((longest + step - 1) / step - 1).max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn scores(method: &str, by_date: impl Iterator<Item = (f64, f64)>) -> MethodScores {
        let by_date: BTreeMap<i64, (f64, f64)> = (0..).zip(by_date).collect();
        let total = |at: fn(&(f64, f64)) -> f64| by_date.values().map(at).sum::<f64>();
        MethodScores {
            method: method.to_owned(),
            crps: total(|date| date.0) / total(|date| date.1),
            mae: 0.0,
            bias: 0.0,
            covered_90: 0.0,
            pit: vec![],
            pit_p_value: None,
            zeros: None,
            over_best: None,
            equal_to_best_p_value: None,
            cases: 0,
            fallback: 0,
            fallback_stations: vec![],
            by_date,
            by_place: BTreeMap::new(),
        }
    }

    /// Every other date has nine cases that are better by 1, the others one that is worse by 3: by cases 0.6 better, by
    /// dates 1 worse. The difference is that of the table, and is more than chance by both.
    #[test]
    fn dates_weigh_as_their_cases() {
        let dates = || (0..200).map(|i| if i % 2 == 0 { 9.0 } else { 1.0 });
        let better = dates().map(|n| (if n > 1.0 { 9.0 } else { 5.0 }, n));
        let other = dates().map(|n| (if n > 1.0 { 18.0 } else { 2.0 }, n));
        let mut both = [scores("other", other), scores("better", better)];
        assert_eq!(compare(&mut both, 0, 1), 34);
        assert_eq!(both[0].method, "better");
        let found = both[1].over_best.expect("an interval");
        assert!((found.estimate - (both[1].crps - both[0].crps)).abs() < 1e-12);
        assert!((found.estimate - 0.6).abs() < 1e-12 && found.low > 0.0);
        assert!(both[1].equal_to_best_p_value.expect("a test") < 0.01);
    }
}
