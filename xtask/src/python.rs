//! A virtual environment of our own, for the tests' peers and for build tools.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::packages::{self, Need};
use crate::places::Places;
use crate::step::{Step, answer};

/// What the peers of tests/requirements.txt run on.
const PEERS_NEED: Version = (3, 11);
/// What pip, and the tools that it brings, run on.
const TOOLS_NEED: Version = (3, 8);
/// Version 4 of `cmake` refuses the policies of some bundled C libraries.
const BUILD_TOOLS: &str = "cmake==3.31.10\nninja==1.13.2\n";

type Version = (u32, u32);

/// A Python that has the packages of tests/requirements.txt: `FOEHN_PYTHON`, else ours.
pub fn peers(places: &Places) -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("FOEHN_PYTHON").filter(|chosen| !chosen.is_empty()) {
        eprintln!("Python of the tests: {}", chosen.display());
        return Ok(chosen.into());
    }
    let list = places.root.join("tests/requirements.txt");
    let wanted =
        fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let venv = Venv::ensure(places, PEERS_NEED)?;
    venv.install("peers", &wanted)?;
    eprintln!("Python of the tests: {}", venv.python.display());
    Ok(venv.python)
}

/// The folder that holds `cmake` and `ninja`.
pub fn build_tools(places: &Places) -> Result<PathBuf> {
    let venv = Venv::ensure(places, TOOLS_NEED)?;
    venv.install("build-tools", BUILD_TOOLS)?;
    let folder = venv.python.parent();
    Ok(folder.context("the Python has no folder")?.to_owned())
}

/// Unpacks `wheels` into `folder` without what they depend on.
pub fn unpack(places: &Places, wheels: &[&str], folder: &Path) -> Result<()> {
    let venv = Venv::ensure(places, TOOLS_NEED)?;
    let mut pip = venv.pip(&["install", "--no-deps", "--no-compile", "--upgrade"]);
    pip.arg("--target").arg(folder).args(wheels);
    let remedy = "these wheels exist for Linux and macOS on x86-64 and ARM; see whether PyPI can be reached and the disk has 0.5 GB";
    Step::new("fetching wheels", pip, remedy).run()
}

/// The environment, locked against another xtask while it is being filled.
struct Venv {
    folder: PathBuf,
    python: PathBuf,
    _lock: File,
}

impl Venv {
    /// The environment with a Python of at least `minimum`, made where it is missing or broken.
    fn ensure(places: &Places, minimum: Version) -> Result<Self> {
        let folder = places.cache.join("venv");
        let python = folder.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        fs::create_dir_all(&places.cache)
            .with_context(|| format!("making {}", places.cache.display()))?;
        let lock = File::create(places.cache.join("venv.lock"))?;
        lock.lock().context("waiting for the virtual environment")?;
        let usable = version(&python).is_some_and(|found| found >= minimum)
            && answer(&python, &["-m", "pip", "--version"]).is_some();
        if !usable {
            create(&folder, minimum)?;
        }
        Ok(Self {
            folder,
            python,
            _lock: lock,
        })
    }

    fn pip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "pip", "--quiet", "--disable-pip-version-check"])
            .args(arguments);
        command
    }

    /// Installs the list `wanted`; the copy left in the environment says that it is complete.
    fn install(&self, name: &str, wanted: &str) -> Result<()> {
        let stamp = self.folder.join(format!("foehn-{name}.txt"));
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let list = self.folder.join(format!("foehn-{name}.part.txt"));
        fs::write(&list, wanted).with_context(|| format!("writing {}", list.display()))?;
        let mut pip = self.pip(&["install", "--requirement"]);
        pip.arg(&list);
        let remedy = "see whether PyPI can be reached, or set FOEHN_PYTHON to a Python that has the packages of tests/requirements.txt";
        Step::new("Python packages", pip, remedy).run()?;
        fs::rename(&list, &stamp).with_context(|| format!("writing {}", stamp.display()))
    }
}

fn create(folder: &Path, minimum: Version) -> Result<()> {
    let base = base(minimum)?;
    if !has_venv(base) {
        eprintln!("{base} lacks the modules venv and ensurepip");
        if !packages::install(Need::Venv) || !has_venv(base) {
            bail!(
                "{base} lacks the modules venv and ensurepip; install them (Debian, Ubuntu: apt install python3-venv)"
            );
        }
    }
    let mut command = Command::new(base);
    command.args(["-m", "venv", "--clear"]).arg(folder);
    let remedy = format!("remove {} and try again", folder.display());
    Step::new("virtual environment", command, &remedy).run()
}

/// The first Python on `PATH` that is recent enough.
fn base((major, minor): Version) -> Result<&'static str> {
    const NAMES: [&str; 7] = [
        "python3",
        "python",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
        "py",
    ];
    NAMES
        .into_iter()
        .find(|name| version(Path::new(name)).is_some_and(|found| found >= (major, minor)))
        .with_context(|| format!("no Python {major}.{minor} or newer on PATH; install one"))
}

fn has_venv(python: &str) -> bool {
    answer(python, &["-c", "import venv, ensurepip"]).is_some()
}

fn version(python: &Path) -> Option<Version> {
    let text = answer(
        python,
        &["-c", "import sys; print(*sys.version_info[:2], sep='.')"],
    )?;
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
