//! Where a sampler's noise comes from.

use burn::tensor::Tensor;
use foehn_interpolant::normals;
use foehn_noise::Key;

/// One step of a solver: its number and its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Number of the step, from 0.
    pub index: usize,
    /// Its first time.
    pub t: f64,
    /// Its last time.
    pub u: f64,
}

/// Added to a step's number to name its second set of draws.
///
/// ```
/// assert_eq!(foehn_dynamics::SECOND_DRAW, 0xc000_0000);
/// ```
pub const SECOND_DRAW: usize = 3 << 30;

/// The source of the standard normal draws that a solver turns into Wiener increments.
///
/// Over a step from t to u = t + h a Wiener process has `W_u - W_t = sqrt(h) xi` and
/// `int_t^u (W_s - W_t) ds = h^(3/2) (xi + zeta / sqrt 3) / 2` with `xi`, `zeta` independent and
/// standard normal: [`Noise::increment`] and [`Noise::area`].
pub trait Noise<const D: usize> {
    /// The draws of step `step`, in the shape of `like`.
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D>;

    /// `xi` of a step: the draws of its number, or of its ends where the path is remembered.
    fn increment(&mut self, over: Step, like: &Tensor<D>) -> Tensor<D> {
        self.draw(over.index, like)
    }

    /// `zeta` of a step: the draws numbered [`SECOND_DRAW`] + its number.
    fn area(&mut self, over: Step, like: &Tensor<D>) -> Tensor<D> {
        self.draw(SECOND_DRAW + over.index, like)
    }
}

/// Independent draws, sample `b` and step `k` from the stream `keys[b].step(k)`: a member is the same
/// in any batch.
#[derive(Clone, Debug)]
pub struct WienerNoise {
    keys: Vec<Key>,
}

impl WienerNoise {
    /// One key a sample.
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }
}

impl<const D: usize> Noise<D> for WienerNoise {
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D> {
        let keys: Vec<Key> = self.keys.iter().map(|k| k.step(step as u32)).collect();
        normals(&keys, like)
    }
}

impl<const D: usize, F: FnMut(usize, &Tensor<D>) -> Tensor<D>> Noise<D> for F {
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D> {
        self(step, like)
    }
}
