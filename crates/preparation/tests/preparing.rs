//! From two files to one store: what comes out is what the definitions say, however the work is cut or broken off.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store, open};
use foehn_field::{Attribute, Attributes, Calendar, Grid, TimeAxis};
use foehn_preparation::{Preparation, PrepareConfig, PrepareError};
use ndarray::{Array1, Array3, ArrayD, Axis, s};

const NY: usize = 5;
const NX: usize = 8;
/// Six-hourly states: two years and some, so that days of the year come twice.
const STATES: usize = 4 * 800;
/// States in the first of two files; the second begins within a day.
const CUT: usize = 4 * 300 + 1;

fn latitude() -> Vec<f64> {
    (0..NY).map(|j| 60.0 - 15.0 * j as f64).collect()
}

fn longitude() -> Vec<f64> {
    (0..NX).map(|i| 45.0 * i as f64).collect()
}

/// A value that no other place or time has; two of three are missing somewhere.
fn wind(component: usize, level: usize, t: usize, j: usize, i: usize) -> f32 {
    if t % 97 == 3 && i == 2 {
        return f32::NAN;
    }
    let hash = (t * 7919 + j * 104_729 + i * 1299 + level * 331 + component * 17) % 2003;
    hash as f32 / 100.0 - 10.0 + t as f32 / 1000.0
}

fn times(range: std::ops::Range<usize>) -> TimeAxis {
    let calendar = Calendar::Standard;
    let start = calendar.parse("2001-01-01T00:00").unwrap();
    TimeAxis {
        calendar,
        instants: range.map(|t| start.plus(21_600 * t as i64)).collect(),
    }
}

fn label(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Attribute::from(*v)))
        .collect()
}

