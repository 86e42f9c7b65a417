//! A job that still writes when its store is merged.
#![allow(clippy::unwrap_used)]

mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use foehn_archive::{Format, Mode, Store, WriteError, Writing, merge};
use ndarray::Axis;
use small::{coordinate, labels, plans, run, values};

/// Every file below a folder with its content.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(
                content(&path)
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_writer_that_comes_late_is_refused_and_the_merged_store_stays() {
    for format in [Format::V2, Format::V3] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.zarr");
        let writing = Writing {
            format,
            shard: "0/2".parse().ok(),
            ..Mode::Resume.into()
        };
        let begin = || Store::create(&path, &labels("none"), plans(None), writing).unwrap();
        let items: Vec<String> = (0..5).map(|t| format!("time {t}")).collect();
        // the same share twice, of which one is slow
        let (late, store) = (begin(), begin());
        late.expect(&items).unwrap();
        store.expect(&items).unwrap();
        coordinate(&store);
        let state = values()
            .slice_axis(Axis(0), (0..1).into())
            .into_dyn()
            .to_owned();
        late.write_f32("v", &[0, 0, 0], state.view()).unwrap();
        assert_eq!(run(&store, 9), 5);
        fs::write(path.join("v/.zarray.77.partial"), b"half").unwrap();
        let chunk = if format == Format::V2 { "v" } else { "v/c/0/0" };
        fs::write(path.join(chunk).join(".0.78.partial"), b"half").unwrap();
        assert_eq!(merge(&path).unwrap(), Some(5));
        let whole = content(&path);
        assert!(!whole.keys().any(|name| name.ends_with(".partial")));
        let refused = [
            late.write_f32("v", &[0, 0, 0], state.view()),
            late.mark_done("time 0"),
            late.expect(&items),
            late.note("mine").map(drop),
        ];
        for refused in refused {
            assert!(
                matches!(refused, Err(WriteError::Ended { .. })),
                "{refused:?}"
            );
        }
        assert!(whole == content(&path) && !path.join(".foehn").exists());
        // one that begins now has nothing to do
        let after = begin();
        assert!(after.is_finished() && after.is_done("time 3"));
        assert_eq!(merge(&path).unwrap(), None);
        // a merge that was killed before it had swept
        fs::create_dir(path.join(".foehn-ended")).unwrap();
        fs::write(path.join(chunk).join(".0.79.partial"), b"half").unwrap();
        assert_eq!(merge(&path).unwrap(), None);
        assert!(whole == content(&path) && !path.join(".foehn-ended").exists());
    }
}
