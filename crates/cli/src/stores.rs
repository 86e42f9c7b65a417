//! The commands that several jobs may share, and the one that ends what they wrote.

use crate::commands::{Job, say};
use crate::run_arguments::{Common, Manner, Memory, Output, Settings};
use anyhow::Result;
use foehn_pipelines::{Mode, PrepareJob, ShardChoice, forecast_path};
use std::path::{Path, PathBuf};

pub(crate) fn prepare(
    settings: &Settings,
    manner: &Manner,
    (output, shard): (Output, Option<ShardChoice>),
    to: Option<PathBuf>,
) -> Result<()> {
    let shard = shard.map(ShardChoice::shard).transpose()?;
    let job = PrepareJob::load(&settings.config, &settings.overrides, to)?;
    let done = job.run((output.mode(), shard), manner.threads, manner.talk())?;
    let mut text = match shard {
        Some(shard) => format!("share {shard} of {}", states(done.states, &done.path)),
        None => states(done.states, &done.path),
    };
    if !done.damaged.is_empty() {
        let (count, first) = (done.damaged.len(), &done.damaged[0]);
        text = format!(
            "{text}; {count} chunk(s) could not be read and are missing, the first {first}"
        );
    }
    say(manner.json, &done, &text)
}

pub(crate) fn forecast(
    common: &Common,
    memory: Memory,
    output: Output,
    shard: Option<ShardChoice>,
    netcdf: Option<&Path>,
) -> Result<()> {
    let shard = shard.map(ShardChoice::shard).transpose()?;
    let job = Job::within(common, memory)?;
    let device = common.run.device.open()?;
    if let (Some(file), Mode::Create) = (netcdf, output.mode())
        && file.exists()
    {
        // said before the forecast rather than after it
        let path = file.to_owned();
        return Err(foehn_archive::WriteError::Exists { path }.into());
    }
    let how = (output.mode(), shard);
    let done = foehn_pipelines::forecast(&job.config, how, &device, &job.workers, job.talk)?;
    if let Some(file) = netcdf {
        foehn_archive::export_netcdf(&forecast_path(&job.config), file, output.mode())?;
    }
    let (inits, members, path) = (done.inits, done.members, done.path.display());
    job.say(&done, &format!("{inits} x {members} members in {path}"))
}

pub(crate) fn merge(
    target: &Path,
    overrides: &[String],
    to: Option<PathBuf>,
    manner: &Manner,
) -> Result<()> {
    let done = foehn_pipelines::merge(target, overrides, to, (manner.threads, manner.talk()))?;
    say(manner.json, &done, &done.text())
}

pub(crate) fn states(count: usize, path: &Path) -> String {
    format!("{count} states in {}", path.display())
}
