//! `foehn restore` and its commands.

use crate::commands::{say, workers};
use crate::run_arguments::{Common, Output, Run};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use foehn_pipelines::{
    ByteSize, Damage, FieldOptions, FieldPeriod, FieldScoring, FieldStore, Mode, Projection,
    RestoreConfig, RestoreJob, RestoreScoring, restore_apply, restore_score, restore_score_fields,
    restore_train,
};
use std::path::PathBuf;

/// What `foehn restore` can do.
#[derive(Debug, Subcommand)]
pub enum Restore {
    /// Train a model on pictures or fields of which parts are hidden or detail is lost.
    #[command(
        after_help = "Examples:\n  foehn restore train configs/restore_inpainting.toml --set train.steps=500\n  \
                      foehn restore train configs/restore_inpainting.toml --set classes.dropped=0.1    # told the class of a picture"
    )]
    Train {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
    },
    /// Restore pictures or fields: samples, their mean and spread, and a contact sheet.
    ///
    /// PNG, JPEG, WebP, TIFF, BMP, PNM and GIF files of 8 and 16 bits, a folder of them, or an IDX file. Known values are
    /// written back as they were. Of each picture: sample-1.png and so on, mean.png, spread.png and sheet.png (all of them
    /// beside the input), in --out for one picture and in a folder of its name there for several.
    ///
    /// A model of fields reads a NetCDF file or Zarr store and fills what is missing at every time, or enlarges coarse fields:
    /// restored.nc (or restored.zarr) with the variable for every `number`, its mean and its spread, and sheet.png.
    #[command(
        after_help = "Examples:\n  foehn restore apply --model runs/restore_inpainting --input photo.png --mask mask.png --samples 8 --out restored\n  \
                      foehn restore apply --model runs/restore_super_resolution --input small.png --out large --project\n  \
                      foehn restore apply --model runs/restore_inpainting --input t10k-images-idx3-ubyte.gz --degrade --pictures 10 --out look\n  \
                      foehn restore apply --model runs/restore_slp --input gaps.nc --variable slp --samples 8 --out filled\n  \
                      foehn restore apply --model runs/dressed --input shirt.png --mask mask.png --class Shirt --guidance 1.5 --out shirts"
    )]
    Apply(Box<Apply>),
    /// Score a model on its test pictures or fields beside plain ways: distances between sets, PSNR, SSIM, CRPS, coverage.
    ///
    /// Prints tables, and writes scores.json and, where there are labels, classifier.safetensors into the folder of the model.
    /// Of fields: fair CRPS, errors, spread/skill, coverage and spectra, weighted by area.
    #[command(
        after_help = "Examples:\n  foehn restore score configs/restore_inpainting.toml --steps 5,10,20,50 --noise 0.25,1\n  \
                      foehn restore score configs/restore_inpainting.toml --features inception.safetensors --out inception.json"
    )]
    Score {
        #[command(flatten)]
        common: Common,
        /// Test pictures of the distances between sets [default: 2000].
        #[arg(long, value_name = "N")]
        pictures: Option<usize>,
        /// Steps of the sampler, each a row [default: 5,10,20,50; of fields, those of the configuration].
        #[arg(long, value_delimiter = ',', value_name = "N,N,..")]
        steps: Vec<usize>,
        /// Also SDEs with e(t) = K sigma^2 (1 - t).
        #[arg(long, value_delimiter = ',', value_name = "K,K,..")]
        noise: Vec<f64>,
        /// Samples of each picture for PSNR, CRPS and coverage; of 19, all but the outermost ranks are 90 %.
        #[arg(long, default_value_t = 19, value_name = "N")]
        members: usize,
        /// Test pictures of those, 0 for none; or fields, evenly spread over the period [default: 200].
        #[arg(long, value_name = "N")]
        of: Option<usize>,
        /// Score fields of the validation period, for choosing steps and noise.
        #[arg(long)]
        validation: bool,
        /// How strongly the classes of test pictures guide, where the model is told them; by default as configured, or 1.
        #[arg(long, value_name = "W")]
        guidance: Option<f64>,
        /// Weights of Inception v3 (safetensors, names of torchvision): distances are of its features.
        #[arg(long, value_name = "FILE")]
        features: Option<PathBuf>,
        /// The file of scores [default: scores.json in the folder of the model].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write the file of scores again; and train the classifier again, if it was trained on other pictures.
        #[arg(long)]
        overwrite: bool,
    },
}

