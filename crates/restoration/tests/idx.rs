//! IDX files, plain and compressed, whole and damaged.
#![allow(clippy::unwrap_used)]

use flate2::{Compression, write::GzEncoder};
use foehn_restoration::{Collection, IdxError, read_images, read_labels};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn images() -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for n in [2u32, 3, 4] {
        bytes.extend(n.to_be_bytes());
    }
    bytes.extend(0..24);
    bytes
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn plain_and_compressed_files_hold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let plain = written(folder.path(), "a-idx3-ubyte", &images());
    let packed = written(folder.path(), "a-idx3-ubyte.gz", &compressed(&images()));
    let read = read_images(&plain).unwrap();
    assert_eq!(read, read_images(&packed).unwrap());
    assert_eq!((read.dim(), read[[1, 2, 3]]), ((2, 3, 4), 23));
    let labels = written(folder.path(), "l", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 9]);
    assert_eq!(read_labels(&labels).unwrap(), [7, 9]);
    let collection = Collection::open(&packed).unwrap();
    assert_eq!(
        (collection.count(), collection.name(1)),
        (2, "00001".to_owned())
    );
    assert_eq!(collection.picture(1).unwrap().values()[[0, 0, 0]], 12);
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused =
        |name: &str, bytes: &[u8]| read_images(&written(folder.path(), name, bytes)).unwrap_err();
    let whole = images();
    let short = refused("short", &whole[..whole.len() - 1]);
    assert!(
        matches!(
            short,
            IdxError::Length {
                declared: 24,
                found: 23,
                ..
            }
        ),
        "{short}"
    );
    let mut long = whole.clone();
    long.push(1);
    assert!(matches!(refused("long", &long), IdxError::Length { .. }));
    let packed = compressed(&whole);
    assert!(matches!(
        refused("cut.gz", &packed[..packed.len() / 2]),
        IdxError::Read { .. }
    ));
    let labels = refused("labels", &[0, 0, 8, 1, 0, 0, 0, 1, 7]);
    assert!(labels.to_string().contains("[00, 00, 08, 03]"), "{labels}");
    assert!(matches!(refused("empty", &[]), IdxError::Format { .. }));
    // more than any machine holds is a damaged header, not an allocation
    let mut huge = vec![0, 0, 8, 3];
    huge.extend([0xff; 12]);
    assert!(matches!(refused("huge", &huge), IdxError::Length { .. }));
}
