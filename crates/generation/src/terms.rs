//! The numbers of a Fourier path as something to learn.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_interpolant::{Fourier, Pair, per_sample};
use std::f64::consts::PI;
use std::ops::Range;

/// `k a_k, ..., k b_k, ..., k c_k, ...` of a [`Fourier`] path: the cost curves with the square of the
/// frequency, and of these numbers alike in all.
#[derive(Module, Debug)]
pub(crate) struct Terms {
    terms: Param<Tensor<1>>,
}

/// Sums over the terms at each sample's time.
struct Sums {
    value: Tensor<2>,
    slope: Tensor<2>,
}

impl Terms {
    /// The numbers of `path`, if it has any.
    pub fn of(path: &Fourier, device: &Device) -> Option<Self> {
        let parts = [&path.alpha, &path.beta, &path.log_gamma];
        let scaled = |(i, a): (usize, &f64)| (i + 1) as f64 * a;
        let all: Vec<f64> = parts
            .iter()
            .flat_map(|part| part.iter().enumerate().map(scaled))
            .collect();
        let count = all.len();
        let terms = Tensor::from_data(TensorData::new(all, [count]).convert::<f32>(), device);
        (count > 0).then(|| Self {
            terms: Param::from_tensor(terms),
        })
    }

    /// `like` with these numbers.
    pub fn path(&self, like: &Fourier) -> Fourier {
        let data = self.terms.val().into_data();
        let mut values = data.iter::<f64>();
        let mut take = |n: usize| {
            let terms = values.by_ref().take(n).enumerate();
            terms.map(|(i, a)| a / (i + 1) as f64).collect()
        };
        Fourier {
            alpha: take(like.alpha.len()),
            beta: take(like.beta.len()),
            log_gamma: take(like.log_gamma.len()),
            gamma: like.gamma,
        }
    }

    /// `x_t` and `dx_t/dt`, differentiable in the numbers; `like` says how many belong to which weight.
    ///
    /// # Shapes
    /// `t`: (B), inside (0, 1) where gamma has infinite slopes; `pair` and `z`: [B, d].
    pub fn point(
        &self,
        like: &Fourier,
        t: &[f64],
        pair: &Pair<2>,
        z: &Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>) {
        let [a, b] = [like.alpha.len(), like.beta.len()];
        let column = |f: &dyn Fn(f64) -> f64| {
            let values: Vec<f64> = t.iter().map(|&t| f(t)).collect();
            per_sample(&values, z)
        };
        let (x0, x1) = (pair.x0.clone(), pair.x1.clone());
        let mut xt = x0.clone() * column(&|t| 1.0 - t) + x1.clone() * column(&|t| t);
        let mut velocity = x1.clone() - x0.clone();
        for (x, place) in [(x0, 0..a), (x1, a..a + b)] {
            if let Some(sums) = self.sums(place, t, z) {
                xt = xt + x.clone() * sums.value;
                velocity = velocity + x * sums.slope;
            }
        }
        let gamma = z.clone() * column(&|t| like.gamma.at(t).0);
        let slope = z.clone() * column(&|t| like.gamma.at(t).1);
        match self.sums(a + b..a + b + like.log_gamma.len(), t, z) {
            None => (xt + gamma, velocity + slope),
            Some(sums) => {
                let factor = sums.value.exp();
                let slope = (slope + gamma.clone() * sums.slope) * factor.clone();
                (xt + gamma * factor, velocity + slope)
            }
        }
    }

    /// `sum_k c_k sin(k pi t)` and its derivative in t, [B, 1], of the numbers at `place`.
    fn sums(&self, place: Range<usize>, t: &[f64], z: &Tensor<2>) -> Option<Sums> {
        let count = place.len();
        if count == 0 {
            return None;
        }
        let terms = self.terms.val().slice([place]).reshape([count, 1]);
        let table = |f: &dyn Fn(f64, f64) -> f64| {
            let row = |&t: &f64| (1..=count).map(move |k| f(k as f64, t));
            let values: Vec<f64> = t.iter().flat_map(row).collect();
            let data = TensorData::new(values, [t.len(), count]).convert_dtype(z.dtype());
            Tensor::<2>::from_data(data, (&z.device(), z.dtype()))
        };
        Some(Sums {
            value: table(&|k, t| (k * PI * t).sin() / k).matmul(terms.clone()),
            slope: table(&|k, t| PI * (k * PI * t).cos()).matmul(terms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;
    use foehn_interpolant::{Gamma, Interpolant, Target};
    use foehn_training::{Layout, Recording};

    fn column(values: [f64; 3]) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [3, 1]);
        Tensor::from_data(data, (&Device::flex(), DType::F64))
    }

    fn example() -> Fourier {
        Fourier {
            alpha: vec![0.2, -0.1],
            beta: vec![0.3],
            log_gamma: vec![-0.4, 0.25, 0.1],
            gamma: Gamma::BrownianBridge { a: 0.7 },
        }
    }

    /// Numbers in double precision.
    fn installed(values: &[f64], recording: Recording) -> (Terms, Layout) {
        let terms = Terms::of(&example(), &Device::flex()).unwrap();
        let layout = Layout::of(&terms);
        let data = TensorData::new(values.to_vec(), [6]);
        let flat = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64));
        (layout.install(terms, &flat, recording).unwrap(), layout)
    }

    fn given() -> ([f64; 3], Pair<2>, Tensor<2>) {
        let pair = Pair {
            x0: column([1.0, -0.3, 0.8]),
            x1: column([0.4, 2.0, -1.1]),
        };
        ([0.1, 0.45, 0.92], pair, column([0.6, -1.2, 0.3]))
    }

    #[test]
    fn the_point_is_that_of_the_schedule_and_its_gradient_the_derivative() {
        // k times those of the example
        let values = [0.2, -0.2, 0.3, -0.4, 0.5, 0.3];
        let (t, pair, z) = given();
        let (terms, layout) = installed(&values, Recording::Gradients);
        let read = terms.path(&example());
        assert_eq!((read.alpha, read.beta), (example().alpha, example().beta));
        let apart = read.log_gamma.iter().zip(example().log_gamma);
        assert!(apart.map(|(a, b)| (a - b).abs()).sum::<f64>() < 1e-15);
        let (xt, velocity) = terms.point(&example(), &t, &pair, &z);
        let interpolant = Interpolant {
            schedule: example(),
        };
        let wanted = interpolant.point(&t, &pair, &z, Target::Velocity).unwrap();
        let far = |a: Tensor<2>, b: Tensor<2>| (a.inner() - b).abs().max().into_scalar::<f64>();
        assert!(far(xt.clone(), wanted.xt) < 1e-14);
        assert!(far(velocity.clone(), wanted.target) < 1e-13);
        // any smooth function of both
        let score = |xt: Tensor<2>, v: Tensor<2>| (xt.clone().square() * v.clone() + v).sum();
        let gradient = layout.gradient(&terms, &score(xt, velocity).backward());
        let gradient: Vec<f64> = gradient.try_into_vec_as().unwrap();
        for i in 0..6 {
            let at = |h: f64| {
                let mut values = values;
                values[i] += h;
                let (terms, _) = installed(&values, Recording::Nothing);
                let (xt, v) = terms.point(&example(), &t, &pair, &z);
                score(xt, v).into_scalar::<f64>()
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - gradient[i]).abs() < 1e-7, "{i}: {difference}");
        }
    }
}
