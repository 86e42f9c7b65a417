//! What generated pictures are compared in: guidance, noise and steps.

use super::config::{RestoreConfig, Start, Task};
use super::sampling::RestoreSampling;
use foehn_dynamics::Epsilon;
use serde::{Deserialize, Serialize};

/// `[scores]`: the table that `foehn generate` makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationTable {
    /// Pictures of a row, compared with as many test pictures.
    pub pictures: usize,
    /// Steps of the sampler, each a row.
    pub steps: Vec<usize>,
    /// Guidances w of the flow, each at all steps, where pictures have classes; 0 is told none.
    pub guidance: Vec<f64>,
    /// Factors k of SDEs with `e(t) = k (1 - t)`, each at all steps, without guidance beyond the class itself.
    pub noise: Vec<f64>,
}

impl Default for GenerationTable {
    fn default() -> Self {
        Self {
            pictures: 2000,
            steps: vec![5, 10, 20, 50],
            guidance: vec![0.0, 1.0, 1.5, 3.0],
            noise: vec![0.25, 1.0],
        }
    }
}

impl RestoreConfig {
    /// The samplers of the table with their names; `told` says whether pictures have classes.
    pub(super) fn compared(&self, told: bool) -> Vec<(String, RestoreSampling)> {
        let table = self.scores.clone().unwrap_or_default();
        let name = match self.sampling.epsilon {
            None => "flow".to_owned(),
            Some(epsilon) => format!("sde, {epsilon:?}"),
        };
        let guidances = if told {
            table.guidance.iter().map(|w| Some(*w)).collect()
        } else {
            vec![None]
        };
        let own = guidances.into_iter().map(|guidance| {
            let how = RestoreSampling {
                guidance,
                ..self.sampling
            };
            (name.clone(), how)
        });
        // the solver of the configuration, if it is one that takes noise
        let solver = self.sampling.solver;
        let solver = solver.filter(|solver| solver.orders().strong.is_some());
        let noisy = table.noise.iter().map(|k| {
            let (e0, power) = (*k, 1.0);
            let how = RestoreSampling {
                solver,
                epsilon: Some(Epsilon::Decreasing { e0, power }),
                guidance: None,
                ..self.sampling
            };
            (format!("sde, e = {k} (1 - t)"), how)
        });
        let at = |(name, how): (String, RestoreSampling)| {
            let steps = table.steps.iter();
            let rows = steps.map(move |&steps| (name.clone(), RestoreSampling { steps, ..how }));
            rows.collect::<Vec<_>>()
        };
        own.chain(noisy).flat_map(at).collect()
    }

    /// Whether what is asked of a model that generates can be, and nothing of the kind is asked of another.
    pub(super) fn check_generation(&self) -> Result<(), String> {
        if self.task != Task::Generation {
            return match self.scores {
                Some(_) => Err("scores: the table of pictures that are generated; leave it out, or set task = \
                                \"generation\""
                    .into()),
                None => Ok(()),
            };
        }
        if self.fields.is_some() {
            return Err("task = \"generation\": fields are restored, not made of noise: give data.train, pictures".into());
        }
        if self.coupling == Start::Uncoupled {
            return Err(
                "coupling = \"uncoupled\": nothing is known that noise could be coupled with; leave it out".into(),
            );
        }
        let table = self.scores.clone().unwrap_or_default();
        if table.pictures < 2 {
            return Err(format!(
                "scores.pictures = {}: give at least 2",
                table.pictures
            ));
        }
        if table.steps.contains(&0) {
            return Err("scores.steps: give at least 1 step".into());
        }
        if let Some(w) = table.guidance.iter().find(|w| !(0.0..=100.0).contains(*w)) {
            return Err(format!("scores.guidance: {w} is not within 0 and 100"));
        }
        if let Some(k) = table.noise.iter().find(|k| !(k.is_finite() && **k > 0.0)) {
            return Err(format!("scores.noise: {k} is not above 0"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_dynamics::Solver;

    const TEXT: &str = "name = \"x\"\ntask = \"generation\"\n[data]\ntrain = \"x\"\n[sampling]\nsolver = \"euler\"\n\
                        [scores]\nsteps = [5, 10]\nguidance = [0.0, 1.5]\nnoise = [0.5]\n";

    #[test]
    fn rows_are_guidances_of_the_flow_then_noises_at_all_steps() {
        let config = RestoreConfig::parse(TEXT, "x", &[]).unwrap();
        let rows = |told| {
            let all = config.compared(told).into_iter();
            all.map(|(_, how)| (how.solver(), how.guidance, how.steps))
                .collect::<Vec<_>>()
        };
        let (euler, noisy) = (Solver::Euler, Solver::EulerMaruyama);
        let sde = [(noisy, None, 5), (noisy, None, 10)];
        let flow = [0.0, 1.5].map(|w| [(euler, Some(w), 5), (euler, Some(w), 10)]);
        assert_eq!(rows(true), [flow.concat(), sde.to_vec()].concat());
        let plain = [(euler, None, 5), (euler, None, 10)];
        assert_eq!(rows(false), [plain, sde].concat());
    }

    #[test]
    fn what_cannot_be_is_named() {
        let refused = |change: &str, about: &str| {
            let error = RestoreConfig::parse(TEXT, "x", &[change.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(about), "{error}");
        };
        refused("coupling=uncoupled", "leave it out");
        refused("scores.pictures=1", "at least 2");
        refused("scores.steps=[0]", "at least 1");
        refused("scores.noise=[0.0]", "above 0");
        refused("scores.guidance=[-1.0]", "0 and 100");
        let task =
            "task={ degraded = { degradation = { blur = { deviation = 1.0 } }, sigma = 0.1 } }";
        refused(task, "task = \"generation\"");
    }
}
