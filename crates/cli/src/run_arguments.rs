//! What many commands take: a configuration, where and how to run it, and what to do with an output that exists.

use clap::Args;
use foehn_pipelines::{ByteSize, DeviceChoice, Mode, Talk};
use std::path::PathBuf;

/// A configuration and how to run it, of commands that run networks.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub settings: Settings,
    #[command(flatten)]
    pub run: Run,
}

/// A configuration.
#[derive(Debug, Args)]
pub struct Settings {
    /// The configuration.
    #[arg(value_name = "CONFIG.toml")]
    pub config: PathBuf,
    /// Override a key of the configuration; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

/// A seed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Seed {
    /// Seed of everything random; overrides the configuration's.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
}

/// How much memory.
#[derive(Clone, Copy, Debug, Args)]
pub struct Memory {
    /// The most memory to use, such as 4GB: batches and the cache of states are made to fit.
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
}

/// How to run.
#[derive(Debug, Args)]
pub struct Run {
    /// Where networks run: auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t, value_name = "DEVICE")]
    pub device: DeviceChoice,
    #[command(flatten)]
    pub seed: Seed,
    #[command(flatten)]
    pub manner: Manner,
}

/// Threads, and what is said.
#[derive(Debug, Args)]
pub struct Manner {
    /// Workers; 0 for one a core. No result depends on it.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Say nothing of progress.
    #[arg(long)]
    pub quiet: bool,
}

impl Manner {
    /// Whether progress is shown.
    pub fn talk(&self) -> Talk {
        if self.quiet {
            Talk::Silent
        } else {
            Talk::Progress
        }
    }
}

/// What to do where the output exists.
#[derive(Clone, Copy, Debug, Args)]
pub struct Output {
    /// Begin again where the output exists.
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
    /// Continue what an earlier run began.
    #[arg(long)]
    pub resume: bool,
}

impl Output {
    /// As the archive names it.
    pub fn mode(self) -> Mode {
        match (self.overwrite, self.resume) {
            (true, _) => Mode::Overwrite,
            (false, true) => Mode::Resume,
            (false, false) => Mode::Create,
        }
    }
}
