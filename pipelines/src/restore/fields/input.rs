//! What `foehn restore apply` reads: fields with gaps, whole ones, or coarse ones.

use super::{Fields, Loss, State};
use crate::restore::apply::{Damage, Projection};
use crate::restore::config::Task;
use crate::restore::folder::{Folder, Model};
use crate::restore::law::Given;
use anyhow::{Context, Result, bail};
use foehn_archive::is_address;
use foehn_dataset::{DataConfig, Missing, OneOrMany, Series, Statistics};
use foehn_field::{Grid, Instant};
use foehn_restoration::{Degradation, Edges, Resampling, area_mean, enlarged};
use ndarray::{Array3, Zip};
use std::path::{Path, PathBuf};

/// Fields to restore.
pub struct Input<'a> {
    source: Source<'a>,
    projection: Projection,
}

enum Source<'a> {
    /// On the grid of the model.
    Whole {
        fields: Box<Fields<'a>>,
        by_law: bool,
    },
    /// Of fewer cells, each the mean of a block.
    Coarse(Box<Coarse>),
}

struct Coarse {
    series: Series,
    statistics: Statistics,
    grid: Grid,
    factor: usize,
    up: Resampling,
    edges: Edges,
}

/// One field to restore.
pub struct Question {
    /// Its time.
    pub instant: Instant,
    /// What is known of it.
    pub given: Given,
    /// What a sheet shows first, in the units of the file; NaN where it is lost.
    pub shown: Array3<f32>,
    /// The truth, where the input is it; NaN where it is missing.
    pub truth: Option<Array3<f32>>,
    /// Means over blocks, standardised, and how many times more cells the result has along an axis.
    pub coarse: Option<(Array3<f32>, usize)>,
    state: Option<State>,
}

impl<'a> Input<'a> {
    /// Opens the input of a model.
    ///
    /// # Errors
    /// If it cannot be read, or input, damage and model do not go together.
    pub fn open(
        model: &'a Model,
        folder: &Folder,
        (path, damage, projection): (&Path, &Damage, Projection),
    ) -> Result<Self> {
        let data = model
            .config
            .fields
            .as_ref()
            .context("the model was trained on pictures")?;
        if let Damage::Mask(mask) = damage {
            bail!(
                "--mask {}: of a field, what is missing is restored; leave it out, or give --degrade",
                mask.display()
            );
        }
        let by_law = *damage == Damage::ByLaw;
        let task = model.law.task();
        let missing = match task {
            Task::Inpainting { .. } => Missing::Mask,
            Task::Degraded { .. } => Missing::Refuse,
        };
        let data = DataConfig {
            path: OneOrMany::One(located(path)?),
            missing,
            ..data.clone()
        };
        let series = Series::open_splits(&data, Path::new(""), &[])
            .with_context(|| format!("{}", path.display()))?;
        let source = match (task, by_law) {
            (
                Task::Degraded {
                    degradation: Degradation::Reduce { factor, up },
                    ..
                },
                false,
            ) => Source::Coarse(Box::new(Coarse::new(model, folder, series, (factor, up))?)),
            _ => Source::Whole {
                fields: Box::new(Fields::with(&model.config, folder, series)?),
                by_law,
            },
        };
        Ok(Self { source, projection })
    }

    /// The input.
    pub fn series(&self) -> &Series {
        match &self.source {
            Source::Whole { fields, .. } => &fields.series,
            Source::Coarse(coarse) => &coarse.series,
        }
    }

    /// Whether samples are made to reduce to the input.
    pub fn projection(&self) -> Projection {
        self.projection
    }

    /// The grid of the result.
    pub fn grid(&self) -> &Grid {
        match &self.source {
            Source::Whole { fields, .. } => fields.series.grid(),
            Source::Coarse(coarse) => &coarse.grid,
        }
    }

    /// The field at a position of the time axis.
    ///
    /// # Errors
    /// If it cannot be read or degraded.
    pub fn question(&self, index: usize) -> Result<Question> {
        match &self.source {
            Source::Coarse(coarse) => coarse.question(index),
            Source::Whole { fields, by_law } => {
                let loss = if *by_law {
                    fields.by_law(index)
                } else {
                    Loss::Done
                };
                whole(fields, fields.state(index, loss)?, *by_law)
            }
        }
    }

    /// A sample in the units of the file.
    pub fn physical(&self, question: &Question, mut sample: Array3<f32>) -> Array3<f32> {
        if let (Projection::Exact, Some((coarse, factor))) = (self.projection, &question.coarse)
            && let Some(mean) = area_mean(sample.view(), *factor)
        {
            let difference = coarse - &mean;
            let nearest = Resampling::Nearest;
            sample += &enlarged(difference.view(), *factor, nearest, Edges::CLOSED);
        }
        match (&self.source, &question.state) {
            (Source::Whole { fields, .. }, Some(state)) => fields.physical(state, sample),
            (Source::Coarse(coarse), _) => {
                let statistics = &coarse.statistics;
                statistics.restore(question.instant, sample.view_mut());
                sample
            }
            (Source::Whole { .. }, None) => sample,
        }
    }
}

/// A field on the grid of the model.
fn whole(fields: &Fields, state: State, by_law: bool) -> Result<Question> {
    let given = state.puzzle.given.clone();
    let coarse = match fields.config.task {
        Task::Degraded {
            degradation: Degradation::Reduce { factor, .. },
            ..
        } => area_mean(state.puzzle.truth.view(), factor).map(|coarse| (coarse, factor)),
        _ => None,
    };
    let mut shown = given.condition.clone();
    if let Some((coarse, factor)) = &coarse {
        shown = enlarged(coarse.view(), *factor, Resampling::Nearest, Edges::CLOSED);
    }
    let mut shown = fields.physical(&state, shown);
    if let Some(known) = &given.known {
        for mut plane in shown.outer_iter_mut() {
            Zip::from(&mut plane)
                .and(known)
                .for_each(|x, known| *x = if *known { *x } else { f32::NAN });
        }
    }
    Ok(Question {
        instant: state.instant,
        given,
        shown,
        truth: by_law.then(|| state.frame.values.clone()),
        coarse,
        state: Some(state),
    })
}

impl Coarse {
    fn new(
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
        let units: Vec<&str> = series.variables().iter().map(|v| v.units()).collect();
        if units.iter().ne(statistics.units().iter()) {
            bail!(
                "the input has units {units:?} and the model {:?}: convert the input first",
                statistics.units()
            );
        }
        if model.law.features() > 0 {
            bail!(
                "the model sees place or season, which are those of its own grid: restore whole fields with --degrade, or \
                 train it without data.position, data.calendar and data.statics"
            );
        }
        let grid = refined(series.grid(), factor)?;
        Ok(Self {
            edges: super::edges(&grid),
            series,
            statistics,
            grid,
            factor,
            up,
        })
    }

    fn question(&self, index: usize) -> Result<Question> {
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
            },
            shown,
            truth: None,
            coarse: Some((coarse, self.factor)),
            state: None,
        })
    }
}

/// Addresses stay as they are.
fn located(path: &Path) -> Result<PathBuf> {
    if is_address(path) || path.exists() {
        return Ok(path.to_owned());
    }
    bail!("there is no {}", path.display())
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
        } => Grid::Rectilinear {
            latitude: axis("latitude", latitude)?,
            longitude: axis("longitude", longitude)?,
        },
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
