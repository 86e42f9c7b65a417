//! A Gaussian process of which every law is known.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store};
use foehn_dataset::{DataConfig, OneOrMany, Series};
use foehn_field::{Attributes, Grid, TimeAxis};
use foehn_noise::{Key, Purpose};
use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array3};

/// Two variables on 2 x 2 cells.
pub const CELLS: usize = 8;
/// Past states on which the next depends.
pub const HISTORY: usize = 2;
/// Daily states in the series.
const STATES: usize = 3_000;

pub type Vector = DVector<f64>;

/// `x' = c + A (x - c) + B (x_before - c) + L w`.
pub struct AutoRegression {
    centre: Vector,
    present: DMatrix<f64>,
    before: DMatrix<f64>,
    root: DMatrix<f64>,
}

impl AutoRegression {
    pub fn new() -> Self {
        let k = |i: usize, j: usize| (i + CELLS - j) % CELLS;
        Self {
            centre: DVector::from_fn(CELLS, |i, _| 10.0 + i as f64),
            present: DMatrix::from_fn(CELLS, CELLS, |i, j| match k(i, j) {
                0 => 0.8,
                1 => 0.15,
                3 => -0.1,
                _ => 0.0,
            }),
            before: DMatrix::from_fn(CELLS, CELLS, |i, j| match k(i, j) {
                0 => -0.3,
                2 => 0.1,
                _ => 0.0,
            }),
            root: DMatrix::from_fn(CELLS, CELLS, |i, j| match (i, j) {
                _ if i == j => 1.0 + 0.2 * i as f64,
                _ if i > j => 0.5 / (i - j) as f64,
                _ => 0.0,
            }),
        }
    }

    /// Mean of the next state, given the past, earliest first.
    pub fn mean(&self, past: &[Vector]) -> Vector {
        let [before, present] = past else {
            panic!("{} past states", past.len())
        };
        &self.centre
            + &self.present * (present - &self.centre)
            + &self.before * (before - &self.centre)
    }

    /// Covariance of the next state, given the past.
    pub fn covariance(&self) -> DMatrix<f64> {
        &self.root * self.root.transpose()
    }

    /// Some past, far from the mean.
    pub fn past(&self) -> [Vector; HISTORY] {
        [0.5, -1.5].map(|shift| {
            DVector::from_fn(CELLS, |i, _| {
                self.centre[i] + shift * (1.0 + i as f64).sin() * 3.0
            })
        })
    }

    /// Mean and covariance of the next two states.
    pub fn two_steps(&self, past: &[Vector]) -> ((Vector, DMatrix<f64>), (Vector, DMatrix<f64>)) {
        let (first, q) = (self.mean(past), self.covariance());
        let second = self.mean(&[past[HISTORY - 1].clone(), first.clone()]);
        let spread = &self.present * &q * self.present.transpose() + &q;
        ((first, q), (second, spread))
    }

    /// A run of the process, written to `folder` and opened.
    pub fn series(&self, folder: &Path) -> Series {
        let mut states = self.past().to_vec();
        let key = Key::new(5, Purpose::Simulate);
        for step in HISTORY..STATES {
            let mut w = [0.0; CELLS];
            key.step(step as u32).normals_f64(&mut w);
            let mean = self.mean(&states[step - HISTORY..]);
            states.push(mean + &self.root * DVector::from_row_slice(&w));
        }
        let path = folder.join("series.zarr");
        write(&path, &states);
        let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
        let config = DataConfig {
            path: OneOrMany::One(path),
            variables: vec!["a".to_owned(), "b".to_owned()],
            step: "1 day".to_owned(),
            train: dates("2001-01-01", "2008-12-31"),
            validation: dates("2009-01-01", "2009-01-31"),
            test: dates("2009-02-01", "2009-03-01"),
            history: HISTORY,
            ..DataConfig::default()
        };
        Series::open(&config, Path::new("")).unwrap()
    }
}

fn write(path: &Path, states: &[Vector]) {
    let axis = |count: usize| Array1::from_iter((0..count).map(|i| i as f64));
    let grid = Grid::Cartesian {
        y: axis(2).to_vec(),
        x: axis(2).to_vec(),
        period: None,
    };
    let days: Vec<f64> = (0..states.len()).map(|k| k as f64).collect();
    let times = TimeAxis::decode(&days, "days since 2001-01-01", "standard").unwrap();
    let mut coordinates = vec![Coordinate::time("time", "time", "time", &times).unwrap()];
    coordinates.extend(Coordinate::of_grid(&grid));
    let plan = |name: &str| ArrayPlan {
        name: name.to_owned(),
        dims: ["time", "y", "x"].map(String::from).to_vec(),
        shape: vec![states.len() as u64, 2, 2],
        chunks: vec![states.len() as u64, 2, 2],
        shard: None,
        values: Element::F32,
        attributes: Attributes::default(),
        fill: None,
    };
    let plans = coordinates.iter().map(|c| c.plan.clone());
    let plans = plans.chain(["a", "b"].map(plan)).collect();
    let store = Store::create(path, &Attributes::default(), plans, Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    for (v, name) in ["a", "b"].into_iter().enumerate() {
        let values = Array3::from_shape_fn((states.len(), 2, 2), |(k, y, x)| {
            states[k][4 * v + 2 * y + x] as f32
        });
        store
            .write_f32(name, &[0, 0, 0], values.view().into_dyn())
            .unwrap();
    }
    store.finish().unwrap();
}
