//! Chunks that are not what their array says: refused by their coordinates, without much memory or time.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use foehn_archive::{ArrayPlan, Element, Mode, ReadError, Store, open};
use foehn_field::Attributes;
use ndarray::ArrayD;

/// An array of Zarr v2 without chunks.
fn array(folder: &Path, shape: &str, chunks: &str, compressor: &str) {
    let metadata = format!(
        r#"{{"zarr_format":2,"shape":{shape},"chunks":{chunks},"dtype":"<i2","compressor":{compressor},
            "fill_value":0,"order":"C","filters":null}}"#
    );
    fs::create_dir(folder).unwrap();
    fs::write(folder.join(".zarray"), metadata).unwrap();
}

#[test]
fn a_chunk_that_announces_more_than_it_can_be_is_refused_by_its_coordinates() {
    let folder = tempfile::tempdir().unwrap();
    // Blosc: 2 GB in 24 bytes, in place of 8 bytes
    let blosc = [
        2, 1, 0x33, 2, 8, 0, 0, 0x7f, 8, 0, 0, 0, 24, 0, 0, 0, 1, 0, 2, 0, 4, 0, 5, 0,
    ];
    // Zstandard: a frame of one segment with 2^40 bytes
    let zstd = [
        0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0,
    ];
    // LZ4 of numcodecs: 4 GB
    let lz4 = [0xff, 0xff, 0xff, 0xff, 0x10, 1];
    for (name, compressor, bytes) in [
        (
            "blosc",
            r#"{"id":"blosc","cname":"lz4","clevel":5,"shuffle":1,"blocksize":0}"#,
            &blosc[..],
        ),
        ("zstd", r#"{"id":"zstd","level":1}"#, &zstd[..]),
        ("lz4", r#"{"id":"lz4","acceleration":1}"#, &lz4[..]),
    ] {
        let path = folder.path().join(name);
        array(&path, "[4,4]", "[2,2]", compressor);
        fs::write(path.join("1.0"), bytes).unwrap();
        let archive = open(&path).unwrap();
        let said = archive.read_all(name).unwrap_err().to_string();
        assert!(
            said.contains("chunk [1, 0]") && said.contains("announces"),
            "{said}"
        );
        let rest = archive.read(name, &[0..2, 0..4]).unwrap();
        assert_eq!(rest.values.shape(), [2, 4]);
    }
}

#[test]
fn one_corrupt_chunk_of_many_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.zarr");
    let plan = ArrayPlan {
        chunks: vec![1, 2, 3],
        ..ArrayPlan::whole(
            "v",
            &["t", "y", "x"],
            &[5, 7, 11],
            Element::F32,
            Attributes::new(),
        )
    };
    let store = Store::create(&path, &Attributes::new(), vec![plan], Mode::Create).unwrap();
    let values = ArrayD::from_shape_fn(vec![5, 7, 11], |at| (at[0] + at[1] * at[2]) as f32);
    store.write_f32("v", &[0, 0, 0], values.view()).unwrap();
    store.finish().unwrap();
    for at in [[0, 0, 0], [3, 2, 1], [4, 3, 3]] {
        let file = path.join(format!("v/c/{}/{}/{}", at[0], at[1], at[2]));
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let said = open(&path).unwrap().read_all("v").unwrap_err().to_string();
        assert!(said.contains(&format!("chunk {at:?}")), "{said}");
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(open(&path).unwrap().read_all("v").unwrap().values, values);
}

#[test]
fn what_was_nearly_never_written_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    for (name, shape, chunks) in [
        ("cells", "[4000000,4000000]", "[1000000,1000000]"),
        ("chunks", "[3000000]", "[1]"),
    ] {
        let path = folder.path().join(name);
        array(&path, shape, chunks, "null");
        let archive = open(&path).unwrap();
        assert!(archive.is_hollow(name).unwrap());
        let refused = archive.read_all(name).unwrap_err();
        assert!(
            matches!(refused, ReadError::Damaged { .. })
                && refused.to_string().contains("never written")
        );
        // a part of it is the fill value, which v2 declares missing
        let rank = archive.variable(name).unwrap().shape.len();
        let part = archive.read(name, &vec![5..7; rank]).unwrap();
        assert_eq!(part.missing_count(), 1 << rank);
    }
    let path = folder.path().join("few");
    array(&path, "[100,100]", "[1,1]", "null");
    assert!(!open(&path).unwrap().is_hollow("few").unwrap());
}
