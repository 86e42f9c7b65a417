//! Couplings: how the pairs (x0, x1) are drawn.

mod assignment;
mod degraded;
mod inpainting;
mod sinkhorn;
mod transport;

pub use assignment::assign;
pub use degraded::Degraded;
pub use inpainting::Inpainting;
pub use sinkhorn::{Plan, Sinkhorn};
pub use transport::{MinibatchTransport, TransportError, transport_cost};

use crate::batch::normals;
use burn::tensor::{Int, Tensor, TensorData};
use foehn_noise::Key;

/// Samples of both ends of the path.
///
/// # Shapes
/// `x0` and `x1`: [B, ...], equal.
#[derive(Clone, Debug)]
pub struct Pair<const D: usize> {
    /// What we have.
    pub x0: Tensor<D>,
    /// What we want.
    pub x1: Tensor<D>,
}

/// Draws the joint law of (x0, x1) from a batch of data.
pub trait Coupling<const D: usize> {
    /// The pairs to train on; `keys[b]` names the randomness of sample `b`.
    fn couple(&self, batch: Pair<D>, keys: &[Key]) -> Pair<D>;
}

/// Pairs that belong together in the data: rho(x0) rho(x1 | x0), as in forecasting.
#[derive(Clone, Copy, Debug)]
pub struct Given;

impl<const D: usize> Coupling<D> for Given {
    fn couple(&self, batch: Pair<D>, _keys: &[Key]) -> Pair<D> {
        batch
    }
}

/// The law of `x0` under the independent coupling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// x0 ~ N(0, Id), whatever the batch holds.
    Gaussian,
    /// The `x0` of the batch in random order: rho0 is the law of the data's `x0`.
    Permuted,
}

/// rho0(x0) rho1(x1): the ends know nothing of each other.
#[derive(Clone, Copy, Debug)]
pub struct Independent {
    /// Where `x0` comes from.
    pub base: Base,
}

impl<const D: usize> Coupling<D> for Independent {
    fn couple(&self, batch: Pair<D>, keys: &[Key]) -> Pair<D> {
        let x0 = match (self.base, keys.first()) {
            (Base::Gaussian, _) => normals(keys, &batch.x1),
            (Base::Permuted, Some(key)) => {
                let order = key.permutation(keys.len());
                let order: Vec<i64> = order.into_iter().map(|i| i as i64).collect();
                let data = TensorData::new(order, [keys.len()]);
                let index = Tensor::<1, Int>::from_data(data, &batch.x0.device());
                batch.x0.select(0, index)
            }
            (Base::Permuted, None) => batch.x0,
        };
        Pair { x0, x1: batch.x1 }
    }
}

/// x0 = x1: both ends of a [`Mirror`](crate::Mirror) path.
#[derive(Clone, Copy, Debug)]
pub struct Same;

impl<const D: usize> Coupling<D> for Same {
    fn couple(&self, batch: Pair<D>, _keys: &[Key]) -> Pair<D> {
        Pair {
            x0: batch.x1.clone(),
            x1: batch.x1,
        }
    }
}
