//! O2 with a trained network: a forecaster of the rotating mixture, learnt from pairs.

use super::answer::{Entry, Row, Table};
use super::learn::{School, course};
use super::mixture2d::{LEAD, MEMBERS, START, measured};
use anyhow::Result;
use foehn_dynamics::Diffusion;
use foehn_generation::{
    CouplingConfig, GenerationConfig, Law, Method, Rows, SamplingConfig, Sizes, Starts,
};
use foehn_interpolant::{FollmerBeta, Path};
use foehn_network::MlpConfig;
use foehn_noise::{Key, Purpose};
use foehn_simulation::laws::RotatingMixture;
use ndarray::Array2;

/// Near the deviation of a coordinate.
const UNIT: f64 = 3.6;
/// Total variation of the weights at most.
const BAR: f64 = 0.03;
const STEPS: [usize; 4] = [10, 20, 50, 100];

/// Pairs of states by simulation, which never uses the closed form.
fn pairs(seed: u64, step: usize, count: usize) -> Rows {
    let mut rng = Key::new(seed, Purpose::Simulate).init(step as i64).rng();
    let law = RotatingMixture::default();
    let pairs = (0..count).map(|_| law.sample_pair(LEAD, &mut rng));
    let (x0, x1): (Vec<[f64; 2]>, Vec<[f64; 2]>) = pairs.unzip();
    let table = |states: Vec<[f64; 2]>| {
        Array2::from_shape_fn((count, 2), |(i, j)| (states[i][j] / UNIT) as f32)
    };
    Rows {
        x1: table(x1),
        x0: Some(table(x0)),
        condition: None,
    }
}

/// Total variation of the modes' weights for sigma and `g_F`, by number of steps.
///
/// # Errors
/// If the loss is not finite, or after Ctrl-C.
pub fn table(school: School) -> Result<Table> {
    let config = GenerationConfig {
        interpolant: Path::Follmer {
            beta: FollmerBeta::Quadratic,
            epsilon: 1.0,
        },
        coupling: CouplingConfig::Given,
        network: MlpConfig {
            width: 192,
            ..MlpConfig::default()
        },
        ..GenerationConfig::default()
    };
    let sizes = Sizes {
        state: 2,
        condition: 0,
        starts: Starts::Rows,
    };
    let law = Law::new(&config, sizes)?;
    let model = school.learn("rotating mixture", law, &course(12_000, 512, 2e-3), pairs)?;
    let start = Array2::from_shape_fn((MEMBERS, 2), |(_, j)| (START[j] / UNIT) as f32);
    let mut rows = Vec::new();
    for (g, diffusion) in [("sigma", Diffusion::Sigma), ("g_F", Diffusion::Follmer)] {
        let mut entries = Vec::new();
        for steps in STEPS {
            let how = SamplingConfig {
                method: Some(Method::Sde),
                steps,
                diffusion,
                ..SamplingConfig::default()
            };
            let x = school.sample(&model, &how, MEMBERS, Some(&start), None)?;
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x) * UNIT).collect();
            let weights = measured(&x).weights;
            entries.push(if steps >= 50 {
                Entry::at_most(weights, BAR)
            } else {
                Entry::shown(weights)
            });
        }
        let label = format!("beta = t^2, {g}, trained perceptron");
        rows.push(Row { label, entries });
    }
    Ok(Table {
        quantity: "total variation of the modes' weights with a drift learnt from pairs, by number of steps"
            .into(),
        columns: STEPS.map(|n| n.to_string()).to_vec(),
        rows,
    })
}
