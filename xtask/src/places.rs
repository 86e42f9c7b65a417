//! Where things lie: the workspace, the user's cache, the build output, the real data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders that every command works with.
pub struct Places {
    /// The workspace root.
    pub root: PathBuf,
    /// `foehn` in the user's cache folder.
    pub cache: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Places {
    /// Finds them and says where the build output goes.
    pub fn find() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here
            .parent()
            .with_context(|| format!("{} has no parent folder", here.display()))?
            .to_owned();
        let cache = user_folder(Folder::Cache, |name| std::env::var_os(name))?.join("foehn");
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|set| !set.is_empty()) {
            Some(set) => std::path::absolute(set)?,
            None => cache.join("target"),
        };
        eprintln!("build output: {}", target.display());
        Ok(Self {
            root,
            cache,
            target,
        })
    }

    /// `cargo` in the workspace root, building into [`Places::target`].
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// The real data, where they should be and whether they are there.
    pub fn shared_data(&self) -> (PathBuf, bool) {
        let folder = std::env::var_os("FOEHN_SHARED_DATA")
            .map_or_else(|| self.root.join("../shared/data"), PathBuf::from);
        match folder.canonicalize() {
            Ok(folder) => (folder, true),
            Err(_) => (folder, false),
        }
    }
}

/// A folder that the operating system keeps for each user.
#[derive(Clone, Copy)]
pub enum Folder {
    /// Can be deleted at any time.
    Cache,
    /// Application data of this machine.
    Data,
}

/// The user's folder, from the environment that `variable` reads.
pub fn user_folder(folder: Folder, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let path = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let in_home = |below: &str| path("HOME").map(|home| home.join(below));
    let found = if cfg!(windows) {
        path("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        in_home(match folder {
            Folder::Cache => "Library/Caches",
            Folder::Data => "Library/Application Support",
        })
    } else {
        match folder {
            Folder::Cache => path("XDG_CACHE_HOME").or_else(|| in_home(".cache")),
            Folder::Data => path("XDG_DATA_HOME").or_else(|| in_home(".local/share")),
        }
    };
    found.context("no home folder is known: set HOME (LOCALAPPDATA on Windows)")
}

/// The first of `names` that lies on `PATH`.
pub fn on_path(names: &[&'static str]) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().copied().find(|name| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        folders.iter().any(|folder| folder.join(&file).is_file())
    })
}

/// `PATH` with `folder` in front.
pub fn path_with(folder: &Path) -> Result<OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
    std::env::join_paths(folders)
        .with_context(|| format!("{} cannot stand in PATH", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn xdg_folders_win_when_absolute() {
        let cache = |xdg: &str| {
            user_folder(Folder::Cache, |name| match name {
                "XDG_CACHE_HOME" => Some(xdg.into()),
                "HOME" => Some("/home/ada".into()),
                _ => None,
            })
            .unwrap()
        };
        assert_eq!(cache("/fast/cache"), PathBuf::from("/fast/cache"));
        assert_eq!(cache("relative"), PathBuf::from("/home/ada/.cache"));
        assert_eq!(cache(""), PathBuf::from("/home/ada/.cache"));
    }

    #[test]
    fn no_home_is_an_error_that_says_what_to_set() {
        let error = user_folder(Folder::Data, |_| None).unwrap_err();
        assert!(error.to_string().contains("HOME"));
    }
}
