//! From two files to one store: what comes out is what the definitions say.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAILY, Folder, NX, NY, STATES, times, wind, write};
use foehn_archive::open;
use foehn_field::Grid;
use foehn_preparation::Preparation;
use ndarray::{Array3, ArrayD, Axis, s};

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
