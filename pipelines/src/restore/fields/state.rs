//! One state, with what is lost of it.

use super::Fields;
use crate::restore::config::{Gaps, Task};
use crate::restore::law::Given;
use crate::restore::puzzle::{Puzzle, hidden};
use anyhow::{Context, Result, bail};
use foehn_dataset::{Frame, Split};
use foehn_field::Instant;
use foehn_noise::{Key, Purpose};
use foehn_restoration::harmonic;
use ndarray::{Array2, Array3, ArrayViewMut3, Axis, Zip};
use std::sync::Arc;

/// The step of a degradation's key that names the time whose gaps are borrowed.
const BORROWED: u32 = 4;

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its time.
    pub instant: Instant,
    /// Its values, in the units of the file.
    pub frame: Arc<Frame>,
    /// Where every variable is there.
    ///
    /// # Shapes
    /// (ny, nx).
    pub there: Array2<bool>,
    /// The truth, standardised, filled where it is missing; what is left of it; what its cells weigh.
    pub puzzle: Puzzle,
}

/// What is taken from a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Nothing: what is missing is lost.
    Done,
    /// What the model's law takes, named by a key.
    ByLaw(Key),
}

impl Fields<'_> {
    /// What the law takes from a state when it is scored: named by its time, whatever else is in the file.
    pub fn by_law(&self, index: usize) -> Loss {
        let instant = self.series.instant(index).unwrap_or(Instant(0));
        Loss::ByLaw(Key::new(self.config.seed, Purpose::Degrade).init(instant.0))
    }

    /// The state at a position of the time axis, with what is left of it.
    ///
    /// # Errors
    /// If it cannot be read or degraded.
    pub fn state(&self, index: usize, loss: Loss) -> Result<State> {
        let frame = self.series.frame(index)?;
        let instant = self
            .series
            .instant(index)
            .with_context(|| format!("there is no state number {index}"))?;
        let there = there(&frame, self.size());
        let known = self.known(&there, loss)?;
        let truth = self.standardised(instant, &frame, (&there, known.as_ref()))?;
        let mut given = self.given(&truth, known, loss)?;
        if self.features.channels() > 0 {
            given.features = Some(self.features.at(instant));
        }
        let weight = Zip::from(&there)
            .and(self.series.weights())
            .map_collect(|there, area| if *there { *area as f32 } else { 0.0 });
        Ok(State {
            instant,
            frame,
            there,
            puzzle: Puzzle {
                truth,
                given,
                weight: Some(weight),
            },
        })
    }

    /// Standardised values. What is missing is filled from what is known, and from nothing that is hidden: it has no weight,
    /// and still looks like a field where a network sees it on its path. Cells of which nothing was learnt are zero.
    fn standardised(
        &self,
        instant: Instant,
        frame: &Frame,
        (there, known): (&Array2<bool>, Option<&Array2<bool>>),
    ) -> Result<Array3<f32>> {
        let mut z = frame.values.clone();
        self.statistics.standardise(instant, z.view_mut());
        if let Some(learnt) = &self.learnt {
            for mut plane in z.axis_iter_mut(Axis(0)) {
                Zip::from(&mut plane)
                    .and(learnt)
                    .for_each(|z, learnt| *z = if *learnt { *z } else { 0.0 });
            }
        }
        let missing = there.mapv(|there| !there) & self.learnt_cells(true);
        if !missing.iter().any(|missing| *missing) {
            return Ok(z);
        }
        let from = known.unwrap_or(there).clone() & there & self.learnt_cells(true);
        for mut plane in z.axis_iter_mut(Axis(0)) {
            let filled = if from.iter().any(|from| *from) {
                harmonic(plane.view(), from.view(), self.edges)?
            } else {
                Array2::zeros(from.dim())
            };
            Zip::from(&mut plane)
                .and(&filled)
                .and(&missing)
                .for_each(|z, filled, missing| *z = if *missing { *filled } else { *z });
        }
        Ok(z)
    }

    /// Where something was learnt, or where nothing was.
    fn learnt_cells(&self, learnt: bool) -> Array2<bool> {
        match &self.learnt {
            Some(cells) => cells.mapv(|cell| cell == learnt),
            None => Array2::from_elem(self.size(), learnt),
        }
    }

    /// What is not lost of a state, for in-painting. Cells of which nothing was learnt count as known, so that nothing is
    /// made of them.
    fn known(&self, there: &Array2<bool>, loss: Loss) -> Result<Option<Array2<bool>>> {
        let Task::Inpainting { mask, gaps } = self.config.task else {
            return Ok(None);
        };
        let mut known = there.clone();
        if let Loss::ByLaw(key) = loss {
            known &= &mask.draw(&key, [there.dim().0, there.dim().1])?;
            if gaps == Gaps::Borrowed {
                known &= &self.borrowed(&key)?;
            }
        }
        Ok(Some(known | self.learnt_cells(false)))
    }

    fn given(&self, truth: &Array3<f32>, known: Option<Array2<bool>>, loss: Loss) -> Result<Given> {
        if let Some(known) = known {
            return Ok(hidden(truth, known));
        }
        Ok(match (self.config.task, loss) {
            (Task::Degraded { degradation, .. }, Loss::ByLaw(key)) => Given {
                condition: degradation.apply(truth.view(), &key, self.edges)?,
                known: None,
                features: None,
                class: None,
            },
            (Task::Generation | Task::Inpainting { .. }, _) => Given::nothing(truth.dim()),
            (Task::Degraded { .. }, Loss::Done) => Given {
                condition: truth.clone(),
                known: None,
                features: None,
                class: None,
            },
        })
    }

    /// Where a state of the training period, drawn by `key`, is there.
    fn borrowed(&self, key: &Key) -> Result<Array2<bool>> {
        let range = self.series.range(Split::Train);
        if range.is_empty() {
            bail!(
                "task.inpainting.gaps: the training period, whose gaps are borrowed, is not in the files"
            );
        }
        let mut u = [0.0];
        key.step(BORROWED).uniforms(&mut u);
        let index = range.start + (u[0] * range.len() as f64) as usize;
        let frame = self.series.frame(index)?;
        Ok(there(&frame, self.size()))
    }

    /// A sample in the units of the files: what is known as it is there, NaN where nothing was ever learnt.
    pub fn physical(&self, state: &State, mut sample: Array3<f32>) -> Array3<f32> {
        self.statistics.restore(state.instant, sample.view_mut());
        if let Some(learnt) = &self.learnt {
            for mut plane in sample.axis_iter_mut(Axis(0)) {
                Zip::from(&mut plane)
                    .and(learnt)
                    .for_each(|x, learnt| *x = if *learnt { *x } else { f32::NAN });
            }
        }
        if let Some(known) = &state.puzzle.given.known {
            put_back(&mut sample.view_mut(), &state.frame, known);
        }
        sample
    }
}

