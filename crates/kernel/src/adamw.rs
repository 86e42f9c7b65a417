//! The step of the optimiser, in one pass over the weights.

use rayon::prelude::*;

/// Weights that a thread takes at once.
const PIECE: usize = 1 << 14;

/// The numbers of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// What the gradient is multiplied with: the number of its parts, and clipping.
    pub gradient_scale: f32,
    /// Decay rates of the first and second moments.
    pub betas: [f32; 2],
    /// Learning rate over 1 - beta1^n.
    pub rate: f32,
    /// 1 / (1 - beta2^n).
    pub second_scale: f32,
    /// Learning rate times weight decay.
    pub decay: f32,
    /// What the moving average keeps of itself.
    pub average_keep: f32,
}

/// What a step changes, and the mask of the weights that decay: all of one length.
pub struct State<'a> {
    /// The weights.
    pub weights: &'a mut [f32],
    /// First moment of the gradient.
    pub first: &'a mut [f32],
    /// Second moment of the gradient.
    pub second: &'a mut [f32],
    /// Moving average of the weights.
    pub average: &'a mut [f32],
    /// 1 where a weight decays, else 0.
    pub decayed: &'a [f32],
}

/// The sum of the squares in double precision, in an order that no number of threads changes.
///
/// ```
/// assert_eq!(foehn_kernel::square_sum(&[3.0, -4.0]), 25.0);
/// ```
pub fn square_sum(values: &[f32]) -> f64 {
    let pieces = values.par_chunks(PIECE).map(|piece| {
        // several sums at once, which vectors can hold
        let mut sums = [0f64; 16];
        for part in piece.chunks(16) {
            for (sum, value) in sums.iter_mut().zip(part) {
                *sum += f64::from(*value) * f64::from(*value);
            }
        }
        sums.iter().sum::<f64>()
    });
    pieces.collect::<Vec<f64>>().into_iter().sum()
}

impl AdamW {
    /// Keeps the division finite; small against any gradient of interest.
    pub const EPSILON: f32 = 1e-8;

    /// One step along `gradient`:
    /// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - decay w - rate m / (sqrt(v scale) + 1e-8),
    /// a = k a + (1 - k) w.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// # Reference
    /// Loshchilov and Hutter (2019), arXiv:1711.05101, algorithm 2.
    pub fn step(&self, state: State, gradient: &[f32]) {
        let State {
            weights,
            first,
            second,
            average,
            decayed,
        } = state;
        let n = gradient.len();
        let lengths = [
            weights.len(),
            first.len(),
            second.len(),
            average.len(),
            decayed.len(),
        ];
        assert_eq!(
            lengths, [n; 5],
            "lengths of weights, moments, average and mask"
        );
        let pieces = weights
            .par_chunks_mut(PIECE)
            .zip(first.par_chunks_mut(PIECE))
            .zip(second.par_chunks_mut(PIECE))
            .zip(average.par_chunks_mut(PIECE))
            .zip(decayed.par_chunks(PIECE))
            .zip(gradient.par_chunks(PIECE));
        pieces.for_each(|(((((w, m), v), a), d), g)| {
            crate::processor::run(|| self.piece((w, m, v, a), d, g));
        });
    }

    #[inline(always)]
    fn piece(&self, state: (&mut [f32], &mut [f32], &mut [f32], &mut [f32]), d: &[f32], g: &[f32]) {
        let [b1, b2] = self.betas;
        let (w, m, v, a) = state;
        let moments = m.iter_mut().zip(v.iter_mut());
        let values = w.iter_mut().zip(a.iter_mut()).zip(moments).zip(d).zip(g);
        for ((((w, a), (m, v)), d), g) in values {
            let g = g * self.gradient_scale;
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            let scale = (*v * self.second_scale).sqrt() + Self::EPSILON;
            *w = *w - *w * d * self.decay - self.rate * *m / scale;
            *a = self.average_keep * *a + (1.0 - self.average_keep) * *w;
        }
    }
}
