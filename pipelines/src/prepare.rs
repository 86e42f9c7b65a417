//! `foehn prepare`: analysis-ready Zarr from files as they come.

use crate::config::RunConfig;
use crate::config_error::ConfigError;
use crate::progress::{Interrupted, Progress, Talk, check_interrupt};
use crate::toml_text::{overridden, typed};
use anyhow::{Context, Result, bail};
use foehn_archive::{Mode, Shard};
use foehn_dataset::OneOrMany;
use foehn_preparation::{Outline, Preparation, PrepareConfig, PrepareError};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What preparation ends with.
#[derive(Clone, Debug, Serialize)]
pub struct PrepareSummary {
    /// The store.
    pub path: PathBuf,
    /// States written.
    pub states: usize,
    /// What was planned.
    pub outline: Outline,
    /// Chunks of the input that could not be read, whose values are missing (`prepare.damaged = "mask"`).
    pub damaged: Vec<String>,
}

/// What is prepared, and where to.
#[derive(Clone, Debug)]
pub struct PrepareJob {
    config: PrepareConfig,
    output: PathBuf,
}

/// What is to be done of a preparation.
#[derive(Clone, Copy, Debug)]
enum Task {
    Whole(Mode),
    Share(Shard),
    /// The end of what several writers began.
    Merge,
}

/// A configuration that describes data only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataOnly {
    #[serde(rename = "name", default)]
    _name: Option<String>,
    prepare: PrepareConfig,
}

impl PrepareJob {
    /// Reads the section `prepare` of a run, or of a file that has no other; what it leaves open is that of the
    /// section `data`: its files, variables and statics.
    ///
    /// # Errors
    /// If the file is missing or wrong, or does not say where to write.
    pub fn load(path: &Path, overrides: &[String], to: Option<PathBuf>) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let origin = path.display().to_string();
        let table = overridden(&text, &origin, overrides)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let (mut config, data) = if table.contains_key("data") {
            let run = RunConfig::load(path, overrides).context(
                "beside [data], [prepare] belongs to a whole run, whose every section is read; without [data] it stands alone",
            )?;
            (run.prepare.unwrap_or_default(), Some(run.data))
        } else {
            (typed::<DataOnly>(table, &origin)?.prepare, None)
        };
        config.relative_to(folder);
        let mut output = to.or_else(|| config.to.clone());
        if let Some(data) = data {
            let text = |path: &PathBuf| path.to_string_lossy().into_owned();
            if config.from.as_slice().is_empty() {
                config.from = OneOrMany::Many(data.path.as_slice().iter().map(text).collect());
            } else if let (None, [only]) = (&output, data.path.as_slice()) {
                // what the run reads is what is to be made
                output = Some(only.clone());
            }
            if config.variables.is_empty() {
                config.variables = data.variables;
                config.statics.extend(data.statics);
            }
        }
        match output {
            Some(output) => Ok(Self { config, output }),
            None => bail!("where to? Name the store as prepare.to or with --to STORE.zarr"),
        }
    }

    /// Writes the store with some threads, 0 for one a core; the result does not depend on it. One of several writers
    /// writes its share, whatever the mode, and [`merge`](crate::merge()) ends the store.
    ///
    /// # Errors
    /// If files cannot be read or do not fit together, or the output exists ([`Mode::Create`]).
    pub fn run(
        &self,
        (mode, shard): (Mode, Option<Shard>),
        threads: usize,
        talk: Talk,
    ) -> Result<PrepareSummary> {
        let task = shard.map_or(Task::Whole(mode), Task::Share);
        self.work(task, threads, talk)
    }

    /// The store that is written.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Ends a store that several writers began.
    pub(crate) fn merge(&self, threads: usize, talk: Talk) -> Result<PrepareSummary> {
        self.work(Task::Merge, threads, talk)
    }

    fn work(&self, task: Task, threads: usize, talk: Talk) -> Result<PrepareSummary> {
        let plan = Preparation::open(&self.config)?;
        refuse_source(&plan, &self.output)?;
        if let Some(parent) = self.output.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        let outline = plan.outline();
        let chunks = match task {
            Task::Share(shard) => plan.chunks_of_share(shard),
            Task::Whole(_) | Task::Merge => plan.chunks_to_write(),
        };
        let progress = Progress::new(talk, "prepare", "chunks", chunks as u64, 0);
        progress.say(&said(&outline, plan.planned_files()));
        let mut watch = |done: usize| {
            progress.advance(done as u64);
            match check_interrupt() {
                Ok(()) => ControlFlow::Continue(()),
                Err(Interrupted) => ControlFlow::Break(()),
            }
        };
        let written = match task {
            Task::Whole(mode) => plan.write(&self.output, mode, threads, &mut watch),
            Task::Share(shard) => plan.write_share(&self.output, shard, threads, &mut watch),
            Task::Merge => plan.merge(&self.output, threads, &mut watch),
        };
        let damaged = plan.damage();
        for chunk in &damaged {
            progress.say(&format!(
                "prepare: missing, because it cannot be read: {chunk}"
            ));
        }
        match written {
            Err(PrepareError::Stopped) => return Err(Interrupted.into()),
            written => written?,
        }
        progress.finish();
        Ok(PrepareSummary {
            path: self.output.clone(),
            states: outline.states,
            outline,
            damaged,
        })
    }
}

/// What will be done, in one line.
fn said(outline: &Outline, files: u64) -> String {
    let (ny, nx) = outline.grid;
    let gaps = outline.gaps_said.iter().map(|said| format!("{said}; "));
    let gaps: String = gaps.collect();
    format!(
        "prepare: {} states of {} file(s) -> {} states of {ny} x {nx} of {}; {gaps}about {files} files, \
         {} MB of memory",
        outline.input_states,
        outline.files,
        outline.states,
        outline.variables.join(", "),
        outline.memory / 1_000_000
    )
}

/// A path without links and dots, though its last parts need not be there.
pub(crate) fn resolved(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).ok()?;
    whole.ancestors().find_map(|there| {
        let rest = whole.strip_prefix(there).ok()?;
        let there = there.canonicalize().ok()?;
        // joining nothing would add a separator
        Some(if rest.as_os_str().is_empty() {
            there
        } else {
            there.join(rest)
        })
    })
}

/// Refuses to replace what is read, to write into it, and to replace a folder around it.
fn refuse_source(plan: &Preparation, output: &Path) -> Result<()> {
    let Some(to) = resolved(output) else {
        return Ok(());
    };
    let touches = |path: &&PathBuf| {
        resolved(path).is_some_and(|from| from.starts_with(&to) || to.starts_with(&from))
    };
    match plan.files().find(touches) {
        Some(path) => bail!(
            "{} is what the run reads, and {} is the same, inside it or around it: choose another --to",
            path.display(),
            output.display()
        ),
        None => Ok(()),
    }
}
