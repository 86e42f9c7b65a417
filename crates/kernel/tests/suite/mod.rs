//! Every operation against the same written out in double precision, its gradients against finite differences
//! of that, on any number of threads.

mod reference;

use foehn_kernel::{
    Array, Attention, Axis, Block, Convolution, Edges, Halve, Head, Operation, Rise, Shortcut,
    TokenAttention, TokenPerceptron, View,
};
use rayon::ThreadPoolBuilder;
use reference::{
    Ends, Shape, add, attention, convolution, fold, gated, gelu, join, layer, norm, pointwise, silu,
};

/// Largest error of a result in units of its largest entry. F(4x4, 3x3) loses two or three bits of f32.
const ERROR: f64 = 3e-5;

/// The same for a gradient, which passes through more operations.
const GRADIENT_ERROR: f64 = 3e-4;

/// Entries of a gradient that are compared with finite differences.
const PROBES: usize = if cfg!(miri) { 1 } else { 7 };

/// Numbers in (-1, 1) without a pattern.
fn array(shape: &[usize], salt: u64) -> Array {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let draw = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let length = shape.iter().product::<usize>();
    Array {
        values: (0..length).map(draw).collect(),
        shape: shape.to_vec(),
    }
}

fn on_threads<T: Send>(count: usize, job: impl FnOnce() -> T + Send) -> T {
    ThreadPoolBuilder::new()
        .num_threads(count)
        .build()
        .unwrap()
        .install(job)
}

/// Compares `operation` with `reference`, both at arrays of these shapes.
fn compare(
    operation: &dyn Operation,
    shapes: &[&[usize]],
    reference: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let inputs: Vec<Array> = shapes
        .iter()
        .zip(1..)
        .map(|(s, salt)| array(s, salt))
        .collect();
    let views: Vec<View> = inputs.iter().map(Array::view).collect();
    let double: Vec<Vec<f64>> = inputs
        .iter()
        .map(|x| x.values.iter().map(|v| f64::from(*v)).collect())
        .collect();
    let output = on_threads(1, || operation.forward(&views));
    let wanted = reference(&double);
    close(&output.y.values, &wanted, ERROR, &format!("{operation:?}"));
    let dy = array(&output.y.shape, 99);
    let gradients = |threads: usize| {
        on_threads(threads, || {
            let output = operation.forward(&views);
            let saved: Vec<View> = output.saved.iter().map(Array::view).collect();
            (output.y, operation.backward(&views, &saved, dy.view()))
        })
    };
    let (y, derived) = gradients(1);
    assert_eq!(y, output.y);
    assert!(
        gradients(3) == (y, derived.clone()),
        "threads change {operation:?}"
    );
    assert_eq!(derived.len(), inputs.len());
    let loss = |double: &[Vec<f64>]| -> f64 {
        reference(double)
            .iter()
            .zip(&dy.values)
            .map(|(y, r)| y * f64::from(*r))
            .sum()
    };
    for (i, gradient) in derived.iter().enumerate() {
        assert_eq!(gradient.shape, inputs[i].shape);
        let step = (gradient.values.len() / PROBES).max(1);
        let entries: Vec<usize> = (0..gradient.values.len()).step_by(step).collect();
        let at = |entry: usize, moved: f64| {
            let mut double = double.clone();
            double[i][entry] += moved;
            loss(&double)
        };
        let wanted: Vec<f64> = entries
            .iter()
            .map(|e| (at(*e, 1e-5) - at(*e, -1e-5)) / 2e-5)
            .collect();
        let ours: Vec<f32> = entries.iter().map(|e| gradient.values[*e]).collect();
        let scale = gradient.values.iter().fold(0f32, |a, v| a.max(v.abs()));
        for (ours, wanted) in ours.iter().zip(wanted) {
            let error = (f64::from(*ours) - wanted).abs();
            assert!(
                error <= GRADIENT_ERROR * f64::from(scale) + 1e-7,
                "input {i} of {operation:?}: {ours} is not {wanted}"
            );
        }
    }
}

fn close(ours: &[f32], wanted: &[f64], error: f64, what: &str) {
    assert_eq!(ours.len(), wanted.len(), "{what}");
    let scale = wanted.iter().fold(0f64, |a, v| a.max(v.abs()));
    for (ours, wanted) in ours.iter().zip(wanted) {
        let difference = (f64::from(*ours) - wanted).abs();
        assert!(
            difference <= error * scale,
            "{what}: {ours} is not {wanted}"
        );
    }
}

