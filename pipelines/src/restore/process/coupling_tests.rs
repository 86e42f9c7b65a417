//! Sampling by data-dependent and uncoupled starts against exact answers.

use super::*;
use crate::restore::config::RestoreConfig;
use crate::restore::law::{Given, Seen};
use burn::tensor::Distribution;
use foehn_interpolant::normals;
use foehn_noise::Purpose;
use ndarray::{Array2, Array3};

const SHAPE: [usize; 3] = [2, 3, 4];

const HIDDEN: &str = "[task.inpainting]\nmask = { pixels = { hidden = 0.5 } }";
const NOISY: &str = "[task.degraded]\nsigma = 0.5\ndegradation = { noise = { deviation = 0.1 } }";

/// Pictures whose values, given what is known of them, are independent and normal.
struct Gaussian {
    law: RestorationLaw,
    config: RestoreConfig,
    given: Given,
    /// [1, C, H, W]; the deviation is zero where a value is known.
    mean: Tensor<4>,
    deviation: Tensor<4>,
}

impl Gaussian {
    fn new(task: &str, coupling: &str, sampling: &str) -> Self {
        let text = format!(
            "name = \"x\"\ncoupling = \"{coupling}\"\n[data]\ntrain = \"x\"\n{task}\n\
             [network.unet]\nchannels = [8]\nblocks = 1\nattention = []\n[sampling]\n{sampling}"
        );
        let config = RestoreConfig::parse(&text, "x", &[]).unwrap();
        let [c, h, w] = SHAPE;
        let seen = Seen {
            channels: c,
            ..Seen::default()
        };
        let law = RestorationLaw::new(&config, seen).unwrap();
        let fills = task == HIDDEN;
        let known = Array2::from_shape_fn((h, w), |(i, j)| fills && (i + j) % 2 == 0);
        let value = |(c, i, j): (usize, usize, usize)| 0.1 + (c + 2 * i + j) as f32 / 7.0;
        let condition = Array3::from_shape_fn((c, h, w), |at| {
            if fills && !known[[at.1, at.2]] {
                0.0
            } else {
                value(at)
            }
        });
        let device = Device::flex();
        // the device's own random numbers are those of all tests at once
        let draw = |low: f64, high: f64, step: u32| {
            let mut u = vec![0.0; c * h * w];
            Key::new(3, Purpose::Simulate).step(step).uniforms(&mut u);
            let values: Vec<f64> = u.iter().map(|u| low + (high - low) * u).collect();
            Tensor::<4>::from_data(TensorData::new(values, [1, c, h, w]), &device)
        };
        let there = Array3::from_shape_fn((c, h, w), |(_, i, j)| known[[i, j]]);
        let mask = Self::tensor(&there.mapv(|known| f32::from(u8::from(known))), &device);
        let values = Self::tensor(&condition, &device);
        let free = mask.clone().neg() + 1.0;
        Self {
            mean: values * mask + draw(-0.5, 0.5, 0) * free.clone(),
            deviation: draw(0.2, 0.9, 1) * free,
            given: Given {
                condition,
                known: fills.then_some(known),
                ..Given::nothing((c, h, w))
            },
            law,
            config,
        }
    }

    fn tensor(values: &Array3<f32>, device: &Device) -> Tensor<4> {
        let (c, h, w) = values.dim();
        let values: Vec<f32> = values.iter().copied().collect();
        Tensor::from_data(TensorData::new(values, [1, c, h, w]), device)
    }

    fn conditions(&self, n: usize) -> Conditions {
        Conditions::of(&vec![&self.given; n], None, &self.mean.device()).unwrap()
    }

    /// `alpha' (c + sigma E[zeta | x]) + beta' E[x1 | x]` of the linear path.
    fn velocity(&self, t: f64, x: Tensor<4>, given: &Conditions) -> Tensor<4> {
        let (alpha, beta, sigma) = (1.0 - t, t, self.law.sigma());
        let centre = self.law.centre(given);
        let spread = self.deviation.clone().square();
        let variance = spread.clone() * beta.powi(2) + (alpha * sigma).powi(2);
        let y = (x - centre.clone() * alpha - self.mean.clone() * beta) / variance;
        let start = centre + y.clone() * (alpha * sigma.powi(2));
        let end = self.mean.clone() + y * spread * beta;
        match self.law.kept(given) {
            Some(kept) => kept.free(end - start),
            None => end - start,
        }
    }

    /// Samples; where the start depends on what is known, that is there in every bit whenever the velocity is asked for.
    fn samples(&self, keys: &[Key]) -> Tensor<4> {
        let velocity = |t: &[f64], x: Tensor<4>, given: &Conditions| {
            if let Some(kept) = self.law.kept(given) {
                let put_back = kept.keep(x.clone(), given.condition.clone());
                assert_eq!(bits(x.clone()), bits(put_back), "at t = {}", t[0]);
            }
            self.velocity(t[0], x, given)
        };
        let given = self.conditions(keys.len());
        let how = &self.config.sampling;
        sample_of(&self.law, &velocity, how, given, keys, None).unwrap()
    }
}

fn bits(x: Tensor<4>) -> Vec<u32> {
    x.into_data().iter::<f32>().map(f32::to_bits).collect()
}

