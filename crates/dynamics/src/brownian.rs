//! One Brownian path for every step size.

use crate::noise::{Noise, Step, WienerNoise};
use burn::tensor::{Tensor, TensorData};
use foehn_noise::Key;

/// Nodes of the tree draw from the steps `NODES + 1, ...` of their key, apart from those of
/// [`WienerNoise`].
const NODES: u32 = 1 << 31;
const DEEPEST: u32 = 29;

/// A Brownian path on [0, 1] with its time integrals, the same for every grid: halving a step refines
/// the path, so the difference of two solves is their error and not their luck.
///
/// A dyadic tree: over an interval of length `h` the path is known by its increment `w` and by
/// `H = (1/h) int (W_s - W_a - (s - a) w / h) ds ~ N(0, h/12)`, independent of `w`. Its two halves are
/// drawn given both: with `d = 3 H + sqrt(h/4) z_1` and `m = sqrt(h/12) z_2` the halves have increments
/// `(w + d)/2`, `(w - d)/2` and `H_1, H_2 = H - d/4 ± m/2`. Each node's two draws have a stream of
/// their own, so sample `b` is named by `keys[b]` alone: seed, initial time, member and lead.
///
/// Times are taken to the nearest multiple of `2^-depth`; a step's draws are exactly standard normal
/// and independent of those of other steps whatever the grid, and consistent between grids to that
/// resolution (exactly so for dyadic grids).
///
/// # Reference
/// Derived here from the joint normal law of `(w, H)` on halves; the same conditional law is used by
/// Jelinčič, Foster, Kidger 2024, arXiv:2405.06464.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use foehn_dynamics::{BrownianPath, Noise, Step};
/// use foehn_noise::{Key, Purpose};
/// let mut path = BrownianPath::new(vec![Key::new(1, Purpose::Sample)], 10);
/// let like = Tensor::<2>::zeros([1, 1], &Device::flex());
/// let mut w = |t: f64, u: f64| {
///     let xi: f32 = path.increment(Step { index: 0, t, u }, &like).into_scalar();
///     f64::from(xi) * (u - t).sqrt()
/// };
/// assert!((w(0.0, 0.25) + w(0.25, 0.5) - w(0.0, 0.5)).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct BrownianPath {
    keys: Vec<Key>,
    depth: u32,
    steps: WienerNoise,
}

/// `w` and `H` of one interval.
#[derive(Clone, Debug)]
struct Piece {
    w: Vec<f64>,
    h: Vec<f64>,
}

/// Increment and integral of the path since the start of what was gathered.
struct Gathered {
    length: f64,
    w: Vec<f64>,
    integral: Vec<f64>,
}

/// A node of the tree: its number in heap order and its interval in ticks.
#[derive(Clone, Copy)]
struct Node {
    number: u32,
    start: u32,
    end: u32,
}

impl BrownianPath {
    /// One key a sample; times resolved to `2^-depth`, with `depth` at most 29 (more is taken as 29).
    pub fn new(keys: Vec<Key>, depth: u32) -> Self {
        Self {
            steps: WienerNoise::new(keys.clone()),
            keys,
            depth: depth.min(DEEPEST),
        }
    }

    fn ticks(&self) -> f64 {
        f64::from(1u32 << self.depth)
    }

    /// `(xi, zeta)` of one sample over a step, `n` values each.
    fn normals(&self, key: Key, over: Step, n: usize) -> (Vec<f64>, Vec<f64>) {
        let tick = |t: f64| (t * self.ticks()).round() as u32;
        let (lo, hi) = (tick(over.t), tick(over.u));
        let root = Node {
            number: 1,
            start: 0,
            end: 1 << self.depth,
        };
        let [w, h] = draws(key, 0, n);
        let whole = Piece {
            w,
            h: h.iter().map(|z| z * (1.0f64 / 12.0).sqrt()).collect(),
        };
        let mut gathered = Gathered {
            length: 0.0,
            w: vec![0.0; n],
            integral: vec![0.0; n],
        };
        self.gather(key, root, &whole, [lo, hi], &mut gathered);
        let span = gathered.length;
        let xi: Vec<f64> = gathered.w.iter().map(|w| w / span.sqrt()).collect();
        let zeta = gathered.integral.iter().zip(&gathered.w);
        let zeta = zeta.map(|(a, w)| (a / span - w / 2.0) * (12.0 / span).sqrt());
        (xi, zeta.collect())
    }

    /// Adds the part of `node` inside the ticks `[lo, hi)` to what was gathered, left to right.
    fn gather(&self, key: Key, node: Node, piece: &Piece, range: [u32; 2], sum: &mut Gathered) {
        let [lo, hi] = range;
        if hi <= node.start || node.end <= lo {
            return;
        }
        let length = f64::from(node.end - node.start) / self.ticks();
        if lo <= node.start && node.end <= hi {
            for i in 0..piece.w.len() {
                sum.integral[i] += length * (sum.w[i] + piece.w[i] / 2.0 + piece.h[i]);
                sum.w[i] += piece.w[i];
            }
            sum.length += length;
            return;
        }
        let (left, right) = halves(key, node.number, piece, length);
        let middle = node.start + (node.end - node.start) / 2;
        let (first, second) = (
            Node {
                number: 2 * node.number,
                end: middle,
                ..node
            },
            Node {
                number: 2 * node.number + 1,
                start: middle,
                ..node
            },
        );
        self.gather(key, first, &left, range, sum);
        self.gather(key, second, &right, range, sum);
    }

