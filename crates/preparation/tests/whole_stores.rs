//! However the work is cut, broken off or shared, the store is the same, byte for byte.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use common::{DAILY, Folder, content};
use foehn_archive::{Mode, Shard, WriteError};
use foehn_preparation::{Preparation, PrepareError};

fn on(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn pieces_of_any_size_and_work_broken_off_anywhere_give_the_same_bytes() {
    let folder = Folder::new();
    folder.prepare(DAILY, "out.zarr").unwrap();
    let reference = content(&folder.path("out.zarr"));
    // one state at a time, and sums in a file
    folder
        .prepare(&format!("{DAILY}memory = \"1 B\""), "small.zarr")
        .unwrap();
    assert!(content(&folder.path("small.zarr")) == reference);
    for stop in [1, 2, 7, 26, 27, 30, 53] {
        let plan = Preparation::open(&folder.config(DAILY)).unwrap();
        let path = folder.path(&format!("stopped-{stop}.zarr"));
        let mut left = stop;
        let mut watch = |done: usize| {
            left -= done.min(left);
            if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        assert!(matches!(
            plan.write(&path, Mode::Create, 1, &mut watch),
            Err(PrepareError::Stopped)
        ));
        plan.write(&path, Mode::Resume, 2, &mut on).unwrap();
        assert!(content(&path) == reference, "stopped after {stop}");
    }
}

/// One share, broken off after some chunks.
fn share(plan: &Preparation, path: &Path, shard: &str, stop: usize) -> Result<(), PrepareError> {
    let mut left = stop;
    let mut watch = |done: usize| {
        left -= done.min(left);
        if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    plan.write_share(path, shard.parse().unwrap(), 1, &mut watch)
}

#[test]
fn shares_of_several_writers_and_a_merge_give_the_bytes_of_one() {
    let folder = Folder::new();
    for (text, chunks) in [
        (DAILY, 27),
        // nothing to take, and fewer chunks than writers
        (
            "variables = [\"u\"]\nchunk = 2000\nstatistics.compute = []",
            2,
        ),
    ] {
        folder.prepare(text, "out.zarr").unwrap();
        let reference = content(&folder.path("out.zarr"));
        fs::remove_dir_all(folder.path("out.zarr")).unwrap();
        // a state at a time, so that work broken off leaves some undone
        let text = format!("{text}\nmemory = \"1 B\"");
        let plan = Preparation::open(&folder.config(&text)).unwrap();
        let path = folder.path("shared.zarr");
        assert!(matches!(
            plan.merge(&path, 2, &mut on),
            Err(PrepareError::Write(WriteError::Plan { .. }))
        ));
        std::thread::scope(|scope| {
            for shard in ["0/5", "1/5", "3/5", "4/5"] {
                let (plan, path) = (&plan, &path);
                scope.spawn(move || share(plan, path, shard, usize::MAX).unwrap());
            }
        });
        let third: Shard = "2/5".parse().unwrap();
        let mine = plan.chunks_of_share(third);
        if mine > 1 {
            assert!(matches!(
                share(&plan, &path, "2/5", 1),
                Err(PrepareError::Stopped)
            ));
        }
        if mine > 0 {
            let refused = plan.merge(&path, 2, &mut on).unwrap_err().to_string();
            assert!(refused.contains("block-0000"), "{refused}");
        }
        plan.write_share(&path, third, 1, &mut on).unwrap();
        // a chunk that was lost after it was marked
        let mut chunks_of = fs::read_dir(&path).unwrap().filter_map(|entry| {
            let chunk = entry.unwrap().path().join("c/0/0/0");
            chunk.is_file().then_some(chunk)
        });
        let chunk = chunks_of.next().unwrap();
        let bytes = fs::read(&chunk).unwrap();
        fs::remove_file(&chunk).unwrap();
        assert!(matches!(
            plan.merge(&path, 2, &mut on),
            Err(PrepareError::Write(WriteError::Lost { .. }))
        ));
        fs::write(&chunk, bytes).unwrap();
        // the end, too, may be broken off, where it reads anything back
        let mut once = |_| ControlFlow::Break(());
        let broken = plan.merge(&path, 1, &mut once);
        if chunks > 2 {
            assert!(matches!(broken, Err(PrepareError::Stopped)), "{broken:?}");
            assert!(foehn_archive::is_shared(&path));
            plan.merge(&path, 2, &mut on).unwrap();
        } else {
            broken.unwrap();
            assert!(!foehn_archive::is_shared(&path));
        }
        assert!(content(&path) == reference, "{text}");
        let shares = (0..5).map(|k| plan.chunks_of_share(Shard::new(k, 5).unwrap()));
        assert_eq!(shares.sum::<usize>(), chunks);
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
fn a_share_of_other_keys_is_refused() {
    let folder = Folder::new();
    let path = folder.path("shared.zarr");
    let plan = Preparation::open(&folder.config("variables = [\"u\"]")).unwrap();
    plan.write_share(&path, "0/2".parse().unwrap(), 1, &mut on)
        .unwrap();
    let other = Preparation::open(&folder.config("variables = [\"v\"]")).unwrap();
    let refused = other.write_share(&path, "1/2".parse().unwrap(), 1, &mut on);
    assert!(matches!(
        refused,
        Err(PrepareError::Write(WriteError::Differs { .. }))
    ));
}

#[test]
fn a_share_that_ends_after_the_merge_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    folder.prepare(DAILY, "out.zarr").unwrap();
    let reference = content(&folder.path("out.zarr"));
    let text = format!("{DAILY}memory = \"1 B\"");
    let plan = Preparation::open(&folder.config(&text)).unwrap();
    let path = folder.path("shared.zarr");
    let shard = |text: &str| text.parse::<Shard>().unwrap();
    // while one job is at its first chunk another does the same share, a third the other one, and all is merged
    let mut begun = false;
    let mut overtaken = |_| {
        if !std::mem::replace(&mut begun, true) {
            plan.write_share(&path, shard("0/2"), 1, &mut on).unwrap();
            plan.write_share(&path, shard("1/2"), 1, &mut on).unwrap();
            plan.merge(&path, 1, &mut on).unwrap();
            assert!(content(&path) == reference);
        }
        ControlFlow::Continue(())
    };
    let late = plan.write_share(&path, shard("0/2"), 1, &mut overtaken);
    assert!(
        matches!(late, Err(PrepareError::Write(WriteError::Ended { .. }))),
        "{late:?}"
    );
    assert!(content(&path) == reference && !path.join(".foehn").exists());
}
