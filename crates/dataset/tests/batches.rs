//! Windows, frames and batches of small files.

// helpers of tests may panic too
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Sketch, config, open, rough};
use foehn_dataset::{
    Batches, ByteSize, CalendarFeatures, Centre, DataConfig, Every, Loader, Missing, OneOrMany,
    Position, Series, Split, Statistics,
};
use ndarray::{Axis, s};
use tempfile::tempdir;

fn loader(series: Series) -> Arc<Loader> {
    let series = Arc::new(series);
    let statistics = Arc::new(Statistics::compute(&series).unwrap());
    Arc::new(Loader::new(series, statistics).unwrap())
}

#[test]
fn every_window_comes_once_an_epoch_and_any_batch_at_any_time() {
    let folder = tempdir().unwrap();
    let path = Sketch::daily(100, rough).write(&folder, "a.nc");
    let loader = loader(open(&DataConfig {
        history: 2,
        ..config(&path)
    }));
    let batches = Arc::new(Batches::new(Arc::clone(&loader), Split::Train, 1, 7).unwrap());
    // 60 days less one of history and one of future
    let n = batches.samples();
    assert_eq!(n, 58);
    let order: Vec<_> = (0..29)
        .flat_map(|step| batches.windows_at(step, 6))
        .collect();
    let mut firsts = Vec::new();
    for epoch in order.chunks(n) {
        let mut sorted = epoch.to_vec();
        sorted.sort_by_key(|w| w.index);
        assert_eq!(sorted, batches.windows());
        firsts.push(epoch[0]);
        assert_ne!(epoch, sorted);
    }
    assert_eq!(order.len(), 3 * n);
    let fresh = Batches::new(loader, Split::Train, 1, 7).unwrap();
    assert_eq!(
        fresh.batch_at(20, 6).unwrap(),
        batches.batch_at(20, 6).unwrap()
    );
    let ahead: Vec<_> = batches
        .prefetch(3..14, 6, 2)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(ahead.len(), 11);
    for (step, batch) in (3..).zip(&ahead) {
        assert_eq!(*batch, fresh.batch_at(step, 6).unwrap());
    }
    // dropping before the end must not hang
    drop(batches.prefetch(0..1_000_000, 6, 2).unwrap());
}

#[test]
fn a_batch_holds_standardised_neighbours_weights_and_features() {
    let folder = tempdir().unwrap();
    let mut sketch = Sketch::daily(100, rough);
    // a day is lacking: index 40 is the 42nd day
    sketch.times.iter_mut().skip(40).for_each(|t| *t += 1.0);
    sketch
        .statics
        .push(("height", Box::new(|_, y, x| (4 * y + x) as f32)));
    let config = DataConfig {
        history: 2,
        step: "2 days".into(),
        statics: vec!["height".into()],
        position: Position::Normalised,
        calendar: CalendarFeatures::DayOfYearAndHour,
        ..config(&sketch.write(&folder, "a.nc"))
    };
    let loader = loader(open(&config));
    let series = loader.series();
    assert_eq!(series.stride(), 2);
    let windows = series.windows(Split::Train, 2);
    // 40 days before the gap and 19 after it (to 1 March), less 2 of history and 4 of future each
    assert_eq!(windows.len(), 34 + 13);
    let batch = loader.load(&windows[5..7], 2).unwrap();
    assert_eq!(batch.states.shape(), [2, 4, 1, 3, 4]);
    let mut states = batch.states.index_axis(Axis(0), 1).to_owned();
    for (m, mut state) in states.outer_iter_mut().enumerate() {
        let index = windows[6].index - 2 + 2 * m;
        loader
            .statistics()
            .restore(series.instant(index).unwrap(), state.view_mut());
        for ((_, y, x), value) in state.indexed_iter() {
            assert!((value - rough(index, y, x)).abs() < 1e-4);
        }
    }
    assert!((batch.weights.sum() - 24.0).abs() < 1e-5);
    let names = [
        "position_y",
        "position_x",
        "height",
        "cos_year",
        "sin_year",
        "cos_day",
        "sin_day",
    ];
    assert_eq!(loader.features().names(), names);
    let features = batch.features.slice(s![0, .., .., ..]);
    assert_eq!(features.slice(s![0, .., 1]).to_vec(), [-1.0, 0.0, 1.0]);
    assert_eq!(features[(1, 0, 3)], 1.0);
    assert!((features.slice(s![2, .., ..]).sum()).abs() < 0.5);
    let day = windows[5].index as f64;
    let angle = std::f64::consts::TAU * day / 365.0;
    assert_eq!(features[(3, 2, 1)], angle.cos() as f32);
    assert_eq!((features[(5, 0, 0)], features[(6, 0, 0)]), (1.0, 0.0));
}

