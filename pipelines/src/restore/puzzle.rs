//! Pictures with what is left of them, one and a batch to learn from.

use super::config::Task;
use super::law::{Conditions, Given, Lesson};
use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_interpolant::TimeLaw;
use foehn_noise::{Key, Purpose};
use foehn_restoration::Edges;
use ndarray::{Array2, Array3, Axis, Zip};

/// The step of a training's keys that names the noise of the start.
const START: u32 = 2;

/// One picture of a set, cut to the size that a model sees, with what is left of it.
#[derive(Clone, Debug)]
pub struct Puzzle {
    /// The truth, in [-1, 1].
    pub truth: Array3<f32>,
    /// What is left.
    pub given: Given,
    /// What its cells weigh, if they are not alike; zero where there is no truth.
    pub weight: Option<Array2<f32>>,
}

/// What is left of a picture.
///
/// # Errors
/// If it cannot be degraded so.
pub fn degraded(task: Task, truth: &Array3<f32>, key: &Key) -> Result<Given> {
    let (_, h, w) = truth.dim();
    Ok(match task {
        Task::Inpainting { mask, .. } => hidden(truth, mask.draw(key, [h, w])?),
        Task::Generation => Given::nothing(truth.dim()),
        Task::Degraded { degradation, .. } => Given {
            condition: degradation.apply(truth.view(), key, Edges::CLOSED)?,
            known: None,
            features: None,
            class: None,
        },
    })
}

/// The part of a picture that is known; the rest is zero.
pub fn hidden(picture: &Array3<f32>, known: Array2<bool>) -> Given {
    let mut condition = picture.clone();
    for mut plane in condition.axis_iter_mut(Axis(0)) {
        Zip::from(&mut plane).and(&known).for_each(|value, known| {
            if !known {
                *value = 0.0;
            }
        });
    }
    Given {
        condition,
        known: Some(known),
        features: None,
        class: None,
    }
}

/// Puzzles of one size as a batch to learn from, of so many classes where those are told; times and noise are named by `key`.
///
/// # Errors
/// If they differ in size.
pub fn lesson(
    puzzles: &[Puzzle],
    classes: Option<usize>,
    key: Key,
    device: &Device,
) -> Result<Lesson> {
    let shape = puzzles[0].truth.dim();
    if let Some(other) = puzzles.iter().find(|puzzle| puzzle.truth.dim() != shape) {
        bail!(
            "pictures of several sizes, such as {:?} and {:?} (channels, rows, columns): set data.crop to the side of a square \
             that all of them hold",
            shape,
            other.truth.dim()
        );
    }
    let values: Vec<f32> = puzzles
        .iter()
        .flat_map(|puzzle| puzzle.truth.iter().copied())
        .collect();
    let x1 = TensorData::new(values, [puzzles.len(), shape.0, shape.1, shape.2]);
    let given: Vec<&Given> = puzzles.iter().map(|puzzle| &puzzle.given).collect();
    let weights: Option<Vec<f32>> = puzzles
        .iter()
        .map(|puzzle| puzzle.weight.as_ref())
        .collect::<Option<Vec<_>>>()
        .map(|weights| weights.into_iter().flatten().copied().collect());
    let weight = weights.map(|values| {
        let shape = [puzzles.len(), 1, shape.1, shape.2];
        Tensor::from_data(TensorData::new(values, shape), device)
    });
    let draws = TimeLaw::Uniform.draw(&key, puzzles.len());
    Ok(Lesson {
        x1: Tensor::from_data(x1, device),
        given: Conditions::of(&given, classes, device)?,
        t: draws.iter().map(|draw| draw.t).collect(),
        keys: (0..puzzles.len())
            .map(|b| key.member(b as u32).step(START))
            .collect(),
        weight,
    })
}

/// Places `from..from + count` of the endless sequence of shuffled `0..n`.
pub fn places(seed: u64, n: usize, from: usize, count: usize) -> Vec<usize> {
    let key = Key::new(seed, Purpose::Shuffle);
    let (mut epoch, mut skip) = (from / n, from % n);
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let order = key.init(epoch as i64).permutation(n);
        places.extend(order.into_iter().skip(skip).take(count - places.len()));
        (epoch, skip) = (epoch + 1, 0);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_visits_every_picture_once() {
        let mut seen: Vec<usize> = (0..4).flat_map(|step| places(7, 10, step * 5, 5)).collect();
        seen[..10].sort_unstable();
        seen[10..].sort_unstable();
        assert_eq!(seen[..10], (0..10).collect::<Vec<_>>());
        assert_eq!(seen[10..], (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn hidden_values_are_not_there_and_known_ones_are_as_they_were() {
        let picture = Array3::from_shape_fn((3, 2, 2), |(c, i, j)| (c + 2 * i + j) as f32 / 7.0);
        let known = ndarray::arr2(&[[true, false], [false, true]]);
        let given = hidden(&picture, known.clone());
        for ((c, i, j), value) in given.condition.indexed_iter() {
            assert_eq!(
                *value,
                if known[[i, j]] {
                    picture[[c, i, j]]
                } else {
                    0.0
                }
            );
        }
    }
}
