//! Reading: refusals, and every file of the readers' collection.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use foehn_archive::{OpenError, ReadError, open};

fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no real data in {} (set FOEHN_SHARED_DATA)",
        folder.display()
    );
    None
}

/// A classic file by hand: dimension `x` of 10, variable `t(x)` of 32-bit floats 0 to 9.
fn classic() -> Vec<u8> {
    let words = |numbers: &[u32]| {
        numbers
            .iter()
            .flat_map(|n| n.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let head = words(&[0, 10, 1, 1]);
    let variable = words(&[10, 0, 0, 11, 1, 1]);
    let rest = words(&[1, 0, 0, 0, 5, 40, 80]);
    let values = (0..10)
        .flat_map(|k: u16| f32::from(k).to_be_bytes())
        .collect();
    [
        b"CDF\x01".to_vec(),
        head,
        b"x\0\0\0".to_vec(),
        variable,
        b"t\0\0\0".to_vec(),
        rest,
        values,
    ]
    .concat()
}

#[test]
fn what_is_no_archive_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    assert!(matches!(open(&path), Err(OpenError::Missing { .. })));
    let found = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        open(&path).unwrap_err().to_string()
    };
    assert!(found(b"").contains("an empty file"));
    assert!(found(b"time,slp\n").contains("a file that begins with \"time,slp\""));
    assert!(found(b"PK\x03\x04....").contains("the zip content cannot be read"));
    assert!(found(b"GRIB....").contains("GRIB"));
    // the right beginning, and nothing behind it
    for content in [
        &b"CDF\x01"[..],
        b"CDF\x05\0\0\0\0\0\0\0\x0a",
        b"\x89HDF\r\n\x1a\n\0\0\0\0",
    ] {
        fs::write(&path, content).unwrap();
        let error = open(&path).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Damaged {
                    format: "NetCDF",
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("a.nc"), "{error}");
    }
    assert!(found(&classic()[..110]).ends_with("cut off after 110 of 120 bytes"));
    assert!(found(&classic()[..70]).ends_with("cut off after 70 bytes"));
    fs::write(&path, classic()).unwrap();
    assert_eq!(
        open(&path).unwrap().read_all("t").unwrap().values.sum(),
        45.0
    );
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a folder without zarr.json"), "{error}");
    fs::write(folder.path().join("zarr.json"), "{\"zarr_format\": 3").unwrap();
    assert!(matches!(
        open(folder.path()),
        Err(OpenError::Damaged { format: "Zarr", .. })
    ));
}

/// A v2 array of int16 with a fill value, written by hand: 2 x 3, one chunk, no compression.
fn small_v2(root: &Path) {
    fs::create_dir_all(root.join("depth")).unwrap();
    fs::write(root.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    fs::write(
        root.join(".zattrs"),
        r#"{"title": "by hand", "limit": NaN}"#,
    )
    .unwrap();
    let array = r#"{"zarr_format": 2, "shape": [2, 3], "chunks": [2, 3], "dtype": "<i2", "compressor": null,
        "fill_value": -1, "order": "C", "filters": null}"#;
    fs::write(root.join("depth/.zarray"), array).unwrap();
    fs::write(
        root.join("depth/.zattrs"),
        r#"{"_ARRAY_DIMENSIONS": ["y", "x"], "scale_factor": 0.5}"#,
    )
    .unwrap();
    let bytes: Vec<u8> = [0_i16, 1, 2, -1, 4, 5]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    fs::write(root.join("depth/0.0"), bytes).unwrap();
}

#[test]
fn a_handwritten_zarr_v2_store() {
    let folder = tempfile::tempdir().unwrap();
    small_v2(folder.path());
    let archive = open(folder.path()).unwrap();
    assert!(archive.attributes()["limit"].text().is_some());
    let field = archive.read_all("depth").unwrap();
    assert_eq!(field.dims, ["y", "x"]);
    assert_eq!(field.missing_count(), 1);
    assert_eq!(
        field
            .values
            .iter()
            .filter(|x| !x.is_nan())
            .copied()
            .collect::<Vec<_>>(),
        [0.0, 0.5, 1.0, 2.0, 2.5]
    );
    // a coordinate does not lose a position to the fill value of the format
    assert_eq!(archive.read_f64("depth").unwrap()[[1, 0]], -0.5);
    assert_eq!(
        archive.read("depth", &[1..1, 0..3]).unwrap().values.shape(),
        [0, 3]
    );
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    small_v2(folder.path());
    let archive = open(folder.path()).unwrap();
    let unknown = archive.read_all("dpeth").unwrap_err().to_string();
    assert!(
        unknown.contains("did you mean \"depth\"?") && unknown.ends_with("it has depth"),
        "{unknown}"
    );
    let backwards = std::ops::Range { start: 2, end: 1 };
    for ranges in [
        &[0..3, 0..3][..],
        &[0..2, 0..3, 0..1],
        &[backwards.clone(), backwards],
    ] {
        assert!(matches!(
            archive.read("depth", ranges),
            Err(ReadError::OutOfRange { .. })
        ));
    }
    assert!(matches!(
        archive.times("depth"),
        Err(ReadError::NoTime { .. })
    ));
    assert!(matches!(
        archive.grid("depth"),
        Err(ReadError::NoGrid { .. })
    ));
    fs::write(folder.path().join("depth/0.0"), [1, 2, 3]).unwrap();
    assert!(matches!(
        archive.read_all("depth"),
        Err(ReadError::Damaged { .. })
    ));
}

/// Files, and folders that are Zarr roots, below a folder.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.extension().is_none() {
            found.extend(paths(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_file_of_the_collection_is_read_or_refused() {
    let Some(data) = shared_data() else { return };
    let (mut opened, mut read, mut refused) = (0, 0, 0);
    for folder in ["readers", "gridded", "ensembles"] {
        for path in paths(&data.join(folder)) {
            let archive = match open(&path) {
                Ok(archive) => archive,
                Err(error) => {
                    println!("refused: {error}");
                    assert!(
                        error
                            .to_string()
                            .contains(path.file_name().unwrap().to_str().unwrap())
                    );
                    continue;
                }
            };
            opened += 1;
            for name in archive.variables().keys() {
                match archive.read_all(name) {
                    Ok(field) => {
                        read += 1;
                        assert_eq!(
                            field.values.shape(),
                            archive.variables()[name].shape,
                            "{} {name}",
                            path.display()
                        );
                    }
                    Err(error) => {
                        refused += 1;
                        println!("refused: {error}");
                    }
                }
                let _ = archive.times(name);
                let _ = archive.grid(name);
            }
        }
    }
    println!("{opened} archives, {read} variables read, {refused} refused");
    assert!(opened >= 38 && read > 150, "{opened} {read}");
}
