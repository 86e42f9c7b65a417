//! In-painting: part of the target is known.

use super::{Coupling, Pair};
use crate::batch::normals;
use crate::interpolant::Point;
use burn::tensor::Tensor;
use foehn_noise::Key;

/// `x_t = xi x1 + (1 - xi)(alpha zeta + beta x1 + gamma z)`: the values where the mask `xi` is 1 are those
/// of `x1` at every `t`, in training and in sampling, for every schedule. Velocity and loss carry
/// `1 - xi`.
///
/// The coupling draws `x0 = zeta ~ N(0, Id)` for all values; [`Inpainting::point`] puts the known ones
/// back, and [`Inpainting::keep`] does so at any time while sampling.
///
/// # Reference
/// Albergo, Goldstein, Boffi, Ranganath, Vanden-Eijnden 2023, arXiv:2310.03725, section 4.1.
#[derive(Clone, Debug)]
pub struct Inpainting<const D: usize> {
    /// 1 where `x1` is known, 0 elsewhere.
    ///
    /// # Shapes
    /// [B, ...], or with length 1 where it does not vary.
    pub mask: Tensor<D>,
}

impl<const D: usize> Inpainting<D> {
    /// `xi known + (1 - xi) x`: the state with the known values in place.
    ///
    /// # Shapes
    /// `x`, `known`: [B, ...].
    pub fn keep(&self, x: Tensor<D>, known: Tensor<D>) -> Tensor<D> {
        let mask = self.mask.clone().expand(x.dims());
        // where, not a product: unknown values may be anything, also not numbers
        x.mask_where(mask.greater_elem(0.5), known)
    }

    /// `(1 - xi) u`: a velocity that leaves the known values alone.
    ///
    /// # Shapes
    /// `u`: [B, ...].
    pub fn free(&self, u: Tensor<D>) -> Tensor<D> {
        let mask = self.mask.clone().expand(u.dims());
        u.mask_fill(mask.greater_elem(0.5), 0.0)
    }

    /// The point of the masked path, from that of the free one.
    ///
    /// # Shapes
    /// `point` and `x1`: [B, ...].
    pub fn point(&self, point: Point<D>, x1: Tensor<D>) -> Point<D> {
        Point {
            xt: self.keep(point.xt, x1),
            target: self.free(point.target),
        }
    }

    /// `1 - xi`, the weight of the loss.
    ///
    /// # Shapes
    /// As the mask.
    pub fn weight(&self) -> Tensor<D> {
        self.mask.clone().neg() + 1.0
    }
}

impl<const D: usize> Coupling<D> for Inpainting<D> {
    fn couple(&self, batch: Pair<D>, keys: &[Key]) -> Pair<D> {
        Pair {
            x0: normals(keys, &batch.x1),
            x1: batch.x1,
        }
    }
}
