//! Plain ways to restore, which a model must beat.

use super::config::Task;
use super::law::Given;
use super::puzzle::Puzzle;
use anyhow::{Context, Result};
use foehn_restoration::{Degradation, Edges, Resampling, area_mean, enlarged, harmonic};
use ndarray::{Array2, Array3, ArrayView2, Axis};

/// Names of the plain ways for a task, best known first.
pub fn names(task: Task) -> &'static [&'static str] {
    match task {
        Task::Inpainting { .. } => &["harmonic", "nearest"],
        Task::Degraded {
            degradation: Degradation::Reduce { .. },
            ..
        } => &["bicubic", "bilinear", "nearest"],
        Task::Degraded { .. } => &["degraded"],
        Task::Generation => &[],
    }
}

/// A puzzle restored in the way `name`.
///
/// # Errors
/// If nothing of it is known.
pub fn plain(task: Task, name: &str, puzzle: &Puzzle, edges: Edges) -> Result<Array3<f32>> {
    let given = &puzzle.given;
    match (task, name) {
        (Task::Inpainting { .. }, "harmonic") => {
            by_planes(given, |plane, known| Ok(harmonic(plane, known, edges)?))
        }
        (Task::Inpainting { .. }, _) => by_planes(given, nearest_known),
        (
            Task::Degraded {
                degradation: Degradation::Reduce { factor, .. },
                ..
            },
            name,
        ) => {
            let small =
                area_mean(puzzle.truth.view(), factor).context("blocks do not tile the picture")?;
            let how = match name {
                "bicubic" => Resampling::Bicubic,
                "bilinear" => Resampling::Bilinear,
                _ => Resampling::Nearest,
            };
            Ok(enlarged(small.view(), factor, how, edges))
        }
        _ => Ok(given.condition.clone()),
    }
}

fn by_planes(
    given: &Given,
    fill: impl Fn(ArrayView2<f32>, ArrayView2<bool>) -> Result<Array2<f32>>,
) -> Result<Array3<f32>> {
    let known = given.known.as_ref().context("this picture has no mask")?;
    let mut filled = given.condition.clone();
    for mut plane in filled.axis_iter_mut(Axis(0)) {
        let whole = fill(plane.view(), known.view())?;
        plane.assign(&whole);
    }
    Ok(filled)
}

/// Each hidden pixel takes the value of the nearest known one, the first in reading order of several.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a view is as cheap as a reference to it"
)]
fn nearest_known(plane: ArrayView2<f32>, known: ArrayView2<bool>) -> Result<Array2<f32>> {
    let there: Vec<(usize, usize)> = known
        .indexed_iter()
        .filter(|(_, known)| **known)
        .map(|(at, _)| at)
        .collect();
    anyhow::ensure!(
        !there.is_empty(),
        "every pixel is hidden: there is nothing to fill them from"
    );
    Ok(Array2::from_shape_fn(plane.dim(), |at| {
        if known[at] {
            return plane[at];
        }
        let square = |a: usize, b: usize| a.abs_diff(b).pow(2);
        let nearest = there
            .iter()
            .min_by_key(|from| square(from.0, at.0) + square(from.1, at.1));
        nearest.map_or(plane[at], |from| plane[*from])
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_pixel_fills_a_hole() {
        let plane = ndarray::arr2(&[[1.0, 0.0, 0.0, 4.0, 5.0]]);
        let known = ndarray::arr2(&[[true, false, false, true, true]]);
        let filled = nearest_known(plane.view(), known.view()).unwrap();
        assert_eq!(filled, ndarray::arr2(&[[1.0, 1.0, 4.0, 4.0, 5.0]]));
        let none = Array2::from_elem((1, 5), false);
        assert!(nearest_known(plane.view(), none.view()).is_err());
    }
}
