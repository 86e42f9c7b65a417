//! Parquet tables as pandas, pyarrow and polars write them (`parquet/make.py`), against the same cases as text.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use foehn_calibration::{ColumnMap, Table};

const MAP: &str = r#"
station = "station"
date = "date"
members = ["m*"]
observation = "obs"
units = "K"
observation_units = "K"
latitude = "lat"
"#;

const TEXT: &str = "station,date,m1,m2,obs,lat
A,2004-01-01,1.5,1,1,46.5
B,2004-01-01T12:00,,2,2,47.25
A,2004-01-02,0.1,3,,46.5
B,2004-01-02T12:00,0.001,4,4,47.25
A,2004-01-03,-7.25,5,5,46.5
B,2004-01-03T12:00,3,6,6,47.25
";

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet");
    folder.join(format!("{name}.parquet"))
}

fn map() -> ColumnMap {
    toml::from_str(MAP).unwrap()
}

fn read(path: &Path) -> Result<Table, String> {
    Table::read_parquet(File::open(path).unwrap(), &map()).map_err(|e| e.to_string())
}

/// All numbers to the bit, NaN where missing; as 32-bit floats where they are stored so.
fn assert_same(found: &Table, expected: &Table, name: &str) {
    let (a, b) = (found.columns(), expected.columns());
    assert_eq!((&a.dates, &a.station), (&b.dates, &b.station), "{name}");
    let bits = |table: &Table| -> Vec<u64> {
        let of = table.columns();
        let numbers = of.members.iter().chain(&of.observations);
        let stored = |x: &f64| {
            if name == "polars" {
                f64::from(*x as f32)
            } else {
                *x
            }
        };
        numbers
            .map(|x| if x.is_nan() { 1 } else { stored(x).to_bits() })
            .collect()
    };
    assert_eq!(bits(found), bits(expected), "{name}");
    let latitudes = |of: &Table| {
        of.cases()
            .map(|case| case.station.latitude)
            .collect::<Vec<_>>()
    };
    assert_eq!(latitudes(found), latitudes(expected), "{name}");
}

#[test]
fn every_codec_and_kind_of_time_gives_the_same_cases() {
    let expected = Table::read_csv(TEXT.as_bytes(), &map()).unwrap();
    for name in [
        "pandas_snappy",
        "pandas_zstd",
        "pandas_gzip",
        "pandas_uncompressed",
        "polars",
        "pyarrow_ms",
        "pyarrow_us",
        "pyarrow_ns",
        "pyarrow_ms_utc",
        "pyarrow_us_utc",
        "pyarrow_ns_utc",
        "dates_as_text",
    ] {
        assert_same(&read(&path(name)).unwrap(), &expected, name);
    }
    let days = read(&path("days")).unwrap();
    assert_same(
        &days,
        &expected.filter(|case| case.station.name == "A"),
        "days",
    );
    let numbered = TEXT.replace("A,", "10,").replace("B,", "20,");
    let numbered = Table::read_csv(numbered.as_bytes(), &map()).unwrap();
    let found = read(&path("stations_as_integers")).unwrap();
    assert_same(&found, &numbered, "stations_as_integers");
    assert_eq!(found.columns().stations[1].name, "20");
}

#[test]
fn what_is_no_number_or_time_is_refused_by_name() {
    for (name, words) in [
        ("decimal", ["m2", "decimals"]),
        ("list", ["m2", "lists"]),
        ("boolean", ["m2", "BOOLEAN"]),
        ("time", ["m2", "times of day"]),
        ("part_of_a_second", ["line 1", "5/1000000 s"]),
    ] {
        let error = read(&path(name)).unwrap_err();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
    let mut wrong = map();
    wrong.observation = "truth".to_owned();
    let file = File::open(path("polars")).unwrap();
    let error = Table::read_parquet(file, &wrong).unwrap_err().to_string();
    assert!(error.contains("truth") && error.contains("obs"), "{error}");
}

/// Cut short at any place, or with any one byte changed: an error or a table, never a panic.
#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.parquet");
    for name in ["polars", "pandas_zstd", "pyarrow_us"] {
        let whole = fs::read(path(name)).unwrap();
        for end in (0..whole.len()).step_by(7) {
            fs::write(&damaged, &whole[..end]).unwrap();
            assert!(read(&damaged).is_err(), "{name} {end}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            fs::write(&damaged, &bytes).unwrap();
            let _ = read(&damaged);
        }
    }
}
