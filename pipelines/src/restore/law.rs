//! What a model of pictures means but for its weights: path, start, what the network sees.

use super::config::{RestoreConfig, Start, Task};
pub use super::given::{Conditions, Given, Lesson, Seen};
use anyhow::{Result, bail};
use burn::tensor::{Tensor, TensorData};
use foehn_interpolant::{
    Ends, Inpainting, Interpolant, Pair, Schedule, Target, normals, per_sample, squared_errors,
};
use foehn_network::{Architecture, FieldNet};
use foehn_noise::Key;
use ndarray::Array4;
use std::sync::Arc;

/// A schedule that threads share.
pub type SharedSchedule = Arc<dyn Schedule + Send + Sync>;

/// Path, start, and what the network sees.
#[derive(Clone)]
pub struct RestorationLaw {
    task: Task,
    start: Start,
    schedule: SharedSchedule,
    channels: usize,
    classes: Option<usize>,
    features: usize,
    architecture: Architecture,
}

impl RestorationLaw {
    /// The law that `config` declares for what a network sees.
    ///
    /// # Errors
    /// If the path does not lead from a start to data, or has latent noise.
    pub fn new(config: &RestoreConfig, sees: Seen) -> Result<Self> {
        let Seen {
            channels,
            features,
            classes,
        } = sees;
        let schedule = config.interpolant.schedule()?;
        if schedule.ends() != Ends::TwoSided || schedule.at(0.5).gamma != 0.0 {
            bail!(
                "interpolant: a restoration starts from what is known with noise of its own: choose linear or \
                 trigonometric with gamma = \"zero\""
            );
        }
        let seen = match config.task {
            Task::Inpainting { .. } => 2 * channels + 1,
            Task::Degraded { .. } => 2 * channels,
            Task::Generation => channels,
        };
        Ok(Self {
            task: config.task,
            start: config.coupling,
            schedule,
            channels,
            features,
            classes,
            architecture: config
                .network
                .architecture(seen + features, channels, classes),
        })
    }

    /// Channels of a picture.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Channels that the network sees beside.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Classes that are told, if any are.
    pub fn classes(&self) -> Option<usize> {
        self.classes
    }

    /// The network that the law needs.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The path.
    pub fn schedule(&self) -> &SharedSchedule {
        &self.schedule
    }

    /// What is lost.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Centre of the start, given the conditions; its noise has deviation [`RestorationLaw::sigma`].
    pub fn centre(&self, given: &Conditions) -> Tensor<4> {
        match (self.start, self.task) {
            (Start::Dependent, Task::Degraded { .. }) => given.condition.clone(),
            _ => given.condition.zeros_like(),
        }
    }

    /// Deviation of the noise of the start.
    pub fn sigma(&self) -> f64 {
        match (self.start, self.task) {
            (Start::Dependent, Task::Degraded { sigma, .. }) => sigma,
            _ => 1.0,
        }
    }

    /// What keeps the known values in place on the whole path, where the start depends on them.
    pub fn kept(&self, given: &Conditions) -> Option<Inpainting<4>> {
        let known = given
            .known
            .clone()
            .filter(|_| self.start == Start::Dependent);
        known.map(|mask| Inpainting { mask })
    }

    /// A draw of the start: `condition + sigma zeta`, or `xi condition + (1 - xi) zeta`.
    pub fn start(&self, given: &Conditions, keys: &[Key]) -> Tensor<4> {
        let zeta = normals(keys, &given.condition);
        let x0 = self.centre(given) + zeta * self.sigma();
        match self.kept(given) {
            Some(kept) => kept.keep(x0, given.condition.clone()),
            None => x0,
        }
    }

    /// The velocity that a network predicts.
    ///
    /// # Shapes
    /// `t`: (B); `x`: [B, C, H, W].
    pub fn velocity(
        &self,
        network: &FieldNet,
        t: &[f64],
        x: Tensor<4>,
        given: &Conditions,
    ) -> Tensor<4> {
        // brings the state to unit variance, as far as the path alone tells
        let scale = |t: &f64| {
            let c = self.schedule.at(*t);
            1.0 / (c.alpha.powi(2) + c.beta.powi(2)).sqrt()
        };
        let scale = per_sample(&t.iter().map(scale).collect::<Vec<_>>(), &x);
        let times = TensorData::new(t.to_vec(), [t.len()]).convert_dtype(x.dtype());
        let times = Tensor::<1>::from_data(times, (&x.device(), x.dtype()));
        let mut inputs = vec![x * scale];
        if self.task != Task::Generation {
            inputs.push(given.condition.clone());
        }
        inputs.extend(given.known.clone());
        inputs.extend(given.features.clone());
        let u = network.forward_given(Tensor::cat(inputs, 1), times, given.classes.as_ref());
        match self.kept(given) {
            Some(kept) => kept.free(u),
            None => u,
        }
    }

    /// Half the mean square error of the velocity over what is not known, of each sample of a part.
    ///
    /// # Shapes
    /// Result: (count).
    ///
    /// # Errors
    /// If the path has no velocity at one of the times.
    pub fn losses(
        &self,
        network: &FieldNet,
        lesson: &Lesson,
        from: usize,
        count: usize,
    ) -> Result<Tensor<1>, foehn_interpolant::TargetError> {
        let t = &lesson.t[from..from + count];
        let given = lesson.given.part(from, count);
        let x1 = lesson.x1.clone().narrow(0, from, count);
        let x0 = self.start(&given, &lesson.keys[from..from + count]);
        let interpolant = Interpolant {
            schedule: &self.schedule,
        };
        let pair = Pair { x0, x1: x1.clone() };
        let point = interpolant.point(t, &pair, &x1.zeros_like(), Target::Velocity)?;
        let kept = self.kept(&given);
        let point = match &kept {
            Some(kept) => kept.point(point, x1),
            None => point,
        };
        let u = self.velocity(network, t, point.xt, &given);
        let Some(all) = self.weights(lesson) else {
            return Ok(squared_errors(u, point.target, None));
        };
        let weight = all.clone().narrow(0, from, count);
        // a mask that hides nothing has no error
        if weight.clone().sum().into_scalar::<f32>() == 0.0 {
            // nothing to learn, and still a function of the weights
            return Ok(u.sum().mul_scalar(0.0));
        }
        // per unit of the whole batch's mean weight, so that the loss does not depend on how the batch is cut
        let share = weight.clone().mean() / all.mean();
        Ok(squared_errors(u, point.target, Some(weight)) * share)
    }

    /// What the errors of a batch weigh, [B, 1, H, W], where they do not all weigh the same.
    fn weights(&self, lesson: &Lesson) -> Option<Tensor<4>> {
        let hidden = self.kept(&lesson.given).map(|kept| kept.weight());
        match (hidden, lesson.weight.clone()) {
            (Some(hidden), Some(cells)) => Some(hidden * cells),
            (hidden, cells) => hidden.or(cells),
        }
    }

    /// Of which values losses are means.
    pub fn learns(&self) -> &'static str {
        match (self.start, self.task) {
            (Start::Dependent, Task::Inpainting { .. }) => "hidden values",
            _ => "all values",
        }
    }
}

/// A batch of pictures on the host.
///
/// # Shapes
/// [B, C, H, W] to (B, C, H, W).
pub fn on_host(x: Tensor<4>) -> Array4<f32> {
    let [b, c, h, w] = x.dims();
    let values: Vec<f32> = x.into_data().iter::<f32>().collect();
    let at = |(b, i, y, x): (usize, usize, usize, usize)| values[((b * c + i) * h + y) * w + x];
    Array4::from_shape_fn((b, c, h, w), at)
}
