//! O1: the Föllmer samplers on the Ornstein-Uhlenbeck process.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::normal::{NormalDrift, moments, probed, probes};
use anyhow::Result;
use foehn_dynamics::{
    Diffusion, ExponentialFlow, FollmerProcess, LastNoise, Sampler, Solver, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_report::{Axis, Lines, Series, Stroke};
use foehn_simulation::laws::OrnsteinUhlenbeck;

const X0: f64 = 1.5;
const TAU: f64 = 0.5;
const STEPS: [usize; 6] = [5, 10, 20, 50, 100, 500];
/// The references have four digits.
const TOLERANCE: f64 = 0.01;

#[derive(Clone, Copy)]
enum Method {
    Sde(Diffusion, LastNoise),
    Exponential,
    /// Reached only under a name that says that it is biased.
    EulerFlow,
}

struct Case {
    label: &'static str,
    beta: FollmerBeta,
    method: Method,
    /// KL of an independent propagation of the moments.
    reference: [f64; 6],
}

#[rustfmt::skip]
const CASES: [Case; 9] = {
    use Diffusion::{Follmer as Own, Sigma};
    use FollmerBeta::{Linear, Quadratic};
    use LastNoise::{Kept, Mean};
    use Method::{EulerFlow, Exponential, Sde};
    [
        Case { label: "beta = t^2, sigma", beta: Quadratic, method: Sde(Sigma, Kept),
               reference: [5.000e-2, 1.567e-2, 4.462e-3, 7.769e-4, 2.000e-4, 8.194e-6] },
        Case { label: "beta = t^2, g_F", beta: Quadratic, method: Sde(Own, Kept),
               reference: [1.307e-2, 5.552e-3, 1.734e-3, 3.160e-4, 8.249e-5, 3.416e-6] },
        Case { label: "beta = t, sigma", beta: Linear, method: Sde(Sigma, Kept),
               reference: [2.568e-3, 5.281e-4, 1.182e-4, 1.759e-5, 4.289e-6, 1.681e-7] },
        Case { label: "beta = t, g_F", beta: Linear, method: Sde(Own, Kept),
               reference: [2.049e-6, 1.918e-5, 9.452e-6, 2.074e-6, 5.703e-7, 2.453e-8] },
        Case { label: "beta = t^2, g_F, last noise dropped", beta: Quadratic, method: Sde(Own, Mean),
               reference: [5.997e-2, 1.018e-2, 2.256e-3, 3.478e-4, 8.640e-5, 3.447e-6] },
        Case { label: "beta = t, g_F, last noise dropped", beta: Linear, method: Sde(Own, Mean),
               reference: [1.578e-2, 1.242e-3, 1.179e-4, 7.272e-6, 1.146e-6, 2.865e-8] },
        Case { label: "beta = t^2, exponential flow", beta: Quadratic, method: Exponential,
               reference: [1.447e-2, 3.816e-3, 9.906e-4, 1.627e-4, 4.106e-5, 1.655e-6] },
        Case { label: "beta = t, exponential flow", beta: Linear, method: Exponential,
               reference: [1.239e-3, 5.776e-4, 2.069e-4, 4.531e-5, 1.357e-5, 7.589e-7] },
        Case { label: "beta = t^2, Euler flow (does not converge)", beta: Quadratic, method: EulerFlow,
               reference: [9.876e-2, 4.940e-2, 3.132e-2, 2.266e-2, 1.980e-2, 1.699e-2] },
    ]
};

/// The table of KL divergences, nine samplers at six numbers of steps.
pub fn run() -> Result<Answer> {
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for case in CASES {
        let measured = STEPS
            .iter()
            .map(|n| case.divergence(*n))
            .collect::<Result<Vec<f64>>>()?;
        let pairs = measured.iter().zip(case.reference);
        rows.push(Row {
            label: case.label.to_owned(),
            entries: pairs
                .map(|(m, r)| Entry::within(*m, r, TOLERANCE))
                .collect(),
        });
        let steps = STEPS.map(|n| n as f64).to_vec();
        let stroke = match case.method {
            Method::Sde(..) => Stroke::Solid,
            Method::Exponential => Stroke::Dashed,
            Method::EulerFlow => Stroke::Dotted,
        };
        series.push(Series {
            stroke,
            ..Series::new(case.label, steps, measured)
        });
    }
    Ok(Answer {
        name: "ou".into(),
        title: "Ornstein-Uhlenbeck process, tau = 0.5 from 1.5, exact drift, moments propagated exactly"
            .into(),
        tables: vec![Table {
            quantity: "KL(sampler || truth) in nats, by number of steps".into(),
            columns: STEPS.map(|n| n.to_string()).to_vec(),
            rows,
        }],
        figure: Picture::Curves(figure(series)),
    })
}

fn figure(series: Vec<Series>) -> Lines {
    Lines {
        title: "Samplers of one normal law: divergence from the exact one".into(),
        x: Axis::new("steps", "").logarithmic(),
        y: Axis::new("KL", "nats").logarithmic(),
        series,
        size: (640.0, 480.0),
        ..Lines::default()
    }
}

impl Case {
    fn divergence(&self, steps: usize) -> Result<f64> {
        let law = OrnsteinUhlenbeck::default();
        let (mean, variance) = (law.mean(X0, TAU), law.variance(TAU));
        let path = Follmer::new(self.beta, 1.0)?;
        let drift = NormalDrift {
            path,
            x0: X0,
            mean,
            variance,
        };
        let diffusion = match self.method {
            Method::Sde(diffusion, _) => diffusion,
            Method::Exponential | Method::EulerFlow => Diffusion::Zero,
        };
        let start = probed(X0, steps);
        let process = FollmerProcess::new(path, diffusion, drift, start.clone());
        let grid = TimeGrid::uniform(steps)?;
        let solver = Solver::EulerMaruyama;
        let run = match self.method {
            Method::Sde(_, last) => {
                Sampler { solver, grid }.sample_with(&process, start, &mut probes, last)?
            }
            Method::Exponential => ExponentialFlow { grid }.sample(&process, &mut probes),
            Method::EulerFlow => {
                Sampler { solver, grid }.sample_biased_point_flow(&process, start, &mut probes)
            }
        };
        let (sampled_mean, sampled_variance) = moments(run.x);
        Ok(law.divergence(X0, TAU, sampled_mean, sampled_variance))
    }
}
