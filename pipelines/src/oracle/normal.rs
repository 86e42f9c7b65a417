//! Normal laws as targets: their exact drift, and moments of a sampler propagated exactly.

use burn::tensor::{DType, Device, Tensor, TensorData};
use foehn_dynamics::Drift;
use foehn_interpolant::{Follmer, Schedule};
use foehn_simulation::laws::PathPoint;

/// A tensor of doubles on the host.
pub fn tensor(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values, shape),
        (&Device::flex(), DType::F64),
    )
}

/// Its values.
pub fn values(x: Tensor<2>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}

/// One time of Föllmer's path, with what its drift needs.
pub fn point(path: &Follmer, t: f64) -> PathPoint {
    let (c, sigma) = (path.at(t), path.sigma(t));
    PathPoint {
        alpha: c.alpha,
        beta: c.beta,
        gamma_square: sigma * sigma * t,
        d_alpha: c.d_alpha,
        d_beta: c.d_beta,
        gamma_d_gamma: sigma * path.d_sigma() * t,
    }
}

/// `f(t, x, x0)` of Föllmer's path from x0 to N(m, v).
#[derive(Clone, Copy)]
pub struct NormalDrift {
    /// The path.
    pub path: Follmer,
    /// x0.
    pub x0: f64,
    /// m.
    pub mean: f64,
    /// v.
    pub variance: f64,
}

impl Drift<2> for NormalDrift {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        let p = point(&self.path, t);
        let centre = p.alpha * self.x0 + p.beta * self.mean;
        (x - centre) * p.gain(self.variance) + (p.d_alpha * self.x0 + p.d_beta * self.mean)
    }
}

/// Noise that measures moments: sample 0 gets none, sample k + 1 a unit draw at step k only.
///
/// Where the drift is affine a sampler is an affine map of its noise, so that its mean is the run
/// without noise and its variance the sum of the squared responses: no draws, no sampling error.
pub fn probes(step: usize, like: &Tensor<2>) -> Tensor<2> {
    let [batch, _] = like.dims();
    let mut z = vec![0.0; batch];
    z[step + 1] = 1.0;
    tensor(z, [batch, 1])
}

/// Start of `steps` steps from x0 under [`probes`].
pub fn probed(x0: f64, steps: usize) -> Tensor<2> {
    tensor(vec![x0; steps + 1], [steps + 1, 1])
}

/// `(mean, variance)` of the image of [`probes`].
pub fn moments(x: Tensor<2>) -> (f64, f64) {
    let x = values(x);
    let mean = x[0];
    (mean, x[1..].iter().map(|x| (x - mean).powi(2)).sum())
}
