//! Explicit Runge-Kutta methods.

use crate::dynamics::Dynamics;
use crate::solver::Interval;
use burn::tensor::Tensor;

/// The coefficients of an explicit Runge-Kutta method:
/// `k_i = drift(t + c_i h, X + h sum_j a_ij k_j)`, `X + h sum_i b_i k_i`.
pub(crate) struct Tableau {
    pub a: &'static [&'static [f64]],
    pub b: &'static [f64],
    pub c: &'static [f64],
}

pub(crate) const EULER: Tableau = Tableau {
    a: &[&[]],
    b: &[1.0],
    c: &[0.0],
};

pub(crate) const MIDPOINT: Tableau = Tableau {
    a: &[&[], &[0.5]],
    b: &[0.0, 1.0],
    c: &[0.0, 0.5],
};

pub(crate) const HEUN: Tableau = Tableau {
    a: &[&[], &[1.0]],
    b: &[0.5, 0.5],
    c: &[0.0, 1.0],
};

pub(crate) const RK4: Tableau = Tableau {
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
};

/// Dormand, Prince 1980, table 2 (RK5(4)7M), doi:10.1016/0771-050X(80)90013-3.
pub(crate) const DORMAND_PRINCE: Tableau = Tableau {
    a: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[
            19372.0 / 6561.0,
            -25360.0 / 2187.0,
            64448.0 / 6561.0,
            -212.0 / 729.0,
        ],
        &[
            9017.0 / 3168.0,
            -355.0 / 33.0,
            46732.0 / 5247.0,
            49.0 / 176.0,
            -5103.0 / 18656.0,
        ],
    ],
    b: &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
    c: &[0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0],
};

/// Fifth-order minus fourth-order weights; the seventh stage is the drift at the new state.
pub(crate) const DORMAND_PRINCE_ERROR: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

impl Tableau {
    /// The stages `k_i`, the first of which may be known already.
    pub fn stages<const D: usize>(
        &self,
        dynamics: &impl Dynamics<D>,
        at: Interval,
        x: &Tensor<D>,
        first: Option<Tensor<D>>,
    ) -> Vec<Tensor<D>> {
        let h = at.u - at.t;
        let mut stages = Vec::with_capacity(self.b.len());
        stages.extend(first);
        for i in stages.len()..self.b.len() {
            let time = if self.c[i] == 1.0 {
                at.u
            } else {
                at.t + self.c[i] * h
            };
            let state = advance(x.clone(), &stages, self.a[i], h);
            stages.push(dynamics.drift(time, state));
        }
        stages
    }

    /// Whether a stage lies at the end of the step.
    pub fn reaches_end(&self) -> bool {
        self.c.contains(&1.0)
    }
}

/// `x + h sum_i w_i k_i`.
pub(crate) fn advance<const D: usize>(
    x: Tensor<D>,
    stages: &[Tensor<D>],
    weights: &[f64],
    h: f64,
) -> Tensor<D> {
    stages
        .iter()
        .zip(weights)
        .filter(|(_, w)| **w != 0.0)
        .fold(x, |x, (k, w)| x + k.clone() * (w * h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tableaux_satisfy_the_order_conditions() {
        for (tableau, order) in [
            (&EULER, 1),
            (&MIDPOINT, 2),
            (&HEUN, 2),
            (&RK4, 4),
            (&DORMAND_PRINCE, 5),
        ] {
            for (row, c) in tableau.a.iter().zip(tableau.c) {
                assert!((row.iter().sum::<f64>() - c).abs() < 1e-14);
            }
            // quadrature: sum b c^(q-1) = 1/q up to the order
            for q in 1..=order {
                let terms = tableau.b.iter().zip(tableau.c);
                let sum: f64 = terms.map(|(b, c)| b * c.powi(q - 1)).sum();
                assert!((sum - 1.0 / f64::from(q)).abs() < 1e-14, "{q}");
            }
        }
        // the embedded weights differ by a method of fourth order
        let nodes: Vec<f64> = DORMAND_PRINCE.c.iter().copied().chain([1.0]).collect();
        for q in 1..=4 {
            let terms = DORMAND_PRINCE_ERROR.iter().zip(&nodes);
            let sum: f64 = terms.map(|(e, c)| e * c.powi(q - 1)).sum();
            assert!(sum.abs() < 1e-14, "{q}: {sum}");
        }
    }
}
