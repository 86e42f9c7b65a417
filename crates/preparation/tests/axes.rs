//! A variable on axes in any order is prepared as on (time, latitude, longitude), and read for training too.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store, open};
use foehn_dataset::{DataConfig, OneOrMany, Series};
use foehn_field::{Attribute, Attributes, Calendar, Grid, TimeAxis};
use foehn_preparation::Preparation;
use ndarray::{ArrayD, Axis};

const SHAPE: [usize; 3] = [30, 3, 4];
const NAMES: [&str; 3] = ["time", "latitude", "longitude"];

fn value(t: usize, j: usize, i: usize) -> f32 {
    (100 * t + 10 * j + i) as f32
}

/// Daily states whose axes come in an order.
fn write(path: &Path, order: [usize; 3]) {
    let calendar = Calendar::NoLeap;
    let start = calendar.parse("2001-01-01").unwrap();
    let instants = (0..SHAPE[0]).map(|day| start.plus(86_400 * day as i64));
    let times = TimeAxis {
        calendar,
        instants: instants.collect(),
    };
    let grid = Grid::Rectilinear {
        latitude: vec![50.0, 40.0, 30.0],
        longitude: vec![0.0, 10.0, 20.0, 30.0],
    };
    let mut coordinates = vec![Coordinate::time("time", "time", "time", &times).unwrap()];
    coordinates.extend(Coordinate::of_grid(&grid));
    let units = Attributes::from_iter([("units".to_owned(), Attribute::from("K"))]);
    let (dims, shape) = (order.map(|k| NAMES[k]), order.map(|k| SHAPE[k]));
    let mut plans: Vec<ArrayPlan> = coordinates.iter().map(|c| c.plan.clone()).collect();
    plans.push(ArrayPlan::whole("t", &dims, &shape, Element::F32, units));
    let store = Store::create(path, &Attributes::new(), plans, Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    let values = ArrayD::from_shape_fn(shape.to_vec(), |at| {
        let along = |axis: usize| at[order.iter().position(|k| *k == axis).unwrap()];
        value(along(0), along(1), along(2))
    });
    store.write_f32("t", &[0, 0, 0], values.view()).unwrap();
    store.finish().unwrap();
}

#[test]
fn every_order_of_axes_is_prepared_and_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let name = order.map(|k| k.to_string()).concat();
        let (path, to) = (
            folder.path().join(&name),
            folder.path().join(format!("{name}.zarr")),
        );
        write(&path, order);
        // a window that cuts every axis, and sums over time
        let text = format!(
            "from = \"{}\"\nvariables = [\"t\"]\nlatitude = [25, 45]\nlongitude = [5, 25]\nchunk = 7\n\
             period = [\"2001-01-03\", \"2001-01-28\"]\nstatistics.compute = [\"mean\"]",
            path.display()
        );
        let plan = Preparation::open(&toml::from_str(&text).unwrap()).unwrap();
        let mut on = |_| ControlFlow::Continue(());
        plan.write(&to, Mode::Create, 2, &mut on).unwrap();
        let prepared = open(&to).unwrap();
        let read = prepared.read_all("t").unwrap().values;
        let expected =
            ArrayD::from_shape_fn(vec![26, 2, 2], |at| value(at[0] + 2, at[1] + 1, at[2] + 1));
        assert_eq!(read, expected, "{order:?}");
        let mean = prepared.read_all("t_mean").unwrap().values;
        assert_eq!(
            mean.as_slice().unwrap(),
            [1461.0, 1462.0, 1471.0, 1472.0],
            "{order:?}"
        );
        let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
        let config = DataConfig {
            path: OneOrMany::One(path),
            variables: vec!["t".to_owned()],
            step: "1 day".to_owned(),
            train: dates("2001-01-01", "2001-01-20"),
            validation: dates("2001-01-21", "2001-01-25"),
            test: dates("2001-01-26", "2001-01-30"),
            ..DataConfig::default()
        };
        let series = Series::open(&config, Path::new("")).unwrap();
        for t in 0..SHAPE[0] {
            let state = series
                .frame(t)
                .unwrap()
                .values
                .index_axis(Axis(0), 0)
                .to_owned();
            let expected = ndarray::Array2::from_shape_fn((3, 4), |(j, i)| value(t, j, i));
            assert_eq!(state, expected, "{order:?}, {t}");
        }
    }
}
