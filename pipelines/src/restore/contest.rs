//! The samplers that a model is scored with.

use super::config::RestoreConfig;
use super::sampling::RestoreSampling;
use foehn_dynamics::{Epsilon, Solver};

/// The flow or SDE of the configuration and each SDE that was asked for, at each number of steps, with their names.
pub fn samplers(
    config: &RestoreConfig,
    steps: &[usize],
    noise: &[f64],
    sigma: f64,
) -> Vec<(String, RestoreSampling)> {
    let own = match config.sampling.epsilon {
        None => "flow".to_owned(),
        Some(epsilon) => format!("sde, {epsilon:?}"),
    };
    let mut kinds = vec![(own, config.sampling)];
    // the solver of the configuration, if it is one that takes noise
    let solver = config.sampling.solver;
    let solver = solver.filter(|solver| solver.orders().strong.is_some());
    for &k in noise {
        let epsilon = Epsilon::Decreasing {
            e0: k * sigma * sigma,
            power: 1.0,
        };
        let how = RestoreSampling {
            solver,
            epsilon: Some(epsilon),
            ..config.sampling
        };
        kinds.push((format!("sde, e = {k} sigma^2 (1 - t)"), how));
    }
    let at_steps = |(name, how): (String, RestoreSampling)| {
        let steps = steps.iter();
        steps.map(move |&steps| (name.clone(), RestoreSampling { steps, ..how }))
    };
    kinds.into_iter().flat_map(at_steps).collect()
}

/// Passes through the network that a sample takes.
pub fn calls(how: &RestoreSampling) -> usize {
    let all = how.steps * how.solver().calls_per_step();
    // its last step is one of Euler and Maruyama: the score has no limit at the end
    (all - usize::from(how.solver() == Solver::StochasticHeun)) * how.passes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_noise_keep_a_solver_that_takes_noise_and_no_other() {
        let text = "name = \"x\"\n[data]\ntrain = \"x\"\n[sampling]\nsolver = \"SOLVER\"\nEPSILON\n\
                    [task.inpainting.mask]\ntiles = { across = 8, hidden = 0.3 }\n";
        let found = |solver: &str, epsilon: &str| {
            let text = text.replace("SOLVER", solver).replace("EPSILON", epsilon);
            let config = RestoreConfig::parse(&text, "x", &[]).unwrap();
            let samplers = samplers(&config, &[5, 10], &[0.25], 2.0);
            let rows = samplers.iter();
            rows.map(|(_, how)| (how.solver(), how.steps, calls(how)))
                .collect::<Vec<_>>()
        };
        let (heun, plain) = (Solver::Heun, Solver::EulerMaruyama);
        assert_eq!(
            found("heun", ""),
            [
                (heun, 5, 10),
                (heun, 10, 20),
                (plain, 5, 5),
                (plain, 10, 10)
            ]
        );
        let noisy = found("stochastic_heun", "epsilon = { constant = 1.0 }");
        let two = Solver::StochasticHeun;
        assert_eq!(
            noisy,
            [(two, 5, 9), (two, 10, 19), (two, 5, 9), (two, 10, 19)]
        );
    }
}
