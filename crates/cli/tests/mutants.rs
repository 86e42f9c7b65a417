//! Files with damaged headers and metadata: read or refused in one line, without a crash, a hang or much memory.
//!
//! The damage is drawn from a fixed seed. `FOEHN_FUZZ_SECONDS` lengthens the search (eight seconds by default),
//! `FOEHN_FUZZ_SEED` moves it, and `FOEHN_FUZZ_FORMAT` keeps it to one of classic, hdf5, zarr2, zarr3 and zip (http:
//! `mutant_answers.rs`); `FOEHN_FUZZ_PROGRAM` is tried instead of the program that was built with the test.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod mutation;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutation::{Draws, Files, damage, format, originals, setting, taken};

fn write(folder: &Path, files: &Files) -> PathBuf {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(bytes).unwrap();
    }
    match files.as_slice() {
        [(name, _)] if name.components().count() == 1 => folder.join(name),
        [(name, _), ..]
            if files
                .iter()
                .all(|(n, _)| n.iter().next() == name.iter().next()) =>
        {
            folder.join(name.iter().next().unwrap())
        }
        _ => folder.to_path_buf(),
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    let seconds = setting("FOEHN_FUZZ_SECONDS", 8);
    let seed = setting("FOEHN_FUZZ_SEED", 1);
    let mut originals = originals();
    if let Ok(only) = std::env::var("FOEHN_FUZZ_FORMAT") {
        if only == "http" {
            return;
        }
        originals.retain(|files| format(files) == only);
        assert!(!originals.is_empty(), "no file is {only}");
    }
    let mut draws = Draws(seed);
    let (mut tried, begun) = (0, Instant::now());
    let mut troubles = Vec::new();
    while begun.elapsed() < Duration::from_secs(seconds) && troubles.len() < 10 {
        let folder = tempfile::tempdir().unwrap();
        let mut files = originals[draws.below(originals.len())].clone();
        let damaged = draws.below(files.len());
        damage(&mut files[damaged].1, &mut draws);
        let path = write(folder.path(), &files);
        if let Err(trouble) = taken(path.as_os_str(), &[]) {
            let kept = std::env::temp_dir().join(format!("foehn-mutant-{seed}-{tried}"));
            let _ = fs::rename(folder.path(), &kept);
            let told = format!(
                "mutant {tried} of seed {seed} ({}), kept in {}: {trouble}",
                files[damaged].0.display(),
                kept.display()
            );
            println!("{told}");
            troubles.push(told);
        }
        tried += 1;
    }
    println!(
        "{tried} damaged files of {} in {seconds} s",
        originals.len()
    );
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    assert!(tried > 20, "{tried}");
}
