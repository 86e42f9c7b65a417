//! Laws that are step functions.

use serde::{Deserialize, Serialize};

/// `F(x)`: the cumulative weight of the last point not above x.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    points: Vec<f64>,
    /// Cumulative; empty for points of equal weight.
    cumulative: Vec<f64>,
}

/// Why values are not the points of a law.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepsError {
    /// No point.
    #[error("a law needs at least one member")]
    Empty,
    /// A point that is no number.
    #[error("member {index} is {value}; leave out what is missing")]
    NotFinite {
        /// Which.
        index: usize,
        /// Its value.
        value: f64,
    },
}

impl Steps {
    /// Members of equal weight, in any order.
    ///
    /// # Errors
    /// No member, or one that is not finite.
    pub fn of_members(members: &[f64]) -> Result<Self, StepsError> {
        if members.is_empty() {
            return Err(StepsError::Empty);
        }
        if let Some(index) = members.iter().position(|x| !x.is_finite()) {
            return Err(StepsError::NotFinite {
                index,
                value: members[index],
            });
        }
        let mut points = members.to_vec();
        points.sort_unstable_by(f64::total_cmp);
        Ok(Self {
            points,
            cumulative: Vec::new(),
        })
    }

    /// Ascending points with their cumulative weights, the last of which is 1.
    pub(crate) fn weighted(points: Vec<f64>, cumulative: Vec<f64>) -> Self {
        Self { points, cumulative }
    }

    /// The points, ascending.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// The cumulative weight of the first n points.
    fn weight(&self, n: usize) -> f64 {
        match (n, self.cumulative.is_empty()) {
            (0, _) => 0.0,
            (n, true) => n as f64 / self.points.len() as f64,
            (n, false) => self.cumulative[n - 1],
        }
    }

    pub(crate) fn cdf(&self, x: f64) -> f64 {
        self.weight(self.points.partition_point(|&p| p <= x))
    }

    pub(crate) fn cdf_below(&self, x: f64) -> f64 {
        self.weight(self.points.partition_point(|&p| p < x))
    }

    pub(crate) fn quantile(&self, p: f64) -> f64 {
        let last = self.points.len() - 1;
        // A level that is k/M but for rounding is the k-th member.
        let p = p - 1e-12;
        let at = if self.cumulative.is_empty() {
            (p * self.points.len() as f64).ceil().max(1.0) as usize - 1
        } else {
            self.cumulative.partition_point(|&c| c < p)
        };
        self.points[at.min(last)]
    }

    pub(crate) fn mean(&self) -> f64 {
        (0..self.points.len())
            .map(|i| self.points[i] * (self.weight(i + 1) - self.weight(i)))
            .sum()
    }

    /// The integral, piece by piece between the points.
    pub(crate) fn crps(&self, y: f64) -> f64 {
        let mut sum = 0.0;
        let first = self.points[0];
        let last = self.points[self.points.len() - 1];
        sum += (first - y).max(0.0) + (y - last).max(0.0);
        for i in 1..self.points.len() {
            let (low, high, f) = (self.points[i - 1], self.points[i], self.weight(i));
            let split = y.clamp(low, high);
            sum += (split - low) * f * f + (high - split) * (1.0 - f) * (1.0 - f);
        }
        sum
    }

    pub(crate) fn pit(&self, y: f64) -> [f64; 2] {
        if !self.cumulative.is_empty() {
            return [self.cdf_below(y), self.cdf(y)];
        }
        let cells = self.points.len() as f64 + 1.0;
        let below = self.points.partition_point(|&p| p < y) as f64;
        let not_above = self.points.partition_point(|&p| p <= y) as f64;
        [below / cells, (not_above + 1.0) / cells]
    }

    /// Whether several members are y.
    pub(crate) fn has_atom(&self, y: f64) -> bool {
        let from = self.points.partition_point(|&p| p < y);
        self.points[from..].iter().take_while(|&&p| p <= y).count() > 1
    }

