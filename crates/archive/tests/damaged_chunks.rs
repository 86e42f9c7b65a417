//! Chunks that are not what their array says: refused by their coordinates, without much memory or time.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use foehn_archive::{ArrayPlan, Element, Mode, Store, Written, open};
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
        // or the rest is read, the chunk being missing
        let (around, damaged) = open(&path)
            .unwrap()
            .read_around("v", &[0..5, 1..7, 0..11])
            .unwrap();
        assert!(
            damaged.len() == 1 && damaged[0].starts_with(&format!("chunk {at:?}: ")),
            "{damaged:?}"
        );
        for ((t, j, i), x) in around
            .values
            .into_dimensionality::<ndarray::Ix3>()
            .unwrap()
            .indexed_iter()
        {
            let here = [t, j.div_ceil(2), i / 3] == at;
            assert!(if here {
                x.is_nan()
            } else {
                *x == values[[t, j + 1, i]]
            });
            assert_eq!(around.missing.as_ref().unwrap()[[t, j, i]], here);
        }
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(open(&path).unwrap().read_all("v").unwrap().values, values);
}

#[test]
fn chunks_never_written_are_passed_over_and_links_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, shape, chunks) in [
        ("cells", "[4000000,4000000]", "[1000000,1000000]"),
        ("chunks", "[3000000]", "[1]"),
    ] {
        let path = folder.path().join(name);
        array(&path, shape, chunks, "null");
        let archive = open(&path).unwrap();
        let rank = archive.variable(name).unwrap().shape.len();
        let none = Written::Boxes {
            boxes: Vec::new(),
            outside: vec![0; rank],
        };
        assert_eq!(archive.written(name).unwrap(), none);
        // a part of it is the fill value, which v2 declares missing
        let part = archive.read(name, &vec![5..7; rank]).unwrap();
        assert_eq!(part.missing_count(), 1 << rank);
    }
    // of three million chunks one is there, and one more by a link
    let chunks = folder.path().join("chunks");
    fs::write(chunks.join("0"), [7, 0]).unwrap();
    fs::write(folder.path().join("elsewhere"), [9, 1]).unwrap();
    std::os::unix::fs::symlink("../elsewhere", chunks.join("2999998")).unwrap();
    let archive = open(&chunks).unwrap();
    let mut written = archive.written("chunks").unwrap();
    if let Written::Boxes { boxes, .. } = &mut written {
        boxes.sort_by_key(|ranges| ranges[0].start);
    }
    let two = Written::Boxes {
        boxes: vec![vec![0..1], vec![2_999_998..2_999_999]],
        outside: vec![1],
    };
    assert_eq!(written, two);
    let all = archive.read_all("chunks").unwrap();
    assert_eq!(all.missing_count(), 2_999_998);
    assert_eq!((all.values[[0]], all.values[[2_999_998]]), (7.0, 265.0));
    // all values at once are more than a machine has
    let cells = open(&folder.path().join("cells")).unwrap();
    let refused = cells.read_all("cells").unwrap_err().to_string();
    assert!(refused.contains("no memory"), "{refused}");
    let path = folder.path().join("few");
    array(&path, "[100,100]", "[1,1]", "null");
    let few = open(&path).unwrap().written("few").unwrap();
    assert_eq!(few, Written::Whole);
}

/// An array of Zarr v3 of 4 x 4 shorts in chunks of 2 x 2, by its codecs.
fn newer(folder: &Path, codecs: &str) {
    let metadata = format!(
        r#"{{"zarr_format":3,"node_type":"array","shape":[4,4],"data_type":"int16","chunk_grid":{{"name":"regular",
            "configuration":{{"chunk_shape":[2,2]}}}},"chunk_key_encoding":{{"name":"default"}},"fill_value":0,
            "codecs":{codecs},"attributes":{{}}}}"#
    );
    fs::create_dir_all(folder.join("c/1")).unwrap();
    fs::write(folder.join("zarr.json"), metadata).unwrap();
}

const PLAIN: &str = r#"{"name":"bytes","configuration":{"endian":"little"}}"#;

/// Refused with a cause and the chunk's place, while the rest is read.
fn refused(path: &Path, name: &str, cause: &str) {
    let archive = open(path).unwrap();
    let said = archive.read_all(name).unwrap_err().to_string();
    assert!(
        said.contains("chunk [1, 0]") && said.contains(cause),
        "{name}: {said}"
    );
    assert_eq!(archive.read(name, &[0..2, 0..4]).unwrap().values.sum(), 0.0);
}

