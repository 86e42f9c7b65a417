//! What each command does: its arguments handed to a workflow, the result said as text or JSON.

use crate::arguments::{Command, Which};
use crate::restore;
use crate::run_arguments::{Common, Manner, Memory, Output, Run, Seed, Settings};
use crate::stores;
use anyhow::{Context, Result};
use foehn_archive::try_file;
use foehn_pipelines::{
    DEMO, Depth, GridSize, Mode, Networks, OracleName, PostprocessConfig, RunConfig, Scaling,
    ScoreFile, Talk, Workers, bench, catch_interrupts, demo, inspect, oracle, oracle_figures,
    postprocess, report, retune, run_plan, samplers, simulate, train, verify,
};
use serde::Serialize;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Does what the command line asks for, and says the result on standard output.
pub fn run(command: &Command) -> Result<()> {
    // an inspection leaves nothing to finish
    if !matches!(command, Command::Inspect { .. }) {
        catch_interrupts().context("cannot watch for Ctrl-C")?;
    }
    match command {
        Command::Simulate {
            settings,
            seed,
            manner,
            output,
        } => {
            let job = Job::of(settings, *seed, manner)?;
            let done = simulate(&job.config, output.mode(), &job.workers, job.talk)?;
            job.say(&done, &stores::states(done.states, &done.path))
        }
        Command::Prepare {
            settings,
            manner,
            output,
            shard,
            to,
        } => stores::prepare(settings, manner, (*output, *shard), to.clone()),
        Command::Train {
            common,
            memory,
            output,
        } => run_train(common, *memory, *output),
        Command::Forecast {
            common,
            memory,
            output,
            shard,
            netcdf,
        } => stores::forecast(common, *memory, *output, *shard, netcdf.as_deref()),
        Command::Merge {
            target,
            overrides,
            to,
            manner,
        } => stores::merge(target, overrides, to.clone(), manner),
        Command::Verify {
            settings,
            seed,
            manner,
        } => {
            let job = Job::of(settings, *seed, manner)?;
            let scores = verify(&job.config, &job.workers, job.talk)?;
            job.say(&scores, &scores.text())
        }
        Command::Report {
            settings,
            seed,
            json,
        } => run_report(settings, *seed, *json),
        Command::Bench {
            common,
            grid,
            scaling,
        } => run_bench(common, *grid, *scaling),
        Command::Tune { common, memory } => run_tune(common, *memory),
        Command::Samplers {
            common,
            memory,
            calls,
        } => run_samplers(common, *memory, calls),
        Command::Postprocess {
            settings,
            overwrite,
            manner,
        } => run_postprocess(settings, *overwrite, manner),
        Command::Demo {
            run,
            output,
            overrides,
        } => demonstrate(run, *output, overrides),
        Command::Try { path } => {
            try_file(path);
            Ok(())
        }
        Command::Generate(arguments) => arguments.run(),
        Command::Restore(command) => restore::run(command),
        Command::Inspect {
            path,
            statistics,
            check,
            overrides,
            json,
        } => match check {
            Some(config) => {
                let plan = run_plan(&RunConfig::load(config, overrides)?)?;
                say(*json, &plan, &plan.text())
            }
            None => run_inspect(path.as_deref(), *statistics, *json),
        },
        Command::Oracle {
            name,
            train,
            figure,
            manner,
        } => run_oracle(*name, *train, figure.as_deref(), manner),
    }
}

fn run_report(settings: &Settings, seed: Seed, json: bool) -> Result<()> {
    let page = report(&resolved(settings, seed)?)?;
    say(json, &page, &format!("report: {}", page.display()))
}

fn run_oracle(name: OracleName, train: bool, figure: Option<&Path>, manner: &Manner) -> Result<()> {
    let networks = if train {
        Networks::Everywhere
    } else {
        Networks::WhereNeeded
    };
    let answers = oracle(name, networks, &workers(manner.threads)?, manner.talk())?;
    if let Some(folder) = figure {
        oracle_figures(&answers, folder)?;
    }
    say(manner.json, &answers, &answers.text())?;
    Ok(answers.check()?)
}

fn run_bench(common: &Common, grid: Option<GridSize>, scaling: bool) -> Result<()> {
    let job = Job::new(common)?;
    let device = common.run.device.open()?;
    let scaling = if scaling {
        Scaling::Measure
    } else {
        Scaling::Skip
    };
    let rates = bench(&job.config, grid, scaling, &device, &job.workers, job.talk)?;
    job.say(&rates, &rates.text())
}

