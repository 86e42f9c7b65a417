//! `foehn merge`: the end of a forecast or of prepared data that several jobs wrote.

use crate::config::RunConfig;
use crate::forecast::forecast_path;
use crate::prepare::PrepareJob;
use crate::progress::Talk;
use anyhow::{Context, Result, bail};
use foehn_archive::{Shard, is_shared};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What merging ends with.
#[derive(Clone, Debug, Serialize)]
pub struct MergeSummary {
    /// Each store that the configuration speaks of and that is whole now.
    pub stores: Vec<MergedStore>,
}

/// A store that is whole.
#[derive(Clone, Debug, Serialize)]
pub struct MergedStore {
    /// The store.
    pub path: PathBuf,
    /// Items that were there, or states of prepared data; absent where the store was whole before.
    pub items: Option<usize>,
}

impl MergeSummary {
    /// A line a store.
    pub fn text(&self) -> String {
        let line = |store: &MergedStore| {
            let path = store.path.display();
            match store.items {
                Some(items) => format!("{path} is whole: {items} items"),
                None => format!("{path} was whole already"),
            }
        };
        self.stores.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Checks that every item of a store is done and ends it; `target` is the store of a forecast, or a configuration:
/// then the store is what `prepare` writes (to `to`, where given) or the forecast, whichever several jobs began.
/// Statistics of prepared data are taken with some threads, 0 for one a core.
///
/// # Errors
/// If items are missing, naming some; if there is no such store; if both of a configuration are to be merged and `to` does
/// not say which.
pub fn merge(
    target: &Path,
    overrides: &[String],
    to: Option<PathBuf>,
    (threads, talk): (usize, Talk),
) -> Result<MergeSummary> {
    let one = |store: MergedStore| MergeSummary {
        stores: vec![store],
    };
    if !target.is_file() {
        refuse_prepared(target)?;
        return end(target).map(one);
    }
    let stated = to.is_some();
    let job = PrepareJob::load(target, overrides, to);
    let run = RunConfig::load(target, overrides);
    match (job, run) {
        (Ok(job), run) if stated || run.is_err() => end_prepared(&job, threads, talk).map(one),
        (Ok(job), Ok(run)) => either(&job, &forecast_path(&run), threads, talk),
        (_, run) => end(&forecast_path(&run?)).map(one),
    }
}

/// Ends the one of two stores that several jobs began, and says of the other whether it is whole.
fn either(job: &PrepareJob, forecast: &Path, threads: usize, talk: Talk) -> Result<MergeSummary> {
    let prepared = job.output();
    let whole = |path: &Path| {
        let found = !is_shared(path) && path.is_dir();
        found.then(|| end(path).ok()).flatten()
    };
    let stores = match (is_shared(prepared), is_shared(forecast)) {
        (true, true) => bail!(
            "{} and {} both wait to be merged: name one, by --to {} or as foehn merge {}",
            prepared.display(),
            forecast.display(),
            prepared.display(),
            forecast.display()
        ),
        (true, false) => vec![Some(end_prepared(job, threads, talk)?), whole(forecast)],
        (false, true) => vec![whole(prepared), Some(end(forecast)?)],
        (false, false) => vec![whole(prepared), whole(forecast)],
    };
    let stores: Vec<MergedStore> = stores.into_iter().flatten().collect();
    if stores.is_empty() {
        // which says what is wrong with it
        end(forecast)?;
    }
    Ok(MergeSummary { stores })
}

fn end(path: &Path) -> Result<MergedStore> {
    let items = foehn_archive::merge(path)?;
    Ok(MergedStore {
        path: path.to_owned(),
        items,
    })
}

fn end_prepared(job: &PrepareJob, threads: usize, talk: Talk) -> Result<MergedStore> {
    if !is_shared(job.output()) {
        return end(job.output());
    }
    let done = job.merge(threads, talk)?;
    Ok(MergedStore {
        path: done.path,
        items: Some(done.states),
    })
}

/// Statistics of prepared data are taken when it is merged, for which its configuration is needed.
fn refuse_prepared(store: &Path) -> Result<()> {
    if !is_shared(store) {
        return Ok(());
    }
    let prepared = foehn_archive::open(store)
        .is_ok_and(|archive| archive.attributes().contains_key("foehn_prepare"));
    if prepared {
        bail!(
            "{} was prepared by several jobs: name its configuration instead, foehn merge CONFIG.toml (with --to where \
             prepare had it)",
            store.display()
        );
    }
    Ok(())
}

/// Which of several jobs this is, as the command line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardChoice {
    /// `I/N`.
    Stated(Shard),
    /// `auto` or `auto/N`: by what the scheduler tells, N jobs where it does not say how many.
    Scheduler(Option<usize>),
}

/// Why a text is no [`ShardChoice`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?}: write I/N with I from 0 to N - 1, such as 0/3; or auto, or auto/N")]
pub struct NoShard(String);

impl FromStr for ShardChoice {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let refuse = || NoShard(text.to_owned());
        match text.split_once('/') {
            None if text == "auto" => Ok(Self::Scheduler(None)),
            Some(("auto", count)) => count
                .parse()
                .map(|n| Self::Scheduler(Some(n)))
                .map_err(|_| refuse()),
            _ => text.parse().map(Self::Stated).map_err(|_| refuse()),
        }
    }
}

