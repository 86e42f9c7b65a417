//! Small text files that appear whole or not at all.

use anyhow::{Context, Result};
use foehn_archive::write_whole;
use std::path::Path;

/// Writes `text` to `path`.
///
/// # Errors
/// If the file system refuses.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_whole(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