fn run_tune(common: &Common, memory: Memory) -> Result<()> {
    let job = Job::within(common, memory)?;
    let device = common.run.device.open()?;
    let tuning = retune(&job.config, &device, &job.workers, job.talk)?;
    job.say(&tuning, &tuning.text())
}

fn run_samplers(common: &Common, memory: Memory, calls: &[usize]) -> Result<()> {
    let job = Job::within(common, memory)?;
    let device = common.run.device.open()?;
    let table = samplers(&job.config, calls, &device, &job.workers, job.talk)?;
    job.say(&table, &table.text())
}

fn run_postprocess(settings: &Settings, overwrite: bool, manner: &Manner) -> Result<()> {
    let config = PostprocessConfig::load(&settings.config, &settings.overrides)?;
    let mode = if overwrite {
        Mode::Overwrite
    } else {
        Mode::Create
    };
    let done = postprocess(&config, mode, &workers(manner.threads)?, manner.talk())?;
    say(manner.json, &done, &done.text())
}

fn run_inspect(path: Option<&Path>, statistics: Option<Which>, json: bool) -> Result<()> {
    let depth = match statistics {
        None => Depth::Labels,
        Some(Which::Stored) => Depth::Values,
        Some(Which::All) => Depth::EveryValue,
    };
    let inspection = inspect(path.unwrap_or(Path::new("")), depth)?;
    say(json, &inspection, &inspection.text())
}

fn run_train(common: &Common, memory: Memory, output: Output) -> Result<()> {
    let job = Job::within(common, memory)?;
    let device = common.run.device.open()?;
    let done = train(&job.config, output.mode(), &device, &job.workers, job.talk)?;
    let (loss, model) = (done.validation_loss, done.model.display());
    job.say(
        &done,
        &format!("validation loss {loss:.4}; model in {model}"),
    )
}

fn demonstrate(run: &Run, output: Output, overrides: &[String]) -> Result<()> {
    let mut config = RunConfig::parse(DEMO, "the demo's configuration", overrides)?;
    if let Some(seed) = run.seed.seed {
        config.reseed(seed);
    }
    let workers = workers(run.manner.threads)?;
    let device = run.device.open()?;
    let (scores, page) = demo(&config, output.mode(), &device, &workers, run.manner.talk())?;
    say(
        run.manner.json,
        &scores,
        &format!("{}\nreport: {}", ScoreFile::text(&scores), page.display()),
    )
}

/// What most commands begin with.
pub(crate) struct Job {
    pub(crate) config: RunConfig,
    pub(crate) workers: Workers,
    pub(crate) talk: Talk,
    json: bool,
}

impl Job {
    fn new(common: &Common) -> Result<Self> {
        Self::of(&common.settings, common.run.seed, &common.run.manner)
    }

    fn of(settings: &Settings, seed: Seed, manner: &Manner) -> Result<Self> {
        Ok(Self {
            config: resolved(settings, seed)?,
            workers: workers(manner.threads)?,
            talk: manner.talk(),
            json: manner.json,
        })
    }

    /// As [`Job::new`], in so much memory.
    pub(crate) fn within(common: &Common, memory: Memory) -> Result<Self> {
        let mut job = Self::new(common)?;
        if let Some(memory) = memory.memory {
            job.config.limit_memory(memory);
        }
        Ok(job)
    }

    pub(crate) fn say(&self, result: &impl Serialize, text: &str) -> Result<()> {
        say(self.json, result, text)
    }
}

fn resolved(settings: &Settings, seed: Seed) -> Result<RunConfig> {
    let mut config = RunConfig::load(&settings.config, &settings.overrides)?;
    if let Some(seed) = seed.seed {
        config.reseed(seed);
    }
    Ok(config)
}

pub(crate) fn workers(threads: usize) -> Result<Workers> {
    Workers::new(threads)
        .with_context(|| format!("--threads {threads}: the system refuses so many; ask for fewer"))
}

pub(crate) fn say(json: bool, result: &impl Serialize, text: &str) -> Result<()> {
    let json = json.then(|| serde_json::to_string_pretty(result));
    let json = json.transpose()?;
    let mut output = io::stdout().lock();
    let said = writeln!(output, "{}", json.as_deref().unwrap_or(text));
    match said.and_then(|()| output.flush()) {
        // the reader has seen enough, as `head` does
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => said.context("cannot write the result to standard output"),
    }
}
