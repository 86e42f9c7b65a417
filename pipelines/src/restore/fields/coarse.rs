//! Coarse fields, to be enlarged.

use super::edges;
use super::input::Question;
use crate::restore::folder::{Folder, Model};
use crate::restore::law::Given;
use anyhow::{Context, Result, bail};
use foehn_dataset::{Channel, Scale, Series, Statistics};
use foehn_field::{Grid, Instant};
use foehn_restoration::{Edges, Resampling, area_mean, enlarged};

/// Fields of fewer cells than the model restores, each the mean of a block.
pub struct Coarse {
    /// The input.
    pub series: Series,
    /// How its model standardises.
    pub statistics: Statistics,
    /// The grid of the result.
    pub grid: Grid,
    factor: usize,
    up: Resampling,
    edges: Edges,
}

impl Coarse {
    /// Fields of `series`, to become `factor` times larger.
    ///
    /// # Errors
    /// If they are not those that the model was trained to make.
    pub fn new(
        model: &Model,
        folder: &Folder,
        series: Series,
        (factor, up): (usize, Resampling),
    ) -> Result<Self> {
        let statistics = Statistics::load(&folder.statistics())?;
        let (c, h, w) = series.shape();
        let larger = (c, h * factor, w * factor);
        if larger != statistics.shape() {
            bail!(
                "the input has {c} variables on {h} x {w} cells, {factor} times as many along both sides are {larger:?}, and \
                 the model was trained on {:?}: give the fields that are to become so large, or --degrade for whole ones",
                statistics.shape()
            );
        }
        let units: Vec<&str> = series.variables().iter().map(Channel::units).collect();
        if units.iter().ne(statistics.units().iter()) {
            bail!(
                "the input has units {units:?} and the model {:?}: convert the input first",
                statistics.units()
            );
        }
        let scale = model.config.fields.as_ref().map(|data| data.scale);
        if scale == Some(Scale::Cell) {
            bail!(
                "the model divides every cell by a deviation of its own (data.scale = \"cell\"), which no block has: restore \
                 whole fields with --degrade, or train it with data.scale = \"variable\""
            );
        }
        if model.law.features() > 0 {
            bail!(
                "the model sees place or season, which are those of its own grid: restore whole fields with --degrade, or \
                 train it without data.position, data.calendar and data.statics"
            );
        }
        let grid = refined(series.grid(), factor)?;
        let start = series.instant(0).unwrap_or(Instant(0));
        statistics.check_place(&grid, (series.calendar(), start))?;
        Ok(Self {
            edges: edges(&grid),
            series,
            statistics,
            grid,
            factor,
            up,
        })
    }

    /// The field at a position of the time axis.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn question(&self, index: usize) -> Result<Question> {
        let frame = self.series.frame(index)?;
        let instant = self
            .series
            .instant(index)
            .with_context(|| format!("there is no state number {index}"))?;
        let nearest = Resampling::Nearest;
        let shown = enlarged(frame.values.view(), self.factor, nearest, Edges::CLOSED);
        let mut blocks = shown.clone();
        self.statistics.standardise(instant, blocks.view_mut());
        let coarse =
            area_mean(blocks.view(), self.factor).context("blocks do not tile the grid")?;
        Ok(Question {
            instant,
            given: Given {
                condition: enlarged(coarse.view(), self.factor, self.up, self.edges),
                known: None,
                features: None,
                class: None,
            },
            shown,
            truth: None,
            coarse: Some((coarse, self.factor)),
            state: None,
        })
    }
}

/// The grid whose blocks of `factor` x `factor` cells are the cells of a regular one.
///
/// # Errors
/// If the cells are not all of one size.
fn refined(grid: &Grid, factor: usize) -> Result<Grid> {
    let axis = |name: &str, centres: &[f64]| {
        let step = match centres {
            [first, second, ..] => second - first,
            _ => bail!("{name}: one cell does not tell how large it is"),
        };
        let uneven = centres
            .windows(2)
            .find(|pair| (pair[1] - pair[0] - step).abs() > 1e-4 * step.abs());
        if let Some(pair) = uneven {
            bail!(
                "{name}: cells of {step} and of {} cannot be cut into equal ones: give a regular grid",
                pair[1] - pair[0]
            );
        }
        let part = step / factor as f64;
        let first = centres[0] - 0.5 * step + 0.5 * part;
        Ok((0..centres.len() * factor)
            .map(|k| first + k as f64 * part)
            .collect())
    };
    Ok(match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => {
            let latitude: Vec<f64> = axis("latitude", latitude)?;
            if let Some(beyond) = latitude.iter().find(|latitude| latitude.abs() > 90.0) {
                bail!(
                    "cells around the outer latitudes reach beyond a pole ({beyond} degrees): give a grid whose cells end \
                     there at the latest"
                );
            }
            Grid::Rectilinear {
                latitude,
                longitude: axis("longitude", longitude)?,
            }
        }
        Grid::Cartesian { y, x, period } => Grid::Cartesian {
            y: axis("y", y)?,
            x: axis("x", x)?,
            period: *period,
        },
        Grid::Curvilinear { .. } => {
            bail!(
                "cells with latitudes and longitudes of their own cannot be cut: give a regular grid"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_the_refined_grid_are_the_cells() {
        let grid = Grid::Cartesian {
            y: vec![1.5, 5.5],
            x: vec![3.0, 1.0],
            period: Some((8.0, 4.0)),
        };
        let Grid::Cartesian { y, x, period } = refined(&grid, 4).unwrap() else {
            panic!("another kind of grid");
        };
        assert_eq!(y, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(x, [3.75, 3.25, 2.75, 2.25, 1.75, 1.25, 0.75, 0.25]);
        assert_eq!(period, Some((8.0, 4.0)));
        let uneven = Grid::Rectilinear {
            latitude: vec![0.0, 1.0, 3.0],
            longitude: vec![0.0, 1.0],
        };
        let error = refined(&uneven, 2).unwrap_err().to_string();
        assert!(error.contains("latitude"), "{error}");
    }
}
