//! A trained model: samples and densities.

use crate::error::GenerationError;
use crate::law::{Law, SharedSchedule, Starts};
use crate::sampling::{Method, SamplingConfig};
use burn::tensor::{Device, Tensor};
use foehn_dynamics::{
    Diffusion, Divergence, ExponentialSde, ExponentialSteps, FollmerProcess, Heads, LearntPath,
    Likelihood, Sampler, Samples, Solver, Weighed, WienerNoise, standard_normal_log_density,
};
use foehn_interpolant::{Ends, Follmer, Known, Path, Target, normals};
use foehn_network::Mlp;
use foehn_noise::Key;

/// The step of a sample's key that names its Gaussian start; steps of solvers and probes lie below.
pub(crate) const START: u32 = u32::MAX;

/// A law with its weights, in scaled units.
#[derive(Clone)]
pub struct Model {
    /// Everything but the weights.
    pub law: Law,
    /// The weights.
    pub network: Mlp,
}

/// What a batch of samples starts from.
///
/// # Shapes
/// `x0`: [B, d] where starts are data; `condition`: [B, c] where there is one; `keys`: (B).
#[derive(Clone, Debug)]
pub struct Starting {
    /// Starts; none for noise or the origin.
    pub x0: Option<Tensor<2>>,
    /// What is known.
    pub condition: Option<Tensor<2>>,
    /// Names of the samples.
    pub keys: Vec<Key>,
}

/// The network with condition and start bound.
struct Bound<'a> {
    model: &'a Model,
    x0: Option<Tensor<2>>,
    condition: Option<Tensor<2>>,
}

impl Heads<2> for Bound<'_> {
    fn predict(&self, t: f64, x: Tensor<2>) -> Vec<Tensor<2>> {
        let times = vec![t; x.dims()[0]];
        let (x0, condition) = (self.x0.as_ref(), self.condition.as_ref());
        self.model
            .law
            .predict(&self.model.network, &times, x, x0, condition)
    }
}

impl Model {
    /// Samples of x1, one a key; each is the same in any batch, but for adaptive steps, which serve the
    /// whole batch.
    ///
    /// # Shapes
    /// Result: [B, d].
    ///
    /// # Errors
    /// If the method does not suit the path, or a grid or coefficient is impossible.
    pub fn sample(
        &self,
        how: &SamplingConfig,
        from: Starting,
        device: &Device,
    ) -> Result<Samples<2>, GenerationError> {
        if let Path::Follmer { beta, epsilon } = self.law.config.interpolant {
            return self.sample_from_point(how, Follmer::new(beta, epsilon)?, from, device);
        }
        let x0 = self.start(&from, device);
        let noise = WienerNoise::new(from.keys.clone());
        let path = self.path(from);
        let x = x0 * self.start_scale();
        match self.method(how) {
            Method::Flow => {
                let solver = how.solver.unwrap_or(Solver::Heun);
                let grid = how.times()?;
                let flow = path.flow()?;
                let evaluated = &grid.times()[..grid.steps()];
                path.check(Target::Velocity, evaluated)
                    .map_err(GenerationError::End)?;
                Ok(Sampler { solver, grid }.solve(&flow, x)?)
            }
            Method::Adaptive => Ok(how.adaptive().solve(&path.flow()?, x)?),
            Method::Sde => {
                let solver = how.solver.unwrap_or(Solver::EulerMaruyama);
                let grid = how.times()?;
                let e = how.epsilon.unwrap_or_else(|| self.law.usual_epsilon(1.0));
                let e = e.on(self.law.schedule.clone())?;
                let evaluated = &grid.times()[..grid.steps()];
                path.check(Target::Velocity, evaluated)
                    .map_err(GenerationError::End)?;
                let noisy: Vec<f64> = evaluated.iter().copied().filter(|t| e(*t) > 0.0).collect();
                path.check(Target::Score, &noisy)
                    .map_err(GenerationError::End)?;
                let sde = path.langevin(e)?;
                let mut noise = noise;
                Ok(Sampler { solver, grid }.sample(&sde, x, &mut noise)?)
            }
            Method::Exponential => {
                self.refuse_exponential(how.share)?;
                let steps = ExponentialSteps {
                    schedule: self.law.schedule.clone(),
                    grid: how.times()?,
                    share: how.share,
                    hold: how.hold,
                };
                let mut noise = noise;
                Ok(steps.sample(&path.read(Target::Data)?, x, &mut noise)?)
            }
        }
    }

