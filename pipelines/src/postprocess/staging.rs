//! Output that appears whole: what was there stays until all of the new is written.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the parts are written before they take their places.
const NEW: &str = ".postprocess-new";
/// Where the parts before them go.
const OLD: &str = ".postprocess-old";

/// Parts of a folder that are written aside; dropped before they are finished, they leave nothing.
pub(crate) struct Staging {
    folder: PathBuf,
}

impl Staging {
    /// An empty place beside the parts of a folder, which is made.
    ///
    /// # Errors
    /// If the file system refuses.
    pub(crate) fn begin(folder: &Path) -> Result<Self> {
        let staging = Self {
            folder: folder.to_owned(),
        };
        staging.clear(NEW)?;
        let new = folder.join(NEW);
        fs::create_dir_all(&new).with_context(|| format!("cannot make {}", new.display()))?;
        Ok(staging)
    }

    /// Where a part is written.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(NEW).join(name)
    }

    fn clear(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Puts all parts in their places; what was there is removed afterwards.
    ///
    /// # Errors
    /// If the file system refuses; what was there is then in a hidden folder beside.
    pub(crate) fn finish(self, names: &[&str]) -> Result<()> {
        self.clear(OLD)?;
        let old = self.folder.join(OLD);
        fs::create_dir_all(&old).with_context(|| format!("cannot make {}", old.display()))?;
        for name in names {
            let place = self.folder.join(name);
            let moved = |from: &Path, to: &Path| {
                fs::rename(from, to)
                    .with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
            };
            if place.exists() {
                moved(&place, &old.join(name))?;
            }
            moved(&self.path(name), &place)?;
        }
        self.clear(OLD)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(self.folder.join(NEW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_all_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("store")).unwrap();
        fs::write(at("store/a"), "old").unwrap();
        fs::write(at("text"), "old").unwrap();
        fs::write(at("other"), "kept").unwrap();
        let write = |staging: &Staging| {
            fs::create_dir(staging.path("store")).unwrap();
            fs::write(staging.path("store").join("b"), "new").unwrap();
        };
        let failed = Staging::begin(folder.path()).unwrap();
        write(&failed);
        drop(failed);
        assert_eq!(fs::read_to_string(at("store/a")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);

        let done = Staging::begin(folder.path()).unwrap();
        write(&done);
        fs::write(done.path("text"), "new").unwrap();
        done.finish(&["store", "text"]).unwrap();
        assert!(!at("store/a").exists());
        for name in ["store/b", "text"] {
            assert_eq!(fs::read_to_string(at(name)).unwrap(), "new");
        }
        assert_eq!(fs::read_to_string(at("other")).unwrap(), "kept");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