/// Periodic, mirrored, repeated and zero ends of an axis of n cells.
fn ends(n: usize) -> [Ends; 4] {
    let last = n - 1;
    [
        Ends(Some(last), Some(0)),
        Ends(Some(1.min(last)), Some(last.saturating_sub(1))),
        Ends(Some(0), Some(last)),
        Ends(None, None),
    ]
}

fn edges([h, w]: [usize; 2], [y, x]: [Ends; 2]) -> Edges {
    Edges {
        rows: Axis::new(h, y.0, y.1),
        columns: Axis::new(w, x.0, x.1),
    }
}

/// All pairs of ends on small fields, and one on larger ones with channels around whole vectors.
fn cases(mut check: impl FnMut(Shape, [Ends; 2], usize)) {
    if cfg!(miri) {
        // an interpreter: every path once, on few cells
        check([2, 5, 6, 3], [ends(5)[3], ends(6)[0]], 2);
        check([1, 1, 3, 2], [ends(1)[1], ends(3)[2]], 9);
        return;
    }
    for [h, w] in [[5, 7], [4, 4], [1, 3], [2, 9], [1, 1]] {
        for (y, x) in ends(h).into_iter().flat_map(|y| ends(w).map(|x| (y, x))) {
            check([2, h, w, 4], [y, x], 6);
        }
    }
    check([3, 9, 17, 17], [ends(9)[3], ends(17)[0]], 34);
    check([1, 8, 12, 66], [ends(8)[2], ends(12)[1]], 8);
    // more than one block of every sum: of norms, of columns, of tiles
    check([2, 37, 61, 3], [ends(37)[1], ends(61)[0]], 2);
}

pub fn convolutions() {
    cases(|[b, h, w, c], ends, out| {
        let edges = edges([h, w], ends);
        let shapes: [&[usize]; 3] = [&[b, h, w, c], &[3, out, 3, c], &[out]];
        compare(&Convolution { edges }, &shapes, |v| {
            let y = convolution(&v[0], [b, h, w, c], ends, &v[1], out);
            add(&y, &v[2].repeat(b * h * w))
        });
    });
}

pub fn heads() {
    let ([b, h, w, c], out) = if cfg!(miri) {
        ([1, 3, 5, 8], 2)
    } else {
        ([2, 6, 9, 12], 3)
    };
    let ends = [ends(h)[2], ends(w)[0]];
    let shapes: [&[usize]; 5] = [&[b, h, w, c], &[c], &[c], &[3, out, 3, c], &[out]];
    let head = Head {
        groups: 4,
        edges: edges([h, w], ends),
    };
    compare(&head, &shapes, |v| {
        let f = silu(&norm(&v[0], [b, h, w, c], 4, &v[1], &v[2]));
        add(
            &convolution(&f, [b, h, w, c], ends, &v[3], out),
            &v[4].repeat(b * h * w),
        )
    });
}

pub fn blocks() {
    let (small, keep) = ([2, 5, 18], [0.0f32, 1.25, 1.25, 0.0].repeat(12));
    for ([b, h, w], c, out, keep) in [
        (small, 24, 24, None),
        (small, 8, 24, Some(keep)),
        (small, 24, 6, None),
        ([1, 3, 5], 4, 6, None),
        // more than one block of every sum
        ([1, 37, 61], 4, 4, None),
    ] {
        if cfg!(miri) && h * w > 15 {
            continue;
        }
        let (x, y) = ([b, h, w, c], [b, h, w, out]);
        let ends = [ends(h)[0], ends(w)[3]];
        let same = c == out;
        let block = Block {
            groups: [4, 2],
            edges: edges([h, w], ends),
            shortcut: if same {
                Shortcut::Identity
            } else {
                Shortcut::Learnt
            },
            keep: keep.clone().map(Into::into),
        };
        let all: [&[usize]; 9] = [
            &x,
            &[c],
            &[c],
            &[3, out, 3, c],
            &[b, out],
            &[b, out],
            &[3, out, 3, out],
            &[out, c],
            &[out],
        ];
        compare(&block, if same { &all[..7] } else { &all }, |v| {
            let f = silu(&norm(&v[0], x, 4, &v[1], &v[2]));
            let f = convolution(&f, x, ends, &v[3], out);
            let mut f = silu(&norm(&f, y, 2, &v[4], &v[5]));
            for (i, f) in f.iter_mut().enumerate() {
                let image = i / (h * w * out);
                *f *= keep
                    .as_ref()
                    .map_or(1.0, |k| f64::from(k[image * out + i % out]));
            }
            let f = convolution(&f, y, ends, &v[6], out);
            if same {
                add(&f, &v[0])
            } else {
                add(&f, &pointwise(&v[0], &v[7], &v[8]))
            }
        });
    }
}