/// What `foehn restore apply` is asked for.
#[derive(Debug, Args)]
pub struct Apply {
    /// Folder of the model.
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// An image file, a folder of them, or an IDX file; for a model of fields, a NetCDF file or a Zarr store.
    #[arg(long, value_name = "PATH")]
    pub input: PathBuf,
    /// An image of the input's size, white where to restore and black elsewhere; or a folder with one for each picture, of
    /// its name.
    #[arg(long, value_name = "PATH", conflicts_with = "degrade")]
    pub mask: Option<PathBuf>,
    /// Take the input for the truth, and from it what the model learnt to restore.
    #[arg(long)]
    pub degrade: bool,
    /// Only the first N pictures.
    #[arg(long, value_name = "N")]
    pub pictures: Option<usize>,
    /// Samples of each picture.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub samples: usize,
    /// Steps of the sampler; by default those of the model.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Class of the input, by name or number, for a model that is told classes.
    #[arg(long, value_name = "NAME|N")]
    pub class: Option<String>,
    /// How strongly the class guides: 1 as learnt, 0 not at all, more for what is more typical.
    #[arg(long, value_name = "W")]
    pub guidance: Option<f64>,
    /// See large pictures in overlapping tiles of this side, for less memory.
    #[arg(long, value_name = "PIXELS")]
    pub tile: Option<usize>,
    /// The most memory to use, such as 400MB: pictures that need more are seen in the largest tiles that fit.
    #[arg(long, value_name = "SIZE", conflicts_with = "tile")]
    pub memory: Option<ByteSize>,
    /// Make samples reduce to the input exactly, where resolution was lost.
    #[arg(long)]
    pub project: bool,
    /// The variables of the input, where the model restores fields; they must be those of the model.
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME,..")]
    pub variable: Vec<String>,
    /// Of fields: first and last date, both included, such as 2008-01-01..2008-01-31.
    #[arg(long, value_name = "DATE..DATE")]
    pub times: Option<String>,
    /// Of fields: netcdf for one file or zarr for a folder.
    #[arg(long, value_name = "FORM", default_value = "netcdf")]
    pub form: FieldStore,
    /// Of fields: continue what an earlier run began.
    #[arg(long)]
    pub resume: bool,
    /// Folder of the results.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub run: Run,
}

/// Does what `foehn restore` is asked for.
pub fn run(command: &Restore) -> Result<()> {
    match command {
        Restore::Train { common, output } => train(common, *output),
        Restore::Apply(arguments) => apply(arguments),
        Restore::Score {
            common,
            pictures,
            steps,
            noise,
            members,
            of,
            guidance,
            features,
            validation,
            out,
            overwrite,
        } => {
            if steps.contains(&0) {
                bail!("--steps 0: give at least 1");
            }
            if let Some(k) = noise.iter().find(|k| !(k.is_finite() && **k > 0.0)) {
                bail!("--noise {k}: give factors above 0");
            }
            let config = load(common)?.guided(*guidance)?;
            let mode = if *overwrite {
                Mode::Overwrite
            } else {
                Mode::Create
            };
            if config.fields.is_some() {
                if let Some(pictures) = pictures {
                    bail!("--pictures {pictures}: these are fields: give --of");
                }
                if let Some(path) = features {
                    bail!(
                        "--features {}: these are fields, and Inception sees pictures: leave it out",
                        path.display()
                    );
                }
                let scoring = FieldScoring {
                    steps: steps.clone(),
                    noise: noise.clone(),
                    members: *members,
                    of: *of,
                    period: if *validation {
                        FieldPeriod::Validation
                    } else {
                        FieldPeriod::Test
                    },
                    output: out.clone(),
                    mode,
                };
                return score_fields(common, &config, &scoring);
            }
            if *validation {
                bail!("--validation: only fields have a validation period: leave it out");
            }
            let usual = || vec![5, 10, 20, 50];
            let scoring = RestoreScoring {
                pictures: pictures.unwrap_or(2000),
                steps: if steps.is_empty() {
                    usual()
                } else {
                    steps.clone()
                },
                noise: noise.clone(),
                members: *members,
                of: of.unwrap_or(200),
                features: features.clone(),
                output: out.clone(),
                mode,
            };
            score(common, &config, &scoring)
        }
    }
}

