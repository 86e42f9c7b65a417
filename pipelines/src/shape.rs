//! The shape of a run's states.

use crate::config::RunConfig;
use anyhow::{Result, bail};
use foehn_dataset::{Features, Series};
use foehn_forecast::Generative;
use foehn_network::{Architecture, UNet};
use std::str::FromStr;

/// Rows and columns of a field, written `NYxNX`.
///
/// ```
/// use foehn_pipelines::GridSize;
/// assert_eq!("17x33".parse(), Ok(GridSize { ny: 17, nx: 33 }));
/// assert!("17".parse::<GridSize>().is_err() && "0x4".parse::<GridSize>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridSize {
    /// Rows.
    pub ny: usize,
    /// Columns.
    pub nx: usize,
}

/// Not the size of a grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a grid: write rows and columns, such as 32x64")]
pub struct NotAGrid(String);

impl FromStr for GridSize {
    type Err = NotAGrid;

    fn from_str(text: &str) -> Result<Self, NotAGrid> {
        let sides = text
            .split_once('x')
            .map(|(ny, nx)| (ny.parse(), nx.parse()));
        match sides {
            Some((Ok(ny), Ok(nx))) if ny > 0 && nx > 0 => Ok(Self { ny, nx }),
            _ => Err(NotAGrid(text.to_owned())),
        }
    }
}

/// What the network's layers are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Variables.
    pub channels: usize,
    /// Channels beside the states; that of validity, which only training tells, is left out.
    pub features: usize,
    /// Past states.
    pub history: usize,
    /// Rows.
    pub ny: usize,
    /// Columns.
    pub nx: usize,
}

impl Shape {
    /// The grid is the one asked for, else that of the data, else that of the simulation.
    pub fn of(config: &RunConfig, grid: Option<GridSize>, series: Option<&Series>) -> Result<Self> {
        let of_data = series.map(|series| {
            let (_, ny, nx) = series.shape();
            GridSize { ny, nx }
        });
        let of_simulation = config.simulate.as_ref().map(|simulate| {
            let n = simulate.turbulence.output_grid;
            GridSize { ny: n, nx: n }
        });
        let Some(GridSize { ny, nx }) = grid.or(of_data).or(of_simulation) else {
            let path = config.data.path.as_slice().first();
            let path = path.map_or_else(String::new, |path| path.display().to_string());
            bail!(
                "data.path = {path} is not there: give the grid as --grid NYxNX, such as --grid 32x64"
            );
        };
        Ok(Self {
            channels: config.data.variables.len(),
            features: Features::planned(&config.data),
            history: config.data.history,
            ny,
            nx,
        })
    }

    /// The network that such states need.
    pub fn architecture(&self, config: &RunConfig) -> Architecture {
        let (channels, features) = (self.channels, self.features);
        Architecture::UNet {
            config: config.network.clone(),
            inputs: Generative::<UNet>::input_channels(channels, self.history, features),
            outputs: channels,
        }
    }
}
