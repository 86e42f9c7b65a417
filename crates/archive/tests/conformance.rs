//! Every source reads the same dataset the same way. A new source is a new line of [`SOURCES`].
#![allow(clippy::unwrap_used)]

mod sources;

use std::path::{Path, PathBuf};

use foehn_archive::{Archive, ReadError, Role, open};
use foehn_field::{Calendar, Grid};
use netcdf::Options;
use serde_json::{Value, json};
use sources::{Form, LATITUDES, LONGITUDES, Parts, SHAPE, STORED, netcdf, served, zarr, zipped};

/// A name, and what writes the dataset into a folder and says where it is.
type Source = (&'static str, fn(&Path) -> PathBuf);

const SOURCES: &[Source] = &[
    ("NetCDF classic", |f| netcdf(f, Options::empty())),
    ("NetCDF 64-bit offset", |f| {
        netcdf(f, Options::_64BIT_OFFSET)
    }),
    ("NetCDF CDF-5", |f| netcdf(f, Options::_64BIT_DATA)),
    ("NetCDF-4", |f| netcdf(f, Options::NETCDF4)),
    ("NetCDF-4 classic model", |f| {
        netcdf(f, Options::NETCDF4 | Options::CLASSIC)
    }),
    ("NetCDF over HTTP", |f| {
        served(&netcdf(f, Options::NETCDF4), Parts::Ignored)
    }),
    ("Zarr v2", |f| zarr(f, &v2(json!({})))),
    ("Zarr v2, chunks", |f| {
        zarr(f, &v2(json!({"chunks": [1, 3, 2]})))
    }),
    ("Zarr v2, slashes", |f| {
        zarr(
            f,
            &v2(json!({"chunks": [2, 2, 5], "dimension_separator": "/"})),
        )
    }),
    ("Zarr v2, Fortran order", |f| {
        zarr(f, &v2(json!({"chunks": [2, 3, 4], "order": "F"})))
    }),
    ("Zarr v2, big-endian", |f| {
        zarr(f, &v2(json!({"dtype": ">i2"})))
    }),
    ("Zarr v2, zlib", |f| {
        zarr(f, &v2(json!({"compressor": {"id": "zlib", "level": 1}})))
    }),
    ("Zarr v2, shuffle and gzip", |f| {
        zarr(
            f,
            &v2(json!({"filters": [{"id": "shuffle", "elementsize": 2}],
        "compressor": {"id": "gzip", "level": 1}})),
        )
    }),
    ("Zarr v2, blosc", |f| {
        zarr(
            f,
            &v2(json!({"compressor":
        {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}})),
        )
    }),
    ("Zarr v2, zstd", |f| {
        zarr(f, &v2(json!({"compressor": {"id": "zstd", "level": 1}})))
    }),
    ("Zarr v2, consolidated", |f| {
        zarr(f, &consolidated(v2(json!({}))))
    }),
    ("Zarr v2, consolidated only", |f| {
        without_own_metadata(&zarr(f, &consolidated(v2(json!({})))))
    }),
    ("Zarr v2, zip", |f| {
        zipped(&zarr(f, &v2(json!({"chunks": [1, 4, 5]}))), "", false)
    }),
    ("Zarr v2, zip of a folder", |f| {
        zipped(&zarr(f, &v2(json!({}))), "some/x.zarr/", true)
    }),
    ("Zarr v2 over HTTP", |f| {
        served(
            &zarr(f, &consolidated(v2(json!({"chunks": [1, 3, 2]})))),
            Parts::Sent,
        )
    }),
    ("Zarr v2, zip over HTTP", |f| {
        served(&zipped(&zarr(f, &v2(json!({}))), "", true), Parts::Sent)
    }),
    ("Zarr v3", |f| zarr(f, &v3(json!({})))),
    ("Zarr v3, keys of v2", |f| {
        zarr(f, &v3(json!({"chunk_key_encoding": {"name": "v2"}})))
    }),
    ("Zarr v3, transposed", |f| {
        zarr(
            f,
            &v3(json!({"codecs": [
        {"name": "transpose", "configuration": {"order": [2, 0, 1]}}, little()]})),
        )
    }),
    ("Zarr v3, index at the end", |f| {
        zarr(f, &v3(sharded("end")))
    }),
    ("Zarr v3, index at the start", |f| {
        zarr(f, &v3(sharded("start")))
    }),
    ("Zarr v3, consolidated", |f| {
        zarr(f, &consolidated(v3(sharded("end"))))
    }),
    ("Zarr v3, zip", |f| {
        zipped(&zarr(f, &v3(sharded("end"))), "", false)
    }),
    ("Zarr v3 over HTTP", |f| {
        served(&zarr(f, &consolidated(v3(sharded("end")))), Parts::Sent)
    }),
    ("Zarr v3 over HTTP, index at the start, no parts", |f| {
        served(
            &zarr(f, &consolidated(v3(sharded("start")))),
            Parts::Ignored,
        )
    }),
];

fn v2(keys: Value) -> Form {
    Form {
        version: 2,
        keys,
        consolidated: false,
    }
}

fn v3(keys: Value) -> Form {
    Form {
        version: 3,
        keys,
        consolidated: false,
    }
}

fn consolidated(form: Form) -> Form {
    Form {
        consolidated: true,
        ..form
    }
}

fn little() -> Value {
    json!({"name": "bytes", "configuration": {"endian": "little"}})
}

/// Two shards along time, chunks of 1 x 2 x 5 in them.
fn sharded(index: &str) -> Value {
    let inner = [
        little(),
        json!({"name": "gzip", "configuration": {"level": 1}}),
    ];
    json!({
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 4, 5]}},
        "codecs": [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": [1, 2, 5], "codecs": inner, "index_location": index,
            "index_codecs": [little(), {"name": "crc32c"}]}}]
    })
}