/// A file with u and v on two levels and an orography.
fn write(path: &Path, range: std::ops::Range<usize>) {
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

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        write(&folder.path("a.zarr"), 0..CUT);
        write(&folder.path("b.zarr"), CUT..STATES);
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn config(&self, text: &str) -> PrepareConfig {
        let from = format!("from = \"{}\"\n", self.path("?.zarr").display());
        toml::from_str(&(from + text)).unwrap()
    }

    fn prepare(&self, text: &str, output: &str) -> Result<(), PrepareError> {
        let plan = Preparation::open(&self.config(text))?;
        plan.write(&self.path(output), Mode::Create, 2, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    fn read(&self, output: &str, name: &str) -> ArrayD<f32> {
        open(&self.path(output))
            .unwrap()
            .read_all(name)
            .unwrap()
            .values
    }
}

const DAILY: &str = r#"
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

/// The daily mean of u at 850 hPa over the region, by the definitions.
fn daily() -> Array3<f32> {
    let columns = [6, 7, 0, 1];
    Array3::from_shape_fn((STATES / 4, 4, 4), |(day, j, i)| {
        let values = (4 * day..4 * day + 4).map(|t| f64::from(wind(0, 1, t, j + 1, columns[i])));
        let known: Vec<f64> = values.filter(|x| !x.is_nan()).collect();
        (known.iter().sum::<f64>() / known.len() as f64) as f32
    })
}

fn assert_near(a: &ArrayD<f32>, b: &ArrayD<f32>, tolerance: f32) {
    assert_eq!(a.shape(), b.shape());
    for (at, x) in a.indexed_iter() {
        assert!(
            (x - b[&at]).abs() <= tolerance || (x.is_nan() && b[&at].is_nan()),
            "{at:?}: {x} {}",
            b[&at]
        );
    }
}

#[test]
fn daily_means_of_a_region_with_statistics_and_anomalies() {
    let folder = Folder::new();
    folder.prepare(DAILY, "out.zarr").unwrap();
    let archive = open(&folder.path("out.zarr")).unwrap();
    let Grid::Rectilinear {
        latitude,
        longitude,
    } = archive.grid("u_850").unwrap()
    else {
        panic!("another grid")
    };
    assert_eq!(
        (latitude, longitude),
        (vec![45.0, 30.0, 15.0, 0.0], vec![-90.0, -45.0, 0.0, 45.0])
    );
    assert!(archive.variable("v_850").is_err(), "it was to be dropped");
    let u = daily();
    assert_eq!(folder.read("out.zarr", "u_850"), u.clone().into_dyn());
    assert_eq!(
        folder.read("out.zarr", "z"),
        ArrayD::from_shape_fn(vec![4, 4], |at| (10 * (at[0] + 1) + [6, 7, 0, 1][at[1]])
            as f32)
    );
    // statistics of the first two years
    let two = u.slice(s![..730, .., ..]).mapv(f64::from);
    let single = |x: ndarray::Array2<f64>| x.mapv(|x| x as f32).into_dyn();
    assert_near(
        &folder.read("out.zarr", "u_850_mean"),
        &single(two.mean_axis(Axis(0)).unwrap()),
        1e-6,
    );
    assert_near(
        &folder.read("out.zarr", "u_850_standard_deviation"),
        &single(two.std_axis(Axis(0), 0.0)),
        1e-6,
    );
    let steps = &two.slice(s![1.., .., ..]) - &two.slice(s![..-1, .., ..]);
    assert_near(
        &folder.read("out.zarr", "u_850_tendency_mean"),
        &single(steps.mean_axis(Axis(0)).unwrap()),
        1e-6,
    );
    assert_near(
        &folder.read("out.zarr", "u_850_tendency_standard_deviation"),
        &single(steps.std_axis(Axis(0), 0.0)),
        1e-6,
    );
    let climatology = folder.read("out.zarr", "u_850_climatology");
    assert_eq!(climatology.shape(), [366, 4, 4]);
    let both = (&two.slice(s![..365, .., ..]) + &two.slice(s![365.., .., ..])) / 2.0;
    assert_near(
        &climatology.slice(s![..365, .., ..]).to_owned().into_dyn(),
        &both.mapv(|x| x as f32).into_dyn(),
        1e-6,
    );
    assert!(
        climatology
            .index_axis(Axis(0), 365)
            .iter()
            .all(|x| x.is_nan()),
        "no leap year"
    );
    let anomaly = Array3::from_shape_fn(u.dim(), |(t, j, i)| {
        u[[t, j, i]] - climatology[[t % 365, j, i]]
    });
    assert_near(
        &folder.read("out.zarr", "u_anomaly"),
        &anomaly.into_dyn(),
        1e-6,
    );
}

/// Every file below a folder with its content.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
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

#[test]
fn pieces_of_any_size_and_work_broken_off_anywhere_give_the_same_bytes() {
    let folder = Folder::new();
    folder.prepare(DAILY, "out.zarr").unwrap();
    let reference = content(&folder.path("out.zarr"));
    // one state at a time, and sums in a file
    folder
        .prepare(&format!("{DAILY}memory = \"1 B\""), "small.zarr")
        .unwrap();
    assert!(content(&folder.path("small.zarr")) == reference);
    for stop in [1, 2, 7, 26, 27, 30, 53] {
        let plan = Preparation::open(&folder.config(DAILY)).unwrap();
        let path = folder.path(&format!("stopped-{stop}.zarr"));
        let mut left = stop;
        let mut watch = |done: usize| {
            left -= done.min(left);
            if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        assert!(matches!(
            plan.write(&path, Mode::Create, 1, &mut watch),
            Err(PrepareError::Stopped)
        ));
        plan.write(&path, Mode::Resume, 2, &mut |_| ControlFlow::Continue(()))
            .unwrap();
        assert!(content(&path) == reference, "stopped after {stop}");
    }
}

#[test]
fn a_plain_copy_keeps_every_value_on_every_level() {
    let folder = Folder::new();
    folder.prepare("variables = [\"v\"]", "copy.zarr").unwrap();
    for (level, name) in ["v_500", "v_850"].into_iter().enumerate() {
        let exact = ArrayD::from_shape_fn(vec![STATES, NY, NX], |at| {
            wind(1, level, at[0], at[1], at[2])
        });
        assert_eq!(
            folder.read("copy.zarr", name).mapv(f32::to_bits),
            exact.mapv(f32::to_bits)
        );
    }
    assert_eq!(
        open(&folder.path("copy.zarr"))
            .unwrap()
            .times("v_500")
            .unwrap()
            .instants,
        times(0..STATES).instants
    );
}

#[test]
fn regridding_comes_before_deriving_and_resampling() {
    let folder = Folder::new();
    let text = r#"
        variables = ["u", "v"]
        levels = [500]
        regrid = { method = "conservative", latitude = [45, 15, -30], longitude = [22.5, 292.5, 90] }
        derive.speed = { kind = "speed", u = "u_500", v = "v_500" }
        period = ["2001-01-02", "2001-01-03"]
    "#;
    folder.prepare(text, "coarse.zarr").unwrap();
    let [u, v, speed] = ["u_500", "v_500", "speed"].map(|name| folder.read("coarse.zarr", name));
    assert_eq!(u.shape(), [8, 2, 4]);
    // the cell from 30 to 60 N holds half of the rows at 60 and 30 and all of that at 45; two columns each
    let sine = |degrees: f64| degrees.to_radians().sin();
    let weights = [
        (0, sine(60.0) - sine(52.5)),
        (1, sine(52.5) - sine(37.5)),
        (2, sine(37.5) - sine(30.0)),
    ];
    let t = 4;
    let mean = |component: usize| {
        let sum: f64 = weights
            .iter()
            .map(|(j, w)| {
                w * (0..2)
                    .map(|i| f64::from(wind(component, 0, t, *j, i)))
                    .sum::<f64>()
                    / 2.0
            })
            .sum();
        (sum / (sine(60.0) - sine(30.0))) as f32
    };
    assert!((u[[0, 0, 0]] - mean(0)).abs() < 1e-5 && (v[[0, 0, 0]] - mean(1)).abs() < 1e-5);
    assert_eq!(speed[[0, 0, 0]], u[[0, 0, 0]].hypot(v[[0, 0, 0]]));
}

#[test]
fn what_cannot_be_prepared_is_refused_with_the_key_or_the_file() {
    let folder = Folder::new();
    let refused = |text: &str| folder.prepare(text, "no.zarr").unwrap_err().to_string();
    for (text, said) in [
        ("variables = []", "foehn inspect"),
        ("variables = [\"w\"]", "w"),
        ("variables = [\"u\"]\nlevels = [700]", "[500.0, 850.0]"),
        (
            "variables = [\"u\"]\nlatitude = [70, 80]",
            "prepare.latitude",
        ),
        (
            "variables = [\"u\"]\nperiod = [\"1990-01-01\", \"1991-01-01\"]",
            "prepare.period",
        ),
        (
            "variables = [\"u\"]\nderive.x = { kind = \"speed\", u = \"u_500\", v = \"v_500\" }",
            "v_500",
        ),
        (
            "variables = [\"u\"]\nresample = { every = \"7 hours\", by = \"mean\" }",
            "multiple",
        ),
        (
            "variables = [\"u\"]\nstatistics.period = [\"1990-01-01\", \"1990-12-31\"]",
            "prepare.statistics.period: no state lies between 1990-01-01 and 1990-12-31; the states go from 2001-01-01",
        ),
        ("variables = [\"z\"]", "prepare.statics"),
        ("variables = [\"u\"]\nstatics = [\"v\"]", "prepare.statics"),
        (
            "variables = [\"u\"]\nregrid = { method = \"bilinear\", latitude = [0, 45, 10], longitude = [0, 90, 45] }",
            "regrid.latitude",
        ),
    ] {
        assert!(refused(text).contains(said), "{}", refused(text));
    }
    assert!(!folder.path("no.zarr").exists());
    write(&folder.path("c.zarr"), 10..20);
    let overlap = refused("variables = [\"u\"]");
    assert!(
        overlap.contains("2001-01-03T12:00:00") && overlap.contains("c.zarr"),
        "{overlap}"
    );
}

#[test]
fn a_chunk_is_no_longer_than_the_states() {
    let folder = Folder::new();
    let config = folder.config("variables = [\"u\"]\nchunk = 100000000000");
    assert_eq!(Preparation::open(&config).unwrap().outline().chunk, STATES);
}