#[test]
fn missing_values_are_zero_and_have_no_weight() {
    let folder = tempdir().unwrap();
    let lacking = |t: usize, x: usize| t % 4 == 1 && x == 2;
    let law = move |t, y, x| {
        if lacking(t, x) {
            f32::NAN
        } else {
            rough(t, y, x)
        }
    };
    let path = Sketch::daily(100, law).write(&folder, "a.nc");
    let loader = loader(open(&DataConfig {
        missing: Missing::Mask,
        centre: Centre::Season,
        harmonics: 0,
        ..config(&path)
    }));
    let windows = loader.series().windows(Split::Train, 1);
    let batch = loader.load(&windows[..8], 1).unwrap();
    for (b, window) in batch.windows.iter().enumerate() {
        for m in 0..2 {
            let zero = lacking(window.index + m, 2);
            assert_eq!(batch.states[(b, m, 0, 1, 2)] == 0.0, zero);
        }
        assert_eq!(
            batch.weights[(b, 0, 1, 2)] == 0.0,
            lacking(window.index, 2) || lacking(window.index + 1, 2)
        );
        assert!(batch.weights[(b, 0, 1, 1)] > 0.0);
    }
    assert!(batch.states.iter().all(|z| z.is_finite()));
    assert_eq!(loader.features().names(), ["valid"]);
    let valid = batch.features.slice(s![0, 0, .., ..]).sum();
    assert_eq!(valid, 9.0);
    // no future: the weights are those of the current state
    let now = loader.load(&windows[1..2], 0).unwrap();
    assert_eq!((now.states.shape()[1], now.weights[(0, 0, 0, 2)]), (1, 0.0));
}

#[test]
fn frames_do_not_depend_on_the_memory_or_on_what_was_read_before() {
    let folder = tempdir().unwrap();
    let path = Sketch::daily(100, rough).write(&folder, "a.nc");
    for memory in [1, 500, 1 << 30] {
        let series = open(&DataConfig {
            memory: ByteSize(memory),
            ..config(&path)
        });
        for k in [99, 0, 50, 51, 50, 7] {
            let frame = series.frame(k).unwrap();
            assert!(
                frame
                    .values
                    .indexed_iter()
                    .all(|((_, y, x), v)| *v == rough(k, y, x))
            );
        }
        assert!(series.frame(100).is_err());
        assert!((series.weights().mean().unwrap() - 1.0).abs() < 1e-14);
    }
}

#[test]
fn variables_may_come_from_files_of_their_own() {
    let folder = tempdir().unwrap();
    let t = Sketch::daily(100, rough).write(&folder, "t.nc");
    let mut other = Sketch::daily(40, |t, y, x| -rough(t, y, x));
    other.variables[0].0 = "u";
    let first = other.write(&folder, "u1.nc");
    other.times = (40..100).map(f64::from).collect();
    other.variables[0].1 = Box::new(|t, y, x| -rough(t + 40, y, x));
    let second = other.write(&folder, "u2.nc");
    let config = |paths| DataConfig {
        path: OneOrMany::Many(paths),
        variables: vec!["u".into(), "t".into()],
        ..config(&t)
    };
    let series = open(&config(vec![second, t.clone(), first.clone()]));
    for k in [0, 39, 40, 99] {
        let frame = series.frame(k).unwrap();
        assert_eq!(
            (frame.values[(0, 2, 1)], frame.values[(1, 2, 1)]),
            (-rough(k, 2, 1), rough(k, 2, 1))
        );
    }
    let error = Series::open(&config(vec![t.clone(), first]), std::path::Path::new(""))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"u\" and \"t\" differ in time: time number 40 is no more and 2001-02-10"),
        "{error}"
    );
}

#[test]
fn initial_states_count_from_the_first_state_of_the_period() {
    let folder = tempdir().unwrap();
    let mut sketch = Sketch::daily(100, rough);
    sketch.times.iter_mut().for_each(|t| *t += 0.5);
    let series = open(&DataConfig {
        history: 3,
        ..config(&sketch.write(&folder, "a.nc"))
    });
    let every: Every = serde_json::from_str("\"5 days\"").unwrap();
    let indices = |horizon| -> Vec<usize> {
        series
            .initial_states(Split::Test, horizon, every)
            .iter()
            .map(|w| w.index)
            .collect()
    };
    assert_eq!(indices(2), [85, 90, 95]);
    assert_eq!(indices(4), [85, 90, 95]);
    assert_eq!(indices(5), [85, 90]);
    assert_eq!(series.days_of_year(Split::Test)[0], 80.5);
}
