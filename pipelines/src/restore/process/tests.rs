//! Sampling of pictures against exact answers.

use super::*;
use crate::restore::config::RestoreConfig;
use crate::restore::law::{Given, Seen};
use burn::tensor::Distribution;
use foehn_interpolant::normals;
use foehn_noise::Purpose;

const SHAPE: [usize; 3] = [2, 3, 4];
const CLASSES: usize = 2;

/// Pictures whose values are independent and normal: the mean depends on pixel and class, the deviation on the pixel.
struct Gaussian {
    mean: Tensor<4>,
    shift: Tensor<4>,
    deviation: Tensor<4>,
}

impl Gaussian {
    fn new(device: &Device) -> Self {
        device.seed(3);
        let [c, h, w] = SHAPE;
        let draw =
            |low, high| Tensor::random([1, c, h, w], Distribution::Uniform(low, high), device);
        Self {
            mean: draw(-0.5, 0.5),
            shift: draw(-1.0, 1.0),
            deviation: draw(0.1, 0.9),
        }
    }

    /// `E[x1 | x] - E[x0 | x]` of the linear path, `told` times the shift of a class.
    fn velocity(&self, t: f64, x: &Tensor<4>, told: f64) -> Tensor<4> {
        let (alpha, beta) = (1.0 - t, t);
        let mean = self.mean.clone() + self.shift.clone() * told;
        let variance = self.deviation.clone().square();
        let y = (x.clone() - mean.clone() * beta)
            / (variance.clone() * beta.powi(2)).add_scalar(alpha.powi(2));
        mean + y.clone() * variance * beta - y * alpha
    }

    fn samples(&self, sampling: &str, class: Option<usize>, keys: &[Key]) -> Tensor<4> {
        let text = format!(
            "name = \"x\"\ntask = \"generation\"\n[classes]\n[data]\ntrain = \"x\"\n\
             labels = {{ train = \"a\", test = \"b\" }}\n[sampling]\n{sampling}"
        );
        let config = RestoreConfig::parse(&text, "x", &[]).unwrap();
        let seen = Seen {
            channels: SHAPE[0],
            features: 0,
            classes: Some(CLASSES),
        };
        let law = RestorationLaw::new(&config, seen).unwrap();
        let given = Given {
            class,
            ..Given::nothing(SHAPE.into())
        };
        let device = self.mean.device();
        let given = Conditions::of(&vec![&given; keys.len()], law.classes(), &device).unwrap();
        let velocity = |t: &[f64], x: Tensor<4>, given: &Conditions| {
            self.velocity(t[0], &x, f64::from(u8::from(given.classes.is_some())))
        };
        sample_of(&law, &velocity, &config.sampling, given, keys, None).unwrap()
    }
}

fn keys(n: u32) -> Vec<Key> {
    let key = |i| Key::new(1, Purpose::Sample).init(i64::from(i));
    (0..n).map(key).collect()
}

/// The flow carries each quantile of the noise to that of the pictures: `m + s x0`, and guidance moves the mean alone.
#[test]
fn the_flow_of_gaussian_pictures_is_their_quantile_map_at_every_guidance() {
    let (law, keys) = (Gaussian::new(&Device::flex()), keys(20));
    let starts: Vec<Key> = keys.iter().map(|key| key.step(START)).collect();
    let [c, h, w] = SHAPE;
    let like = Tensor::<4>::zeros([20, c, h, w], &Device::flex());
    let x0 = normals(&starts, &like);
    for (class, w) in [(None, 1.0), (Some(1), 0.0), (Some(1), 1.0), (Some(0), 2.5)] {
        let x = law.samples(&format!("steps = 200\nguidance = {w:?}"), class, &keys);
        let told = if class.is_some() { w } else { 0.0 };
        let wanted = law.mean.clone() + law.shift.clone() * told;
        let wanted = wanted + x0.clone() * law.deviation.clone();
        let error: f32 = (x - wanted).abs().max().into_scalar();
        assert!(error < 2e-3, "w = {w}: {error}");
    }
}

/// n = 4000: mean and variance of every value within 4.5 standard errors and one in a hundred, whatever the noise.
#[test]
fn the_sde_of_gaussian_pictures_has_their_moments() {
    let law = Gaussian::new(&Device::flex());
    let n = 4000;
    for e in [
        "{ decreasing = { e0 = 1.0, power = 1.0 } }",
        "{ hump = 0.5 }",
    ] {
        let how = format!("steps = 200\nguidance = 2.0\nepsilon = {e}");
        let x = law.samples(&how, Some(1), &keys(n));
        let mean = x.clone().mean_dim(0);
        let variance = (x - mean.clone()).square().mean_dim(0);
        let wanted = law.mean.clone() + law.shift.clone() * 2.0;
        let units = (mean - wanted) / law.deviation.clone();
        let ratio = variance / law.deviation.clone().square();
        let worst = |x: Tensor<4>| x.abs().max().into_scalar::<f32>();
        let error = 4.5 / f64::from(n).sqrt();
        assert!(f64::from(worst(units)) < error + 0.01, "{e}");
        let far = f64::from(worst(ratio.sub_scalar(1.0)));
        assert!(far < error * 2f64.sqrt() + 0.01, "{e}: {far}");
    }
}

#[test]
fn a_sample_is_the_same_in_any_batch() {
    let law = Gaussian::new(&Device::flex());
    let how = "steps = 5\nepsilon = { hump = 0.5 }";
    let all = law.samples(how, None, &keys(7));
    let one = law.samples(how, None, &keys(7)[4..5]);
    let error: f32 = (all.narrow(0, 4, 1) - one).abs().max().into_scalar();
    assert_eq!(error, 0.0);
}
