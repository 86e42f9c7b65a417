//! From a pair to a point of the path and the target to regress there.

use crate::batch::per_sample;
use crate::coupling::Pair;
use crate::follmer::Follmer;
use crate::schedule::Schedule;
use crate::target::{Target, TargetError};
use burn::tensor::Tensor;

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
    /// [`Target::Velocity`] contains `gamma' z` and [`Target::Score`] is `-z / gamma`, which are unbounded
    /// as `t` nears an end: take [`Interpolant::antithetic`] points there.
    ///
    /// # Shapes
    /// `t`: (B); `pair` and `z`: [B, ...].
    ///
    /// # Errors
    /// If the path has no such target or its target is infinite at one of the times.
    pub fn point<const D: usize>(
        &self,
        t: &[f64],
        pair: &Pair<D>,
        z: &Tensor<D>,
        target: Target,
    ) -> Result<Point<D>, TargetError> {
        let weights: Vec<[f64; 3]> = t
            .iter()
            .map(|&t| target.weights(&self.schedule, t))
            .collect::<Result<_, _>>()?;
        let at: Vec<[f64; 3]> = t
            .iter()
            .map(|&t| self.schedule.at(t))
            .map(|c| [c.alpha, c.beta, c.gamma])
            .collect();
        Ok(Point {
            xt: weighted(pair, z, columns(&at).each_ref()),
            target: weighted(pair, z, columns(&weights).each_ref()),
        })
    }

    /// The points with `z` and with `-z`. Averaged over the two, the losses of velocity and score have
    /// bounded variance up to the ends, where `gamma' z` and `z / gamma` alone have not; for that use
    /// [`quadratic_loss`](crate::quadratic_loss), which does not square the target.
    ///
    /// # Shapes
    /// `t`: (B); `pair` and `z`: [B, ...].
    ///
    /// # Errors
    /// As [`Interpolant::point`].
    ///
    /// # Reference
    /// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 6.
    pub fn antithetic<const D: usize>(
        &self,
        t: &[f64],
        pair: &Pair<D>,
        z: &Tensor<D>,
        target: Target,
    ) -> Result<[Point<D>; 2], TargetError> {
        let mirrored = z.clone().neg();
        Ok([
            self.point(t, pair, z, target)?,
            self.point(t, pair, &mirrored, target)?,
        ])
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
    /// Chen et al. 2024, arXiv:2403.13724.
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

/// The three columns of a table.
fn columns(rows: &[[f64; 3]]) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|j| rows.iter().map(|row| row[j]).collect())
}
