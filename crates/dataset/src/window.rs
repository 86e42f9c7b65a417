//! Windows over time that never straddle a gap.

use std::ops::Range;

use foehn_field::Instant;

/// One initial state whose past and future, as far as they were asked for, are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Position of the initial state x0 on the time axis of the series.
    pub index: usize,
    /// Its valid time.
    pub instant: Instant,
}

/// How states follow each other on a time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stride {
    /// Positions on the axis per step.
    pub(crate) positions: usize,
    /// Seconds per step.
    pub(crate) seconds: i64,
}

/// Every position i in `within` such that the states at `times[i] + m step`, m = -back..=ahead, lie `m positions`
/// away and in `within` too: with a rising axis of equal spacing but for gaps, no time between them is lacking.
pub(crate) fn complete(
    times: &[Instant],
    stride: Stride,
    back: usize,
    ahead: usize,
    within: Range<usize>,
) -> Vec<Window> {
    let (before, after) = (back * stride.positions, ahead * stride.positions);
    let start = within.start + before;
    let end = within.end.saturating_sub(after);
    let whole = |i: &usize| {
        (0..back + ahead).all(|m| {
            let at = i - before + m * stride.positions;
            times[at + stride.positions].since(times[at]) == stride.seconds
        })
    };
    let indices = (start..end).filter(whole);
    indices
        .map(|index| Window {
            index,
            instant: times[index],
        })
        .collect()
}

/// The most frequent difference between neighbours on a rising axis, the smallest of them where several are.
pub fn spacing(times: &[Instant]) -> Option<i64> {
    let mut gaps: Vec<i64> = times.windows(2).map(|t| t[1].since(t[0])).collect();
    gaps.sort_unstable();
    let runs = gaps.chunk_by(|a, b| a == b);
    // of equally long runs max_by_key takes the last, hence the order turned round
    let longest = runs.rev().max_by_key(|run| run.len());
    longest.and_then(|run| run.first().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The definition, by looking every instant up.
    fn brute_force(
        times: &BTreeSet<i64>,
        spacing: i64,
        stride: Stride,
        (back, ahead): (i64, i64),
        (first, last): (i64, i64),
    ) -> Vec<i64> {
        let (back, ahead) = (back * stride.seconds, ahead * stride.seconds);
        let whole = |t: &&i64| {
            let (start, end) = (**t - back, **t + ahead);
            let lacking =
                (0..=(end - start) / spacing).any(|j| !times.contains(&(start + j * spacing)));
            start >= first && end <= last && !lacking
        };
        times.iter().filter(whole).copied().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn windows_are_those_of_the_definition(
            kept in prop::collection::vec(prop::bool::weighted(0.85), 10..120),
            positions in 1usize..4,
            back in 0usize..4,
            ahead in 0usize..5,
            (from, length) in (0i64..60, 0i64..120),
        ) {
            const SPACING: i64 = 21_600;
            let times: BTreeSet<i64> = (0..).zip(&kept).filter(|(_, k)| **k).map(|(j, _)| j * SPACING).collect();
            let instants: Vec<Instant> = times.iter().map(|t| Instant(*t)).collect();
            let stride = Stride { positions, seconds: positions as i64 * SPACING };
            let period = (from * SPACING, (from + length) * SPACING);
            let start = instants.partition_point(|t| t.0 < period.0);
            let end = instants.partition_point(|t| t.0 <= period.1).max(start);
            let found = complete(&instants, stride, back, ahead, start..end);
            let expected = brute_force(&times, SPACING, stride, (back as i64, ahead as i64), period);
            prop_assert_eq!(found.iter().map(|w| w.instant.0).collect::<Vec<_>>(), expected);
            prop_assert!(found.iter().all(|w| instants[w.index] == w.instant));
        }
    }

    #[test]
    fn spacing_is_the_most_frequent_difference() {
        let axis = |times: &[i64]| times.iter().map(|t| Instant(*t)).collect::<Vec<_>>();
        assert_eq!(spacing(&axis(&[0, 6, 12, 100, 106])), Some(6));
        assert_eq!(spacing(&axis(&[0, 6, 18])), Some(6));
        assert_eq!(spacing(&axis(&[0])), None);
    }
}
