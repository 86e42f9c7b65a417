//! How a long job tells where it is.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Talk {
    /// A bar on a terminal, plain lines elsewhere, on standard error.
    #[default]
    Progress,
    /// Nothing.
    Silent,
}

impl Talk {
    /// A line of its own, where no job is running.
    pub fn say(self, text: &str) {
        if self == Self::Progress {
            eprintln!("{text}");
        }
    }
}

/// Seconds between two plain lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// One job's progress: a bar with rate and remaining time on a terminal, plain lines elsewhere.
pub struct Progress {
    label: String,
    unit: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    plain: Option<Mutex<Plain>>,
}

struct Plain {
    begun: Instant,
    said: Instant,
    start: u64,
    done: u64,
}

impl Progress {
    /// A job of `total` pieces, `done` of which an earlier run did.
    pub fn new(talk: Talk, label: &str, unit: &'static str, total: u64, done: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (talk == Talk::Progress && terminal).then(|| {
            let bar = ProgressBar::new(total).with_position(done);
            let style = "{msg} [{bar:30}] {pos}/{len} {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(label.to_owned());
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        let plain = (talk == Talk::Progress && !terminal).then(|| {
            Mutex::new(Plain {
                begun: now,
                said: now,
                start: done,
                done,
            })
        });
        Self {
            label: label.to_owned(),
            unit,
            total,
            bar,
            plain,
        }
    }

    /// `count` more pieces are done.
    pub fn advance(&self, count: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(count);
        }
        let Some(Ok(mut plain)) = self.plain.as_ref().map(Mutex::lock) else {
            return;
        };
        plain.done += count;
        if plain.said.elapsed() >= INTERVAL {
            plain.said = Instant::now();
            let seconds = plain.begun.elapsed().as_secs_f64();
            let rate = (plain.done - plain.start) as f64 / seconds;
            let left = self.total.saturating_sub(plain.done) as f64 / rate;
            eprintln!(
                "{}: {}/{} {}, {rate:.1}/s, {left:.0} s left",
                self.label, plain.done, self.total, self.unit
            );
        }
    }

    /// A line between the bars.
    pub fn say(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.println(text);
        } else if self.plain.is_some() {
            eprintln!("{text}");
        }
    }

    /// Ends the job with a line that says how long it took.
    pub fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        if let Some(Ok(plain)) = self.plain.as_ref().map(Mutex::lock) {
            let seconds = plain.begun.elapsed().as_secs_f64();
            eprintln!(
                "{}: {} {} done in {seconds:.1} s",
                self.label, plain.done, self.unit
            );
        }
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C end jobs between two pieces of work, where they can be resumed; a second Ctrl-C ends
/// the program at once.
///
/// # Errors
/// If the system refuses the handler.
pub fn catch_interrupts() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("\ninterrupted: finishing the present piece (again to stop at once)");
    })
}

/// A job was ended by Ctrl-C, in a state from which `--resume` continues.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; run the same command with --resume to continue")]
pub struct Interrupted;

/// An error if Ctrl-C was pressed.
///
/// # Errors
/// [`Interrupted`].
pub fn check_interrupt() -> Result<(), Interrupted> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        Err(Interrupted)
    } else {
        Ok(())
    }
}
