//! `cargo xtask cuda-toolchain`: the LLVM that the `cuda` feature links, from Python wheels.
//!
//! The crates behind `cuda` fetch an LLVM of their own when they are built. Where that address
//! cannot be reached, two wheels hold the same libraries; the build takes them for its own when
//! they lie where it looks and a marker file says that they are complete.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::places::{Folder, Places, user_folder};
use crate::python;
use crate::step::answer;

const WHEELS: [&str; 2] = [
    "mlc-llvm-static==23.1.1.post0",
    "mlc-llvm-static-extra-targets==23.1.1.post0",
];
/// Where the build looks, below the user's data folder.
const EXPECTED: &str = "tracel/tracel-llvm-23.1.0-4";
const MARKER: &str = ".tracel-llvm-installed";

/// Puts LLVM in place and says how to build.
pub fn run() -> Result<()> {
    if cfg!(windows) {
        bail!(
            "on Windows the build fetches its own LLVM: run `cargo build --release -p foehn --features cuda`"
        );
    }
    let places = Places::find()?;
    let link = user_folder(Folder::Data, |name| std::env::var_os(name))?.join(EXPECTED);
    if link.join(MARKER).is_file() {
        eprintln!("LLVM: already in {}", link.display());
    } else {
        let unpacked = places.cache.join("llvm-23.1.1.post0");
        python::unpack(&places, &WHEELS, &unpacked)?;
        place(&unpacked.join("mlc_llvm_static/static"), &link)?;
    }
    check(&link)?;
    println!(
        "the cuda feature can be built now:\n  cargo build --release -p foehn --features cuda"
    );
    Ok(())
}

/// Links `prefix` as `link` and marks it as complete.
fn place(prefix: &Path, link: &Path) -> Result<()> {
    let parent = link.parent().context("the link has no folder")?;
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    match fs::symlink_metadata(link) {
        Ok(old) if old.is_symlink() => fs::remove_file(link)?,
        Ok(_) => bail!(
            "{} is there but not complete (it lacks {MARKER}): remove it and try again",
            link.display()
        ),
        Err(_) => {}
    }
    eprintln!("linking {} to {}", link.display(), prefix.display());
    symlink(prefix, link).with_context(|| format!("linking {}", link.display()))?;
    let marker = link.join(MARKER);
    fs::write(&marker, "").with_context(|| format!("writing {}", marker.display()))
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Asks it for its version, as the build will.
fn check(link: &Path) -> Result<()> {
    let config = link.join("bin/llvm-config");
    let version = answer(&config, &["--link-static", "--version"]).with_context(|| {
        format!(
            "{} does not run: it needs a python3 of 3.10 or newer on PATH; if there is one, remove {} and try again",
            config.display(),
            link.display()
        )
    })?;
    eprintln!("LLVM {version} is ready");
    Ok(())
}
