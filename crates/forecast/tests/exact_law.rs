//! The whole stack of predictors, with the exact drift in the network's place, against the exact law.
//!
//! Two variables on 2 x 2 cells, x in R^8, follow `x' = c + A (x - c) + B (x_before - c) + L w`, w ~ N(0, I). The law of
//! x' given the past is `N(mean, L L')`, so the drift of the path is affine in closed form, and the law two steps
//! ahead is Gaussian too.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod common;

use burn::tensor::{Device, Tensor};
use common::{AutoRegression, CELLS, HISTORY, Vector};
use foehn_dataset::{Features, Loader, Series, Split, Statistics};
use foehn_dynamics::Diffusion;
use foehn_forecast::{
    Condition, Draws, FieldNetwork, ForecastError, Generative, Increments, Method, NoiseColour,
    Sampling, Spacing, Standardised, State, Transition, from_host, rollout, to_host,
};
use foehn_interpolant::{Colour, Follmer, FollmerBeta, Schedule};
use foehn_noise::{Key, Purpose};
use nalgebra::{DMatrix, DVector};
use ndarray::{Array4, s};
use std::ops::ControlFlow;
use std::sync::Arc;

const MEMBERS: usize = 20_000;
/// Standard errors allowed in each of some 300 comparisons.
const SIGMAS: f64 = 4.5;
/// Relative error of the standard deviations that the solver may add at the steps used here: the KL divergence
/// of METHOD's one-dimensional table at as many steps is below 1e-4, and KL = (relative error)^2.
const SOLVER: f64 = 0.01;

/// A model of a few years of the process, and where its forecasts start.
struct Setting {
    process: AutoRegression,
    series: Arc<Series>,
    statistics: Arc<Statistics>,
    increments: Increments,
    path: Follmer,
    transition: Transition,
    colour: Colour,
    scale: Tensor<4>,
    features: Features,
    _folder: tempfile::TempDir,
}

impl Setting {
    fn new(beta: FollmerBeta, transition: Transition, noise: NoiseColour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = AutoRegression::new();
        let series = Arc::new(process.series(folder.path()));
        let statistics = Arc::new(Statistics::compute(&series).unwrap());
        let loader = Loader::new(series.clone(), statistics.clone()).unwrap();
        let increments = Increments::compute(&loader, noise).unwrap();
        let device = Device::flex();
        Self {
            process,
            features: Features::new(&series, &statistics).unwrap(),
            series,
            statistics,
            path: Follmer::new(beta, 0.7).unwrap(),
            transition,
            colour: increments.colour_on(&device),
            scale: increments.scale_on(&device),
            increments,
            _folder: folder,
        }
    }

    /// Standard deviation of the variable that cell `i` belongs to, and the mean of the cell.
    fn standard(&self) -> (Vector, Vector) {
        let at = self.series.instant(0).unwrap();
        let scale = self.statistics.scale();
        let scale = scale.broadcast((2, 2, 2)).unwrap();
        let centre = self.statistics.centre_at(at);
        (
            DVector::from_iterator(CELLS, scale.iter().copied()),
            DVector::from_iterator(CELLS, centre.iter().copied()),
        )
    }

    /// Scale of increments in standard units.
    fn increment_scale(&self) -> Vector {
        let scale = self.increments.scale.broadcast((2, 2, 2)).unwrap();
        DVector::from_iterator(CELLS, scale.iter().map(|s| f64::from(*s)))
    }

    fn generative<'a>(
        &'a self,
        drift: &'a ExactDrift,
        sampling: Sampling,
    ) -> Generative<'a, ExactDrift<'a>> {
        Generative {
            network: drift,
            path: self.path,
            transition: self.transition,
            colour: &self.colour,
            increment_scale: &self.scale,
            valid: None,
            features: &self.features,
            sampling,
        }
    }

    fn predictor<'a>(
        &'a self,
        drift: &'a ExactDrift,
        sampling: Sampling,
    ) -> Standardised<'a, Generative<'a, ExactDrift<'a>>> {
        Standardised {
            inner: self.generative(drift, sampling),
            statistics: &self.statistics,
            step_seconds: self.series.step_seconds(),
        }
    }
}

