//! Quantile mapping: members take the observations' law, rank by rank.

use serde::{Deserialize, Serialize};

use crate::{Case, Scope};

/// `x' = F_obs^-1(F_members(x))` between so many quantiles of the training, linear between them; beyond the ends
/// the difference of the ends is kept.
///
/// It mends the climate of the members, not their skill: a forecast without any keeps all its spread.
///
/// # Reference
/// Panofsky and Brier (1968) for the method; Zhao et al. (2017), J. Climate 30, 3185, for its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantileMapping {
    /// Number of quantiles; fewer where there are fewer cases.
    pub quantiles: usize,
    /// Which stations share a fit.
    pub scope: Scope,
}

impl Default for QuantileMapping {
    fn default() -> Self {
        Self {
            quantiles: 99,
            scope: Scope::Global,
        }
    }
}

/// Pairs of quantiles, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileMappingFit {
    from: Vec<f64>,
    to: Vec<f64>,
}

impl QuantileMapping {
    pub(crate) fn fit(&self, cases: &[Case<'_>]) -> QuantileMappingFit {
        let mut members: Vec<f64> = cases.iter().flat_map(Case::present).collect();
        let mut observations: Vec<f64> = cases.iter().map(|case| case.observation).collect();
        members.sort_unstable_by(f64::total_cmp);
        observations.sort_unstable_by(f64::total_cmp);
        let count = self.quantiles.clamp(1, observations.len());
        let levels = (0..count).map(|i| (i as f64 + 0.5) / count as f64);
        QuantileMappingFit::of(
            levels.map(|level| (between(&members, level), between(&observations, level))),
        )
    }
}

/// The quantile of sorted values, linear between the levels `(i + 1/2)/n`.
fn between(sorted: &[f64], level: f64) -> f64 {
    let last = sorted.len() as f64 - 1.0;
    let at = (level * sorted.len() as f64 - 0.5).clamp(0.0, last);
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - at.floor()) * (sorted[high] - sorted[low])
}

impl QuantileMappingFit {
    /// Of ascending pairs. Equal quantiles of the members (dry days, constant members) are one step, mapped to the mean
    /// of what they pair with.
    fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut from, mut to): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut equal = 0.0;
        for (x, y) in pairs {
            match (from.last(), to.last_mut()) {
                (Some(before), Some(mean)) if before.total_cmp(&x).is_eq() => {
                    equal += 1.0;
                    *mean += (y - *mean) / equal;
                }
                _ => {
                    equal = 1.0;
                    from.push(x);
                    to.push(y);
                }
            }
        }
        Self { from, to }
    }

    /// The mapped members, in the case's order; NaN where missing.
    pub fn members(&self, case: &Case<'_>) -> Vec<f64> {
        case.members
            .iter()
            .map(|&x| if x.is_finite() { self.map(x) } else { f64::NAN })
            .collect()
    }

    fn map(&self, x: f64) -> f64 {
        let last = self.from.len() - 1;
        let above = self.from.partition_point(|&q| q <= x);
        if above == 0 {
            return x + self.to[0] - self.from[0];
        }
        if above > last {
            return x + self.to[last] - self.from[last];
        }
        let (a, b) = (above - 1, above);
        let part = (x - self.from[a]) / (self.from[b] - self.from[a]);
        self.to[a] + part * (self.to[b] - self.to[a])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three equal quantiles count alike: 0, 3 and 6 are 3 in the mean, whatever their order.
    #[test]
    fn equal_quantiles_are_mapped_to_their_mean() {
        let pairs = [(0.0, 0.0), (0.0, 3.0), (0.0, 6.0), (1.0, 8.0), (1.0, 10.0)];
        let fit = QuantileMappingFit::of(pairs.into_iter());
        assert_eq!(
            (&fit.from[..], &fit.to[..]),
            (&[0.0, 1.0][..], &[3.0, 9.0][..])
        );
        assert_eq!(
            [0.0, 0.5, 1.0, -1.0, 2.0].map(|x| fit.map(x)),
            [3.0, 6.0, 9.0, 2.0, 10.0]
        );
    }
}
