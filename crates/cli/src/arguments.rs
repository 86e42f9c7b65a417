//! What may stand on the command line.

use crate::generate::Generate;
use crate::restore::Restore;
use crate::run_arguments::{Common, Manner, Memory, Output, Run, Seed, Settings};
use clap::{Parser, Subcommand, ValueEnum};
use foehn_pipelines::{GridSize, OracleName, ShardChoice};
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
        settings: Settings,
        #[command(flatten)]
        seed: Seed,
        #[command(flatten)]
        manner: Manner,
        #[command(flatten)]
        output: Output,
    },
    /// Prepare data: select, regrid, derive, resample, and add up statistics, into one Zarr store.
    ///
    /// The section `prepare` of the configuration says what; without one, the run's variables are copied as they are.
    #[command(
        after_help = "Examples:\n  foehn prepare configs/prepare.toml\n  foehn prepare configs/slp.toml --to runs/slp/data.zarr"
    )]
    Prepare {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        manner: Manner,
        #[command(flatten)]
        output: Output,
        /// Write one of N shares, so that N jobs write the store together; `foehn merge` ends it. `auto` takes
        /// the number from SLURM or Kubernetes (`auto/N` where the scheduler does not say how many).
        #[arg(long, value_name = "I/N", conflicts_with = "overwrite")]
        shard: Option<ShardChoice>,
        /// The store to write; by default prepare.to, or what the run reads.
        #[arg(long, value_name = "STORE.zarr")]
        to: Option<PathBuf>,
    },
    /// Train a model and tune its sampler on the validation part.
    #[command(after_help = "Example:\n  foehn train configs/slp.toml --set train.networks=1")]
    Train {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        memory: Memory,
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
        memory: Memory,
        #[command(flatten)]
        output: Output,
        /// Write one of N shares, so that N jobs write the forecast together; `foehn merge` ends it. `auto` takes
        /// the number from SLURM or Kubernetes (`auto/N` where the scheduler does not say how many).
        #[arg(long, value_name = "I/N", conflicts_with_all = ["overwrite", "netcdf"])]
        shard: Option<ShardChoice>,
        /// Also write the forecast as one NetCDF-4 file.
        #[arg(long, value_name = "FILE.nc")]
        netcdf: Option<PathBuf>,
    },
    /// End a forecast or prepared data that several jobs wrote: check that nothing is missing, take the statistics of
    /// prepared data, write consolidated metadata.
    #[command(
        after_help = "Examples:\n  foehn forecast configs/slp.toml --shard 0/3    # and 1/3, 2/3 elsewhere\n  foehn merge configs/slp.toml\n  \
                      foehn prepare configs/prepare.toml --shard auto/8\n  foehn merge configs/prepare.toml"
    )]
    Merge {
        /// The configuration, or the store of a forecast.
        #[arg(value_name = "CONFIG.toml|STORE.zarr")]
        target: PathBuf,
        /// Override a key of the configuration; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
        /// The prepared store, where `foehn prepare` had --to, or where it and the forecast both wait to be merged.
        #[arg(long, value_name = "STORE.zarr")]
        to: Option<PathBuf>,
        #[command(flatten)]
        manner: Manner,
    },
    /// Score a forecast against the data, persistence and climatology.
    #[command(after_help = "Example:\n  foehn verify configs/slp.toml --json")]
    Verify {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        seed: Seed,
        #[command(flatten)]
        manner: Manner,
    },
    /// Draw figures and write one HTML page with them and the scores.
    #[command(after_help = "Example:\n  foehn report configs/slp.toml")]
    Report {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        seed: Seed,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Calibrate ensemble members at stations or on a grid, and compare methods on unseen dates.
    #[command(
        after_help = "Example:\n  foehn postprocess configs/innsbruck.toml --set calibrated.method=raw"
    )]
    Postprocess {
        #[command(flatten)]
        settings: Settings,
        /// Begin again where the output exists.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        manner: Manner,
    },
    /// Measure how fast a run's network, sampler, training and data are on this machine.
    ///
    /// The network is fresh and its input random. Shares are those of the fastest large matrix product of the same
    /// run; convolutions are counted directly, so that more than 100 % is possible.
    #[command(after_help = "Example:\n  foehn bench configs/slp.toml --grid 64x64 --json")]
    Bench {
        #[command(flatten)]
        common: Common,
        /// Rows and columns; those of the data by default.
        #[arg(long, value_name = "NYxNX")]
        grid: Option<GridSize>,
        /// Also measure larger grids, and narrower and wider networks.
        #[arg(long)]
        scaling: bool,
    },
    /// Choose the factor on the noise again for a trained model, by the sections `sampling` and `tune`.
    #[command(after_help = "Example:\n  foehn tune configs/slp.toml --set sampling.steps=20")]
    Tune {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        memory: Memory,
    },
    /// Compare ways to sample a trained model: calls of the network against scores.
    ///
    /// Diffusions, methods and grids of time at the same number of calls, on the initial states, members and leads of
    /// the section `tune`, against 50 Euler-Maruyama steps. What is best goes into the section `sampling`.
    #[command(after_help = "Example:\n  foehn samplers configs/slp.toml --calls 5,10,20")]
    Samplers {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        memory: Memory,
        /// Calls of the network from one state to the next.
        #[arg(long, value_delimiter = ',', value_name = "N,N,..", default_values_t = [5, 10, 20])]
        calls: Vec<usize>,
    },
    /// Read a little of a file: what other commands let a child do first, so that a crash is no end.
    #[command(hide = true)]
    Try {
        /// The file.
        path: PathBuf,
    },
    /// Show what a NetCDF file or Zarr store holds and what of it would break a run.
    ///
    /// A PATH may be a file, a folder, a zip file or an address (http, https). With --check a whole run is
    /// resolved instead, and its cases, shapes and sizes are printed; nothing is run.
    #[command(
        after_help = "Example:\n  foehn inspect slp.nc --statistics\n  foehn inspect --check configs/slp.toml"
    )]
    Inspect {
        /// The file, store or address.
        #[arg(required_unless_present = "check", conflicts_with = "check")]
        path: Option<PathBuf>,
        /// Read every value: share of missing data, mean, deviation, extremes. Of a NetCDF variable that has very many more
        /// values than its file can hold only with `all`.
        #[arg(long, requires = "path", require_equals = true, num_args = 0..=1, default_missing_value = "stored", value_name = "WHICH")]
        statistics: Option<Which>,
        /// Resolve the run that this configuration describes.
        #[arg(long, value_name = "CONFIG")]
        check: Option<PathBuf>,
        /// Override a key of the configuration; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE", requires = "check")]
        overrides: Vec<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Learn the law of any table of vectors, or of pictures, and draw samples of it.
    ///
    /// A model is trained on the rows of --data and kept in the folder --model; without --data that model
    /// is sampled again, by any sampler. A TABLE is an .npy file; or a variable of a NetCDF file or Zarr
    /// store, `FILE:NAME`; or one variable a column, `FILE:NAME,NAME`.
    ///
    /// A CONFIG.toml with task = "generation" is one of pictures: the model is trained unless it is there, pictures are
    /// drawn into samples/ in its folder (sheet.png shows them together), and, where there are labels, compared with the test
    /// pictures over guidance, noise and steps (scores.json).
    #[command(
        after_help = "Examples:\n  foehn generate --data moons.npy --out samples.npy --samples 5000\n  \
                      foehn generate --data pairs.nc:x1 --starts pairs.nc:x0 --coupling given --interpolant follmer --out next.nc\n  \
                      foehn generate --model runs/generate --sampler sde --steps 100 --out more.zarr --samples 100000\n  \
                      foehn generate configs/generate_fashion.toml\n  \
                      foehn generate configs/generate_fashion.toml --class Sandal --guidance 1.5 --samples 2000 --out sandals.npy\n\n\
                      The configuration, with every key that --set may change, is in the model's folder: config.toml."
    )]
    Generate(Box<Generate>),
    /// Restore pictures or fields: fill what is hidden, sharpen what is coarse, as samples of what may have been.
    #[command(
        subcommand,
        after_help = "Example:\n  foehn restore train configs/restore_inpainting.toml\n  \
                      foehn restore apply --model runs/restore_inpainting --input photo.png --mask mask.png --out restored\n  \
                      foehn restore score configs/restore_inpainting.toml"
    )]
    Restore(Restore),
    /// Run samplers against exact answers, measured numbers beside the references.
    ///
    /// With exact drifts: ou, KL of nine samplers of one normal law; mixture2d, weights of five modes and
    /// spread within them; gmm, b and s of mixtures, KL against e with its bound; assimilation, guided
    /// sampling of a posterior; field, spectra of random fields in few calls. With trained networks:
    /// checker, the density of a checkerboard; couplings, whether pairs are kept and what paths cost.
    #[command(
        after_help = "Examples:\n  foehn oracle ou\n  foehn oracle all --json --figure figures\n  foehn oracle all --train\n\n\
                      Exit codes: 0 every bar met, 1 a stated bar was missed, 2 wrong usage, 130 interrupted."
    )]
    Oracle {
        /// Which: ou, mixture2d, gmm, checker, couplings, assimilation, field or all.
        name: OracleName,
        /// Train networks on every law that has a bar for them: about a quarter of an hour of CPU time for all.
        #[arg(long)]
        train: bool,
        /// Also draw one figure an oracle into this folder.
        #[arg(long, value_name = "DIR")]
        figure: Option<PathBuf>,
        #[command(flatten)]
        manner: Manner,
    },
}

/// The values that statistics are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Those that the file can hold.
    Stored,
    /// All, also where nearly none were ever written or they lie in other files.
    All,
}
