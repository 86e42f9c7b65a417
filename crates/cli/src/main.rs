//! The `foehn` command.

mod arguments;
mod commands;
mod generate;
mod restore;
mod run_arguments;
mod stores;

use arguments::{Arguments, Command};
use clap::Parser;
use foehn_archive::guard_with;
use foehn_pipelines::{BarsMissed, Interrupted};
use std::io::{self, ErrorKind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // without a name for this program there is no guard, and everything else works
    if !matches!(arguments.command, Command::Try { .. })
        && let Ok(program) = std::env::current_exe()
    {
        guard_with(program, &["try"]);
    }
    match commands::run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", message(&error));
            if error.is::<Interrupted>() {
                ExitCode::from(130)
            } else if error.is::<BarsMissed>() {
                ExitCode::from(1)
            } else {
                ExitCode::from(2)
            }
        }
    }
}

/// The causes on one line, each said once.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    let kinds = error.chain().filter_map(|e| e.downcast_ref::<io::Error>());
    if kinds
        .map(io::Error::kind)
        .any(|k| k == ErrorKind::StorageFull)
        && !text.contains("make room")
    {
        text.push_str("; make room and run again with --resume");
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