fn load(common: &Common) -> Result<RestoreConfig> {
    let mut config = RestoreConfig::load(&common.settings.config, &common.settings.overrides)?;
    config.seed = common.run.seed.seed.unwrap_or(config.seed);
    Ok(config)
}

fn train(common: &Common, output: Output) -> Result<()> {
    let (config, manner) = (load(common)?, &common.run.manner);
    let (workers, device) = (workers(manner.threads)?, common.run.device.open()?);
    let done = restore_train(&config, output.mode(), &device, &workers, manner.talk())?;
    let loss = done.validation_loss.map_or(String::new(), |loss| {
        format!(
            "validation loss {loss:.4}, a mean over {}; ",
            done.loss_over
        )
    });
    let text = format!("{loss}model in {}", done.model.display());
    say(manner.json, &done, &text)
}

fn apply(arguments: &Apply) -> Result<()> {
    let manner = &arguments.run.manner;
    let damage = match (&arguments.mask, arguments.degrade) {
        (Some(path), _) => Damage::Mask(path.clone()),
        (None, true) => Damage::ByLaw,
        (None, false) => Damage::Done,
    };
    let job = RestoreJob {
        model: arguments.model.clone(),
        input: arguments.input.clone(),
        pictures: arguments.pictures,
        damage,
        samples: arguments.samples,
        steps: arguments.steps,
        class: arguments.class.clone(),
        guidance: arguments.guidance,
        seed: arguments.run.seed.seed,
        tiles: arguments.tile.map(|side| [side, side / 4]),
        memory: arguments.memory,
        projection: if arguments.project {
            Projection::Exact
        } else {
            Projection::None
        },
        fields: FieldOptions {
            variables: arguments.variable.clone(),
            times: arguments.times.as_deref().map(times).transpose()?,
            store: arguments.form,
            mode: arguments.resume.then_some(Mode::Resume),
        },
        output: arguments.out.clone(),
    };
    let (workers, device) = (workers(manner.threads)?, arguments.run.device.open()?);
    let done = restore_apply(&job, &device, &workers, manner.talk())?;
    let residual = done.largest_residual.map_or(String::new(), |residual| {
        let unit = if done.fields {
            "standard deviations"
        } else {
            "of [-1, 1]"
        };
        format!("; reduced again, samples miss the input by at most {residual:.2e} {unit}")
    });
    let (pictures, samples, output) = (done.pictures, done.samples, done.output.display());
    let what = if done.fields {
        "field(s)"
    } else {
        "picture(s)"
    };
    say(
        manner.json,
        &done,
        &format!("{samples} samples of {pictures} {what} in {output}{residual}"),
    )
}

fn score(common: &Common, config: &RestoreConfig, scoring: &RestoreScoring) -> Result<()> {
    let manner = &common.run.manner;
    let (workers, device) = (workers(manner.threads)?, common.run.device.open()?);
    let scores = restore_score(config, scoring, &device, &workers, manner.talk())?;
    say(manner.json, &scores, &scores.text())
}

fn score_fields(common: &Common, config: &RestoreConfig, scoring: &FieldScoring) -> Result<()> {
    let manner = &common.run.manner;
    let (workers, device) = (workers(manner.threads)?, common.run.device.open()?);
    let scores = restore_score_fields(config, scoring, &device, &workers, manner.talk())?;
    say(manner.json, &scores, &scores.text())
}

/// First and last date.
fn times(text: &str) -> Result<[String; 2]> {
    match text.split_once("..") {
        Some((first, last)) => Ok([first, last].map(|date| date.trim().to_owned())),
        None => {
            bail!("--times {text}: write the first and the last date as 2008-01-01..2008-01-31")
        }
    }
}
