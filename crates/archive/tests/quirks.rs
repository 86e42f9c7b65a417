//! What other people's files do: names of dimensions, numpy's times, texts, odd fill values.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use foehn_archive::{Archive, OpenError, ReadError, Role, open};
use serde_json::{Value, json};

/// Adds an array of v2 with one chunk, or none, to a folder.
fn array(root: &Path, name: &str, dims: &[&str], keys: &Value, labels: &Value, chunk: &[u8]) {
    let shape = vec![2; dims.len()];
    let mut metadata = json!({"zarr_format": 2, "shape": shape, "chunks": shape, "dtype": "<f4",
        "compressor": null, "fill_value": null, "order": "C", "filters": null});
    let all = metadata.as_object_mut().unwrap();
    all.extend(keys.as_object().unwrap().clone());
    let mut attributes = labels.clone();
    attributes["_ARRAY_DIMENSIONS"] = json!(dims);
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(root.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    fs::write(folder.join(".zarray"), metadata.to_string()).unwrap();
    fs::write(folder.join(".zattrs"), attributes.to_string()).unwrap();
    if !chunk.is_empty() {
        let key = vec!["0"; dims.len().max(1)].join(".");
        fs::write(folder.join(key), chunk).unwrap();
    }
}

fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn one(keys: &Value, labels: &Value, chunk: &[u8]) -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    array(folder.path(), "v", &["x"], keys, labels, chunk);
    let archive = open(folder.path()).unwrap();
    (folder, archive)
}

#[test]
fn dimensions_are_known_by_the_names_people_give_them() {
    use Role::{Init, Lead, Level, Member, Other, Place, Time, X, Y};
    let known: [(&[&str], &[Role]); 10] = [
        (&["S", "L", "M", "Y", "X"], &[Init, Lead, Member, Y, X]),
        (
            &["init_time", "lead_time", "member", "lat", "lon"],
            &[Init, Lead, Member, Y, X],
        ),
        // the start of a forecast is called time
        (
            &["time", "prediction_timedelta", "number", "level"],
            &[Init, Lead, Member, Level],
        ),
        (
            &["time", "step", "ensemble", "isobaricInhPa"],
            &[Init, Lead, Member, Level],
        ),
        (
            &["forecast_reference_time", "forecast_period", "realization"],
            &[Init, Lead, Member],
        ),
        (&["time", "sample", "station"], &[Time, Member, Place]),
        (&["valid_time", "latitude", "longitude"], &[Time, Y, X]),
        (&["init_time", "valid_time"], &[Init, Time]),
        (
            &["time", "realisation", "rlat", "rlon"],
            &[Time, Member, Y, X],
        ),
        (&["something", "bnds"], &[Other, Other]),
    ];
    for (dims, roles) in known {
        let folder = tempfile::tempdir().unwrap();
        array(folder.path(), "v", dims, &json!({}), &json!({}), &[]);
        let archive = open(folder.path()).unwrap();
        assert_eq!(archive.roles("v").unwrap(), roles, "{dims:?}");
    }
}

#[test]
fn attributes_decide_before_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let with = |name: &str, labels: &Value| array(root, name, &[name], &json!({}), labels, &[]);
    // M is a month here, time is a lead, and k is the member
    with(
        "M",
        &json!({"units": "days since 2000-01-01", "standard_name": "forecast_reference_time"}),
    );
    with(
        "time",
        &json!({"units": "hours", "standard_name": "forecast_period"}),
    );
    with("k", &json!({"standard_name": "realization"}));
    with("p", &json!({"units": "hPa", "positive": "down"}));
    with("j", &json!({"units": "degrees_north"}));
    with("i", &json!({"units": "degreesE"}));
    array(
        root,
        "t",
        &["M", "time", "k", "p", "j", "i"],
        &json!({}),
        &json!({}),
        &[],
    );
    // points: latitude and longitude on one dimension
    array(
        root,
        "slat",
        &["n"],
        &json!({}),
        &json!({"units": "degrees_north"}),
        &[],
    );
    array(
        root,
        "slon",
        &["n"],
        &json!({}),
        &json!({"units": "degrees_east"}),
        &[],
    );
    array(
        root,
        "obs",
        &["M", "n"],
        &json!({}),
        &json!({"coordinates": "slat slon"}),
        &[],
    );
    let archive = open(root).unwrap();
    let roles = [
        Role::Init,
        Role::Lead,
        Role::Member,
        Role::Level,
        Role::Y,
        Role::X,
    ];
    assert_eq!(archive.roles("t").unwrap(), roles);
    assert_eq!(archive.roles("obs").unwrap(), [Role::Init, Role::Place]);
}

#[test]
fn the_times_and_spans_of_numpy_are_times_and_leads() {
    let day = 86_400_000_000_000;
    let (_kept, archive) = one(
        &json!({"dtype": "<M8[ns]"}),
        &json!({}),
        &longs(&[0, 366 * day]),
    );
    let times = archive.times("v").unwrap();
    let dates = times
        .instants
        .iter()
        .map(|t| times.calendar.date(*t).to_string());
    assert_eq!(
        dates.collect::<Vec<_>>(),
        ["1970-01-01T00:00:00", "1971-01-02T00:00:00"]
    );
    let (_kept, archive) = one(&json!({"dtype": "<m8[h]"}), &json!({}), &longs(&[6, 12]));
    assert_eq!(archive.leads("v").unwrap(), [21_600, 43_200]);
    let folder = tempfile::tempdir().unwrap();
    let hours = json!({"dtype": "<m8[h]"});
    array(folder.path(), "lag", &["lag"], &hours, &json!({}), &[]);
    let archive = open(folder.path()).unwrap();
    assert_eq!(archive.roles("lag").unwrap(), [Role::Lead]);
    // not a time
    let (_kept, archive) = one(
        &json!({"dtype": "<m8[s]"}),
        &json!({}),
        &longs(&[7, i64::MIN]),
    );
    assert_eq!(archive.read_all("v").unwrap().missing_count(), 1);
    assert!(matches!(archive.leads("v"), Err(ReadError::Time { .. })));
    // leads as xarray writes them
    let labels = json!({"units": "days", "dtype": "timedelta64[ns]"});
    let (_kept, archive) = one(&json!({"dtype": "<i8"}), &labels, &longs(&[1, 2]));
    assert_eq!(archive.leads("v").unwrap(), [86_400, 172_800]);
    let (_kept, archive) = one(
        &json!({"dtype": "<i8"}),
        &json!({"units": "months"}),
        &longs(&[1, 2]),
    );
    assert!(
        archive
            .leads("v")
            .unwrap_err()
            .to_string()
            .contains("months")
    );
}

