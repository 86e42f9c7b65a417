//! The path between two mixtures, for many points at once.

use super::log_sum_exp;
use super::mixture_path::MixtureMarginal;
use ndarray::{Array1, Array2, Axis};
use std::f64::consts::TAU;

/// A mode of the start with one of the end, as seen at one time: all that is linear in x.
#[derive(Clone, Debug)]
pub struct Pair {
    /// `log p_i q_j - log det(2 pi S) / 2`: the log-density of the pair where x is its mean.
    pub log_height: f64,
    /// `alpha m_i + beta n_j`, (d).
    pub mean: Array1<f64>,
    /// `S^-1`, `S = alpha^2 C_i + beta^2 D_j + gamma^2`, (d, d).
    pub precision: Array2<f64>,
    /// `alpha' m_i + beta' n_j`: the velocity at the mean, (d).
    pub offset: Array1<f64>,
    /// `(alpha alpha' C_i + beta beta' D_j + gamma gamma') S^-1`: how the velocity grows from there, (d, d).
    pub gain: Array2<f64>,
}

/// All pairs of modes at one time.
///
/// ```
/// use foehn_simulation::laws::{MixturePairs, MixturePath, PathPoint};
/// use ndarray::arr2;
/// let path = MixturePath::instance(2)?;
/// let at = path.at(PathPoint::linear(0.3, 1.0))?;
/// let (b, s) = MixturePairs::new(&at).velocity_and_score(&arr2(&[[0.5, -1.0]]));
/// let error = (&b.row(0) - &at.velocity(&[0.5, -1.0])) + (&s.row(0) - &at.score(&[0.5, -1.0]));
/// assert!(error.iter().all(|e| e.abs() < 1e-12));
/// # Ok::<(), foehn_simulation::laws::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MixturePairs {
    pairs: Vec<Pair>,
}

impl MixturePairs {
    /// The pairs of a marginal; its matrices are inverted here, once.
    pub fn new(at: &MixtureMarginal) -> Self {
        let p = at.point;
        let ends = at.path.end.modes();
        let pair = |(k, mode): (usize, &super::Mode)| {
            let (first, second) = (
                &at.path.start.modes()[k / ends.len()],
                &ends[k % ends.len()],
            );
            let factor = at.law.factor(k);
            let precision = factor.inverse();
            let rate = &first.covariance * (p.alpha * p.d_alpha)
                + &second.covariance * (p.beta * p.d_beta)
                + Array2::<f64>::eye(mode.mean.len()) * p.gamma_d_gamma;
            let constant = mode.mean.len() as f64 * TAU.ln() + factor.log_determinant();
            Pair {
                log_height: mode.weight.ln() - 0.5 * constant,
                mean: mode.mean.clone(),
                offset: &first.mean * p.d_alpha + &second.mean * p.d_beta,
                gain: rate.dot(&precision),
                precision,
            }
        };
        let pairs = at.law.modes().iter().enumerate().map(pair).collect();
        Self { pairs }
    }

    /// The pairs, those of the first mode of the start first.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// `b(t, x)` and `s(t, x)` of the rows of x, (n, d) each.
    pub fn velocity_and_score(&self, x: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
        let (mut logs, mut whitened) = (Vec::new(), Vec::new());
        for pair in &self.pairs {
            let off = x - &pair.mean;
            let pulled = off.dot(&pair.precision);
            let square = (&off * &pulled).sum_axis(Axis(1));
            logs.push(square.mapv(|square| pair.log_height - 0.5 * square));
            whitened.push((off, pulled));
        }
        let total: Vec<f64> = (0..x.nrows())
            .map(|i| log_sum_exp(&logs.iter().map(|log| log[i]).collect::<Vec<_>>()))
            .collect();
        let total = Array1::from(total);
        let (mut b, mut s) = (Array2::zeros(x.raw_dim()), Array2::zeros(x.raw_dim()));
        for ((pair, log), (off, pulled)) in self.pairs.iter().zip(logs).zip(whitened) {
            let probability = (log - &total).mapv(f64::exp).insert_axis(Axis(1));
            b += &((off.dot(&pair.gain.t()) + &pair.offset) * &probability);
            s -= &(pulled * &probability);
        }
        (b, s)
    }
}
