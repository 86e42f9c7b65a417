//! What may stand on the command line.

use clap::{Args, Parser, Subcommand};
use foehn_pipelines::{DeviceChoice, Mode, OracleName, Talk};
use std::path::PathBuf;

/// Probabilistic forecasting with stochastic interpolants.
#[derive(Debug, Parser)]
#[command(
    name = "foehn",
    version,
    after_help = "Example, from simulation to report:\n  foehn simulate configs/turbulence.toml\n  foehn train configs/turbulence.toml\n  \
                  foehn forecast configs/turbulence.toml\n  foehn verify configs/turbulence.toml\n  foehn report configs/turbulence.toml\n\n\
                  Exit codes: 0 done, 1 a stated bar was missed, 2 wrong usage or input, 130 interrupted."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate turbulence, train, forecast an ensemble, verify and report, in a few minutes.
    #[command(after_help = "Example:\n  foehn demo --set train.steps=300")]
    Demo {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        output: Output,
        /// Override a key of the configuration; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
    },
    /// Simulate what the section `simulate` describes and write it to Zarr.
    #[command(
        after_help = "Example:\n  foehn simulate configs/turbulence.toml --set simulate.turbulence.runs=4"
    )]
    Simulate {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
    },
    /// Copy a run's variables to one analysis-ready Zarr store.
    #[command(after_help = "Example:\n  foehn prepare configs/slp.toml --to runs/slp/data.zarr")]
    Prepare {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
        /// The store to write.
        #[arg(long, value_name = "STORE.zarr")]
        to: PathBuf,
    },
    /// Train a model and tune its sampler on the validation part.
    #[command(
        after_help = "Example:\n  foehn train configs/slp.toml --set train.steps=200 --resume"
    )]
    Train {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
    },
    /// Forecast ensembles with a trained model and write them to Zarr.
    #[command(
        after_help = "Example:\n  foehn forecast configs/slp.toml --set forecast.members=50 --netcdf forecast.nc"
    )]
    Forecast {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
        /// Also write the forecast as one NetCDF-4 file.
        #[arg(long, value_name = "FILE.nc")]
        netcdf: Option<PathBuf>,
    },
    /// Score a forecast against the data, persistence and climatology.
    #[command(after_help = "Example:\n  foehn verify configs/slp.toml --json")]
    Verify {
        #[command(flatten)]
        common: Common,
    },
    /// Draw figures and write one HTML page with them and the scores.
    #[command(after_help = "Example:\n  foehn report configs/slp.toml")]
    Report {
        #[command(flatten)]
        common: Common,
    },
    /// Show what a NetCDF file or Zarr store holds.
    #[command(after_help = "Example:\n  foehn inspect slp.nc --json")]
    Inspect {
        /// The file or store.
        path: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run samplers with exact drifts against exact answers, measured numbers beside the references.
    ///
    /// ou: KL of nine samplers of one normal law. mixture2d: weights of five modes and spread within
    /// them. gmm: b and s of mixtures, KL against e with its bound. assimilation: guided sampling of a
    /// posterior. field: spectra of random fields in few calls.
    #[command(
        after_help = "Examples:\n  foehn oracle ou\n  foehn oracle all --json --figure figures\n\n\
                      Exit codes: 0 every bar met, 1 a stated bar was missed, 2 wrong usage."
    )]
    Oracle {
        /// Which: ou, mixture2d, gmm, assimilation, field or all.
        name: OracleName,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Also draw one figure an oracle into this folder.
        #[arg(long, value_name = "DIR")]
        figure: Option<PathBuf>,
    },
}

/// A configuration and how to run it.
#[derive(Debug, Args)]
pub struct Common {
    /// The configuration.
    #[arg(value_name = "CONFIG.toml")]
    pub config: PathBuf,
    /// Override a key of the configuration; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    #[command(flatten)]
    pub run: Run,
}

/// How to run.
#[derive(Debug, Args)]
pub struct Run {
    /// Where networks run: auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t, value_name = "DEVICE")]
    pub device: DeviceChoice,
    /// Seed of everything random; overrides the configuration's.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
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

impl Run {
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