#[test]
fn texts_of_every_kind_are_read() {
    let wide: Vec<u8> = "abé\0xyz\0"
        .chars()
        .flat_map(|c| (c as u32).to_le_bytes())
        .collect();
    let (_kept, archive) = one(&json!({"dtype": "<U4"}), &json!({}), &wide);
    let texts = archive.read_texts("v").unwrap();
    assert_eq!(texts.into_raw_vec_and_offset().0, ["abé", "xyz"]);
    let error = archive.read_all("v").unwrap_err().to_string();
    assert!(
        error.contains("string") && error.contains("numbers"),
        "{error}"
    );
    let keys = json!({"dtype": "|O", "filters": [{"id": "vlen-utf8"}], "fill_value": ""});
    let chunk = b"\x02\0\0\0\x01\0\0\0a\x03\0\0\0bcd";
    let (_kept, archive) = one(&keys, &json!({}), chunk);
    let texts = archive.read_texts("v").unwrap();
    assert_eq!(texts.into_raw_vec_and_offset().0, ["a", "bcd"]);
}

#[test]
fn odd_fill_values_neither_fail_nor_mask() {
    // NaN as the fill value of integers: nothing is missing
    let shorts = |values: [i16; 2]| values.map(i16::to_le_bytes).concat();
    let (_kept, archive) = one(
        &json!({"dtype": "<i2"}),
        &json!({"_FillValue": "NaN"}),
        &shorts([0, 7]),
    );
    match archive.read_all("v") {
        Ok(field) => assert_eq!((field.missing_count(), field.values[1]), (0, 7.0)),
        Err(error) => panic!("{error}"),
    }
    // both kinds of missing values, as a list
    let labels = json!({"_FillValue": -1, "missing_value": [-2, 7]});
    let (_kept, archive) = one(&json!({"dtype": "<i2"}), &labels, &shorts([-1, 7]));
    assert_eq!(archive.read_all("v").unwrap().missing_count(), 2);
    let halves = [0x3c00_u16, 0x7e00].map(u16::to_le_bytes).concat();
    let (_kept, archive) = one(&json!({"dtype": "<f2"}), &json!({}), &halves);
    let field = archive.read_all("v").unwrap();
    assert_eq!(
        (field.values[0], field.undeclared_nan()),
        (1.0, Some(vec![1]))
    );
    let (_kept, archive) = one(&json!({"dtype": "|b1"}), &json!({}), &[0, 1]);
    assert_eq!(archive.read_all("v").unwrap().values.sum(), 1.0);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let unreadable = [
        (json!({"compressor": {"id": "snappy9"}}), "snappy9"),
        (json!({"filters": [{"id": "quantum"}]}), "quantum"),
        (json!({"dtype": [["a", "<f4"], ["b", "<i2"]]}), "compound"),
        (json!({"dtype": "<c8"}), "complex64"),
    ];
    for (keys, named) in unreadable {
        let (_kept, archive) = one(&keys, &json!({}), &[0; 16]);
        let error = archive.read_all("v").unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
    // a shape that no memory holds
    let folder = tempfile::tempdir().unwrap();
    let keys = json!({"shape": [u64::MAX], "chunks": [2]});
    array(folder.path(), "v", &["x"], &keys, &json!({}), &[]);
    assert!(matches!(
        open(folder.path()),
        Err(OpenError::Damaged { .. })
    ));
    // an object store needs a feature of the build
    if cfg!(not(feature = "object-stores")) {
        let error = open(Path::new("s3://bucket/x.zarr"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("--features object-stores"), "{error}");
    }
}

#[test]
fn differences_are_summed_across_the_parts_of_a_large_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("squares.zarr");
    fs::create_dir(&path).unwrap();
    let metadata = r#"{"zarr_format":2,"shape":[20000],"chunks":[10000],"dtype":"<i4","compressor":null,"fill_value":null,
        "order":"C","filters":[{"id":"delta","dtype":"<i4","astype":"<i2"}]}"#;
    fs::write(path.join(".zarray"), metadata).unwrap();
    // k^2 from 0 on, and as much less: its differences are 2 k - 1
    for (chunk, sign) in [("0", 1), ("1", -1)] {
        let stored = (0..10_000_i32).map(|k| (sign * if k == 0 { 0 } else { 2 * k - 1 }) as i16);
        let bytes: Vec<u8> = stored.flat_map(i16::to_le_bytes).collect();
        fs::write(path.join(chunk), bytes).unwrap();
    }
    let values = open(&path).unwrap().read_f64("squares").unwrap();
    for (k, x) in values.iter().enumerate() {
        let square = (k % 10_000 * (k % 10_000)) as f64;
        assert_eq!(*x, if k < 10_000 { square } else { -square }, "{k}");
    }
}
