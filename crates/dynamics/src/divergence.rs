//! The divergence of a velocity.

use crate::gradient::{pull_back, push_forward, spacing};
use crate::sample_error::SampleError;
use burn::tensor::{Tensor, TensorData};
use foehn_interpolant::normals;
use foehn_noise::Key;
use serde::{Deserialize, Serialize};

/// Probes are drawn from the steps `PROBES + 1, ...` of a sample's key.
const PROBES: u32 = 1 << 30;

/// How `div b = tr J` is found: `sum_i e_i . J e_i` over the unit vectors, or Hutchinson's mean of
/// `v . J v` over k probes v with mean 0 and covariance 1.
///
/// The products are vector-Jacobian ones, a call and a backward pass each; of a velocity that is not
/// made of tensor operations, central differences (three calls).
///
/// # Reference
/// Hutchinson 1989, doi:10.1080/03610918908812806; Grathwohl et al. 2019, arXiv:1810.01367, section 3.1
/// (one probe for a whole solve).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divergence {
    /// All N unit vectors: exact, for low dimension.
    Exact,
    /// k probes of independent signs: the variance is `sum_{i != j} (J_ij + J_ji)^2 / 2 / k`, none where
    /// J is diagonal.
    Rademacher(usize),
    /// k probes of independent standard normal numbers: more variance than signs.
    Gaussian(usize),
}

/// The probes of one solve: vectors v with `div b = weight sum_v v . J v`, exactly or in the mean.
pub struct Probes<const D: usize> {
    probes: Vec<Tensor<D>>,
    /// 1 for unit vectors, 1/k for k random probes.
    weight: f64,
}

impl Divergence {
    /// Whether it can be found for a batch of `samples` with this many `keys`.
    ///
    /// # Errors
    /// If it has no probes, or random ones and not a key for every sample.
    pub fn check(self, samples: usize, keys: usize) -> Result<(), SampleError> {
        match self {
            Self::Rademacher(0) | Self::Gaussian(0) => Err(SampleError::NoProbes),
            Self::Rademacher(_) | Self::Gaussian(_) if samples != keys => Err(SampleError::Keys {
                needed: samples,
                found: keys,
            }),
            Self::Exact | Self::Rademacher(_) | Self::Gaussian(_) => Ok(()),
        }
    }

    /// The probes of one solve for a batch like `x`, sample `b` named by `keys[b]` (no keys for unit
    /// vectors); solves that are told apart by `number` have others. None of no random probes, whose
    /// divergence is not a number: see [`Divergence::check`].
    ///
    /// # Shapes
    /// `keys`: (B); `x`: [B, ...], which every probe is like.
    pub fn probes<const D: usize>(self, keys: &[Key], x: &Tensor<D>, number: u32) -> Probes<D> {
        let random = |count: usize, f: fn(Tensor<D>) -> Tensor<D>| {
            let first = PROBES + 1 + number * count as u32;
            let draw = |k: usize| {
                let step = first + k as u32;
                let keys: Vec<Key> = keys.iter().map(|key| key.step(step)).collect();
                f(normals(&keys, x))
            };
            Probes {
                probes: (0..count).map(draw).collect(),
                weight: 1.0 / count as f64,
            }
        };
        match self {
            Self::Exact => Probes {
                probes: units(x),
                weight: 1.0,
            },
            // a draw is zero with probability zero
            Self::Rademacher(count) => random(count, Tensor::sign),
            Self::Gaussian(count) => random(count, |z| z),
        }
    }
}

/// The unit vectors, each for the whole batch.
fn units<const D: usize>(x: &Tensor<D>) -> Vec<Tensor<D>> {
    let shape = x.dims();
    let (batch, values) = (shape[0], shape[1..].iter().product::<usize>());
    let unit = |i: usize| {
        let mut e = vec![0.0; batch * values];
        e.iter_mut().skip(i).step_by(values).for_each(|e| *e = 1.0);
        let data = TensorData::new(e, shape).convert_dtype(x.dtype());
        Tensor::from_data(data, (&x.device(), x.dtype()))
    };
    (0..values).map(unit).collect()
}

impl<const D: usize> Probes<D> {
    /// The vectors, [B, ...] each.
    pub fn vectors(&self) -> &[Tensor<D>] {
        &self.probes
    }

    /// What their sum is multiplied by.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// `grad div b = sum_i grad(v_i . J v_i)`, by central differences of `J^T v` along v, which is the same by
    /// the symmetry of second derivatives; none where b is not made of tensor operations on x.
    ///
    /// # Shapes
    /// `x` and result: [B, ...].
    pub fn gradient(&self, b: impl Fn(Tensor<D>) -> Tensor<D>, x: &Tensor<D>) -> Option<Tensor<D>> {
        let h = spacing(x);
        let mut sum = x.zeros_like();
        for v in &self.probes {
            let product = |h: f64| pull_back(&b, x.clone() + v.clone() * h, v.clone()).1;
            sum = sum + (product(h)? - product(-h)?);
        }
        Some(sum * (self.weight / (2.0 * h)))
    }

    /// `(b(x), div b(x))`.
    ///
    /// # Shapes
    /// `x`: [B, ...]; divergence: [B, 1].
    pub fn divergence(
        &self,
        b: impl Fn(Tensor<D>) -> Tensor<D>,
        x: &Tensor<D>,
    ) -> (Tensor<D>, Tensor<2>) {
        let shape = x.dims();
        let (batch, values) = (shape[0], shape[1..].iter().product::<usize>());
        let mut value = x.zeros_like();
        let mut sum = Tensor::zeros([batch, 1], (&x.device(), x.dtype()));
        for v in &self.probes {
            let (y, product) = pull_back(&b, x.clone(), v.clone());
            value = y;
            let product = product.unwrap_or_else(|| push_forward(&b, x, v));
            let terms: Tensor<2> = (product * v.clone()).reshape([batch, values]);
            sum = sum + terms.sum_dim(1);
        }
        (value, sum * self.weight)
    }
}
