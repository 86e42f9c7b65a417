//! What the comparisons with other software share.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use foehn_field::{Calendar, Instant};
use serde_json::Value;

/// Runs a script; `None`, with a line that says so, where no interpreter is named.
pub fn python(script: &str, arguments: &[&str]) -> Option<Value> {
    let Ok(interpreter) = std::env::var("FOEHN_PYTHON") else {
        println!(
            "SKIPPED: FOEHN_PYTHON names no interpreter with xarray, so nothing is compared with it"
        );
        return None;
    };
    let run = Command::new(interpreter)
        // a script that another test began while this one wrote its file has inherited that file, with HDF5's lock on it
        .env("HDF5_USE_FILE_LOCKING", "FALSE")
        .arg("-c")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Some(serde_json::from_slice(&run.stdout).unwrap())
}

/// The folder of real data; `None`, with a line that says so, where there is none.
pub fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("FOEHN_SHARED_DATA").map_or(beside, PathBuf::from);
    if folder.join("gridded").is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no real data in {} (set FOEHN_SHARED_DATA)",
        folder.display()
    );
    None
}

/// Dates as text.
pub fn dates(calendar: Calendar, instants: impl IntoIterator<Item = Instant>) -> Value {
    instants
        .into_iter()
        .map(|t| calendar.date(t).to_string())
        .collect()
}
