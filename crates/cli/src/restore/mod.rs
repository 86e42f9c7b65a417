//! `foehn restore` and its commands.

mod apply;
mod score;

use crate::commands::{say, workers};
use crate::run_arguments::{Common, Output};
use anyhow::Result;
use apply::Apply;
use clap::Subcommand;
use foehn_pipelines::{RestoreConfig, restore_train};
use score::Score;

/// What `foehn restore` can do.
#[derive(Debug, Subcommand)]
pub enum Restore {
    /// Train a model on pictures or fields of which parts are hidden or detail is lost.
    ///
    /// As with foehn train, the model goes into the folder that the key `output` of the configuration names (--set
    /// output=DIR), runs/NAME without one; there it is with its configuration, loss.csv and checkpoints.
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
    Score(Box<Score>),
}

/// Does what `foehn restore` is asked for.
pub fn run(command: &Restore) -> Result<()> {
    match command {
        Restore::Train { common, output } => train(common, *output),
        Restore::Apply(arguments) => arguments.run(),
        Restore::Score(arguments) => arguments.run(),
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
