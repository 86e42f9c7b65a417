//! `foehn generate`.

use crate::commands::{say, workers};
use crate::run_arguments::{Output, Run};
use anyhow::Result;
use clap::Args;
use foehn_pipelines::{
    Comparison, GenerateJob, Names, PictureJob, RestoreConfig, Settings, TableName, generate,
    generate_pictures,
};
use std::path::{Path, PathBuf};

/// What `foehn generate` is asked for.
#[derive(Debug, Args)]
pub struct Generate {
    /// A configuration of pictures to learn, instead of a table.
    #[arg(value_name = "CONFIG.toml", conflicts_with_all = [
        "data", "starts", "condition", "model", "from", "given", "density", "interpolant", "coupling", "sampler", "config",
    ])]
    pub pictures: Option<PathBuf>,
    /// Table to learn, x1.
    #[arg(long, value_name = "TABLE")]
    pub data: Option<TableName>,
    /// Table of starts x0, of as many columns; Gaussian noise without.
    #[arg(long, value_name = "TABLE")]
    pub starts: Option<TableName>,
    /// Table of what is known, row by row beside the data.
    #[arg(long, value_name = "TABLE")]
    pub condition: Option<TableName>,
    /// Folder of the model.
    #[arg(long, value_name = "DIR", default_value = "runs/generate")]
    pub model: PathBuf,
    /// Where samples go: .npy, .nc or .zarr; pictures go to .npy or, as PNG files, to a folder.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How many samples; by default one a start or condition, else 1000; 100 pictures.
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Starts of the samples, if not those trained on; sample i has row i, modulo their number.
    #[arg(long, value_name = "TABLE")]
    pub from: Option<TableName>,
    /// Conditions of the samples, if not those trained on; sample i has row i, modulo their number.
    #[arg(long, value_name = "TABLE")]
    pub given: Option<TableName>,
    /// Table whose mean log-density is wanted, for models from Gaussian noise.
    #[arg(long, value_name = "TABLE")]
    pub density: Option<TableName>,
    /// The path: linear, trigonometric, `encoding_decoding`, `one_sided`, `variance_preserving`,
    /// `sub_variance_preserving`, `variance_exploding`, follmer, mirror, fourier, or an inline table such as
    /// '{ kind = "linear", gamma = "quadratic" }'.
    #[arg(long, value_name = "PATH")]
    pub interpolant: Option<String>,
    /// How starts and data are paired: independent, given, transport, sinkhorn, mirror.
    #[arg(long, value_name = "COUPLING")]
    pub coupling: Option<String>,
    /// What is solved: flow, adaptive, sde, exponential.
    #[arg(long, value_name = "METHOD")]
    pub sampler: Option<String>,
    /// Steps of the sampler.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Pictures of this class only, by name or number.
    #[arg(long, value_name = "NAME|N", requires = "pictures")]
    pub class: Option<String>,
    /// How strongly classes guide pictures: 1 as learnt, 0 not at all, more for what is more typical.
    #[arg(long, value_name = "W", requires = "pictures")]
    pub guidance: Option<f64>,
    /// Weights of Inception v3 (safetensors, names of torchvision): pictures are compared in its features, and the table is
    /// made again.
    #[arg(long, value_name = "FILE", requires = "pictures")]
    pub features: Option<PathBuf>,
    /// Also compare the flow and several diffusions at 5 to 100 steps: energy distance to the data, as a
    /// table, and as sweep.png in the model's folder. Of pictures, make the table of scores again.
    #[arg(long)]
    pub sweep: bool,
    /// Configuration to begin from, with --data; a model that was trained before has its own.
    #[arg(long, value_name = "CONFIG.toml")]
    pub config: Option<PathBuf>,
    /// Override a key of the configuration; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub run: Run,
}

impl Generate {
    /// All overrides, those by an option of their own first.
    pub fn all_overrides(&self) -> Vec<String> {
        let option = |key: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{key}={value}"))
        };
        let coupling = self.coupling.clone().map(|name| match name.as_str() {
            "sinkhorn" => "{ sinkhorn = {} }".to_owned(),
            _ => name,
        });
        let own = [
            option("model.interpolant", &self.interpolant),
            option("model.coupling", &coupling),
            option("sampling.method", &self.sampler),
            option("sampling.steps", &self.steps.map(|n| n.to_string())),
        ];
        let own = own.into_iter().flatten();
        own.chain(self.overrides.iter().cloned()).collect()
    }

    /// Trains, samples and says what came of it.
    pub fn run(&self) -> Result<()> {
        match &self.pictures {
            Some(config) => self.run_pictures(config),
            None => self.run_table(),
        }
    }

    fn comparison(&self) -> Comparison {
        if self.sweep {
            Comparison::Sweep
        } else {
            Comparison::None
        }
    }

    fn run_pictures(&self, config: &Path) -> Result<()> {
        let run = &self.run;
        let steps = self.steps.map(|n| format!("sampling.steps={n}"));
        let overrides: Vec<String> = self.overrides.iter().cloned().chain(steps).collect();
        let config = RestoreConfig::load(config, &overrides)?.guided(self.guidance)?;
        let job = PictureJob {
            samples: self.samples,
            class: self.class.clone(),
            seed: run.seed.seed,
            output: self.out.clone(),
            features: self.features.clone(),
            table: self.comparison(),
        };
        let (workers, device) = (workers(run.manner.threads)?, run.device.open()?);
        let (mode, talk) = (self.output.mode(), run.manner.talk());
        let done = generate_pictures(&config, &job, mode, &device, &workers, talk)?;
        say(run.manner.json, &done, &done.text())
    }

    fn run_table(&self) -> Result<()> {
        let run = &self.run;
        let settings = Settings {
            config: self.config.clone(),
            overrides: self.all_overrides(),
            seed: run.seed.seed,
        };
        let job = GenerateJob {
            names: Names {
                data: self.data.clone(),
                starts: self.starts.clone(),
                condition: self.condition.clone(),
            },
            model: self.model.clone(),
            output: self.out.clone(),
            samples: self.samples,
            from: self.from.clone(),
            given: self.given.clone(),
            density: self.density.clone(),
            sweep: self.comparison(),
        };
        let (workers, device) = (workers(run.manner.threads)?, run.device.open()?);
        let mode = self.output.mode();
        let done = generate(&settings, &job, mode, &device, &workers, run.manner.talk())?;
        say(run.manner.json, &done, &done.text())
    }
}
