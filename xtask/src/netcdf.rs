//! libnetcdf: the machine's own, else from its package manager, else built from source.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::packages::{self, Need};
use crate::places::{Places, on_path, path_with};
use crate::python;
use crate::step::answer;

/// How the build gets at libnetcdf.
#[derive(Debug, PartialEq)]
pub enum Library {
    /// Installed; the variables lead the build scripts to it where they would not find it.
    System(Vec<(&'static str, PathBuf)>),
    /// Compiled with cargo feature `static-netcdf`, by tools in this folder.
    Static(PathBuf),
}

impl Library {
    /// Finds libnetcdf, or installs it, or gets ready to build it.
    pub fn ensure(places: &Places) -> Result<Self> {
        let wish = std::env::var("FOEHN_NETCDF").unwrap_or_default();
        match wish.as_str() {
            "" | "system" => {}
            "static" => return Self::built(places),
            other => bail!("FOEHN_NETCDF is `{other}`; it can be `system` or `static`"),
        }
        if let Some(found) = Self::installed() {
            return Ok(found);
        }
        eprintln!("libnetcdf: not on this machine; asking the package manager");
        if packages::install(Need::Netcdf)
            && let Some(found) = Self::installed()
        {
            return Ok(found);
        }
        if wish == "system" {
            bail!(
                "FOEHN_NETCDF is `system` and there is no libnetcdf with headers: install it (Debian, Ubuntu: apt install libnetcdf-dev), or set NETCDF_DIR to its prefix"
            );
        }
        Self::built(places)
    }

    fn built(places: &Places) -> Result<Self> {
        eprintln!("libnetcdf: building it from source (adds some minutes to the first build)");
        Ok(Self::Static(python::build_tools(places)?))
    }

    /// The library that is already here.
    fn installed() -> Option<Self> {
        let (how, prefix) = set_by_hand()
            .or_else(nc_config)
            .or_else(pkg_config)
            .or_else(usual_place)?;
        eprintln!("libnetcdf: in {} (found by {how})", prefix.display());
        // the build asks these two itself
        let known = matches!(how, "NETCDF_DIR" | "nc-config");
        let mut variables = Vec::new();
        if !known {
            variables.push(("NETCDF_DIR", prefix.clone()));
        }
        if !hdf5_is_known() && has_hdf5(&prefix.join("include")) {
            variables.push(("HDF5_DIR", prefix));
        }
        Some(Self::System(variables))
    }

    /// Adds to a cargo command what the build needs; `selection` names the packages it builds.
    pub fn apply(&self, command: &mut Command, selection: Selection) -> Result<()> {
        match self {
            Self::System(variables) => {
                command.envs(variables.iter().map(|(name, path)| (*name, path)));
            }
            Self::Static(tools) => {
                command.args(["--features", "foehn-archive/static-netcdf"]);
                if selection == Selection::Some {
                    // a feature is known only where its package is among those built
                    command.args(["--package", "foehn-archive"]);
                }
                command.env("PATH", path_with(tools)?);
                if on_path(&["make"]).is_none() {
                    command.env("CMAKE_GENERATOR", OsString::from("Ninja"));
                }
            }
        }
        Ok(())
    }
}

/// Which packages a cargo command builds.
#[derive(Clone, Copy, PartialEq)]
pub enum Selection {
    /// The whole workspace.
    Workspace,
    /// Some, named on the command line.
    Some,
}

type Found = (&'static str, PathBuf);

fn set_by_hand() -> Option<Found> {
    let prefix = PathBuf::from(std::env::var_os("NETCDF_DIR")?);
    has_netcdf(&prefix.join("include")).then_some(("NETCDF_DIR", prefix))
}

fn nc_config() -> Option<Found> {
    let headers = answer("nc-config", &["--includedir"])?;
    let prefix = answer("nc-config", &["--prefix"])?;
    has_netcdf(Path::new(&headers)).then(|| ("nc-config", prefix.into()))
}

fn pkg_config() -> Option<Found> {
    let prefix = PathBuf::from(answer("pkg-config", &["--variable=prefix", "netcdf"])?);
    has_netcdf(&prefix.join("include")).then_some(("pkg-config", prefix))
}

fn usual_place() -> Option<Found> {
    let conda = std::env::var_os("CONDA_PREFIX").map(PathBuf::from);
    conda
        .into_iter()
        .chain(["/usr", "/usr/local", "/opt/homebrew", "/opt/local"].map(PathBuf::from))
        .find(|prefix| holds_netcdf(prefix))
        .map(|prefix| ("its header", prefix))
}

fn has_netcdf(headers: &Path) -> bool {
    headers.join("netcdf.h").is_file()
}

fn has_hdf5(headers: &Path) -> bool {
    ["H5pubconf.h", "H5pubconf-64.h"]
        .iter()
        .any(|name| headers.join(name).is_file())
}

/// Whether the build of the HDF5 bindings finds HDF5 without help.
fn hdf5_is_known() -> bool {
    std::env::var_os("HDF5_DIR").is_some()
        || answer("pkg-config", &["--exists", "hdf5"]).is_some()
        || ["/usr/include", "/usr/include/hdf5/serial"]
            .iter()
            .any(|folder| has_hdf5(Path::new(folder)))
}

fn holds_netcdf(prefix: &Path) -> bool {
    const NAMES: [&str; 3] = ["libnetcdf.so", "libnetcdf.dylib", "libnetcdf.a"];
    let triple = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    let folders = ["lib", "lib64", triple.as_str()].map(|folder| prefix.join(folder));
    has_netcdf(&prefix.join("include"))
        && folders
            .iter()
            .any(|folder| NAMES.iter().any(|name| folder.join(name).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_build_names_its_package_only_beside_others() {
        let library = Library::Static(PathBuf::from("tools"));
        let arguments = |selection| {
            let mut command = Command::new("cargo");
            library.apply(&mut command, selection).unwrap();
            let words: Vec<_> = command.get_args().collect();
            words.join(std::ffi::OsStr::new(" "))
        };
        assert_eq!(
            arguments(Selection::Workspace),
            "--features foehn-archive/static-netcdf"
        );
        assert_eq!(
            arguments(Selection::Some),
            "--features foehn-archive/static-netcdf --package foehn-archive"
        );
    }

    #[test]
    fn a_prefix_needs_header_and_library() {
        let prefix = std::env::temp_dir().join(format!("foehn-xtask-{}", std::process::id()));
        std::fs::create_dir_all(prefix.join("include")).unwrap();
        std::fs::create_dir_all(prefix.join("lib64")).unwrap();
        std::fs::write(prefix.join("include/netcdf.h"), "").unwrap();
        assert!(!holds_netcdf(&prefix));
        std::fs::write(prefix.join("lib64/libnetcdf.so"), "").unwrap();
        assert!(holds_netcdf(&prefix));
        std::fs::remove_dir_all(prefix).unwrap();
    }
}
