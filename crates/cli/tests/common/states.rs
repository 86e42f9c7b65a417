//! Small data of one's own making.

use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Mode, Store};
use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant, TimeAxis};
use ndarray::Array3;

use super::START;

/// A Zarr store of `vorticity` on a periodic `size` x `size` grid, twice a day from 2000-01-01 on for
/// `states` times; `fill` is what the store declares missing.
pub fn write(
    path: &Path,
    states: usize,
    size: usize,
    fill: Option<f64>,
    value: impl Fn((usize, usize, usize)) -> f32,
) {
    let points: Vec<f64> = (0..size).map(|i| i as f64).collect();
    write_at(path, states, (points, size as f64), fill, value);
}

/// As [`write()`], at places of one's own along both axes of a box so long.
pub fn write_at(
    path: &Path,
    states: usize,
    (points, length): (Vec<f64>, f64),
    fill: Option<f64>,
    value: impl Fn((usize, usize, usize)) -> f32,
) {
    let size = points.len();
    let grid = Grid::Cartesian {
        y: points.clone(),
        x: points,
        period: Some((length, length)),
    };
    let axis = TimeAxis {
        calendar: Calendar::ProlepticGregorian,
        instants: (0..states as i64)
            .map(|k| Instant(START + 43_200 * k))
            .collect(),
    };
    let mut coordinates = vec![Coordinate::time("time", "time", "time", &axis).unwrap()];
    coordinates.extend(Coordinate::of_grid(&grid));
    let units = Attributes::from_iter([("units".to_owned(), Attribute::from("1"))]);
    let shape = [states as u64, size as u64, size as u64];
    let variable = ArrayPlan {
        name: "vorticity".into(),
        dims: ["time", "y", "x"].map(String::from).to_vec(),
        shape: shape.to_vec(),
        chunks: shape.to_vec(),
        shard: None,
        values: foehn_archive::Element::F32,
        attributes: units.clone(),
        fill,
    };
    let plans = coordinates.iter().map(|c| c.plan.clone()).chain([variable]);
    let store = Store::create(path, &Attributes::new(), plans.collect(), Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    let values = Array3::from_shape_fn((states, size, size), value).into_dyn();
    store
        .write_f32("vorticity", &[0, 0, 0], values.view())
        .unwrap();
    store.finish().unwrap();
}

/// A value that is the same nowhere.
pub fn wave((t, y, x): (usize, usize, usize)) -> f32 {
    (0.3 * t as f32 + 0.7 * y as f32).sin() + (0.2 * t as f32 - 0.9 * x as f32).cos()
}

/// A variable of a store of one's own.
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// How its numbers are kept.
    pub values: Values<'a>,
}

/// Numbers at (time, y, x).
pub enum Values<'a> {
    /// Of double precision, missing where they are NaN.
    Wide(&'a dyn Fn((usize, usize, usize)) -> f64),
    /// Whole numbers n of which `0.01 n + 5` is meant; missing where there is none.
    Packed(&'a dyn Fn((usize, usize, usize)) -> Option<i32>),
}

/// What a packed store has where a value is missing.
const FILL: i32 = -99_900;

/// A Zarr store of several variables on any grid, twice a day from 2000-01-01 on for `states` times.
pub fn write_variables(path: &Path, states: usize, grid: &Grid, variables: &[Variable]) {
    let axis = TimeAxis {
        calendar: Calendar::ProlepticGregorian,
        instants: (0..states as i64)
            .map(|k| Instant(START + 43_200 * k))
            .collect(),
    };
    let mut coordinates = vec![Coordinate::time("time", "time", "time", &axis).unwrap()];
    coordinates.extend(Coordinate::of_grid(grid));
    let (ny, nx) = grid.shape();
    let [y, x] = Coordinate::grid_dims(grid);
    let plan = |variable: &Variable| {
        let mut attributes = Attributes::from_iter([("units".to_owned(), Attribute::from("1"))]);
        let (element, fill) = match variable.values {
            Values::Wide(_) => (foehn_archive::Element::F64, f64::NAN),
            Values::Packed(_) => {
                attributes.insert("scale_factor".into(), Attribute::Float(0.01));
                attributes.insert("add_offset".into(), Attribute::Float(5.0));
                (foehn_archive::Element::I32, f64::from(FILL))
            }
        };
        let mut plan = ArrayPlan::whole(
            variable.name,
            &["time", y, x],
            &[states, ny, nx],
            element,
            attributes,
        );
        plan.fill = Some(fill);
        plan
    };
    let plans = coordinates.iter().map(|c| c.plan.clone());
    let plans = plans.chain(variables.iter().map(plan)).collect();
    let store = Store::create(path, &Attributes::new(), plans, Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    for variable in variables {
        let (name, start, shape) = (variable.name, [0, 0, 0], (states, ny, nx));
        match variable.values {
            Values::Wide(value) => {
                let values = Array3::from_shape_fn(shape, value).into_dyn();
                store.write_f64(name, &start, values.view()).unwrap();
            }
            Values::Packed(value) => {
                let values = Array3::from_shape_fn(shape, |at| value(at).unwrap_or(FILL));
                store
                    .write_i32(name, &start, values.into_dyn().view())
                    .unwrap();
            }
        }
    }
    store.finish().unwrap();
}
