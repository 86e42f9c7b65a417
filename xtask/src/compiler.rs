//! A C++ compiler: one of the codecs that Zarr stores use is written in C++.

use anyhow::{Result, bail};

use crate::packages::{self, Need};
use crate::places::on_path;

/// Sees to it that there is one.
pub fn ensure() -> Result<()> {
    // on Windows the linker that Rust needs comes with one
    if cfg!(windows) || std::env::var_os("CXX").is_some() || present() {
        return Ok(());
    }
    eprintln!("C++ compiler: none called c++; asking the package manager");
    if packages::install(Need::Compiler) && present() {
        return Ok(());
    }
    bail!("no C++ compiler: install one (Debian, Ubuntu: apt install g++), or name yours in CXX")
}

fn present() -> bool {
    on_path(&["c++"]).is_some()
}