fn without_own_metadata(path: &Path) -> PathBuf {
    for name in ["t", "time", "lat", "lon"] {
        std::fs::remove_file(path.join(name).join(".zarray")).unwrap();
    }
    path.to_path_buf()
}

/// What `t` is at a position; `None` where it is missing.
fn physical(at: [usize; 3]) -> Option<f32> {
    let stored = STORED[(at[0] * SHAPE[1] + at[1]) * SHAPE[2] + at[2]];
    (stored != -999).then(|| 270.0 + 0.5 * f32::from(stored))
}

fn equal_in(archive: &Archive, [a, b, c]: [std::ops::Range<usize>; 3], name: &str) {
    let field = archive
        .read("t", &[a.clone(), b.clone(), c.clone()])
        .unwrap();
    assert_eq!(field.values.shape(), [a.len(), b.len(), c.len()], "{name}");
    for (at, value) in field.values.indexed_iter() {
        let expected = physical([at[0] + a.start, at[1] + b.start, at[2] + c.start]);
        let masked = field.missing.as_ref().is_some_and(|mask| mask[&at]);
        let read = (!masked).then_some(*value);
        assert_eq!(read, expected, "{name} {at:?}");
    }
}

fn conforms(name: &str, path: &Path) {
    let archive = open(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let t = archive.variable("t").unwrap();
    assert_eq!(
        (&t.shape[..], t.dtype.as_str()),
        (&SHAPE[..], "int16"),
        "{name}"
    );
    assert_eq!(
        (t.units(), archive.variables().len()),
        (Some("K"), 4),
        "{name}"
    );
    equal_in(&archive, [0..3, 0..4, 0..5], name);
    equal_in(&archive, [1..3, 1..3, 2..5], name);
    equal_in(&archive, [2..2, 0..4, 0..5], name);
    for outside in [[0..4, 0..4, 0..5], [0..3, 4..5, 0..5]] {
        let read = archive.read("t", &outside);
        assert!(matches!(read, Err(ReadError::OutOfRange { .. })), "{name}");
    }
    let unknown = archive.read_all("T").unwrap_err().to_string();
    assert!(unknown.contains("did you mean \"t\"?"), "{name}: {unknown}");
    let times = archive.times("t").unwrap();
    let dates = times
        .instants
        .iter()
        .map(|t| times.calendar.date(*t).to_string());
    let expected = [
        "2000-02-27T00:00:00",
        "2000-02-28T00:00:00",
        "2000-03-01T00:00:00",
    ];
    assert_eq!(dates.collect::<Vec<_>>(), expected, "{name}");
    assert_eq!(times.calendar, Calendar::NoLeap, "{name}");
    let grid = Grid::Rectilinear {
        latitude: LATITUDES.to_vec(),
        longitude: LONGITUDES.map(f64::from).to_vec(),
    };
    assert_eq!(archive.grid("t").unwrap(), grid, "{name}");
    assert_eq!(
        archive.roles("t").unwrap(),
        [Role::Time, Role::Y, Role::X],
        "{name}"
    );
    assert!(
        matches!(archive.read_texts("t"), Err(ReadError::NotTexts { .. })),
        "{name}"
    );
}

#[test]
fn every_source_conforms() {
    for (name, write) in SOURCES {
        let folder = tempfile::tempdir().unwrap();
        conforms(name, &write(folder.path()));
    }
}

#[test]
fn what_a_server_cannot_give_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let plain = served(&zarr(folder.path(), &v3(json!({}))), Parts::Sent);
    let error = open(&plain).unwrap_err().to_string();
    assert!(error.contains("consolidated metadata"), "{error}");
    // one array needs no listing
    let array = open(&plain.join("t")).unwrap();
    assert_eq!(array.read_all("t").unwrap().missing_count(), 1);
    let absent = served(&folder.path().join("absent.zarr"), Parts::Sent);
    let error = open(&absent).unwrap_err().to_string();
    assert!(error.contains("there is no such file"), "{error}");
}

#[test]
fn a_corrupt_chunk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let gzip = json!({"chunks": [1, 4, 5], "compressor": {"id": "gzip", "level": 1}});
    let path = zarr(folder.path(), &v2(gzip));
    std::fs::write(path.join("t/2.0.0"), b"not gzip at all").unwrap();
    let archive = open(&path).unwrap();
    equal_in(&archive, [0..2, 0..4, 0..5], "the chunks before it");
    let error = archive.read_all("t").unwrap_err().to_string();
    assert!(error.contains("chunk [2, 0, 0]"), "{error}");
}
