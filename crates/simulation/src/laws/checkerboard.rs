//! The checkerboard in the plane.

use rand::{Rng, RngExt};

/// Oracle O4: uniform on the 32 unit cells `[i, i+1) x [j, j+1)` of [-4, 4)^2 with i + j even.
///
/// ```
/// use foehn_simulation::laws::Checkerboard;
/// assert!((Checkerboard.entropy() - 3.4657).abs() < 5e-5);
/// assert!(Checkerboard.contains([0.5, 0.5]) && !Checkerboard.contains([0.5, 1.5]));
/// assert_eq!(Checkerboard.log_density([0.5, -0.5]), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkerboard;

impl Checkerboard {
    /// Cells with mass, each of area 1.
    const CELLS: f64 = 32.0;

    /// ln 32 nats: the least negative log-likelihood that a model can have.
    pub fn entropy(&self) -> f64 {
        Self::CELLS.ln()
    }

    /// Whether x lies in a cell with mass.
    pub fn contains(&self, x: [f64; 2]) -> bool {
        let inside = x.iter().all(|x| (-4.0..4.0).contains(x));
        inside && (x[0].floor() + x[1].floor()).rem_euclid(2.0) == 0.0
    }

    /// `-ln 32` inside, minus infinity outside.
    pub fn log_density(&self, x: [f64; 2]) -> f64 {
        if self.contains(x) {
            -self.entropy()
        } else {
            f64::NEG_INFINITY
        }
    }

    /// One draw.
    pub fn sample(&self, rng: &mut impl Rng) -> [f64; 2] {
        let i = rng.random_range(-4..4);
        // the cells of column i start at the j of the same parity: -4 + (i mod 2), and every second one
        let j = 2 * rng.random_range(-2..2) + (i & 1);
        [
            f64::from(i) + rng.random::<f64>(),
            f64::from(j) + rng.random::<f64>(),
        ]
    }
}
