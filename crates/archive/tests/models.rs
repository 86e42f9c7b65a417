//! Times and grids as models write them, and stores that only look like Zarr.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use foehn_archive::{OpenError, ReadError, open};
use foehn_field::Grid;
use netcdf::{FileMut, NcTypeDescriptor};

/// A file in a folder that goes with it.
fn file(fill: impl FnOnce(&mut FileMut)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.nc");
    let mut file = netcdf::create(&path).unwrap();
    fill(&mut file);
    drop(file);
    (folder, path)
}

fn put<T: NcTypeDescriptor>(
    file: &mut FileMut,
    name: &str,
    dims: &[&str],
    labels: &[(&str, &str)],
    values: &[T],
) {
    let mut variable = file.add_variable::<T>(name, dims).unwrap();
    for (key, text) in labels {
        variable.put_attribute(key, *text).unwrap();
    }
    variable.put_values(values, ..).unwrap();
}

fn dates(path: &Path, variable: &str) -> Vec<String> {
    let (axis, times) = open(path).unwrap().valid_times(variable).unwrap().unwrap();
    assert_eq!(axis, 0);
    let date = |t: &foehn_field::Instant| times.calendar.date(*t).to_string();
    times.instants.iter().map(date).collect()
}

const STARTS: &[(&str, &str)] = &[
    ("standard_name", "forecast_reference_time"),
    ("units", "hours since 2001-01-01"),
];

#[test]
fn states_of_one_lead_are_valid_at_their_starts_and_the_lead() {
    // cfgrib writes starts as time, with one step beside them
    let lead = &[("standard_name", "forecast_period"), ("units", "hours")];
    let (_folder, path) = file(|file| {
        file.add_dimension("time", 2).unwrap();
        put(file, "time", &["time"], STARTS, &[0.0, 12.0]);
        put(file, "step", &[], lead, &[6.0]);
        put(file, "tp", &["time"], &[], &[1.0_f32, 2.0]);
    });
    assert_eq!(
        dates(&path, "tp"),
        ["2001-01-01T06:00:00", "2001-01-01T18:00:00"]
    );
    // times of validity beside the starts decide
    let valid = &[
        ("standard_name", "time"),
        ("units", "hours since 2001-01-02"),
    ];
    let (_folder, path) = file(|file| {
        file.add_dimension("time", 2).unwrap();
        put(file, "time", &["time"], STARTS, &[0.0, 12.0]);
        put(file, "valid_time", &["time"], valid, &[3.0, 15.0]);
        put(file, "tp", &["time"], &[], &[1.0_f32, 2.0]);
    });
    assert_eq!(
        dates(&path, "tp"),
        ["2001-01-02T03:00:00", "2001-01-02T15:00:00"]
    );
    // where leads have a dimension, starts stay starts
    let (_folder, path) = file(|file| {
        file.add_dimension("time", 2).unwrap();
        file.add_dimension("step", 1).unwrap();
        put(file, "time", &["time"], STARTS, &[0.0, 12.0]);
        put(file, "step", &["step"], lead, &[6.0]);
        put(file, "tp", &["time", "step"], &[], &[1.0_f32, 2.0]);
    });
    assert_eq!(
        dates(&path, "tp"),
        ["2001-01-01T00:00:00", "2001-01-01T12:00:00"]
    );
}

#[test]
fn wrf_writes_times_as_text_and_positions_at_every_time() {
    let north = &[("units", "degree_north")];
    let east = &[("units", "degree_east")];
    let build = |shift: f32| {
        file(|file| {
            for (name, length) in [("Time", 2), ("south_north", 2), ("west_east", 3)] {
                file.add_dimension(name, length).unwrap();
            }
            let mut texts = file.add_string_variable("Times", &["Time"]).unwrap();
            texts.put_string("2000-01-24_12:00:00", 0).unwrap();
            texts.put_string("2000-01-24_13:00:00", 1).unwrap();
            let plane = ["Time", "south_north", "west_east"];
            let latitude = [40.0, 40.0, 40.5, 41.0, 41.0, 41.5];
            let longitude = [5.0, 6.0, 7.0, 5.1, 6.1, 7.1];
            let moved: Vec<f32> = latitude.iter().map(|x| x + shift).collect();
            put(
                file,
                "XLAT",
                &plane,
                north,
                &[&latitude[..], &moved].concat(),
            );
            put(
                file,
                "XLONG",
                &plane,
                east,
                &[longitude, longitude].concat(),
            );
            put(file, "T2", &plane, &[], &[280.0_f32; 12]);
        })
    };
    let (_folder, path) = build(0.0);
    assert_eq!(
        dates(&path, "T2"),
        ["2000-01-24T12:00:00", "2000-01-24T13:00:00"]
    );
    let (grid, axes) = open(&path).unwrap().placed_grid("T2").unwrap();
    assert_eq!(axes, [1, 2]);
    let Grid::Curvilinear {
        latitude,
        longitude,
    } = grid
    else {
        panic!("{grid:?}");
    };
    assert_eq!((latitude[[1, 2]], longitude[[0, 2]]), (41.5, 7.0));
    let (_folder, path) = build(0.25);
    let refused = open(&path).unwrap().placed_grid("T2").unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("XLAT differs between Time[0] and [1]"),
        "{refused}"
    );
}

