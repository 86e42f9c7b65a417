//! Files that make one series, levels, and what a run that goes on must find again.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store, open};
use foehn_field::{Attribute, Attributes, Calendar, Grid, TimeAxis};
use foehn_preparation::{Preparation, PrepareError};
use ndarray::{Array1, Array2, ArrayD};

/// As many levels as latitudes, so that lengths do not tell them apart.
const N: usize = 3;

fn text(pairs: &[(&str, &str)]) -> Attributes {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), Attribute::from(*value));
    pairs.iter().map(pair).collect()
}

fn value(t: usize, level: usize, j: usize, i: usize) -> f32 {
    (1000 * t + 100 * level + 10 * j + i) as f32
}

fn daily(days: Range<usize>) -> TimeAxis {
    let calendar = Calendar::NoLeap;
    let start = calendar.parse("2001-01-01").unwrap();
    let instants = days.map(|day| start.plus(86_400 * day as i64)).collect();
    TimeAxis { calendar, instants }
}

/// Daily states on a grid: t(time, latitude, level, longitude), and t2m with a single height.
fn write(path: &Path, days: Range<usize>, grid: &Grid) {
    let dims = Coordinate::grid_dims(grid);
    let floats = |name: &str, values: Vec<f64>, units: &str| {
        let values = Array1::from_vec(values).into_dyn();
        Coordinate::floats(name, &[name], values, text(&[("units", units)]))
    };
    let mut coordinates = vec![
        Coordinate::time("time", "time", "time", &daily(days.clone())).unwrap(),
        floats("level", vec![500.0, 700.0, 850.0], "hPa"),
        floats("height", vec![2.0], "m"),
    ];
    coordinates.extend(Coordinate::of_grid(grid));
    let (ny, nx) = grid.shape();
    let array = |name: &str, dims: &[&str], shape: &[usize]| {
        ArrayPlan::whole(name, dims, shape, Element::F32, text(&[("units", "K")]))
    };
    let count = days.len();
    let fields = [
        array(
            "t",
            &["time", dims[0], "level", dims[1]],
            &[count, ny, N, nx],
        ),
        array(
            "t2m",
            &["time", "height", dims[0], dims[1]],
            &[count, 1, ny, nx],
        ),
        array("soil", &["level", dims[0], dims[1]], &[N, ny, nx]),
    ];
    let plans = coordinates.iter().map(|c| c.plan.clone()).chain(fields);
    let store = Store::create(path, &Attributes::new(), plans.collect(), Mode::Overwrite).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    let first = days.start;
    let t = ArrayD::from_shape_fn(vec![count, ny, N, nx], |k| {
        value(first + k[0], k[2], k[1], k[3])
    });
    store.write_f32("t", &[0; 4], t.view()).unwrap();
    let near = ArrayD::from_shape_fn(vec![count, 1, ny, nx], |k| {
        value(first + k[0], 9, k[2], k[3])
    });
    store.write_f32("t2m", &[0; 4], near.view()).unwrap();
    store.finish().unwrap();
}