impl ShardChoice {
    /// The shard that is meant: `SLURM_ARRAY_TASK_ID` of `SLURM_ARRAY_TASK_COUNT` from `SLURM_ARRAY_TASK_MIN` on, or
    /// `JOB_COMPLETION_INDEX` (Kubernetes) of `count`.
    ///
    /// # Errors
    /// If no scheduler says which job this is, or the count is not known or does not fit.
    pub fn shard(self) -> Result<Shard> {
        self.shard_in(|name| std::env::var(name).ok())
    }

    fn shard_in(self, variable: impl Fn(&str) -> Option<String>) -> Result<Shard> {
        let count = match self {
            Self::Stated(shard) => return Ok(shard),
            Self::Scheduler(count) => count,
        };
        let number = |name: &str| {
            let text = variable(name);
            let read = |text: String| {
                text.trim()
                    .parse::<usize>()
                    .with_context(|| format!("{name}={text} is not a number"))
            };
            text.map(read).transpose()
        };
        let (name, index, counted) = if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            (
                "SLURM_ARRAY_TASK_ID",
                id.saturating_sub(first) / step,
                number("SLURM_ARRAY_TASK_COUNT")?,
            )
        } else {
            let index = number("JOB_COMPLETION_INDEX")?;
            let said = "--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; write --shard I/N";
            ("JOB_COMPLETION_INDEX", index.context(said)?, None)
        };
        let count = count.or(counted);
        let count = count.with_context(|| {
            format!("{name} is set but not how many jobs there are: write --shard auto/N")
        })?;
        Shard::new(index, count).with_context(|| {
            format!("{name} makes this job number {index} (from 0), but there are {count}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str, environment: &[(&str, &str)]) -> Result<String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Ok(text.parse::<ShardChoice>()?.shard_in(variable)?.to_string())
    }

    #[test]
    fn shards_are_stated_or_come_from_the_scheduler() {
        assert_eq!(shard("1/3", &[]).unwrap(), "1/3");
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
        ];
        assert_eq!(shard("auto", &slurm).unwrap(), "2/3");
        let kubernetes = [("JOB_COMPLETION_INDEX", "0")];
        assert_eq!(shard("auto/4", &kubernetes).unwrap(), "0/4");
        assert!(
            shard("auto", &kubernetes)
                .unwrap_err()
                .to_string()
                .contains("auto/N")
        );
        assert!(
            shard("auto", &[])
                .unwrap_err()
                .to_string()
                .contains("SLURM_ARRAY_TASK_ID")
        );
        for refused in ["3/3", "a/3", "auto/x", "1"] {
            assert!(refused.parse::<ShardChoice>().is_err(), "{refused}");
        }
    }
}
