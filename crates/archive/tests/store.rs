//! Writing: atomic items, resuming, refusals, a full disk.
#![allow(clippy::unwrap_used)]

mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use foehn_archive::{ArrayPlan, Mode, Store, WriteError, open};
use foehn_field::Attributes;
use ndarray::{ArrayD, Axis};
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
fn an_interrupted_store_continues_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let create = |name: &str, mode: Mode| {
        Store::create(
            &folder.path().join(name),
            &labels("none"),
            plans(None),
            mode,
        )
    };
    let straight = create("straight.zarr", Mode::Create).unwrap();
    coordinate(&straight);
    assert_eq!(run(&straight, 9), 5);
    let planned = straight.planned_files();
    straight.finish().unwrap();

    let first = create("broken.zarr", Mode::Resume).unwrap();
    assert_eq!(run(&first, 2), 2);
    drop(first);
    // a crash in the middle of a chunk leaves a partial file, and an item with data but without its mark
    let broken = folder.path().join("broken.zarr");
    fs::create_dir_all(broken.join("v/c/2/0")).unwrap();
    fs::write(broken.join("v/c/2/0/.0.3f2a.partial"), b"half a chu").unwrap();
    fs::write(broken.join("v/c/2/0/0"), b"whole but not marked").unwrap();
    let second = create("broken.zarr", Mode::Resume).unwrap();
    assert!(!broken.join("v/c/2/0/.0.3f2a.partial").exists());
    coordinate(&second);
    assert_eq!(run(&second, 9), 3);
    second.finish().unwrap();
    let (a, b) = (
        content(&folder.path().join("straight.zarr")),
        content(&broken),
    );
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert!(a == b);
    assert_eq!(a.len() as u64, planned);

    // what is finished is done, and stays as it is
    let third = create("broken.zarr", Mode::Resume).unwrap();
    assert_eq!(run(&third, 9), 0);
    third.finish().unwrap();
    assert!(a == content(&broken));
    assert_eq!(
        open(&broken).unwrap().read_all("v").unwrap().values,
        values().into_dyn()
    );
    assert_eq!(
        open(&broken).unwrap().read_f64("x").unwrap().as_slice(),
        Some(&[0.0, -1.0, 2.0, 3.0][..])
    );
}

#[test]
fn shards_hold_chunks_and_are_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sharded.zarr");
    let store = Store::create(
        &path,
        &Attributes::new(),
        plans(Some(vec![2, 4, 4])),
        Mode::Create,
    )
    .unwrap();
    assert_eq!(store.planned_files(), 1 + (1 + 3) + (1 + 1));
    let all = values().into_dyn();
    let one = all.slice_axis(Axis(0), (0..1).into());
    let refused = store.write_f32("v", &[0, 0, 0], one);
    assert!(
        matches!(refused, Err(WriteError::NotWholeChunks { .. })),
        "{refused:?}"
    );
    store.write_f32("v", &[0, 0, 0], all.view()).unwrap();
    coordinate(&store);
    store.finish().unwrap();
    let archive = open(&path).unwrap();
    assert_eq!(archive.variables()["v"].chunks, Some(vec![1, 2, 4]));
    assert_eq!(archive.read_all("v").unwrap().values, all);
    assert_eq!(content(&path.join("v/c")).len(), 3);
}

#[test]
fn outputs_that_exist_are_respected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.zarr");
    let create = |plans: Vec<ArrayPlan>, units: &str, mode: Mode| {
        Store::create(&path, &labels(units), plans, mode)
    };
    run(&create(plans(None), "a", Mode::Create).unwrap(), 9);
    let exists = create(plans(None), "a", Mode::Create)
        .unwrap_err()
        .to_string();
    assert!(
        exists.contains("out.zarr")
            && exists.contains("--overwrite")
            && exists.contains("--resume"),
        "{exists}"
    );
    let differs = create(plans(None), "b", Mode::Resume)
        .unwrap_err()
        .to_string();
    assert!(
        differs.contains("the store's attributes.units is \"a\" there but \"b\""),
        "{differs}"
    );
    let mut other = plans(None);
    other[0].shape[0] = 6;
    let differs = create(other, "a", Mode::Resume).unwrap_err().to_string();
    assert!(
        differs.contains("v's shape is [5,3,4] there but [6,3,4]"),
        "{differs}"
    );
    create(plans(None), "b", Mode::Overwrite).unwrap();
    assert!(!path.join("v/c").exists());
    let mine = folder.path().join("thesis");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("chapter1.tex"), "long").unwrap();
    let kept = Store::create(&mine, &labels("a"), plans(None), Mode::Overwrite);
    assert!(matches!(kept, Err(WriteError::NotReplaced { .. })));
    assert!(mine.join("chapter1.tex").exists());
}

