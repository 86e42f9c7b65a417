//! Small NetCDF files with known values.
// each test file uses some of it; a test may panic
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use foehn_dataset::{DataConfig, OneOrMany, Series};
use tempfile::TempDir;

type Law = Box<dyn Fn(usize, usize, usize) -> f32>;

/// A file to be: rectilinear grid from 20 N 0 E in steps of 5 degrees.
pub struct Sketch {
    pub times: Vec<f64>,
    pub units: &'static str,
    pub calendar: &'static str,
    pub grid: (usize, usize),
    pub first_latitude: f64,
    pub fill: Option<f32>,
    /// Levels between time and grid; 0 for no such dimension.
    pub levels: usize,
    pub variables: Vec<(&'static str, Law)>,
    pub statics: Vec<(&'static str, Law)>,
}

impl Sketch {
    /// Daily states from 2001-01-01 on of one variable `t` on a 3 x 4 grid.
    pub fn daily(count: usize, law: impl Fn(usize, usize, usize) -> f32 + 'static) -> Self {
        Self {
            times: (0..count).map(|k| k as f64).collect(),
            units: "days since 2001-01-01",
            calendar: "noleap",
            grid: (3, 4),
            first_latitude: 20.0,
            fill: None,
            levels: 0,
            variables: vec![("t", Box::new(law))],
            statics: Vec::new(),
        }
    }

    pub fn write(&self, folder: &TempDir, name: &str) -> PathBuf {
        let path = folder.path().join(name);
        let mut file = netcdf::create(&path).unwrap();
        let (ny, nx) = self.grid;
        file.add_dimension("time", self.times.len()).unwrap();
        file.add_dimension("lat", ny).unwrap();
        file.add_dimension("lon", nx).unwrap();
        let mut dims = vec!["time", "lat", "lon"];
        if self.levels > 0 {
            file.add_dimension("level", self.levels).unwrap();
            dims.insert(1, "level");
        }
        let mut time = file.add_variable::<f64>("time", &["time"]).unwrap();
        time.put_attribute("units", self.units).unwrap();
        time.put_attribute("calendar", self.calendar).unwrap();
        time.put_values(&self.times, ..).unwrap();
        let axes = [
            ("lat", "degrees_north", ny, self.first_latitude),
            ("lon", "degrees_east", nx, 0.0),
        ];
        for (name, units, count, first) in axes {
            let mut axis = file.add_variable::<f64>(name, &[name]).unwrap();
            axis.put_attribute("units", units).unwrap();
            let values: Vec<f64> = (0..count).map(|k| first + 5.0 * k as f64).collect();
            axis.put_values(&values, ..).unwrap();
        }
        let all = self
            .variables
            .iter()
            .map(|v| (v, self.times.len(), dims.clone()));
        let all = all.chain(self.statics.iter().map(|v| (v, 1, vec!["lat", "lon"])));
        for ((name, law), count, dims) in all {
            let mut variable = file.add_variable::<f32>(name, &dims).unwrap();
            variable.put_attribute("units", "K").unwrap();
            if let Some(fill) = self.fill {
                variable.put_attribute("_FillValue", fill).unwrap();
            }
            let levels = if dims.len() == 4 { self.levels } else { 1 };
            let mut values = Vec::new();
            for t in 0..count {
                for _ in 0..levels {
                    values.extend((0..ny * nx).map(|cell| law(t, cell / nx, cell % nx)));
                }
            }
            variable.put_values(&values, ..).unwrap();
        }
        path
    }
}

/// Sixty days for training, twenty for each other period.
pub fn config(path: &Path) -> DataConfig {
    let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
    DataConfig {
        path: OneOrMany::One(path.to_path_buf()),
        variables: vec!["t".to_owned()],
        step: "1 day".to_owned(),
        train: dates("2001-01-01", "2001-03-01"),
        validation: dates("2001-03-02", "2001-03-21"),
        test: dates("2001-03-22", "2001-04-10"),
        ..DataConfig::default()
    }
}

pub fn open(config: &DataConfig) -> Series {
    Series::open(config, Path::new("")).unwrap()
}

/// The message of the error that opening or reading everything gives.
pub fn refused(config: &DataConfig) -> String {
    let read =
        |series: Series| (0..series.times().len()).try_for_each(|k| series.frame(k).map(|_| ()));
    Series::open(config, Path::new(""))
        .and_then(read)
        .unwrap_err()
        .to_string()
}

/// A value that differs from cell to cell and day to day, without structure.
pub fn rough(t: usize, y: usize, x: usize) -> f32 {
    let mixed = (t * 7919 + y * 104_729 + x * 1_299_709) % 10_007;
    280.0 + mixed as f32 / 500.0
}
