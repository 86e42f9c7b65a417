//! Two files of winds on levels, every value of which is known, and a folder to prepare them in.
#![allow(dead_code, clippy::unwrap_used)] // every test file uses a part of it; a failure here is a failed test

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store, open};
use foehn_field::{Attribute, Attributes, Calendar, Grid, TimeAxis};
use foehn_preparation::{Preparation, PrepareConfig, PrepareError};
use ndarray::{Array1, ArrayD};

pub const NY: usize = 5;
pub const NX: usize = 8;
/// Six-hourly states: two years and some, so that days of the year come twice.
pub const STATES: usize = 4 * 800;
/// States in the first of two files; the second begins within a day.
pub const CUT: usize = 4 * 300 + 1;

pub fn latitude() -> Vec<f64> {
    (0..NY).map(|j| 60.0 - 15.0 * j as f64).collect()
}

pub fn longitude() -> Vec<f64> {
    (0..NX).map(|i| 45.0 * i as f64).collect()
}

/// A value that no other place or time has; two of three are missing somewhere.
pub fn wind(component: usize, level: usize, t: usize, j: usize, i: usize) -> f32 {
    if t % 97 == 3 && i == 2 {
        return f32::NAN;
    }
    let hash = (t * 7919 + j * 104_729 + i * 1299 + level * 331 + component * 17) % 2003;
    hash as f32 / 100.0 - 10.0 + t as f32 / 1000.0
}

pub fn times(range: std::ops::Range<usize>) -> TimeAxis {
    let calendar = Calendar::Standard;
    let start = calendar.parse("2001-01-01T00:00").unwrap();
    TimeAxis {
        calendar,
        instants: range.map(|t| start.plus(21_600 * t as i64)).collect(),
    }
}

pub fn label(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Attribute::from(*v)))
        .collect()
}

/// A file with u and v on two levels and an orography.
pub fn write(path: &Path, range: std::ops::Range<usize>) {
    let grid = Grid::Rectilinear {
        latitude: latitude(),
        longitude: longitude(),
    };
    let mut coordinates =
        vec![Coordinate::time("time", "time", "time", &times(range.clone())).unwrap()];
    coordinates.extend(Coordinate::of_grid(&grid));
    let levels = Array1::from_vec(vec![500.0, 850.0]).into_dyn();
    coordinates.push(Coordinate::floats(
        "level",
        &["level"],
        levels,
        label(&[("units", "hPa")]),
    ));
    let winds = ["u", "v"].map(|name| ArrayPlan {
        fill: Some(f64::NAN),
        chunks: vec![50, 2, NY as u64, NX as u64],
        ..ArrayPlan::whole(
            name,
            &["time", "level", "latitude", "longitude"],
            &[range.len(), 2, NY, NX],
            Element::F32,
            label(&[("units", "m s-1")]),
        )
    });
    let orography = ArrayPlan::whole(
        "z",
        &["latitude", "longitude"],
        &[NY, NX],
        Element::F32,
        label(&[("units", "m")]),
    );
    let plans = coordinates
        .iter()
        .map(|c| c.plan.clone())
        .chain(winds)
        .chain([orography])
        .collect();
    let store = Store::create(path, &Attributes::new(), plans, Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    for (component, name) in ["u", "v"].into_iter().enumerate() {
        let values = ArrayD::from_shape_fn(vec![range.len(), 2, NY, NX], |at| {
            wind(component, at[1], range.start + at[0], at[2], at[3])
        });
        store.write_f32(name, &[0, 0, 0, 0], values.view()).unwrap();
    }
    let z = ArrayD::from_shape_fn(vec![NY, NX], |at| (10 * at[0] + at[1]) as f32);
    store.write_f32("z", &[0, 0], z.view()).unwrap();
    store.finish().unwrap();
}

/// Two files, `a.zarr` and `b.zarr`, and what is made of them.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        write(&folder.path("a.zarr"), 0..CUT);
        write(&folder.path("b.zarr"), CUT..STATES);
        folder
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    pub fn config(&self, text: &str) -> PrepareConfig {
        let from = format!("from = \"{}\"\n", self.path("?.zarr").display());
        toml::from_str(&(from + text)).unwrap()
    }

    pub fn prepare(&self, text: &str, output: &str) -> Result<(), PrepareError> {
        let plan = Preparation::open(&self.config(text))?;
        plan.write(&self.path(output), Mode::Create, 2, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    pub fn read(&self, output: &str, name: &str) -> ArrayD<f32> {
        open(&self.path(output))
            .unwrap()
            .read_all(name)
            .unwrap()
            .values
    }
}

pub const DAILY: &str = r#"
variables = ["u", "v"]
levels = [850]
statics = ["z"]
latitude = [0, 45]
longitude = [-90, 50]
resample = { every = "1 day", by = "mean", least_share = 0.5 }
derive.speed = { kind = "speed", u = "u_850", v = "v_850" }
derive.u_anomaly = { kind = "anomaly", of = "u_850", window = 0 }
drop = ["v_850"]
statistics = { compute = ["mean", "standard_deviation", "tendency", "climatology"], period = ["2001-01-01", "2002-12-31"] }
chunk = 30
"#;

/// Every file below a folder with its content.
pub fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(
                content(&path)
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}
