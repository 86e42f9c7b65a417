//! A small store: `v` on (time, y, x) in items of one time, and the coordinate `x`.
#![allow(clippy::unwrap_used, dead_code)]

use foehn_archive::{ArrayPlan, Element, Store};
use foehn_field::{Attribute, Attributes};
use ndarray::{Array3, ArrayD, Axis};

pub fn labels(units: &str) -> Attributes {
    [("units".to_owned(), Attribute::from(units))]
        .into_iter()
        .collect()
}

pub fn plans(shard: Option<Vec<u64>>) -> Vec<ArrayPlan> {
    let whole = ArrayPlan::whole(
        "v",
        &["time", "y", "x"],
        &[5, 3, 4],
        Element::F32,
        labels("m"),
    );
    vec![
        ArrayPlan {
            chunks: vec![1, 2, 4],
            shard,
            fill: Some(f64::NAN),
            ..whole
        },
        ArrayPlan::whole("x", &["x"], &[4], Element::I64, labels("1")),
    ]
}

pub fn values() -> Array3<f32> {
    Array3::from_shape_fn((5, 3, 4), |(t, j, i)| {
        100.0 * t as f32 + 10.0 * j as f32 + i as f32
    })
}

/// Writes the items that are not done, at most `most` of them.
pub fn run(store: &Store, most: usize) -> usize {
    let todo: Vec<usize> = (0..5)
        .filter(|t| !store.is_done(&format!("time {t}")))
        .take(most)
        .collect();
    for t in &todo {
        let item = values()
            .index_axis(Axis(0), *t)
            .insert_axis(Axis(0))
            .into_dyn()
            .to_owned();
        store
            .write_f32("v", &[*t as u64, 0, 0], item.view())
            .unwrap();
        store.mark_done(&format!("time {t}")).unwrap();
    }
    todo.len()
}

pub fn coordinate(store: &Store) {
    let x = ArrayD::from_shape_vec(vec![4], vec![0_i64, -1, 2, 3]).unwrap();
    store.write_i64("x", &[0], x.view()).unwrap();
}
