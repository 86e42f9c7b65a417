//! States that leave the numbers.

use burn::tensor::Tensor;

/// A sample that stopped being finite.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "member {member} of the batch is not finite after step {step}, at t = {t}: \
     its drift is singular or untrained there, or the step too long"
)]
pub struct NotFinite {
    /// Number of the step, from 0, after which the state was first not finite.
    pub step: usize,
    /// The time at the end of that step.
    pub t: f64,
    /// The sample's place in the batch.
    pub member: usize,
}

/// Counts, on the device, the steps after which each sample was still finite.
pub(crate) struct Watch {
    alive: Tensor<2>,
    lived: Tensor<2>,
}

impl Watch {
    pub fn new<const D: usize>(x: &Tensor<D>) -> Self {
        let batch = x.dims()[0];
        let device = x.device().inner();
        Self {
            alive: Tensor::ones([batch, 1], &device),
            lived: Tensor::zeros([batch, 1], &device),
        }
    }

    /// Takes note of the state after a step.
    pub fn look<const D: usize>(&mut self, x: &Tensor<D>) {
        let finite = finite_rows(x).float();
        self.alive = self.alive.clone() * finite;
        self.lived = self.lived.clone() + self.alive.clone();
    }

    /// The failures, where step k ended at `times[k + 1]`. Waits for the device.
    pub fn failures(self, times: &[f64]) -> Vec<NotFinite> {
        let steps = times.len() - 1;
        let lived: Vec<f32> = self.lived.into_data().iter::<f32>().collect();
        let died = |(member, lived): (usize, f32)| {
            let step = lived as usize;
            (step < steps).then(|| NotFinite {
                step,
                t: times[step + 1],
                member,
            })
        };
        lived.into_iter().enumerate().filter_map(died).collect()
    }
}

/// Whether each sample is finite: [B, ...] -> [B, 1].
pub(crate) fn finite_rows<const D: usize>(x: &Tensor<D>) -> Tensor<2, burn::tensor::Bool> {
    let shape = x.dims();
    let values = shape[1..].iter().product::<usize>();
    let rows = x.clone().inner().reshape([shape[0], values]);
    rows.is_finite().all_dim(1)
}
