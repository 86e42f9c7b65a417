//! Values carried by a learnt flow or a process with noise.

use super::dynamics::{FlowDynamics, FlowStarts};
use super::interpolant::InterpolantConfig;
use super::recalibration::Recalibration;
use super::transport::Transport;
use anyhow::{Result, bail};
use burn::tensor::Device;
use foehn_generation::{Method, Model, SamplingConfig, Starting, on_device, on_host};
use foehn_noise::Key;
use ndarray::Array2;

/// Steps of a process with noise.
const STEPS: usize = 25;

/// What a case is carried from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Raw members in deviations from their mean.
    pub(crate) members: Vec<f64>,
    /// `Phi^-1(F(mean))`, F the law of the base and the mean that of the raw members; none without any.
    pub(crate) mean: Option<f64>,
    /// Names the case's noise.
    pub(crate) key: Key,
}

/// A trained interpolant with its way of sampling; values are quantiles of the standard normal law where the base is
/// right.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    /// The flow: the law's levels, or the members one by one.
    Flow(Transport, FlowStarts),
    /// Draws of a process with noise.
    Noisy(Noisy),
}

/// Draws by an SDE, each of one of the networks.
#[derive(Clone)]
pub(crate) struct Noisy {
    models: Vec<Model>,
    starts: FlowStarts,
    draws: usize,
}

impl std::fmt::Debug for Noisy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} draws of {} networks", self.draws, self.models.len())
    }
}

impl Carrier {
    /// The models of a method; so many draws where there is noise.
    pub(crate) fn new(
        method: &InterpolantConfig,
        models: Vec<Model>,
        recalibration: Recalibration,
        draws: usize,
    ) -> Self {
        let starts = method.starts;
        match method.dynamics {
            FlowDynamics::Flow => Self::Flow(Transport::new(models, recalibration), starts),
            FlowDynamics::Sde | FlowDynamics::Follmer => Self::Noisy(Noisy {
                models,
                starts,
                draws,
            }),
        }
    }

    /// Whether the law of the base stays as it is.
    pub(crate) fn is_identity(&self) -> bool {
        match self {
            Self::Flow(transport, FlowStarts::Base) => transport.is_identity(),
            Self::Flow(..) => false,
            Self::Noisy(noisy) => noisy.models.is_empty(),
        }
    }

    /// The starts that values of a case are drawn from by turns; none where values are the law itself.
    pub(crate) fn parts(&self, origin: &Origin) -> Option<usize> {
        match self {
            Self::Flow(..) => None,
            Self::Noisy(noisy) => Some(noisy.starts(origin).len()),
        }
    }

    /// Whether values are random draws of the law, and not the law itself.
    pub(crate) fn draws(&self) -> bool {
        matches!(self, Self::Noisy(_))
    }

    /// The values of every row; from raw members the first ones are theirs.
    ///
    /// # Shapes
    /// `conditions`: (N, c); `origins`: (N).
    ///
    /// # Errors
    /// If a flow or process cannot be solved.
    pub(crate) fn values(
        &self,
        conditions: &Array2<f32>,
        origins: &[Origin],
    ) -> Result<Vec<Vec<f64>>> {
        match self {
            Self::Flow(transport, starts) => {
                let paths = transport.paths(conditions)?;
                let each = origins.iter().enumerate();
                Ok(each
                    .map(|(row, origin)| match starts {
                        FlowStarts::Members => paths.carry(row, &origin.members),
                        FlowStarts::Base | FlowStarts::Mean => paths.levels(row),
                    })
                    .collect())
            }
            Self::Noisy(noisy) => noisy.values(conditions, origins),
        }
    }
}

impl Noisy {
    /// Starts of the draws of a case, by turns; none where they are members and there is none.
    fn starts(&self, origin: &Origin) -> Vec<f64> {
        match self.starts {
            FlowStarts::Base => vec![0.0],
            FlowStarts::Mean => origin.mean.into_iter().collect(),
            FlowStarts::Members => origin.members.clone(),
        }
    }

    fn values(&self, conditions: &Array2<f32>, origins: &[Origin]) -> Result<Vec<Vec<f64>>> {
        let starts: Vec<Vec<f64>> = origins.iter().map(|origin| self.starts(origin)).collect();
        // Whole rounds of the starts, two at least; none of a case without any.
        let count = |row: usize| match starts[row].len() {
            0 => 0,
            round => self.draws.max(2 * round).next_multiple_of(round),
        };
        let mut values: Vec<Vec<f64>> = (0..origins.len()).map(|i| vec![0.0; count(i)]).collect();
        for (k, model) in self.models.iter().enumerate() {
            let own = |row: usize, draw: usize| {
                let round = starts[row].len().max(1);
                // every start meets every network, and one start alone meets all of them
                let turn = draw / round + draw % round;
                turn % self.models.len() == k
            };
            let at: Vec<(usize, usize)> = (0..origins.len())
                .flat_map(|row| (0..count(row)).map(move |draw| (row, draw)))
                .filter(|(row, draw)| own(*row, *draw))
                .collect();
            let start = |(row, draw): (usize, usize)| starts[row][draw % starts[row].len()] as f32;
            let keys = at
                .iter()
                .map(|(row, draw)| origins[*row].key.member(*draw as u32));
            let shown = Array2::from_shape_fn((at.len(), conditions.ncols()), |(i, j)| {
                conditions[[at[i].0, j]]
            });
            let from = (self.starts != FlowStarts::Base)
                .then(|| Array2::from_shape_fn((at.len(), 1), |(i, _)| start(at[i])));
            let carried = solve(model, from.as_ref(), &shown, keys.collect())?;
            for ((row, draw), value) in at.into_iter().zip(carried.column(0)) {
                values[row][draw] = f64::from(*value);
            }
        }
        Ok(values)
    }
}

fn solve(
    model: &Model,
    starts: Option<&Array2<f32>>,
    conditions: &Array2<f32>,
    keys: Vec<Key>,
) -> Result<Array2<f32>> {
    if keys.is_empty() {
        return Ok(Array2::zeros((0, 1)));
    }
    let device = Device::flex();
    let from = Starting {
        x0: starts.map(|starts| on_device(starts, &device)),
        condition: Some(on_device(conditions, &device)),
        keys,
    };
    let how = SamplingConfig {
        method: Some(Method::Sde),
        steps: STEPS,
        ..SamplingConfig::default()
    };
    let run = model.sample(&how, from, &device)?;
    if let Some(failure) = run.failures.first() {
        bail!("{failure}; {} draws are lost", run.failures.len());
    }
    Ok(on_host(run.x))
}
