//! Files that appear whole or not at all.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long, and how often, a writer waits for the file of the one that was first.
const WAIT: Duration = Duration::from_millis(20);
const WAITS: u32 = 100;

/// The name under which a file is written before it takes its own: a crash leaves that one at most, and
/// writing the file again replaces it.
pub(crate) fn partial(path: &Path) -> PathBuf {
    partial_of(path, "")
}

/// As [`partial`], of one of several writers that may write the same file at once.
fn partial_of(path: &Path, writer: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(writer);
    name.push("partial");
    path.with_file_name(name)
}

/// What tells the half-written files of one writer from those of all others, whatever machine they are on.
pub(crate) fn unique() -> String {
    // keyed at random by the standard library
    let random = RandomState::new().build_hasher().finish();
    format!("{random:016x}.")
}

/// Writes a file under another name, then renames it: it appears whole or not at all. Folders are made as needed.
///
/// # Errors
/// If the file system refuses; nothing is left then.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole_by(path, content, "")
}

/// As [`write_whole`], by one of several writers, told apart by their tags.
pub(crate) fn write_whole_by(path: &Path, content: &[u8], writer: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_into(path, content, writer, || true)
}

/// As [`write_whole_by`], into a folder that is there, and only if it `may` appear once it is whole.
pub(crate) fn write_into(
    path: &Path,
    content: &[u8],
    writer: &str,
    may: impl Fn() -> bool,
) -> io::Result<()> {
    let partial = partial_of(path, writer);
    let write = || {
        fs::write(&partial, content)?;
        if may() {
            fs::rename(&partial, path)
        } else {
            Err(io::Error::other("it may no longer be written"))
        }
    };
    let written = again(write);
    if written.is_err() {
        // half a file is of no use and takes room on a disk that may be full
        let _ = fs::remove_file(&partial);
    }
    written
}

/// A run that continues the store may take a half-written file away, as that of one that was killed: then once more.
fn again(write: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let mut written = write();
    for _ in 0..3 {
        match &written {
            Err(error) if error.kind() == io::ErrorKind::NotFound => written = write(),
            _ => break,
        }
    }
    written
}

/// Removes half-written files from a folder and all below it.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => sweep(&entry.path()),
            Ok(_) if name.starts_with('.') && name.ends_with(".partial") => {
                let _ = fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}

/// Writes a file unless it is there, into a folder that is; says whether it was written. Of several that try at once one
/// does, and the file is whole from its first moment.
pub(crate) fn write_first(path: &Path, content: &[u8]) -> io::Result<bool> {
    let partial = partial_of(path, &unique());
    let linked = again(|| {
        fs::write(&partial, content)?;
        fs::hard_link(&partial, path)
    });
    let first = match linked {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(false),
            io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied if !path.exists() => {
                without_links(&partial, path)
            }
            _ => Err(error),
        },
    };
    let _ = fs::remove_file(&partial);
    first
}

/// [`write_first`] where the file system has no links: who makes the lock is first, and the others wait for the file.
fn without_links(partial: &Path, path: &Path) -> io::Result<bool> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let mine = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(lock);
    match mine {
        Ok(_) => return fs::rename(partial, path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    for _ in 0..WAITS {
        if path.exists() {
            return Ok(false);
        }
        thread::sleep(WAIT);
    }
    // the first has died between the two
    fs::rename(partial, path).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_does_not_fit_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chunk");
        // the device that is always full, in place of the file that the chunk goes through
        let partial = partial_of(&path, "me.");
        std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
        let error = write_into(&path, b"values", "me.", || true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let error = crate::WriteError::io(&path, error);
        assert!(matches!(error, crate::WriteError::DiskFull { .. }));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        // after room was made the same call succeeds, unless it no longer may
        assert!(write_into(&path, b"values", "me.", || false).is_err());
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        write_into(&path, b"values", "me.", || true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"values");
    }

    #[test]
    fn writers_of_one_file_do_not_take_each_others_halves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chunk");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let writer = unique();
                    for _ in 0..200 {
                        write_into(&path, &[7; 9000], &writer, || true).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read(&path).unwrap(), [7; 9000]);
        fs::create_dir(folder.path().join("c")).unwrap();
        fs::write(folder.path().join("c/.0.12ab.partial"), b"half").unwrap();
        sweep(folder.path());
        assert!(
            fs::read_dir(folder.path().join("c"))
                .unwrap()
                .next()
                .is_none()
        );
        assert!(path.exists());
    }

    #[test]
    fn without_links_one_of_many_is_first_and_all_find_its_file_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim");
        let claim = |k: usize| {
            let partial = partial_of(&path, &format!("{k}."));
            fs::write(&partial, k.to_string().repeat(9)).unwrap();
            let first = without_links(&partial, &path).unwrap();
            (first.then_some(k), fs::read_to_string(&path).unwrap())
        };
        let claims: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|k| scope.spawn(move || claim(k))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let winners: Vec<usize> = claims.iter().filter_map(|(first, _)| *first).collect();
        assert_eq!(winners.len(), 1);
        let whole = winners[0].to_string().repeat(9);
        assert!(claims.iter().all(|(_, found)| *found == whole));
    }
}
