//! Set-up, demo and tests: two commands that start from Rust, a C compiler and Python 3.

mod compiler;
mod cuda;
mod demo;
mod netcdf;
mod packages;
mod places;
mod python;
mod step;
mod test;
mod totals;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

const HELP: &str = "\
usage: cargo xtask COMMAND [ARGUMENTS]

commands
  demo [ARGUMENTS]   build foehn for the CPU and run `foehn demo ARGUMENTS`: simulate, train, forecast, verify, report
  test               formatting, clippy, documentation, then every test
  test ARGUMENTS     only `cargo test --release ARGUMENTS` (say `-p foehn-field`), in the surroundings that the tests need
  cuda-toolchain     fetch the LLVM that the `cuda` feature links, for machines where its build cannot do so itself

Each command installs what is missing and says what it does.

variables
  CARGO_TARGET_DIR   build output; default foehn/target in the user's cache folder
  FOEHN_NETCDF       `system` or `static`: insist on the machine's libnetcdf, or on building one; default whichever works
  FOEHN_PYTHON       a Python that has tests/requirements.txt installed; default a virtual environment in the cache folder
  FOEHN_SHARED_DATA  real data for the tests; default ../shared/data, tests that lack it say SKIPPED
";

/// Exit code for a command line that makes no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let outcome = match command.to_str() {
        Some("demo") => demo::run(&rest),
        Some("test") => test::run(&rest),
        Some("cuda-toolchain") => cuda::run(),
        Some("" | "help" | "--help" | "-h") => help(),
        _ => {
            let command = command.to_string_lossy();
            eprintln!("error: there is no command `{command}`\n\n{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::from(step::exit_code(&error))
        }
    }
}

#[allow(clippy::unnecessary_wraps)] // one signature for every command
fn help() -> Result<()> {
    print!("{HELP}");
    Ok(())
}