/// `E[alpha' x0 + beta' x1 + sigma' W_t | I_t, the past]` of the process.
struct ExactDrift<'a> {
    setting: &'a Setting,
    /// Added to the drift, to make it wrong.
    error: f64,
}

impl ExactDrift<'_> {
    /// Mean and covariance of the path's target, given the standardised past (earliest first).
    fn target(&self, past: &[Vector]) -> (Vector, DMatrix<f64>) {
        let (scale, centre) = self.setting.standard();
        let physical = |u: &Vector| u.component_mul(&scale) + &centre;
        let past_states: Vec<_> = past.iter().map(physical).collect();
        let mean = self.setting.process.mean(&past_states);
        let mut mean = (mean - centre).component_div(&scale);
        let mut unit = scale;
        if self.setting.transition == Transition::Increment {
            let s = self.setting.increment_scale();
            mean = (mean - &past[HISTORY - 1]).component_div(&s);
            unit.component_mul_assign(&s);
        }
        let inverse = DMatrix::from_diagonal(&unit.map(f64::recip));
        (
            mean,
            &inverse * self.setting.process.covariance() * &inverse,
        )
    }

    fn noise_covariance(&self) -> DMatrix<f64> {
        match &self.setting.increments.root {
            None => DMatrix::identity(CELLS, CELLS),
            Some(root) => {
                let root = DMatrix::from_fn(CELLS, CELLS, |i, j| f64::from(root[[i, j]]));
                &root * root.transpose()
            }
        }
    }

    /// With `v` the covariance of the target and `s` that of the noise: covariances of R with `I_t` and of `I_t`, both
    /// over t, which cancels where t = 0.
    fn covariances(&self, t: f64, v: &DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
        let path = &self.setting.path;
        let (beta, d_beta) = path.beta_at(t);
        let over_t = match path.beta() {
            FollmerBeta::Linear => 1.0,
            FollmerBeta::Quadratic => t,
        };
        let s = self.noise_covariance();
        let sigma = path.sigma(t);
        let with = v * (d_beta * over_t) + &s * (sigma * path.d_sigma());
        (with, v * (beta * over_t) + s * sigma.powi(2))
    }

    /// Regression of R on `I_t`.
    fn gain(&self, t: f64) -> DMatrix<f64> {
        // the covariance does not depend on the past
        let (_, v) = self.target(&vec![DVector::zeros(CELLS); HISTORY]);
        let (with, of) = self.covariances(t, &v);
        of.cholesky().unwrap().solve(&with.transpose()).transpose()
    }

    fn drift(&self, (t, gain): (f64, &DMatrix<f64>), xt: &Vector, past: &[Vector]) -> Vector {
        let (mean, _) = self.target(past);
        let c = self.setting.path.at(t);
        let x0 = match self.setting.transition {
            Transition::State => past[HISTORY - 1].clone(),
            Transition::Increment => DVector::zeros(CELLS),
        };
        let from_mean = xt - &x0 * c.alpha - &mean * c.beta;
        (gain * from_mean + mean * c.d_beta + x0 * c.d_alpha).add_scalar(self.error)
    }

    /// The least loss at `t`: half the mean variance of R given `I_t`.
    fn least_loss(&self, t: f64, past: &[Vector]) -> f64 {
        let (_, v) = self.target(past);
        let path = &self.setting.path;
        let (with, of) = self.covariances(t, &v);
        let own =
            &v * path.beta_at(t).1.powi(2) + self.noise_covariance() * (path.d_sigma().powi(2) * t);
        let explained = &with * of.cholesky().unwrap().solve(&with.transpose()) * t;
        (own - explained).trace() / CELLS as f64 / 2.0
    }
}

