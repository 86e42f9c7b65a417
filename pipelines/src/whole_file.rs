//! Small files that appear whole or not at all.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Writes `content` under another name and renames it.
///
/// # Errors
/// If the file system refuses.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let partial = path.with_extension("partial");
    let written = fs::write(&partial, content).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // a leftover would only waste the space that was short
        let _ = fs::remove_file(&partial);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}