#[test]
fn radians_are_turned_into_degrees_and_metres_refused() {
    let build = |units: &str| {
        file(|file| {
            file.add_dimension("lat", 3).unwrap();
            file.add_dimension("lon", 2).unwrap();
            let labels = |name| [("standard_name", name), ("units", units)];
            let third = std::f64::consts::FRAC_PI_3;
            put(
                file,
                "lat",
                &["lat"],
                &labels("latitude"),
                &[third, third / 2.0, 0.0],
            );
            put(file, "lon", &["lon"], &labels("longitude"), &[0.0, third]);
            put(file, "t", &["lat", "lon"], &[], &[0.0_f32; 6]);
        })
    };
    let (_folder, path) = build("radians");
    let Grid::Rectilinear {
        latitude,
        longitude,
    } = open(&path).unwrap().grid("t").unwrap()
    else {
        panic!("not on lines");
    };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    close(latitude[0], 60.0);
    close(latitude[1], 30.0);
    close(longitude[1], 60.0);
    let (_folder, path) = build("m");
    let refused = open(&path).unwrap().grid("t").unwrap_err();
    assert!(
        matches!(&refused, ReadError::NoGrid { why, .. } if why.contains("\"m\"")),
        "{refused}"
    );
}

#[test]
fn numpys_nat_is_missing_in_spans_and_times() {
    let (_folder, path) = file(|file| {
        file.add_dimension("n", 2).unwrap();
        let spans = &[("dtype", "timedelta64[ns]"), ("units", "hours")];
        put(file, "td", &["n"], spans, &[3, i64::MIN]);
        let times = &[("units", "seconds since 1970-01-01")];
        put(file, "dt", &["n"], times, &[i64::MIN, 7]);
    });
    let archive = open(&path).unwrap();
    let (spans, times) = (
        archive.read_f64("td").unwrap(),
        archive.read_f64("dt").unwrap(),
    );
    assert!(spans[0] == 3.0 && spans[1].is_nan(), "{spans}");
    assert!(times[0].is_nan() && times[1] == 7.0, "{times}");
    assert_eq!(archive.read_all("td").unwrap().missing_count(), 1);
    let refused = archive.times("dt").unwrap_err().to_string();
    assert!(
        refused.contains("a time axis must be complete"),
        "{refused}"
    );
}

#[test]
fn months_are_leads_where_all_have_one_length() {
    let build = |calendar: &str| {
        file(|file| {
            file.add_dimension("S", 1).unwrap();
            file.add_dimension("L", 2).unwrap();
            let starts = [("units", "months since 1960-01-01"), ("calendar", calendar)];
            put(file, "S", &["S"], &starts, &[12.0]);
            put(file, "L", &["L"], &[("units", "months")], &[0.5, 1.5]);
        })
    };
    let (_folder, path) = build("360_day");
    assert_eq!(
        open(&path).unwrap().leads("L").unwrap(),
        [15 * 86_400, 45 * 86_400]
    );
    let (_folder, path) = build("standard");
    assert!(
        open(&path)
            .unwrap()
            .leads("L")
            .unwrap_err()
            .to_string()
            .contains("varies")
    );
}

fn said(path: &Path) -> String {
    match open(path).unwrap_err() {
        OpenError::NotAnArchive { found, .. } => found,
        error => panic!("{error}"),
    }
}

#[test]
fn what_only_looks_like_data_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (content, word) in [
        (
            "version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        ("<!DOCTYPE html><html>", "web page"),
        ("{\"version\": 1, \"refs\": {}}", "kerchunk"),
        ("BUFR\0\0\0\u{4}", "BUFR"),
        ("II*\0\u{8}\0\0\0", "TIFF"),
        ("0001\r\r\nSDUS01 KWBC 010000\r\r\nGRIB\0\0\0\u{1}", "GRIB"),
        ("plain words", "begins with \"plain wo\""),
    ] {
        fs::write(at("f.nc"), content).unwrap();
        let found = said(&at("f.nc"));
        assert!(found.contains(word), "{content:?}: {found}");
    }
    let references = r#"{"metadata": {".zgroup": {"zarr_format": 2}}, "record_size": 1000}"#;
    fs::create_dir(at("k.parq")).unwrap();
    fs::write(at("k.parq/.zmetadata"), references).unwrap();
    assert!(said(&at("k.parq")).contains("kerchunk"));
    for part in ["refs", "snapshots", "manifests"] {
        fs::create_dir_all(at("ice").join(part)).unwrap();
    }
    assert!(said(&at("ice")).contains("Icechunk"));
    assert!(said(&at("*.nc")).contains("pattern"));
    let ftp = open(Path::new("ftp://example.org/f.nc"))
        .unwrap_err()
        .to_string();
    assert!(ftp.contains("addresses of ftp are not read"), "{ftp}");
}

#[test]
fn a_zip_of_files_says_what_it_holds() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("download.nc");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("data_stream-oper.nc", options).unwrap();
    zip.write_all(b"CDF").unwrap();
    zip.finish().unwrap();
    let found = said(&path);
    assert!(
        found.contains("holds data_stream-oper.nc; unpack it"),
        "{found}"
    );
}

#[test]
fn a_netcdf_4_file_that_ends_early_is_said_to() {
    let (_folder, path) = file(|file| {
        file.add_dimension("n", 1000).unwrap();
        put(file, "v", &["n"], &[], &vec![1.5_f64; 1000]);
    });
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 900]).unwrap();
    let cut = open(&path).unwrap_err().to_string();
    assert!(cut.contains("cut off after"), "{cut}");
}

#[test]
#[cfg(unix)]
fn a_pipe_is_refused_rather_than_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.nc");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    assert!(said(&path).contains("pipe"));
}