impl FieldNetwork for ExactDrift<'_> {
    /// Channels: the point on the path (2), the present (2), the tendency that led to it (2).
    fn forward(&self, input: Tensor<4>, t: Tensor<1>) -> Tensor<4> {
        let device = input.device();
        let input = to_host(input).unwrap();
        let t: Vec<f32> = t.try_into_vec_as().unwrap();
        let scale = self.setting.increment_scale();
        let mut result = Array4::zeros((t.len(), 2, 2, 2));
        let mut gain = (0.0, self.gain(0.0));
        for (b, t) in t.iter().enumerate() {
            let t = f64::from(*t);
            if gain.0 != t {
                gain = (t, self.gain(t));
            }
            let channels = |from: usize| {
                let part = input.slice(s![b, from..from + 2, .., ..]);
                DVector::from_iterator(CELLS, part.iter().map(|x| f64::from(*x)))
            };
            let c = self.setting.path.at(t);
            let shown_by = match self.setting.transition {
                Transition::State => 1.0,
                Transition::Increment => (c.beta.powi(2) + c.gamma.powi(2) + 1e-4).sqrt(),
            };
            let present = channels(2);
            let before = &present - channels(4).component_mul(&scale);
            let f = self.drift((t, &gain.1), &(channels(0) * shown_by), &[before, present]);
            for (out, f) in result.slice_mut(s![b, .., .., ..]).iter_mut().zip(f.iter()) {
                *out = *f as f32;
            }
        }
        from_host(&result, &device)
    }
}