fn keys(n: u32) -> Vec<Key> {
    let key = |i| Key::new(5, Purpose::Sample).init(i64::from(i));
    (0..n).map(key).collect()
}

fn worst(x: Tensor<4>) -> f32 {
    x.abs().max().into_scalar()
}

/// The flow carries each quantile of the start to that of the pictures, `m + s zeta`; Euler's error is of order 1/400.
#[test]
fn the_flow_is_the_quantile_map_for_both_starts_and_known_values_stay() {
    let keys = keys(20);
    let starts: Vec<Key> = keys.iter().map(|key| key.step(START)).collect();
    for task in [HIDDEN, NOISY] {
        for coupling in ["dependent", "uncoupled"] {
            let exact = Gaussian::new(task, coupling, "steps = 400\nsolver = \"euler\"");
            let x = exact.samples(&keys);
            let zeta = normals(&starts, &x);
            let wanted = exact.mean.clone() + exact.deviation.clone() * zeta;
            let error = worst(x.clone() - wanted);
            assert!(error < 2e-2, "{task}, {coupling}: {error}");
            if let Some(mask) = exact.conditions(keys.len()).known {
                let condition = exact.conditions(keys.len()).condition;
                let kept = Inpainting { mask }.keep(x.clone(), condition);
                assert_eq!(bits(x), bits(kept));
            }
        }
    }
}

/// n = 3000: mean and variance of every value within 4.5 standard errors and 2 in a hundred, by the flow and by two SDEs.
#[test]
fn the_sde_has_the_moments_of_the_flow_and_of_the_law_for_both_starts() {
    const N: u32 = 3000;
    let noise = |e0: f64| format!("epsilon = {{ decreasing = {{ e0 = {e0:?}, power = 1.0 }} }}");
    for task in [HIDDEN, NOISY] {
        for coupling in ["dependent", "uncoupled"] {
            for how in ["solver = \"euler\"".to_owned(), noise(0.25), noise(1.0)] {
                let exact = Gaussian::new(task, coupling, &format!("steps = 150\n{how}"));
                let x = exact.samples(&keys(N));
                let free = exact.deviation.clone().greater_elem(0.0).float();
                let scale = exact.deviation.clone() + (free.clone().neg() + 1.0);
                let mean = x.clone().mean_dim(0);
                let variance = (x - mean.clone()).square().mean_dim(0);
                let units = worst((mean - exact.mean.clone()) / scale.clone());
                let ratio = worst((variance / scale.square() - 1.0) * free);
                let error = 4.5 / f64::from(N).sqrt();
                assert!(
                    f64::from(units) < error + 0.02,
                    "{task}, {coupling}, {how}: {units}"
                );
                let error = error * 2f64.sqrt() + 0.04;
                assert!(
                    f64::from(ratio) < error,
                    "{task}, {coupling}, {how}: {ratio}"
                );
            }
        }
    }
}

/// The last of four steps of `e = 1 - t` has noise of variance `2 (1/4)^2`, which the mean leaves out.
#[test]
fn the_last_step_keeps_its_noise_unless_its_mean_is_asked_for() {
    const N: u32 = 2000;
    let how = "steps = 4\nepsilon = { decreasing = { e0 = 1.0, power = 1.0 } }";
    let [kept, mean] = ["", "last_step = \"mean\""].map(|last| {
        let exact = Gaussian::new(NOISY, "uncoupled", &format!("{how}\n{last}"));
        exact.samples(&keys(N))
    });
    let variance: f32 = (kept - mean).square().mean().into_scalar();
    let values = f64::from(N) * (SHAPE[0] * SHAPE[1] * SHAPE[2]) as f64;
    let error = 4.5 * (2.0 / values).sqrt();
    assert!(
        (f64::from(variance) / 0.125 - 1.0).abs() < error,
        "{variance}"
    );
}

/// The loss of a batch is the mean of those of its parts, however much each picture hides.
#[test]
fn the_loss_does_not_depend_on_how_a_batch_is_cut() {
    use crate::restore::law::Lesson;
    let exact = Gaussian::new(HIDDEN, "dependent", "");
    let device = Device::flex();
    let [c, h, w] = SHAPE;
    let hides = |count: usize| Given {
        known: Some(Array2::from_shape_fn((h, w), |(i, j)| i * w + j >= count)),
        ..exact.given.clone()
    };
    let given = [hides(1), hides(12), hides(5), hides(0)];
    let lesson = Lesson {
        x1: Tensor::random([4, c, h, w], Distribution::Default, &device),
        given: Conditions::of(&given.each_ref(), None, &device).unwrap(),
        t: vec![0.2, 0.4, 0.6, 0.8],
        keys: keys(4),
        weight: None,
    };
    let network = exact.law.architecture().field_net(&device).unwrap();
    let mean = |from: usize, count: usize| -> f32 {
        let losses = exact.law.losses(&network, &lesson, from, count).unwrap();
        losses.mean().into_scalar()
    };
    let whole = mean(0, 4);
    for parts in [1, 2] {
        let cut: f32 = (0..4 / parts).map(|k| mean(k * parts, parts)).sum();
        let cut = cut * parts as f32 / 4.0;
        assert!((cut / whole - 1.0).abs() < 1e-5, "{whole} and {cut}");
    }
}
