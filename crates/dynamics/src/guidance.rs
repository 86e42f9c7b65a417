//! What an observation of the state to come says of the state on the way.

use crate::gradient::{pull_back, push_forward};
use crate::observation::{LinearObservation, ObservationError, solve};
use burn::tensor::{Tensor, TensorData};
use foehn_interpolant::Colour;

/// What `cov(x1 | x_t)` is taken to be; it says how far `y` can be from `A E[x1 | x_t]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// That of `x1 ~ N(., v S)` given the condition, S the covariance of the path's noise (1 if white):
    /// `v gamma^2 / (beta^2 v + gamma^2) S`. One call, no gradient; exact if that is the law.
    Prior(f64),
    /// `(gamma^2 / beta) dD/dx S`, which is the conditional covariance itself, where it matters: along the
    /// observed directions, by one vector-Jacobian product for each of the m observations. Exact for
    /// every Gaussian law. Where the model is not made of tensor operations, by differences (two more
    /// calls each).
    Jacobian,
}

/// An observation `y = A x1 + N(0, R)` of the state to come.
///
/// With `D = E[x1 | x_t]` and `C = cov(x1 | x_t)`, `p(y | x_t)` is taken as `N(A D, A C A^T + R)`, so that
/// `grad log p(y | x_t = x) = (dD/dx)^T A^T (A C A^T + R)^-1 (y - A D)` and `dD/dx = (beta / gamma^2) C`.
/// Exact for Gaussian laws; for others the first two moments are right.
///
/// Where the noise of the path is coloured, `z = S^(1/2) w`, the same holds with
/// `dD/dx = (beta / gamma^2) C S^-1`, and the term of a sampler's drift is a weight times
/// `S grad log p = (beta / gamma^2) C A^T (A C A^T + R)^-1 (y - A D)`: say so by
/// [`Guidance::coloured`], and give the sampler draws of that colour.
#[derive(Clone, Debug)]
pub struct Guidance {
    observation: LinearObservation,
    y: Tensor<2>,
    spread: Spread,
    /// S, unless the noise is white.
    covariance: Option<Tensor<2>>,
}

/// Weight of x1 and variance of the noise at one time.
#[derive(Clone, Copy)]
pub(crate) struct Level {
    pub beta: f64,
    pub gamma_square: f64,
}

impl Guidance {
    /// The observation `y` through `observation`, with `cov(x1 | x_t)` as `spread` says.
    ///
    /// # Shapes
    /// `y`: [B, m].
    ///
    /// # Errors
    /// If `y` does not have one value for each of the m observations.
    pub fn new(
        observation: LinearObservation,
        y: Tensor<2>,
        spread: Spread,
    ) -> Result<Self, ObservationError> {
        let (found, rows) = (y.dims()[1], observation.count());
        if found != rows {
            return Err(ObservationError::Count { found, rows });
        }
        Ok(Self {
            observation,
            y,
            spread,
            covariance: None,
        })
    }

    /// The same observation where the noise of the path has this colour.
    #[must_use]
    pub fn coloured(self, colour: &Colour) -> Self {
        let values = self.observation.values();
        let covariance = (!colour.is_white()).then(|| {
            let unit = (0..values * values).map(|k| f64::from(k / values == k % values));
            let data = TensorData::new(unit.collect(), [values, values]);
            let data = data.convert_dtype(self.y.dtype());
            let unit = Tensor::<2>::from_data(data, (&self.y.device(), self.y.dtype()));
            // the rows are the images of the unit vectors: the root, transposed
            let root = colour.apply(unit);
            root.clone().transpose().matmul(root)
        });
        Self { covariance, ..self }
    }

    /// `S v`.
    fn covariance<const D: usize>(&self, v: Tensor<D>) -> Tensor<D> {
        let Some(covariance) = &self.covariance else {
            return v;
        };
        let shape = v.dims();
        let rows = v.reshape([shape[0], self.observation.values()]);
        rows.matmul(covariance.clone()).reshape(shape)
    }