/// The members' states after one and two steps.
fn forecast(setting: &Setting, past: &[Vector], sampling: Sampling) -> Vec<Vec<Vector>> {
    let drift = ExactDrift {
        setting,
        error: 0.0,
    };
    let predictor = setting.predictor(&drift, sampling);
    let start = setting.series.instant(HISTORY - 1).unwrap();
    let field = |x: &Vector| -> Tensor<4> {
        let one = Array4::from_shape_fn((MEMBERS, 2, 2, 2), |(_, c, y, k)| {
            x[4 * c + 2 * y + k] as f32
        });
        from_host(&one, &Device::flex())
    };
    let key = Key::new(11, Purpose::Sample).init(start.seconds());
    let state = State {
        history: past.iter().map(field).collect(),
        instants: vec![start; MEMBERS],
        keys: (0..MEMBERS as u32).map(|m| key.member(m)).collect(),
    };
    let mut leads = Vec::new();
    rollout::<ForecastError>(&predictor, state, 86_400, 2, |_, x| {
        let x = to_host(x.clone())?;
        let member = |m: ndarray::ArrayView3<f32>| {
            DVector::from_iterator(CELLS, m.iter().map(|x| f64::from(*x)))
        };
        leads.push(x.outer_iter().map(member).collect());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    leads
}

/// Mean and covariance of the members, in the coordinates in which the law is N(0, I).
fn assert_law(name: &str, members: &[Vector], mean: &Vector, covariance: &DMatrix<f64>) {
    let n = members.len() as f64;
    let root = covariance.clone().cholesky().unwrap();
    let white: Vec<Vector> = members
        .iter()
        .map(|x| root.l().solve_lower_triangular(&(x - mean)).unwrap())
        .collect();
    let centre = white.iter().sum::<Vector>() / n;
    let mut second = DMatrix::zeros(CELLS, CELLS);
    for x in &white {
        second.ger(1.0 / n, x, x, 1.0);
    }
    for i in 0..CELLS {
        let limit = SIGMAS / n.sqrt() + SOLVER;
        assert!(
            centre[i].abs() < limit,
            "{name}: mean of {i} off by {} sigma",
            centre[i]
        );
        for j in 0..=i {
            let (exact, variance) = if i == j { (1.0, 2.0f64) } else { (0.0, 1.0) };
            let limit = SIGMAS * (variance / n).sqrt() + 2.0 * SOLVER;
            let found = second[(i, j)];
            assert!(
                (found - exact).abs() < limit,
                "{name}: covariance of {i}, {j}: {found}"
            );
        }
    }
}

fn check(beta: FollmerBeta, transition: Transition, noise: NoiseColour, sampling: Sampling) {
    let setting = Setting::new(beta, transition, noise);
    let process = &setting.process;
    let past = process.past();
    let (first, second) = process.two_steps(&past);
    let leads = forecast(&setting, &past, sampling);
    let name = |lead: u32| format!("{beta:?} {transition:?} {noise:?} {sampling:?}, lead {lead}");
    assert_law(&name(1), &leads[0], &first.0, &first.1);
    assert_law(&name(2), &leads[1], &second.0, &second.1);
}

#[test]
fn members_follow_the_exact_law_at_two_leads() {
    use FollmerBeta::{Linear, Quadratic};
    let with = |diffusion, solver, steps| Sampling {
        diffusion,
        solver,
        steps,
        spacing: Spacing::Uniform,
        inflation: None,
    };
    let (euler, heun) = (Method::EulerMaruyama, Method::StochasticHeun);
    let (increment, state) = (Transition::Increment, Transition::State);
    let (white, coloured) = (NoiseColour::White, NoiseColour::Increments);
    check(
        Linear,
        increment,
        coloured,
        with(Diffusion::Follmer, euler, 20),
    );
    check(
        Linear,
        increment,
        white,
        with(Diffusion::Follmer, euler, 100),
    );
    check(Linear, state, coloured, with(Diffusion::Sigma, heun, 50));
    let exponential = with(Diffusion::Zero, Method::Exponential, 50);
    check(Linear, increment, coloured, exponential);
    let cosine = Sampling {
        spacing: Spacing::Cosine,
        ..with(Diffusion::Follmer, Method::Sra1, 20)
    };
    check(Linear, increment, white, cosine);
    check(
        Quadratic,
        increment,
        coloured,
        with(Diffusion::Follmer, euler, 100),
    );
}

#[test]
fn the_exact_drift_has_the_least_loss_and_any_other_more() {
    let setting = Setting::new(
        FollmerBeta::Linear,
        Transition::Increment,
        NoiseColour::Increments,
    );
    let windows = setting.series.windows(Split::Train, 1);
    let loader = Loader::new(setting.series.clone(), setting.statistics.clone()).unwrap();
    let device = Device::flex();
    let batch = loader.load(&windows, 1).unwrap();
    let state = |m: usize| {
        from_host(
            &batch.states.slice(s![.., m, .., .., ..]).to_owned(),
            &device,
        )
    };
    let condition = Condition {
        history: (0..HISTORY).map(state).collect(),
        features: from_host(&batch.features, &device),
    };
    let count = windows.len();
    let key = Key::new(3, Purpose::Train);
    let keys: Vec<Key> = (0..count as u32).map(|b| key.member(b)).collect();
    let past: Vec<Vector> = (0..HISTORY).map(|_| DVector::zeros(CELLS)).collect();
    for t in [0.1, 0.5, 0.9] {
        let loss = |error: f64| {
            let drift = ExactDrift {
                setting: &setting,
                error,
            };
            let model = setting.generative(&drift, Sampling::default());
            let (weight, draws) = (
                from_host(&batch.weights, &device),
                Draws {
                    t: &vec![t; count],
                    keys: &keys,
                },
            );
            let loss = model
                .loss(&condition, &state(HISTORY), weight, draws, 0.0)
                .unwrap();
            f64::from(loss.into_scalar::<f32>())
        };
        let least = ExactDrift {
            setting: &setting,
            error: 0.0,
        }
        .least_loss(t, &past);
        // half a mean of `8 count` squares of Gaussians, correlated within a sample: at worst 8 alike
        let sigma = least * (2.0 / count as f64).sqrt();
        assert!(
            (loss(0.0) - least).abs() < SIGMAS * sigma,
            "t = {t}: {} {least}",
            loss(0.0)
        );
        // an error e adds e^2 / 2, and e times a mean of zero expectation, which two signs cancel
        let added = (loss(0.1) + loss(-0.1)) / 2.0 - loss(0.0);
        assert!((added - 0.005).abs() < 1e-4, "t = {t}: {added}");
        let slope = (loss(0.1) - loss(-0.1)) / 0.2;
        let limit = SIGMAS * (2.0 * least / count as f64).sqrt();
        assert!(slope.abs() < limit, "t = {t}: slope {slope}");
    }
}
