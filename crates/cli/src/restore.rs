//! `foehn restore` and its commands.

use crate::arguments::{Common, Output};
use crate::commands::{say, workers};
use anyhow::Result;
use clap::Subcommand;
use foehn_pipelines::{RestoreConfig, restore_train};

/// What `foehn restore` can do.
#[derive(Debug, Subcommand)]
pub enum Restore {
    /// Train a model on pictures of which parts are hidden or detail is lost.
    #[command(
        after_help = "Example:\n  foehn restore train configs/restore_inpainting.toml --set train.steps=500"
    )]
    Train {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        output: Output,
    },
}

/// Does what `foehn restore` is asked for.
pub fn run(command: &Restore) -> Result<()> {
    match command {
        Restore::Train { common, output } => train(common, *output),
    }
}

fn load(common: &Common) -> Result<RestoreConfig> {
    let mut config = RestoreConfig::load(&common.config, &common.overrides)?;
    config.seed = common.run.seed.unwrap_or(config.seed);
    Ok(config)
}

fn train(common: &Common, output: Output) -> Result<()> {
    let (config, manner) = (load(common)?, &common.run.manner);
    let (workers, device) = (workers(manner.threads)?, common.run.device.open()?);
    let done = restore_train(&config, output.mode(), &device, &workers, manner.talk())?;
    let loss = done
        .validation_loss
        .map_or(String::new(), |loss| format!("validation loss {loss:.4}; "));
    say(
        manner.json,
        &done,
        &format!("{loss}model in {}", done.model.display()),
    )
}
