//! One outside command: announced before it runs, explained when it fails.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

/// A command, what it is for, and what to do when it fails.
pub struct Step {
    what: String,
    command: Command,
    remedy: String,
}

impl Step {
    /// A step named `what`; `remedy` is shown when it fails.
    pub fn new(what: &str, command: Command, remedy: &str) -> Self {
        Self {
            what: what.to_owned(),
            command,
            remedy: remedy.to_owned(),
        }
    }

    /// Runs the command with this terminal as its own.
    pub fn run(mut self) -> Result<()> {
        let start = self.announce();
        let status = self.command.status();
        self.judge(status)?;
        eprintln!("    done in {:.0} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs the command and shows each line of its standard output to `watch` on its way.
    pub fn run_watched(mut self, mut watch: impl FnMut(&str)) -> Result<()> {
        self.announce();
        let spawned = self.command.stdout(Stdio::piped()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return self.judge(Err(error)),
        };
        if let Some(output) = child.stdout.take() {
            forward(BufReader::new(output), &mut watch).context("passing on the output")?;
        }
        self.judge(child.wait())
    }

    fn announce(&self) -> Instant {
        eprintln!("==> {}: {}", self.what, shown(&self.command));
        Instant::now()
    }

    fn judge(&self, status: std::io::Result<ExitStatus>) -> Result<()> {
        let ended = match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => Ended::Status(status),
            Err(error) => Ended::NotStarted(error),
        };
        Err(Failure {
            what: self.what.clone(),
            command: shown(&self.command),
            ended,
            remedy: self.remedy.clone(),
        }
        .into())
    }
}

fn forward(mut from: impl BufRead, watch: &mut impl FnMut(&str)) -> std::io::Result<()> {
    let mut to = std::io::stdout();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        watch(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(())
}

/// A step that did not end well.
#[derive(Debug)]
struct Failure {
    what: String,
    command: String,
    ended: Ended,
    remedy: String,
}

#[derive(Debug)]
enum Ended {
    Status(ExitStatus),
    NotStarted(std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} failed", self.what)?;
        writeln!(f, "  command:    {}", self.command)?;
        match &self.ended {
            Ended::Status(status) => writeln!(f, "  ended with: {status}")?,
            Ended::NotStarted(error) => writeln!(f, "  not started: {error}")?,
        }
        write!(f, "  what to do: {}", self.remedy)
    }
}

impl std::error::Error for Failure {}

/// The exit code of the command that failed, else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error
        .downcast_ref::<Failure>()
        .and_then(|failure| match &failure.ended {
            Ended::Status(status) => status.code(),
            Ended::NotStarted(_) => None,
        })
        .and_then(|code| u8::try_from(code).ok())
        .filter(|code| *code != 0)
        .unwrap_or(1)
}

/// Standard output of a command that ended well, trimmed; `None` when it did not or is not there.
pub fn answer(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The command as one would type it, without its environment.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    // cargo names itself to its children by its full path
    let program = match program.file_stem() {
        Some(stem) if stem == "cargo" => stem,
        _ => program.as_os_str(),
    };
    let quoted = |word: &OsStr| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains([' ', '"', '\'', '>', '<']) {
            format!("'{word}'")
        } else {
            word.into_owned()
        }
    };
    std::iter::once(program)
        .chain(command.get_args())
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_its_code_and_the_remedy() {
        let mut command = Command::new("rustc");
        command.args(["--no-such-option", "two words"]);
        command.stderr(Stdio::null());
        let error = Step::new("compiling", command, "read the manual")
            .run()
            .unwrap_err();
        let text = format!("{error:#}");
        for part in [
            "compiling failed",
            "rustc --no-such-option 'two words'",
            "1\n",
            "what to do: read the manual",
        ] {
            assert!(text.contains(part), "{part:?} is missing from {text}");
        }
        assert_eq!(exit_code(&error), 1);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_and_no_answer() {
        let command = Command::new("no-such-program-of-foehn");
        let error = Step::new("nothing", command, "").run().unwrap_err();
        assert!(format!("{error:#}").contains("not started"));
        assert_eq!(answer("no-such-program-of-foehn", &[]), None);
    }
}