/// Known values as they are in the file; also single variables of cells where others are missing.
fn put_back(sample: &mut ArrayViewMut3<f32>, frame: &Frame, known: &Array2<bool>) {
    for ((c, y, x), value) in sample.indexed_iter_mut() {
        let missing = frame.missing.as_ref().map(|missing| missing[[c, y, x]]);
        // a cell that is hidden although nothing of it is missing was hidden on purpose
        let whole = frame
            .missing
            .as_ref()
            .is_none_or(|m| !m.slice(ndarray::s![.., y, x]).iter().any(|m| *m));
        // a cell of which nothing was learnt counts as known, and may be missing
        if (known[[y, x]] && whole) || (missing == Some(false) && !whole) {
            *value = frame.values[[c, y, x]];
        }
    }
}

/// Where every variable of a state is there.
pub fn there(frame: &Frame, size: (usize, usize)) -> Array2<bool> {
    let mut there = Array2::from_elem(size, true);
    for plane in frame.missing.iter().flat_map(|mask| mask.outer_iter()) {
        Zip::from(&mut there)
            .and(&plane)
            .for_each(|there, missing| *there &= !missing);
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_back_and_hidden_ones_do_not() {
        let values = ndarray::arr3(&[[[1f32, f32::NAN, 3.0]], [[4.0, 5.0, 6.0]]]);
        let missing = values.mapv(f32::is_nan);
        let frame = Frame {
            values,
            missing: Some(missing),
        };
        let there = there(&frame, (1, 3));
        assert_eq!(there, ndarray::arr2(&[[true, false, true]]));
        // the last cell is hidden on purpose; the second variable of the second cell was never lost
        let known = ndarray::arr2(&[[true, false, false]]);
        let mut sample = Array3::from_elem((2, 1, 3), 9.0);
        put_back(&mut sample.view_mut(), &frame, &known);
        assert_eq!(
            sample,
            ndarray::arr3(&[[[1.0, 9.0, 9.0]], [[4.0, 5.0, 9.0]]])
        );
    }
}