#[test]
fn chunks_of_v3_are_bounded_too() {
    let folder = tempfile::tempdir().unwrap();
    let blosc = [
        2, 1, 0x33, 2, 8, 0, 0, 0x7f, 8, 0, 0, 0, 24, 0, 0, 0, 1, 0, 2, 0, 4, 0, 5, 0,
    ];
    let zstd = [
        0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0,
    ];
    // 100 MB of zeros, packed to 100 kB
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &vec![0; 100 << 20]).unwrap();
    let gzip = gzip.finish().unwrap();
    for (name, codec, bytes, cause) in [
        (
            "blosc",
            r#"{"name":"blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":"shuffle","typesize":2,"blocksize":0}}"#,
            &blosc[..],
            "announces",
        ),
        (
            "zstd",
            r#"{"name":"zstd","configuration":{"level":1,"checksum":false}}"#,
            &zstd[..],
            "announces",
        ),
        (
            "gzip",
            r#"{"name":"gzip","configuration":{"level":1}}"#,
            &gzip[..],
            "more than",
        ),
    ] {
        let path = folder.path().join(name);
        newer(&path, &format!("[{PLAIN},{codec}]"));
        fs::write(path.join("c/1/0"), bytes).unwrap();
        refused(&path, name, cause);
        // the same inside of a shard, whose index says where its four chunks lie
        let name = format!("{name}_shard");
        let path = folder.path().join(&name);
        let shard = r#"{"name":"sharding_indexed","configuration":{"chunk_shape":[1,1],"codecs":["#;
        newer(
            &path,
            &format!("[{shard}{PLAIN},{codec}],\"index_codecs\":[{PLAIN}]}}}}]"),
        );
        let none = [u64::MAX; 2];
        let length = bytes.len() as u64;
        fs::write(
            path.join("c/1/0"),
            sharded(bytes, [[0, length], none, none, none]),
        )
        .unwrap();
        let archive = open(&path).unwrap();
        let said = archive.read_all(&name).unwrap_err().to_string();
        assert!(
            said.contains("chunk [2, 0]") && said.contains(cause),
            "{name}: {said}"
        );
    }
}

/// Bytes, then the offset and length of each chunk.
fn sharded(bytes: &[u8], index: [[u64; 2]; 4]) -> Vec<u8> {
    let index = index.as_flattened().iter().flat_map(|n| n.to_le_bytes());
    bytes.iter().copied().chain(index).collect()
}

#[test]
fn an_index_that_names_more_than_its_shard_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shard = r#"{"name":"sharding_indexed","configuration":{"chunk_shape":[1,1],"codecs":["#;
    let codecs = format!("[{shard}{PLAIN}],\"index_codecs\":[{PLAIN}]}}}}]");
    let whole = [[0, 2], [2, 2], [4, 2], [6, 2]];
    let values = [1, 0, 2, 0, 3, 0, 4, 0];
    for (name, at, place) in [
        ("beyond", 1, [1 << 40, 2]),
        ("far", 1, [u64::MAX - 1, 2]),
        ("long", 2, [4, 1 << 62]),
        ("ends_late", 3, [6, 100]),
        ("short", 0, [0, 1]),
        ("wide", 0, [0, 4]),
    ] {
        let path = folder.path().join(name);
        newer(&path, &codecs);
        let mut index = whole;
        fs::write(path.join("c/1/0"), sharded(&values, index)).unwrap();
        let read = open(&path).unwrap().read(name, &[2..4, 0..2]).unwrap();
        assert_eq!(
            read.values.iter().copied().collect::<Vec<_>>(),
            [1.0, 2.0, 3.0, 4.0]
        );
        index[at] = place;
        fs::write(path.join("c/1/0"), sharded(&values, index)).unwrap();
        let archive = open(&path).unwrap();
        let said = archive.read_all(name).unwrap_err().to_string();
        let chunk = format!("chunk {:?}", [2 + at / 2, at % 2]);
        let shard = "chunks [2..4, 0..2] together";
        assert!(
            said.contains(&chunk) || said.contains(shard),
            "{name}: {said}"
        );
    }
    // a shard that is shorter than its index
    let path = folder.path().join("cut");
    newer(&path, &codecs);
    fs::write(path.join("c/1/0"), [0; 40]).unwrap();
    let said = open(&path)
        .unwrap()
        .read_all("cut")
        .unwrap_err()
        .to_string();
    assert!(said.contains("chunk [2, 0]"), "{said}");
}
