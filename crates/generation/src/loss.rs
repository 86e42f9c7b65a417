//! The loss of a network on a batch.

use crate::error::GenerationError;
use crate::host::on_device;
use crate::law::Law;
use burn::tensor::{Device, Tensor};
use foehn_interpolant::{
    Base, Coupling, Draw, Given, Independent, Interpolant, Pair, Same, Target, TimeLaw,
    importance_mean, normals, quadratic_losses, squared_errors,
};
use foehn_network::Mlp;
use foehn_noise::Key;
use std::ops::Range;

use crate::config::CouplingConfig;
use crate::law::Starts;
use crate::source::Rows;

/// Steps of a sample's stream while training, one for each use.
const LATENT: u32 = 1;
const BASE: u32 = 2;
const PLAN: u32 = 3;

/// Pairs of a whole batch with their times and the names of their latents.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) pair: Pair<2>,
    pub(crate) condition: Option<Tensor<2>>,
    pub(crate) draws: Vec<Draw>,
    pub(crate) keys: Vec<Key>,
}

impl Batch {
    /// Pairs, latents and conditions of a part.
    pub(crate) fn part(&self, part: Range<usize>) -> (Pair<2>, Tensor<2>, Option<Tensor<2>>) {
        let select = |x: &Tensor<2>| x.clone().slice([part.clone()]);
        let pair = Pair {
            x0: select(&self.pair.x0),
            x1: select(&self.pair.x1),
        };
        let z = normals(&at(&self.keys[part.clone()], LATENT), &pair.x1);
        (pair, z, self.condition.as_ref().map(select))
    }
}

impl Law {
    /// Pairs, times and names for a batch; `key` names it, and its members the samples.
    ///
    /// # Errors
    /// If a transport finds no pairs.
    pub fn batch(&self, rows: &Rows, key: Key, device: &Device) -> Result<Batch, GenerationError> {
        let count = rows.x1.nrows();
        let keys: Vec<Key> = (0..count).map(|b| key.member(b as u32)).collect();
        let x1 = on_device(&rows.x1, device);
        let condition = rows
            .condition
            .as_ref()
            .map(|table| on_device(table, device));
        let x0 = rows.x0.as_ref().map(|table| on_device(table, device));
        let pair = self.paired(x0, x1, &keys);
        let pair = match self.config.coupling.transport() {
            None => pair,
            Some(transport) => {
                let keys = at(&keys, PLAN);
                match &condition {
                    None => transport.couple(pair, &keys)?,
                    Some(condition) => {
                        let weight = self.config.condition_weight;
                        transport.couple_given(pair, condition, weight, &keys)?
                    }
                }
            }
        };
        Ok(Batch {
            pair,
            condition,
            draws: self.config.time.draw(&key.step(0), count),
            keys,
        })
    }

    /// The pairs before any transport.
    fn paired(&self, x0: Option<Tensor<2>>, x1: Tensor<2>, keys: &[Key]) -> Pair<2> {
        if self.config.coupling == CouplingConfig::Mirror {
            let x0 = x1.clone();
            return Same.couple(Pair { x0, x1 }, keys);
        }
        match x0 {
            // given, or in an order of their own already
            Some(x0) => Given.couple(Pair { x0, x1 }, keys),
            None if self.is_follmer() => Pair {
                x0: x1.zeros_like(),
                x1,
            },
            None => {
                let x0 = x1.clone();
                let base = Independent {
                    base: Base::Gaussian,
                };
                base.couple(Pair { x0, x1 }, &at(keys, BASE))
            }
        }
    }

    /// The loss of each sample of `part` of a batch: the mean over the predictions, and over the latent
    /// and its mirror image where the path has one.
    ///
    /// Where the path has no latent noise, and on a Föllmer path: half the mean square error. Else
    /// `|u|^2/2 - u . target`, whose variance stays bounded at the ends.
    ///
    /// # Shapes
    /// Result: (B of the part).
    ///
    /// # Errors
    /// If a target is infinite at one of the times.
    pub fn losses(
        &self,
        network: &Mlp,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<Tensor<1>, GenerationError> {
        let t: Vec<f64> = batch.draws[part.clone()]
            .iter()
            .map(|draw| draw.t)
            .collect();
        let (pair, z, condition) = batch.part(part);
        let interpolant = Interpolant {
            schedule: &self.schedule,
        };
        let latent = self.has_latent();
        let mut total: Option<Tensor<1>> = None;
        let mut count = 0.0;
        let signs: &[f64] = if latent { &[1.0, -1.0] } else { &[1.0] };
        for sign in signs {
            let z = z.clone() * *sign;
            let mut heads: Option<Vec<Tensor<2>>> = None;
            for (k, target) in self.targets.iter().enumerate() {
                let point = interpolant.point(&t, &pair, &z, *target)?;
                let heads = heads.get_or_insert_with(|| {
                    let start = (self.sizes.starts == Starts::Rows).then_some(&pair.x0);
                    self.predict(network, &t, point.xt.clone(), start, condition.as_ref())
                });
                let losses = if latent && !self.is_follmer() {
                    quadratic_losses(heads[k].clone(), point.target, None)
                } else {
                    squared_errors(heads[k].clone(), point.target, None)
                };
                count += 1.0;
                total = Some(match total {
                    Some(sum) => sum + losses,
                    None => losses,
                });
            }
        }
        let total = total.unwrap_or_else(|| Tensor::zeros([t.len()], &pair.x1.device()));
        Ok(total / count)
    }

    /// The mean of [`Law::losses`], under uniform times where the law of times is one of importance.
    ///
    /// # Errors
    /// As [`Law::losses`].
    pub fn loss(
        &self,
        network: &Mlp,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<Tensor<1>, GenerationError> {
        let losses = self.losses(network, batch, part.clone())?;
        Ok(match self.config.time {
            TimeLaw::Importance { .. } => {
                let weights: Vec<f64> = batch.draws[part].iter().map(Draw::weight).collect();
                importance_mean(losses, &weights)
            }
            TimeLaw::Uniform | TimeLaw::LogitNormal { .. } => losses.mean(),
        })
    }

    /// The velocity that the network gives at the points of a batch.
    ///
    /// # Shapes
    /// Result: [B, d].
    pub(crate) fn velocities(
        &self,
        network: &Mlp,
        batch: &Batch,
    ) -> Result<Tensor<2>, GenerationError> {
        let Batch {
            pair,
            condition,
            draws,
            keys,
        } = batch;
        let t: Vec<f64> = draws.iter().map(|draw| draw.t).collect();
        let z = normals(&at(keys, LATENT), &pair.x1);
        let interpolant = Interpolant {
            schedule: &self.schedule,
        };
        let xt = interpolant.point(&t, pair, &z, self.targets[0])?.xt;
        let start = (self.sizes.starts == Starts::Rows).then_some(&pair.x0);
        let heads = self.predict(network, &t, xt.clone(), start, condition.as_ref());
        let (head, conversion) = self.choose(Target::Velocity)?;
        Ok(conversion.apply_each(&t, heads[head].clone(), xt, start.cloned())?)
    }

    pub(crate) fn has_latent(&self) -> bool {
        self.schedule.at(0.5).gamma > 0.0 || self.schedule.at(0.25).gamma > 0.0
    }
}

fn at(keys: &[Key], step: u32) -> Vec<Key> {
    keys.iter().map(|key| key.step(step)).collect()
}