    /// The log-density of given states, nats per scaled unit.
    ///
    /// # Shapes
    /// `x1`: [B, d]; `from.x0`: none; `from.keys`: one a sample for random probes.
    ///
    /// # Errors
    /// If x0 has no density here: a Föllmer or mirror path, or starts that are data.
    pub fn log_density(
        &self,
        how: &SamplingConfig,
        divergence: Divergence,
        x1: Tensor<2>,
        from: Starting,
    ) -> Result<Weighed<2>, GenerationError> {
        if self.law.sizes.starts == Starts::Rows || self.law.is_follmer() || self.is_mirror() {
            return Err(GenerationError::Mismatch(
                "log-densities need a path from Gaussian noise: leave out the starts and choose linear, \
                 trigonometric, one_sided or variance_preserving"
                    .into(),
            ));
        }
        let alpha = self.law.schedule.at(0.0).alpha;
        let volume = self.law.sizes.state as f64 * alpha.ln();
        let keys = from.keys.clone();
        let path = self.path(from);
        let likelihood = Likelihood {
            velocity: path.read(Target::Velocity)?,
            divergence,
        };
        let base = |x: Tensor<2>| standard_normal_log_density(x / alpha) - volume;
        how.carry_back(&likelihood, x1, &keys, base)
    }

    /// The starts that were given, or noise.
    fn start(&self, from: &Starting, device: &Device) -> Tensor<2> {
        from.x0.clone().unwrap_or_else(|| {
            let keys: Vec<Key> = from.keys.iter().map(|key| key.step(START)).collect();
            let like = Tensor::zeros([keys.len(), self.law.sizes.state], device);
            normals(&keys, &like)
        })
    }

    fn path(&self, from: Starting) -> LearntPath<Bound<'_>, SharedSchedule, 2> {
        let Starting { x0, condition, .. } = from;
        let seen = x0.clone();
        let heads = Bound {
            model: self,
            x0,
            condition,
        };
        let law = &self.law;
        LearntPath::new(
            heads,
            law.targets.clone(),
            law.schedule.clone(),
            law.known,
            seen,
        )
    }

    fn sample_from_point(
        &self,
        how: &SamplingConfig,
        path: Follmer,
        from: Starting,
        device: &Device,
    ) -> Result<Samples<2>, GenerationError> {
        let origin = || Tensor::zeros([from.keys.len(), self.law.sizes.state], device);
        let x0 = from.x0.clone().unwrap_or_else(origin);
        let mut noise = WienerNoise::new(from.keys.clone());
        let heads = Bound {
            model: self,
            x0: from.x0,
            condition: from.condition,
        };
        let drift = |t: f64, x: Tensor<2>| heads.predict(t, x).swap_remove(0);
        let method = self.method(how);
        let diffusion = match method {
            Method::Flow | Method::Adaptive => Diffusion::Zero,
            Method::Sde | Method::Exponential => how.diffusion,
        };
        let process = FollmerProcess::new(path, diffusion, drift, x0.clone());
        let grid = how.times()?;
        match method {
            Method::Exponential => Ok(ExponentialSde { grid }.sample(&process, &mut noise)?),
            Method::Adaptive => Ok(how.adaptive().solve(&process, x0)?),
            Method::Flow | Method::Sde => {
                let solver = how.solver.unwrap_or(Solver::EulerMaruyama);
                Ok(Sampler { solver, grid }.sample(&process, x0, &mut noise)?)
            }
        }
    }

    fn is_mirror(&self) -> bool {
        self.law.schedule.ends() == Ends::Mirror
    }

    /// The weight of the start in the state at t = 0; a mirror path has its data there, not alpha.
    fn start_scale(&self) -> f64 {
        if self.is_mirror() {
            1.0
        } else {
            self.law.schedule.at(0.0).alpha
        }
    }

    fn method(&self, how: &SamplingConfig) -> Method {
        let noisy = self.law.is_follmer() || self.is_mirror();
        how.method
            .unwrap_or(if noisy { Method::Sde } else { Method::Flow })
    }

    /// Exponential steps take `X = alpha x0 + beta x1`, and where they have noise of their own, x0 ~ N(0, Id)
    /// independent of x1: their score is `(beta D - X) / alpha^2`.
    fn refuse_exponential(&self, share: f64) -> Result<(), GenerationError> {
        let refuse = |text: &str| Err(GenerationError::Mismatch(text.to_owned()));
        if self.law.has_latent() || self.law.sizes.starts == Starts::Rows {
            return refuse(
                "sampler = exponential is for paths from noise or from a point: choose a path without gamma and no \
                 starts, a Föllmer path, or sampler = flow or sde",
            );
        }
        if share != 0.0 && self.law.known != Known::GaussianStart {
            return refuse(&format!(
                "share = {share}: exponential steps with noise need starts that are independent of the data, not \
                 paired by transport: choose share = 0, or coupling = independent"
            ));
        }
        Ok(())
    }
}