fn globe() -> Grid {
    Grid::Rectilinear {
        latitude: vec![60.0, 30.0, 0.0],
        longitude: vec![0.0, 90.0, 180.0, 270.0],
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        write(&folder.path("a.zarr"), 0..10, &globe());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn plan(&self, text: &str) -> Result<Preparation, PrepareError> {
        let from = self.path("?.zarr");
        let whole = format!("from = {:?}\nchunk = 2\n{text}", from.to_str().unwrap());
        Preparation::open(&toml::from_str(&whole).unwrap())
    }

    /// Prepares at most some chunks.
    fn prepare(&self, text: &str, mode: Mode, most: usize) -> Result<(), PrepareError> {
        let mut done = 0;
        self.plan(text)?
            .write(&self.path("out"), mode, 1, &mut |count| {
                done += count;
                if done < most {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
    }

    fn read(&self, name: &str) -> ArrayD<f32> {
        open(&self.path("out"))
            .unwrap()
            .read_all(name)
            .unwrap()
            .values
    }
}

#[test]
fn levels_are_told_from_latitudes_by_their_coordinates() {
    let folder = Folder::new();
    folder
        .prepare("variables = [\"t\"]", Mode::Create, 99)
        .unwrap();
    for (level, name) in ["t_500", "t_700", "t_850"].into_iter().enumerate() {
        let expected = ArrayD::from_shape_fn(vec![10, N, 4], |k| value(k[0], level, k[1], k[2]));
        assert_eq!(folder.read(name), expected, "{name}");
    }
}

#[test]
fn a_single_height_stays_beside_chosen_pressures() {
    let folder = Folder::new();
    let both = "variables = [\"t\", \"t2m\"]\nlevels = [850]";
    folder.prepare(both, Mode::Create, 99).unwrap();
    let expected = ArrayD::from_shape_fn(vec![10, N, 4], |k| value(k[0], 9, k[1], k[2]));
    assert_eq!(folder.read("t2m"), expected);
    assert_eq!(folder.read("t_850")[[2, 1, 3]], value(2, 2, 1, 3));
    // alone it is not known to be of another kind
    let said = folder
        .plan("variables = [\"t2m\"]\nlevels = [850]")
        .unwrap_err();
    assert!(said.to_string().contains("no level 850"), "{said}");
    let said = folder
        .plan("variables = [\"t\"]\nstatics = [\"soil\"]")
        .unwrap_err();
    assert!(said.to_string().contains("3 values along level"), "{said}");
}

#[test]
fn a_file_with_nothing_in_it_that_is_wanted_is_named() {
    let folder = Folder::new();
    let store = Store::create(
        &folder.path("b.zarr"),
        &Attributes::new(),
        vec![ArrayPlan::whole(
            "other",
            &["n"],
            &[1],
            Element::F32,
            Attributes::new(),
        )],
        Mode::Create,
    );
    store.unwrap().finish().unwrap();
    let said = folder.plan("variables = [\"t\"]").unwrap_err().to_string();
    assert!(
        said.contains("b.zarr") && said.contains("none of t"),
        "{said}"
    );
}

#[test]
fn gaps_are_named_and_latitudes_beyond_the_poles_refused() {
    let folder = Folder::new();
    write(&folder.path("b.zarr"), 12..20, &globe());
    let outline = folder.plan("variables = [\"t\"]").unwrap().outline();
    let said = "1 gap(s) in time, the first between 2001-01-10T00:00:00 and 2001-01-13T00:00:00";
    assert_eq!(
        (outline.gaps, outline.gaps_said.as_deref()),
        (1, Some(said))
    );
    let far = "variables = [\"t\"]\nregrid = { method = \"bilinear\", latitude = [95, 5, -30], longitude = [0, 270, 90] }";
    let said = folder.plan(far).unwrap_err().to_string();
    assert!(
        said.contains("regrid.latitude: 95 is no latitude"),
        "{said}"
    );
}

#[test]
fn a_run_does_not_go_on_from_other_data() {
    let folder = Folder::new();
    let run = |mode, most| folder.prepare("variables = [\"t2m\"]", mode, most);
    assert!(matches!(run(Mode::Create, 2), Err(PrepareError::Stopped)));
    write(&folder.path("a.zarr"), 0..10, &globe());
    let said = run(Mode::Resume, 99).unwrap_err().to_string();
    assert!(
        said.contains("a.zarr has changed") && said.contains("--overwrite"),
        "{said}"
    );
    assert!(matches!(
        run(Mode::Overwrite, 2),
        Err(PrepareError::Stopped)
    ));
    run(Mode::Resume, 99).unwrap();
    // a store that is done stays as it is
    write(&folder.path("a.zarr"), 0..10, &globe());
    run(Mode::Resume, 99).unwrap();
    let marks = folder.path("out").join(".foehn");
    assert!(!marks.exists() && fs::exists(folder.path("out")).unwrap());
}

#[test]
fn anomalies_are_counted_from_a_window_which_is_written() {
    let folder = Folder::new();
    let text = "variables = [\"t2m\"]\nderive.a = { kind = \"anomaly\", of = \"t2m\", window = 2 }";
    folder.prepare(text, Mode::Create, 99).unwrap();
    let (a, reference) = (folder.read("a"), folder.read("a_reference"));
    // a trend of 1000 a day: days 2 to 7 lie in the middle of five, day 0 has the mean of days 0 to 2 (the window
    // reaches into December, which has no state)
    assert_eq!(
        (a[[4, 1, 1]], a[[0, 1, 1]], a[[9, 2, 3]]),
        (0.0, -1000.0, 1000.0)
    );
    assert_eq!(reference[[0, 1, 1]], value(1, 9, 1, 1));
    assert!(reference[[100, 0, 0]].is_nan());
}

#[test]
fn two_dimensional_places_are_named_by_every_field() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let plane = |of: fn(usize, usize) -> f64| Array2::from_shape_fn((N, 4), |(j, i)| of(j, i));
    let grid = Grid::Curvilinear {
        latitude: plane(|j, i| 50.0 + j as f64 + 0.1 * i as f64),
        longitude: plane(|j, i| 5.0 + i as f64 + 0.1 * j as f64),
    };
    write(&folder.path("a.zarr"), 0..4, &grid);
    let text = "variables = [\"t2m\"]\nstatistics = { compute = [\"mean\"] }";
    folder.prepare(text, Mode::Create, 99).unwrap();
    let metadata = |name: &str| {
        let file = folder.path("out").join(name).join("zarr.json");
        let found: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        found["attributes"]["coordinates"].clone()
    };
    for name in ["t2m", "t2m_mean"] {
        assert_eq!(metadata(name), "latitude longitude", "{name}");
    }
    assert!(metadata("latitude").is_null());
}