/// What is not a number stays so, and is not hidden by the other cells.
pub fn attention_of_what_is_not_a_number() {
    let attention = Attention {
        groups: 2,
        heads: 1,
    };
    let shapes: [&[usize]; 7] = [&[1, 3, 5, 8], &[8], &[8], &[24, 8], &[24], &[8, 8], &[8]];
    let mut inputs: Vec<Array> = shapes
        .iter()
        .zip(1..)
        .map(|(s, salt)| array(s, salt))
        .collect();
    // a row of the queries' weights
    inputs[3].values[0] = f32::NAN;
    let views: Vec<View> = inputs.iter().map(Array::view).collect();
    let y = attention.forward(&views).y.values;
    assert!(y.iter().all(|y| y.is_nan()), "{y:?}");
}

pub fn attentions() {
    for ([b, h, w, c], heads) in [([2, 3, 5, 8], 2), ([1, 7, 9, 24], 3), ([1, 1, 1, 4], 1)] {
        if cfg!(miri) && h * w > 15 {
            continue;
        }
        let shapes: [&[usize]; 7] = [
            &[b, h, w, c],
            &[c],
            &[c],
            &[3 * c, c],
            &[3 * c],
            &[c, c],
            &[c],
        ];
        compare(&Attention { groups: 2, heads }, &shapes, |v| {
            let f = norm(&v[0], [b, h, w, c], 2, &v[1], &v[2]);
            let f = attention(&pointwise(&f, &v[3], &v[4]), [b, h * w, c], heads);
            add(&v[0], &pointwise(&f, &v[5], &v[6]))
        });
    }
}

pub fn resolutions() {
    cases(|[b, h, w, c], ends, out| {
        let x = [b, h, w, c];
        let shapes: [&[usize]; 3] = [&x, &[out, 4 * c], &[out]];
        let halve = Halve {
            edges: edges([h, w], ends),
        };
        compare(&halve, &shapes, |v| {
            pointwise(&fold(&v[0], x, ends), &v[1], &v[2])
        });
        let coarse = [b, h.div_ceil(2), w.div_ceil(2), c];
        let fine = [b, h, w, 3];
        let shapes: [&[usize]; 4] = [&coarse, &[out, c], &[out], &fine];
        compare(&Rise, &shapes, |v| {
            join(&pointwise(&v[0], &v[1], &v[2]), out, &v[3], fine)
        });
    });
}

/// Both branches of a transformer's block, with channels around whole vectors and more than one piece of every sum.
pub fn tokens() {
    for (x, heads, hidden) in [
        ([2, 3, 5, 8], 2, 20),
        ([2, 9, 8, 18], 3, 35),
        ([1, 1, 1, 4], 1, 4),
    ] {
        let [b, h, w, c] = x;
        if cfg!(miri) && h * w > 15 {
            continue;
        }
        let shapes = |out: usize, inward: usize| -> [Vec<usize>; 8] {
            let image = || vec![b, c];
            let (w1, w) = (vec![out, c], vec![c, inward]);
            [
                x.into(),
                image(),
                image(),
                image(),
                w1,
                vec![out],
                w,
                vec![c],
            ]
        };
        let all = shapes(3 * c, c);
        let all: Vec<&[usize]> = all.iter().map(Vec::as_slice).collect();
        compare(&TokenAttention { heads }, &all, |v| {
            let m = layer(&v[0], x, &v[1], &v[2]);
            let f = attention(&pointwise(&m, &v[4], &v[5]), [b, h * w, c], heads);
            gated(&v[0], x, &pointwise(&f, &v[6], &v[7]), &v[3])
        });
        let all = shapes(hidden, hidden);
        let all: Vec<&[usize]> = all.iter().map(Vec::as_slice).collect();
        compare(&TokenPerceptron, &all, |v| {
            let m = layer(&v[0], x, &v[1], &v[2]);
            let f = gelu(&pointwise(&m, &v[4], &v[5]));
            gated(&v[0], x, &pointwise(&f, &v[6], &v[7]), &v[3])
        });
    }
}