    /// Whether y lies between the linear quantiles that end the central interval of a level; `None` for points of
    /// unequal weight.
    pub(crate) fn covers(&self, y: f64, level: f64) -> Option<bool> {
        let ends = [(1.0 - level) / 2.0, f64::midpoint(1.0, level)];
        let [low, high] = ends.map(|p| self.linear_quantile(p));
        self.cumulative.is_empty().then_some(low <= y && y <= high)
    }

    /// At `(M - 1) p` on the broken line through the sorted points: type 7 of Hyndman and Fan (1996), The American
    /// Statistician 50, 361.
    fn linear_quantile(&self, p: f64) -> f64 {
        let last = self.points.len() - 1;
        let at = last as f64 * p.clamp(0.0, 1.0);
        let below = (at.floor() as usize).min(last);
        let (low, high) = (self.points[below], self.points[(below + 1).min(last)]);
        low + (at - below as f64) * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_one_two_three_and_two() {
        let law = Steps::of_members(&[3.0, 1.0, 2.0]).unwrap();
        assert!((law.crps(2.0) - 2.0 / 9.0).abs() < 1e-15);
        assert_eq!(law.quantile(1.0 / 3.0), 1.0);
        assert_eq!(law.quantile(0.34), 2.0);
        assert_eq!(law.pit(2.0), [0.25, 0.75]);
        assert_eq!(law.pit(9.0), [0.75, 1.0]);
        assert!((law.mean() - 2.0).abs() < 1e-15);
    }

    #[test]
    fn coverage_of_members_is_that_of_their_linear_quantiles() {
        // numpy.quantile(range(11), [0.05, 0.95]) is [0.5, 9.5].
        let members: Vec<f64> = (0..11).map(f64::from).collect();
        let law = Steps::of_members(&members).unwrap();
        for (y, inside) in [
            (-1.0, false),
            (0.4, false),
            (0.6, true),
            (9.4, true),
            (9.6, false),
            (11.0, false),
        ] {
            assert_eq!(law.covers(y, 0.9), Some(inside), "{y}");
        }
        assert_eq!(law.covers(10.0, 1.0), Some(true));
        assert_eq!(law.covers(f64::NAN, 0.9), Some(false));
        let single = Steps::of_members(&[2.0]).unwrap();
        assert_eq!(single.covers(2.0, 0.9), Some(true));
        let weighted = Steps::weighted(vec![0.0, 1.0], vec![0.3, 1.0]);
        assert_eq!(weighted.covers(0.5, 0.9), None);
    }

    /// Six dry members of ten: a dry observation stands evenly on the law's jump, as in a gamma law with that atom.
    #[test]
    fn an_observation_on_an_atom_is_covered_in_part() {
        let members = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0];
        let law = crate::Law::of_members(&members).unwrap();
        let [low, high] = law.pit(0.0);
        let expected = (high - 0.05) / (high - low);
        assert!((law.covers(0.0, 0.9) - expected).abs() < 1e-12 && expected < 1.0);
        assert_eq!(law.covers(1.0, 0.9), 1.0);
    }

    #[test]
    fn equal_weights_said_in_both_ways_agree() {
        let points = vec![-1.0, 0.5, 0.5, 4.0];
        let implicit = Steps::of_members(&points).unwrap();
        let explicit = Steps::weighted(points, vec![0.25, 0.5, 0.75, 1.0]);
        for y in [-3.0, -1.0, 0.2, 0.5, 2.0, 4.0, 9.0] {
            assert!((implicit.crps(y) - explicit.crps(y)).abs() < 1e-15);
            assert_eq!(implicit.cdf(y), explicit.cdf(y));
            assert_eq!(implicit.cdf_below(y), explicit.cdf_below(y));
        }
        for p in [0.0, 0.2, 0.25, 0.3, 0.75, 0.8, 1.0] {
            assert_eq!(implicit.quantile(p), explicit.quantile(p), "{p}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(Steps::of_members(&[]), Err(StepsError::Empty));
        let error = Steps::of_members(&[1.0, f64::NAN]).unwrap_err();
        assert!(error.to_string().contains("member 1 is NaN"), "{error}");
    }
}
