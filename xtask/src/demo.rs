//! `cargo xtask demo`: the main job, on the CPU.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::compiler;
use crate::netcdf::{Library, Selection};
use crate::places::Places;
use crate::step::Step;

/// Builds the binary and runs `foehn demo` with `arguments`.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let places = Places::find()?;
    compiler::ensure()?;
    let library = Library::ensure(&places)?;
    let mut build = places.cargo(&["build", "--release", "--package", "foehn"]);
    library.apply(&mut build, Selection::Some)?;
    let remedy = "if libnetcdf or HDF5 is the trouble, FOEHN_NETCDF=static builds both from source";
    Step::new("building foehn", build, remedy).run()?;

    let binary = places.target.join("release").join("foehn");
    let mut demo = Command::new(binary.with_extension(std::env::consts::EXE_EXTENSION));
    demo.arg("demo").args(arguments);
    let remedy = "the message above names the cause; `foehn demo --help` lists the options";
    Step::new("demo", demo, remedy).run()
}
