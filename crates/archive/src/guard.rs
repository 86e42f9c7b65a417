//! A process that reads a file first: what crashes or hangs the NetCDF library then costs a child only.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::{OpenError, detect::damaged};

static GUARD: OnceLock<Guard> = OnceLock::new();

/// How a file is tried.
#[derive(Debug)]
struct Guard {
    program: PathBuf,
    arguments: Vec<String>,
    /// Time after which the library hangs.
    limit: Duration,
    /// Files that were survived, as they were then.
    survived: Mutex<HashSet<(PathBuf, u64, Option<SystemTime>)>>,
}

/// From now on [`open`](crate::open) first lets `program ARGUMENTS... FILE` try every NetCDF file, once.
///
/// That program should call [`try_file`]. A crash of the C libraries on a corrupt file then ends that process,
/// and becomes [`OpenError::Damaged`] here. Later calls change nothing.
pub fn guard_with(program: PathBuf, arguments: &[&str]) {
    let guard = Guard::new(program, arguments, Duration::from_mins(1));
    let _ = GUARD.set(guard);
}

/// Opens a file and reads the first and the last value of every variable, whatever comes of it.
pub fn try_file(path: &Path) {
    let Ok(archive) = crate::open(path) else {
        return;
    };
    for variable in archive.variables().values() {
        let first = variable.shape.iter().map(|n| 0..1.min(*n));
        let last = variable.shape.iter().map(|n| n.saturating_sub(1)..*n);
        let _ = archive.read(&variable.name, &first.collect::<Vec<_>>());
        let _ = archive.read(&variable.name, &last.collect::<Vec<_>>());
    }
}

/// Refuses a file that the guard's program does not survive.
pub(crate) fn survives(file: &Path, shown: &Path) -> Result<(), OpenError> {
    match GUARD.get() {
        None => Ok(()),
        Some(guard) => guard.tries(file).map_err(damaged(shown, "NetCDF")),
    }
}

impl Guard {
    fn new(program: PathBuf, arguments: &[&str], limit: Duration) -> Self {
        Self {
            program,
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            limit,
            survived: Mutex::default(),
        }
    }

    fn tries(&self, file: &Path) -> Result<(), String> {
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        let key = (file.to_path_buf(), metadata.len(), metadata.modified().ok());
        let known = || self.survived.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(&key) {
            return Ok(());
        }
        match self.ending(file)? {
            None => Err(format!(
                "the library that reads it was still at its header after {} s",
                self.limit.as_secs()
            )),
            Some(status) if crashed(status) => Err(format!(
                "the library that reads it crashes ({status}); the file is corrupt"
            )),
            Some(_) => {
                known().insert(key);
                Ok(())
            }
        }
    }

    /// How the program ended; `None` where it had to be ended.
    fn ending(&self, file: &Path) -> Result<Option<ExitStatus>, String> {
        let nothing = Stdio::null;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(file)
            .stdin(nothing())
            .stdout(nothing())
            .stderr(nothing())
            .spawn();
        let mut child = child.map_err(|error| format!("{}: {error}", self.program.display()))?;
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => return Ok(Some(status)),
                None if begun.elapsed() > self.limit => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ok(None);
                }
                None => thread::sleep(pause),
            }
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }
}

/// Ended by a signal that a crash gives, not by itself or by the user.
#[cfg(unix)]
fn crashed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL (of a system without memory), SIGSEGV
    status
        .signal()
        .is_some_and(|signal| [4, 6, 7, 8, 9, 11].contains(&signal))
}

/// Ended by itself with a code of no program.
#[cfg(not(unix))]
fn crashed(status: ExitStatus) -> bool {
    status.code().is_none_or(|code| code < 0)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn told(script: &str) -> Result<(), String> {
        let limit = Duration::from_millis(300);
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        Guard::new("sh".into(), &["-c", script], limit).tries(file.path())
    }

    #[test]
    fn a_crash_and_a_hang_are_errors_and_a_refusal_is_none() {
        assert_eq!(told("exit 2"), Ok(()));
        let crash = told("kill -SEGV $$").unwrap_err();
        assert!(crash.contains("crashes") && crash.contains("11"), "{crash}");
        let hang = told("sleep 20").unwrap_err();
        assert!(hang.contains("still at its header"), "{hang}");
    }
}
