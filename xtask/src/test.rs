//! `cargo xtask test`: what must hold before a change lands, cheapest first, the tests last.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::compiler;
use crate::netcdf::{Library, Selection};
use crate::places::{Places, on_path};
use crate::python;
use crate::step::{Step, answer};
use crate::totals::Totals;

/// Everything, or with `arguments` only the tests that they select.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let places = Places::find()?;
    compiler::ensure()?;
    let library = Library::ensure(&places)?;
    let python = python::peers(&places)?;
    let data = shared_data(&places);
    if arguments.is_empty() {
        lint(&places, &library)?;
    }

    let mut tests = places.cargo(&["test", "--release", "--no-fail-fast"]);
    let named = |word: &OsString| {
        word.to_str()
            .is_some_and(|word| word.starts_with("-p") || word.starts_with("--package"))
    };
    let mut words = arguments.splitn(2, |word| word == "--");
    let own = words.next().unwrap_or_default();
    if own.iter().any(named) {
        library.apply(&mut tests, Selection::Some)?;
    } else {
        tests.arg("--workspace");
        library.apply(&mut tests, Selection::Workspace)?;
    }
    // passing tests print what they skipped, and what they measured
    tests.args(own).args(["--", "--show-output"]);
    tests.args(words.next().unwrap_or_default());
    tests.env("FOEHN_PYTHON", python);
    tests.envs(data.map(|folder| ("FOEHN_SHARED_DATA", folder)));

    let mut totals = Totals::default();
    let remedy = "what failed is named above; `cargo xtask test -p CRATE NAME` runs one test again";
    let outcome = Step::new("tests", tests, remedy).run_watched(|line| totals.take(line));
    if totals.any() {
        print!("\n{totals}");
    }
    outcome
}

fn lint(places: &Places, library: &Library) -> Result<()> {
    ensure_components()?;
    let format = places.cargo(&["fmt", "--all", "--check"]);
    Step::new("formatting", format, "run `cargo fmt --all`").run()?;

    let mut clippy = places.cargo(&["clippy", "--release", "--workspace", "--all-targets"]);
    library.apply(&mut clippy, Selection::Workspace)?;
    clippy.args(["--", "-D", "warnings"]);
    let remedy = "mend what is named above; if libnetcdf or HDF5 is the trouble, FOEHN_NETCDF=static builds both from source";
    Step::new("clippy", clippy, remedy).run()?;

    let mut docs = places.cargo(&["doc", "--release", "--workspace", "--no-deps"]);
    library.apply(&mut docs, Selection::Workspace)?;
    docs.env("RUSTDOCFLAGS", "-D warnings");
    Step::new("documentation", docs, "mend the doc comments named above").run()
}

/// rustfmt and clippy, which a minimal toolchain leaves out.
fn ensure_components() -> Result<()> {
    let present = ["fmt", "clippy"]
        .iter()
        .all(|part| answer("cargo", &[part, "--version"]).is_some());
    if present || on_path(&["rustup"]).is_none() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", "rustfmt", "clippy"]);
    Step::new("rustfmt and clippy", rustup, "install both by hand").run()
}

/// The real data, said to be there or not.
fn shared_data(places: &Places) -> Option<PathBuf> {
    let (folder, there) = places.shared_data();
    if there {
        eprintln!("real data: {}", folder.display());
        return Some(folder);
    }
    eprintln!(
        "real data: none in {} (set FOEHN_SHARED_DATA); the tests that need them say SKIPPED",
        folder.display()
    );
    None
}