    /// `A S A^T`, row by row.
    fn gram(&self) -> Vec<f64> {
        let Some(covariance) = &self.covariance else {
            return self.observation.gram();
        };
        let rows = self.observation.tensor(&self.y.device(), self.y.dtype());
        host(
            rows.clone()
                .matmul(covariance.clone())
                .matmul(rows.transpose()),
        )
    }

    /// `S grad log p(y | x_t = x)`.
    pub(crate) fn gradient<const D: usize>(
        &self,
        denoised: impl Fn(Tensor<D>) -> Tensor<D>,
        x: &Tensor<D>,
        at: Level,
    ) -> Tensor<D> {
        match self.spread {
            Spread::Prior(v) => {
                let total = at.beta * at.beta * v + at.gamma_square;
                let d = denoised(x.clone());
                let spread = v * at.gamma_square / total;
                let gram: Vec<f64> = self.gram().iter().map(|a| a * spread).collect();
                let weights = self.weights(&d, |_| gram.clone());
                let back = self.observation.transpose(weights, x);
                self.covariance(back) * (at.beta * v / total)
            }
            Spread::Jacobian => self.by_jacobian(denoised, x, at),
        }
    }

    fn by_jacobian<const D: usize>(
        &self,
        denoised: impl Fn(Tensor<D>) -> Tensor<D>,
        x: &Tensor<D>,
        at: Level,
    ) -> Tensor<D> {
        let (m, batch) = (self.observation.count(), x.dims()[0]);
        let mut rows = Vec::with_capacity(m);
        let mut covariance = vec![0.0; batch * m * m];
        let mut d = x.zeros_like();
        for i in 0..m {
            let mut unit = vec![0.0; batch * m];
            unit.iter_mut().skip(i).step_by(m).for_each(|u| *u = 1.0);
            let direction = self.observation.transpose(self.column(unit, batch), x);
            let (value, row) = pull_back(&denoised, x.clone(), direction.clone());
            // S J^T a_i, of a function outside the graph by differences: it is J S a_i, as J S is symmetric
            let row = match row {
                Some(row) => self.covariance(row),
                None => push_forward(&denoised, x, &self.covariance(direction)),
            };
            d = value;
            // A C a_i = (gamma^2 / beta) A S J^T a_i
            for (k, c) in host(self.observation.apply(row.clone())).iter().enumerate() {
                let (b, j) = (k / m, k % m);
                covariance[(b * m + i) * m + j] = c * at.gamma_square / at.beta;
            }
            rows.push(row);
        }
        let weights = self.weights(&d, |b| covariance[b * m * m..(b + 1) * m * m].to_vec());
        let mut sum = x.zeros_like();
        for (i, row) in rows.into_iter().enumerate() {
            let mut shape = [1; D];
            shape[0] = batch;
            let weight = weights.clone().slice([0..batch, i..i + 1]).reshape(shape);
            sum = sum + row * weight;
        }
        sum
    }

    /// `(A C A^T + R)^-1 (y - A D)`, a sample at a time on the host: [B, m].
    fn weights<const D: usize>(
        &self,
        d: &Tensor<D>,
        covariance: impl Fn(usize) -> Vec<f64>,
    ) -> Tensor<2> {
        let m = self.observation.count();
        let residual = host(self.y.clone() - self.observation.apply(d.clone().inner()));
        let mut weights = Vec::with_capacity(residual.len());
        for (b, r) in residual.chunks(m.max(1)).enumerate() {
            let mut s = covariance(b);
            for (i, variance) in self.observation.variance().iter().enumerate() {
                s[i * m + i] += variance;
            }
            weights.extend(solve(s, r.to_vec()));
        }
        self.column(weights, residual.len() / m.max(1))
    }

    fn column(&self, values: Vec<f64>, batch: usize) -> Tensor<2> {
        let shape = [batch, self.observation.count()];
        let data = TensorData::new(values, shape).convert_dtype(self.y.dtype());
        Tensor::from_data(data, (&self.y.device(), self.y.dtype()))
    }

    /// Calls to the model in one gradient.
    pub(crate) fn calls(&self) -> usize {
        match self.spread {
            Spread::Prior(_) => 1,
            Spread::Jacobian => self.observation.count(),
        }
    }
}

fn host(x: Tensor<2>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}