#[test]
fn regions_types_and_plans_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(
        &folder.path().join("a.zarr"),
        &Attributes::new(),
        plans(None),
        Mode::Create,
    )
    .unwrap();
    let block = |shape: &[usize]| ArrayD::<f32>::zeros(shape);
    for (start, shape) in [
        ([0, 1, 0], [1, 2, 4]),
        ([0, 0, 0], [1, 1, 4]),
        ([5, 0, 0], [1, 2, 4]),
        ([0, 2, 0], [1, 2, 4]),
    ] {
        let refused = store.write_f32("v", &start, block(&shape).view());
        assert!(
            matches!(refused, Err(WriteError::NotWholeChunks { .. })),
            "{start:?} {shape:?}"
        );
    }
    // the last row of chunks ends with the array
    store
        .write_f32("v", &[0, 2, 0], block(&[1, 1, 4]).view())
        .unwrap();
    assert!(matches!(
        store.write_f32("x", &[0], block(&[4]).view()),
        Err(WriteError::NoArray { .. })
    ));
    let mut odd = plans(Some(vec![2, 3, 4]));
    let refuse = |plans: Vec<ArrayPlan>| {
        Store::create(
            &folder.path().join("b.zarr"),
            &Attributes::new(),
            plans,
            Mode::Create,
        )
    };
    assert!(matches!(refuse(odd.clone()), Err(WriteError::Plan { .. })));
    odd[0].name = "../v".into();
    assert!(matches!(refuse(odd), Err(WriteError::Plan { .. })));
}

#[test]
fn a_plan_with_one_name_twice_leaves_the_old_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.zarr");
    let old = Store::create(&path, &labels("none"), plans(None), Mode::Create).unwrap();
    old.finish().unwrap();
    let before = content(&path);
    let mut twice = plans(None);
    twice.push(twice[0].clone());
    let refused = Store::create(&path, &labels("none"), twice, Mode::Overwrite);
    assert!(matches!(refused, Err(WriteError::Plan { .. })));
    assert!(before == content(&path));
}

#[test]
fn what_was_only_begun_is_replaced_and_what_is_foreign_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun.zarr");
    drop(Store::create(&begun, &labels("none"), plans(None), Mode::Create).unwrap());
    fs::remove_file(begun.join("zarr.json")).unwrap();
    Store::create(&begun, &labels("other"), plans(None), Mode::Overwrite).unwrap();

    let letters = folder.path().join("letters");
    fs::create_dir(&letters).unwrap();
    fs::write(letters.join("a.txt"), b"dear").unwrap();
    let v2 = folder.path().join("v2.zarr");
    fs::create_dir(&v2).unwrap();
    fs::write(v2.join(".zgroup"), b"{\"zarr_format\": 2}").unwrap();
    for path in [letters, v2] {
        let before = content(&path);
        let refused = Store::create(&path, &labels("none"), plans(None), Mode::Resume);
        assert!(matches!(refused, Err(WriteError::NotReplaced { .. })));
        assert!(before == content(&path));
    }
}

#[test]
fn of_writers_that_begin_at_one_moment_all_agree_with_the_first() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.zarr");
        let barrier = std::sync::Barrier::new(4);
        let begin = |label: &str| {
            barrier.wait();
            Store::create(&path, &labels(label), plans(None), Mode::Resume).map(drop)
        };
        let results = std::thread::scope(|scope| {
            let begin = &begin;
            let writers = ["a", "b", "c", "d"].map(|label| scope.spawn(move || begin(label)));
            writers.map(|writer| writer.join().unwrap())
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let differ =
            |result: &Result<(), WriteError>| matches!(result, Err(WriteError::Differs { .. }));
        assert_eq!(results.iter().filter(|result| differ(result)).count(), 3);
    }
}
