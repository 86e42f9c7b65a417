//! The system's package manager, used only where it needs no password.

use std::process::Command;

use crate::places::on_path;
use crate::step::{Step, answer};

/// What foehn may need from the system.
#[derive(Clone, Copy)]
pub enum Need {
    /// libnetcdf and HDF5 with headers, and pkg-config to find them.
    Netcdf,
    /// A C++ compiler.
    Compiler,
    /// Python's `venv` module, which Debian keeps in a package of its own.
    Venv,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
    Zypper,
    Apk,
    Brew,
}

impl Manager {
    const ALL: [(&'static str, Self); 6] = [
        ("apt-get", Self::Apt),
        ("dnf", Self::Dnf),
        ("pacman", Self::Pacman),
        ("zypper", Self::Zypper),
        ("apk", Self::Apk),
        ("brew", Self::Brew),
    ];

    fn find() -> Option<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(program, manager)| on_path(&[program]).map(|_| manager))
    }

    fn packages(self, need: Need) -> &'static [&'static str] {
        match (need, self) {
            (Need::Venv, Self::Apt) => &["python3-venv"],
            (Need::Venv, _) | (Need::Compiler, Self::Brew) => &[],
            (Need::Compiler, Self::Apt | Self::Apk) => &["g++"],
            (Need::Compiler, Self::Dnf | Self::Zypper) => &["gcc-c++"],
            (Need::Compiler, Self::Pacman) => &["gcc"],
            (Need::Netcdf, Self::Apt) => &["libnetcdf-dev", "pkg-config"],
            (Need::Netcdf, Self::Dnf) => &["netcdf-devel", "hdf5-devel", "pkgconf-pkg-config"],
            (Need::Netcdf, Self::Pacman) => &["netcdf", "hdf5", "pkgconf"],
            (Need::Netcdf, Self::Zypper) => &["netcdf-devel", "hdf5-devel", "pkg-config"],
            (Need::Netcdf, Self::Apk) => &["netcdf-dev", "hdf5-dev", "pkgconf"],
            (Need::Netcdf, Self::Brew) => &["netcdf"],
        }
    }

    fn update(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Apt => Some(&["apt-get", "-q", "update"]),
            _ => None,
        }
    }

    fn install(self) -> &'static [&'static str] {
        match self {
            Self::Apt => &[
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-qy",
                "--no-install-recommends",
                "install",
            ],
            Self::Dnf => &["dnf", "-y", "install"],
            Self::Pacman => &["pacman", "-S", "--needed", "--noconfirm"],
            Self::Zypper => &["zypper", "--non-interactive", "install"],
            Self::Apk => &["apk", "add"],
            Self::Brew => &["brew", "install"],
        }
    }
}

/// Installs `need`; false, with the reason said, where that is not possible.
pub fn install(need: Need) -> bool {
    let Some(manager) = Manager::find() else {
        eprintln!("    no package manager that xtask knows");
        return false;
    };
    let packages = manager.packages(need);
    if packages.is_empty() {
        eprintln!("    {manager:?} has no package for it");
        return false;
    }
    let Some(rights) = rights(manager) else {
        eprintln!(
            "    {manager:?} could install {}, but that needs root or sudo without a password",
            packages.join(" ")
        );
        return false;
    };
    if let Some(update) = manager.update() {
        // an unreachable third-party list must not stop the install
        let _ = Step::new("package lists", command(&[rights, update]), "").run();
    }
    let install = command(&[rights, manager.install(), packages]);
    match Step::new("system packages", install, "install them by hand").run() {
        Ok(()) => true,
        Err(error) => {
            eprintln!("    {error:#}");
            false
        }
    }
}

/// The words that give the right to install, `None` where a password would be asked.
fn rights(manager: Manager) -> Option<&'static [&'static str]> {
    let root = answer("id", &["-u"]).as_deref() == Some("0");
    match manager {
        Manager::Brew => (!root).then_some(&[]),
        _ if root => Some(&[]),
        _ => answer("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice()),
    }
}

fn command(words: &[&[&str]]) -> Command {
    let words = words.concat();
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1));
    command.stdin(std::process::Stdio::null());
    command
}
