//! From a pair to a point of the path and the target to regress there.

use crate::batch::per_sample;
use crate::coupling::Pair;
use crate::follmer::Follmer;
use crate::schedule::Schedule;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What a network learns; its least-squares optimum is the conditional expectation named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `b = E[alpha' x0 + beta' x1 + gamma' z | x_t]`, the velocity of the flow.
    Velocity,
    /// `eta = E[z | x_t]`; the score is `-eta / gamma`.
    Noise,
    /// `E[x1 | x_t]`.
    Data,
}

/// A point of the path with what is to be learnt there.
///
/// # Shapes
/// `xt` and `target`: those of the pair, [B, ...].
#[derive(Clone, Debug)]
pub struct Point<const D: usize> {
    /// `alpha x0 + beta x1 + gamma z`.
    pub xt: Tensor<D>,
    /// The regression target.
    pub target: Tensor<D>,
}

/// `(t, pair, z) -> (x_t, target)`.
#[derive(Clone, Copy, Debug)]
pub struct Interpolant<S> {
    /// The coefficients of the path.
    pub schedule: S,
}

impl<S: Schedule> Interpolant<S> {
    /// The point of the path at `t[b]` for every sample `b`, with the `target` to regress.
    ///
    /// [`Target::Velocity`] contains `gamma' z`, which is unbounded as `t` nears an end where gamma
    /// starts like a square root: pair `z` with `-z` there (antithetic draws).
    ///
    /// # Shapes
    /// `t`: (B); `pair` and `z`: [B, ...].
    pub fn point<const D: usize>(
        &self,
        t: &[f64],
        pair: &Pair<D>,
        z: &Tensor<D>,
        target: Target,
    ) -> Point<D> {
        let at: Vec<_> = t.iter().map(|&t| self.schedule.at(t)).collect();
        let combine = |a: Vec<f64>, b: Vec<f64>, c: Vec<f64>| weighted(pair, z, [&a, &b, &c]);
        let column = |f: fn(&crate::Coefficients) -> f64| at.iter().map(f).collect::<Vec<_>>();
        let target = match target {
            Target::Velocity => combine(
                column(|c| c.d_alpha),
                column(|c| c.d_beta),
                column(|c| c.d_gamma),
            ),
            Target::Noise => z.clone(),
            Target::Data => pair.x1.clone(),
        };
        let xt = combine(column(|c| c.alpha), column(|c| c.beta), column(|c| c.gamma));
        Point { xt, target }
    }
}

impl Interpolant<Follmer> {
    /// The point of a Föllmer path and its drift target
    /// `R = alpha' x0 + beta' x1 + sigma' sqrt(t) z`, bounded for every `t`.
    ///
    /// # Shapes
    /// `t`: (B); `pair` and `z`: [B, ...].
    ///
    /// # Reference
    /// Chen et al. 2024, arXiv:2403.13724, equation 9.
    pub fn drift_point<const D: usize>(
        &self,
        t: &[f64],
        pair: &Pair<D>,
        z: &Tensor<D>,
    ) -> Point<D> {
        let column = |f: &dyn Fn(f64) -> f64| t.iter().map(|&t| f(t)).collect::<Vec<_>>();
        let path = &self.schedule;
        let xt = weighted(
            pair,
            z,
            [
                &column(&|t| path.at(t).alpha),
                &column(&|t| path.at(t).beta),
                &column(&|t| path.at(t).gamma),
            ],
        );
        let target = weighted(
            pair,
            z,
            [
                &column(&|t| path.at(t).d_alpha),
                &column(&|t| path.at(t).d_beta),
                &column(&|t| path.d_sigma() * t.sqrt()),
            ],
        );
        Point { xt, target }
    }
}

/// `a x0 + b x1 + c z`, one triple of weights a sample.
fn weighted<const D: usize>(pair: &Pair<D>, z: &Tensor<D>, [a, b, c]: [&Vec<f64>; 3]) -> Tensor<D> {
    pair.x0.clone() * per_sample(a, z)
        + pair.x1.clone() * per_sample(b, z)
        + z.clone() * per_sample(c, z)
}