    fn tensor<const D: usize>(&self, over: Step, like: &Tensor<D>, part: Part) -> Tensor<D> {
        let shape = like.dims();
        let n = shape[1..].iter().product::<usize>();
        let values: Vec<f64> = self
            .keys
            .iter()
            .flat_map(|&key| {
                let (xi, zeta) = self.normals(key, over, n);
                match part {
                    Part::Increment => xi,
                    Part::Area => zeta,
                }
            })
            .collect();
        let data = TensorData::new(values, shape).convert_dtype(like.dtype());
        Tensor::from_data(data, (&like.device(), like.dtype()))
    }
}

#[derive(Clone, Copy)]
enum Part {
    Increment,
    Area,
}

fn draws(key: Key, node: u32, n: usize) -> [Vec<f64>; 2] {
    let mut z = vec![0.0; 2 * n];
    key.step(NODES + node).normals_f64(&mut z);
    let second = z.split_off(n);
    [z, second]
}

/// Both halves of a piece over an interval of this length, given its increment and its `H`.
fn halves(key: Key, node: u32, piece: &Piece, length: f64) -> (Piece, Piece) {
    let n = piece.w.len();
    let [z1, z2] = draws(key, node, n);
    let empty = || Piece {
        w: Vec::with_capacity(n),
        h: Vec::with_capacity(n),
    };
    let (mut left, mut right) = (empty(), empty());
    for i in 0..n {
        let d = 3.0 * piece.h[i] + (length / 4.0).sqrt() * z1[i];
        let m = (length / 12.0).sqrt() * z2[i];
        left.w.push((piece.w[i] + d) / 2.0);
        right.w.push((piece.w[i] - d) / 2.0);
        left.h.push(piece.h[i] - d / 4.0 + m / 2.0);
        right.h.push(piece.h[i] - d / 4.0 - m / 2.0);
    }
    (left, right)
}

impl<const D: usize> Noise<D> for BrownianPath {
    /// Draws that are no part of the path, as those of [`WienerNoise`] for the same keys.
    fn draw(&mut self, step: usize, like: &Tensor<D>) -> Tensor<D> {
        self.steps.draw(step, like)
    }

    fn increment(&mut self, over: Step, like: &Tensor<D>) -> Tensor<D> {
        self.tensor(over, like, Part::Increment)
    }

    fn area(&mut self, over: Step, like: &Tensor<D>) -> Tensor<D> {
        self.tensor(over, like, Part::Area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::Purpose;

    fn wiener(path: &BrownianPath, t: f64, u: f64, n: usize) -> (Vec<f64>, Vec<f64>) {
        let over = Step { index: 0, t, u };
        let (xi, zeta) = path.normals(path.keys[0], over, n);
        let h = u - t;
        let integral = xi.iter().zip(&zeta);
        let integral = integral.map(|(xi, zeta)| h.powf(1.5) * (xi + zeta / 3f64.sqrt()) / 2.0);
        let integral = integral.collect();
        (xi.into_iter().map(|xi| xi * h.sqrt()).collect(), integral)
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let path = BrownianPath::new(vec![Key::new(4, Purpose::Sample).member(7)], 12);
        let (whole, whole_integral) = wiener(&path, 0.25, 1.0, 3);
        let (left, left_integral) = wiener(&path, 0.25, 0.625, 3);
        let (right, right_integral) = wiener(&path, 0.625, 1.0, 3);
        for i in 0..3 {
            assert!((whole[i] - left[i] - right[i]).abs() < 1e-14);
            let sum = left_integral[i] + 0.375 * left[i] + right_integral[i];
            assert!((whole_integral[i] - sum).abs() < 1e-14);
        }
    }

    #[test]
    fn draws_of_disjoint_steps_are_independent_and_standard() {
        const N: usize = 100_000;
        let path = BrownianPath::new(vec![Key::new(9, Purpose::Sample)], 6);
        // uneven steps, two of them inside one quarter, one off the ticks
        let steps = [(0.0, 0.125), (0.125, 0.25), (0.25, 0.7), (0.7, 1.0)];
        let all: Vec<Vec<f64>> = steps
            .iter()
            .flat_map(|&(t, u)| {
                let (xi, zeta) = path.normals(path.keys[0], Step { index: 0, t, u }, N);
                [xi, zeta]
            })
            .collect();
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate().take(i + 1) {
                let product = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / N as f64;
                let expected = if i == j { 1.0 } else { 0.0 };
                // standard error sqrt(2 / N) at most; 36 of them are looked at
                assert!((product - expected).abs() < 4.5 * (2.0 / N as f64).sqrt());
            }
        }
    }
}
