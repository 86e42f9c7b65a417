//! The operations written out in double precision. Fields are (values, [images, height, width, channels]).

pub type Shape = [usize; 4];

/// The cells that stand before the first and after the last of an axis.
#[derive(Clone, Copy, Debug)]
pub struct Ends(pub Option<usize>, pub Option<usize>);

impl Ends {
    /// The cell at place `i` of an axis of `n` cells.
    fn cell(self, i: isize, n: usize) -> Option<usize> {
        match i {
            -1 => self.0,
            i if i as usize == n => self.1,
            i => Some(i as usize),
        }
    }
}

pub fn convolution(
    x: &[f64],
    [b, h, w, c]: Shape,
    ends: [Ends; 2],
    weights: &[f64],
    out: usize,
) -> Vec<f64> {
    let mut y = vec![0.0; b * h * w * out];
    for (n, i, j) in cells([b, h, w]) {
        for (dy, dx) in (0..9).map(|k| (k / 3, k % 3)) {
            let row = ends[0].cell((i + dy) as isize - 1, h);
            let column = ends[1].cell((j + dx) as isize - 1, w);
            let Some((row, column)) = row.zip(column) else {
                continue;
            };
            for (o, k) in (0..out * c).map(|k| (k / c, k % c)) {
                let value = x[((n * h + row) * w + column) * c + k];
                y[((n * h + i) * w + j) * out + o] +=
                    weights[((dx * out + o) * 3 + dy) * c + k] * value;
            }
        }
    }
    y
}

fn cells([b, h, w]: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..b * h * w).map(move |i| (i / h / w, i / w % h, i % w))
}

/// Scale and shift are [c] or [b, c].
pub fn norm(
    x: &[f64],
    [b, h, w, c]: Shape,
    groups: usize,
    scale: &[f64],
    shift: &[f64],
) -> Vec<f64> {
    let (width, cells) = (c / groups, h * w);
    let mut y = x.to_vec();
    for (image, group) in (0..b * groups).map(|i| (i / groups, i % groups)) {
        let of = |cell: usize, k: usize| (image * cells + cell) * c + group * width + k;
        let all = || (0..cells * width).map(|i| of(i / width, i % width));
        let n = (cells * width) as f64;
        let mean = all().map(|i| x[i]).sum::<f64>() / n;
        let variance = all().map(|i| (x[i] - mean).powi(2)).sum::<f64>() / n;
        for i in all() {
            let at = image * c + i % c;
            let (a, d) = (scale[at % scale.len()], shift[at % shift.len()]);
            y[i] = (x[i] - mean) / (variance + 1e-5).sqrt() * a + d;
        }
    }
    y
}

pub fn silu(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x / (1.0 + (-x).exp())).collect()
}

pub fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// W x + b for each cell.
pub fn pointwise(x: &[f64], w: &[f64], bias: &[f64]) -> Vec<f64> {
    let (out, c) = (bias.len(), w.len() / bias.len());
    let cell = |x: &[f64]| -> Vec<f64> {
        let row = |o: usize| bias[o] + (0..c).map(|k| w[o * c + k] * x[k]).sum::<f64>();
        (0..out).map(row).collect()
    };
    x.chunks(c).flat_map(cell).collect()
}

pub fn attention(qkv: &[f64], [b, cells, c]: [usize; 3], heads: usize) -> Vec<f64> {
    let d = c / heads;
    let at = |n: usize, i: usize, part: usize, k: usize| qkv[((n * cells + i) * 3 + part) * c + k];
    let mut y = vec![0.0; b * cells * c];
    for (n, head, i) in self::cells([b, heads, cells]) {
        let channels = head * d..(head + 1) * d;
        let score = |j: usize| {
            let product = channels.clone().map(|k| at(n, i, 0, k) * at(n, j, 1, k));
            (product.sum::<f64>() / (d as f64).sqrt()).exp()
        };
        let scores: Vec<f64> = (0..cells).map(score).collect();
        let sum = scores.iter().sum::<f64>();
        for k in channels.clone() {
            let mean = (0..cells).map(|j| scores[j] * at(n, j, 2, k)).sum::<f64>() / sum;
            y[(n * cells + i) * c + k] = mean;
        }
    }
    y
}

/// [b, h / 2, w / 2, c, 2, 2], rounded up.
pub fn fold(x: &[f64], [b, h, w, c]: Shape, ends: [Ends; 2]) -> Vec<f64> {
    let mut y = Vec::new();
    for (n, i, j) in cells([b, h.div_ceil(2), w.div_ceil(2)]) {
        for (k, dy, dx) in cells([c, 2, 2]) {
            let cell = ends[0]
                .cell((2 * i + dy) as isize, h)
                .zip(ends[1].cell((2 * j + dx) as isize, w));
            y.push(cell.map_or(0.0, |(i, j)| x[((n * h + i) * w + j) * c + k]));
        }
    }
    y
}

pub fn join(coarse: &[f64], a: usize, fine: &[f64], [b, h, w, c]: Shape) -> Vec<f64> {
    let (rows, columns) = (h.div_ceil(2), w.div_ceil(2));
    let mut y = Vec::new();
    for (n, i, j) in cells([b, h, w]) {
        let above = ((n * rows + i / 2) * columns + j / 2) * a;
        y.extend_from_slice(&coarse[above..above + a]);
        let at = ((n * h + i) * w + j) * c;
        y.extend_from_slice(&fine[at..at + c]);
    }
    y
}

/// (1 + a) (x - mean) / sqrt(variance + 1e-6) + s over the channels of each cell; a and s are [b, c].
pub fn layer(x: &[f64], [b, h, w, c]: Shape, scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let cell = |(i, x): (usize, &[f64])| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / c as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / c as f64;
        let image = i / (h * w);
        let of = |k: usize| {
            let (a, s) = (scale[image * c + k], shift[image * c + k]);
            (1.0 + a) * (x[k] - mean) / (variance + 1e-6).sqrt() + s
        };
        (0..c).map(of).collect()
    };
    assert_eq!(x.len(), b * h * w * c);
    x.chunks(c).enumerate().flat_map(cell).collect()
}

/// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
pub fn gelu(x: &[f64]) -> Vec<f64> {
    let of = |x: &f64| {
        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
        x * (1.0 + u.tanh()) / 2.0
    };
    x.iter().map(of).collect()
}

/// x + k o, k being [b, c].
pub fn gated(x: &[f64], [_, h, w, c]: Shape, o: &[f64], gate: &[f64]) -> Vec<f64> {
    let of = |i: usize| x[i] + gate[i / (h * w * c) * c + i % c] * o[i];
    (0..x.len()).map(of).collect()
}
