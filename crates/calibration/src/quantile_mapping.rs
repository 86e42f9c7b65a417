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
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for level in levels {
            let x = between(&members, level);
            let y = between(&observations, level);
            // Equal quantiles (dry days, constant members) are one step: its middle.
            if from.last() == Some(&x) {
                if let Some(last) = to.last_mut() {
                    *last = f64::midpoint(*last, y);
                }
            } else {
                from.push(x);
                to.push(y);
            }
        }
        QuantileMappingFit { from, to }
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
