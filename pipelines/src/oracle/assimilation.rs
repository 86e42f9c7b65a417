//! O5: guided sampling of the posterior of a linear-Gaussian law.

use super::answer::{Answer, Entry, Picture, Row, Table};
use super::normal::{NormalDrift, moments, point, probed, probes, tensor, values};
use anyhow::Result;
use burn::tensor::Tensor;
use foehn_dynamics::{
    Diffusion, Dynamics, FollmerProcess, Guidance, GuidedFollmer, LinearObservation, Sampler,
    Solver, Spread, TimeGrid,
};
use foehn_interpolant::{Follmer, FollmerBeta};
use foehn_report::{Axis, Lines, Series};
use foehn_simulation::laws::LinearAssimilation;

const X0: f64 = 0.4;
/// y - x0 has variance 2 and the sampled mean's error is proportional to it, so the mean of KL over all
/// cases is KL at one standard deviation.
const Y: f64 = X0 + std::f64::consts::SQRT_2;
/// Numbers of steps, with what KL may be there.
const STEPS: [(usize, Option<f64>); 4] =
    [(10, None), (20, None), (50, Some(1e-2)), (100, Some(1e-3))];

/// The weight on `grad log p(y | I_t, x0)`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// `(g^2 + g_F^2)/2`.
    Right,
    /// `g^2`, which is right at `g = g_F` alone.
    Doob,
}

/// KL to the posterior for the right weight and for Doob's.
pub fn run() -> Result<Answer> {
    use Diffusion::{Follmer as Own, Sigma};
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for (name, beta) in [
        ("beta = t", FollmerBeta::Linear),
        ("beta = t^2", FollmerBeta::Quadratic),
    ] {
        for (g, diffusion, weight) in [
            ("sigma, weight (g^2 + g_F^2)/2", Sigma, Weight::Right),
            ("g_F, weight (g^2 + g_F^2)/2", Own, Weight::Right),
            ("sigma, weight g^2 (wrong)", Sigma, Weight::Doob),
        ] {
            let label = format!("{name}, {g}");
            let entries = entries(beta, diffusion, weight)?;
            let kl = entries.iter().map(|entry| entry.measured).collect();
            let steps = STEPS.map(|(n, _)| n as f64).to_vec();
            series.push(Series::new(label.clone(), steps, kl));
            rows.push(Row { label, entries });
        }
    }
    Ok(Answer {
        name: "assimilation".into(),
        title: "x1 = x0 + N(0, 1), y = x1 + N(0, 1), exact drift, guided; mean over all y".into(),
        tables: vec![Table {
            quantity: "KL(sampler || posterior) in nats, by number of steps".into(),
            columns: STEPS.map(|(n, _)| n.to_string()).to_vec(),
            rows,
        }],
        figure: Picture::Curves(figure(series)),
    })
}

fn figure(series: Vec<Series>) -> Lines {
    Lines {
        title: "Guided samplers: divergence from the posterior".into(),
        x: Axis::new("steps", "").logarithmic(),
        y: Axis::new("KL", "nats").logarithmic(),
        series,
        size: (640.0, 420.0),
        ..Lines::default()
    }
}

fn entries(beta: FollmerBeta, diffusion: Diffusion, weight: Weight) -> Result<Vec<Entry>> {
    let entry = |(steps, bar)| {
        let kl = divergence(beta, diffusion, weight, steps)?;
        Ok(match (bar, weight) {
            (Some(bar), Weight::Right) => Entry::at_most(kl, bar),
            _ => Entry::shown(kl),
        })
    };
    STEPS.into_iter().map(entry).collect()
}

fn divergence(
    beta: FollmerBeta,
    diffusion: Diffusion,
    weight: Weight,
    steps: usize,
) -> Result<f64> {
    let law = LinearAssimilation::default();
    let path = Follmer::new(beta, 1.0)?;
    let drift = NormalDrift {
        path,
        x0: X0,
        mean: X0,
        variance: law.model_variance,
    };
    let start = probed(X0, steps);
    let process = FollmerProcess::new(path, diffusion, drift, start.clone());
    let sampler = Sampler {
        solver: Solver::EulerMaruyama,
        grid: TimeGrid::uniform(steps)?,
    };
    let run = match weight {
        Weight::Right => {
            let observed = LinearObservation::mask(&[0], 1, law.observation_variance)?;
            let spread = Spread::Prior(law.model_variance);
            let guidance = Guidance::new(observed, probed(Y, steps), spread)?;
            sampler.sample(&GuidedFollmer { process, guidance }, start, &mut probes)?
        }
        Weight::Doob => sampler.sample(&Doob { process }, start, &mut probes)?,
    };
    let (mean, variance) = moments(run.x);
    Ok(law.divergence(X0, Y, mean, variance))
}

/// The exact gradient under the weight g^2.
struct Doob {
    process: FollmerProcess<NormalDrift, 2>,
}

impl Dynamics<2> for Doob {
    fn drift(&self, t: f64, x: Tensor<2>) -> Tensor<2> {
        let g = Dynamics::diffusion(&self.process, t);
        // at 0 the gradient is a limit
        let point = point(self.process.path(), t.max(1e-9));
        let law = LinearAssimilation::default();
        let gradient = values(x.clone())
            .iter()
            .map(|x| law.observation_score(point, *x, X0, Y))
            .collect();
        let gradient = tensor(gradient, x.dims());
        Dynamics::drift(&self.process, t, x) + gradient * (g * g)
    }

    fn diffusion(&self, t: f64) -> f64 {
        Dynamics::diffusion(&self.process, t)
    }
}
