//! Quantile functions that are asked for many values.

use super::residuals::{FARTHEST, STANDARD};
use foehn_calibration::Law;

/// `F^-1(Phi(z))`: in closed form, or by lines between nodes that lie an eighth apart where that would be slow.
#[derive(Clone, Debug)]
pub(crate) enum Curve {
    Law(Law),
    Nodes {
        /// Up to here the law is at its lower end (no rain).
        edge: f64,
        floor: f64,
        values: Vec<f64>,
    },
}

/// Nodes in a unit of z.
const DENSITY: f64 = 8.0;

/// `Phi(z)`, short of 0 and 1, where a law without an end has an infinite quantile: of seventy members one can lie so far
/// out.
fn level(z: f64) -> f64 {
    STANDARD
        .cdf(z)
        .clamp(f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0)
}

fn node(i: usize) -> f64 {
    i as f64 / DENSITY - FARTHEST
}

impl Curve {
    pub(crate) fn of(law: &Law) -> Self {
        let Law::CensoredShiftedGamma { .. } = law else {
            return Self::Law(law.clone());
        };
        let count = (2.0 * FARTHEST * DENSITY) as usize + 1;
        let at = |z: f64| law.quantile(level(z));
        Self::Nodes {
            edge: STANDARD.quantile(law.cdf(0.0)),
            floor: 0.0,
            values: (0..count).map(|i| at(node(i))).collect(),
        }
    }

    pub(crate) fn at(&self, z: f64) -> f64 {
        match self {
            Self::Law(Law::Normal { location, scale }) => location + scale * z,
            Self::Law(law) => law.quantile(level(z)),
            Self::Nodes {
                edge,
                floor,
                values,
            } => {
                if z <= *edge {
                    return *floor;
                }
                let place = ((z + FARTHEST) * DENSITY).clamp(0.0, (values.len() - 1) as f64);
                let first = (place as usize).min(values.len() - 2);
                // The line of the edge's own cell begins at the edge.
                let (from, low) = if node(first) < *edge {
                    (*edge, *floor)
                } else {
                    (node(first), values[first])
                };
                let (to, high) = (node(first + 1), values[first + 1]);
                let along = ((z - from) / (to - from)).clamp(0.0, 1.0);
                low + along * (high - low)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gamma_law_keeps_its_zeros_and_its_values() {
        let law = Law::CensoredShiftedGamma {
            mean: 2.0,
            deviation: 2.5,
            shift: 0.7,
        };
        let curve = Curve::of(&law);
        let dry = law.cdf(0.0);
        for p in [0.001, 0.2, 0.45, 0.7, 0.95, 0.999] {
            let (exact, found) = (law.quantile(p), curve.at(STANDARD.quantile(p)));
            // Lines an eighth apart: h^2/8 of a second derivative of about the value.
            assert!(
                (exact - found).abs() < 4e-3 * (1.0 + exact),
                "{p} {exact} {found}"
            );
        }
        assert_eq!(curve.at(STANDARD.quantile(dry - 1e-6)), 0.0);
        assert!(curve.at(STANDARD.quantile(dry + 1e-3)) > 0.0);
    }

    /// Ten deviations out, as one of a hundred members can be: the logistic quantile of `2^-53` is `-53 ln 2`.
    #[test]
    fn far_members_are_finite() {
        let curve = Curve::of(&Law::Logistic {
            location: 0.0,
            scale: 1.0,
        });
        let far = 53.0 * std::f64::consts::LN_2;
        for (z, expected) in [(10.0, far), (-10.0, -far)] {
            assert!((curve.at(z) - expected).abs() < 1e-9, "{}", curve.at(z));
        }
    }
}
