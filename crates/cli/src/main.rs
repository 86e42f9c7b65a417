//! The `foehn` command.

mod arguments;

use anyhow::{Context, Result};
use arguments::{Arguments, Command, Common, Generate, Manner, Memory, Output};
use clap::Parser;
use foehn_archive::{guard_with, try_file};
use foehn_pipelines::{
    BarsMissed, Comparison, DEMO, Depth, GenerateJob, Interrupted, Mode, Names, Networks,
    OracleName, PostprocessConfig, PrepareJob, RunConfig, Scaling, ScoreFile, Settings,
    ShardChoice, Talk, Workers, bench, catch_interrupts, demo, forecast, forecast_path, generate,
    inspect, merge, oracle, oracle_figures, postprocess, report, retune, run_plan, samplers,
    simulate, train, verify,
};
use serde::Serialize;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // without a name for this program there is no guard, and everything else works
    if !matches!(arguments.command, Command::Try { .. })
        && let Ok(program) = std::env::current_exe()
    {
        guard_with(program, &["try"]);
    }
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", message(&error));
            if error.is::<Interrupted>() {
                ExitCode::from(130)
            } else if error.is::<BarsMissed>() {
                ExitCode::from(1)
            } else {
                ExitCode::from(2)
            }
        }
    }
}

/// The causes on one line, each said once.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    let kinds = error.chain().filter_map(|e| e.downcast_ref::<io::Error>());
    if kinds
        .map(io::Error::kind)
        .any(|k| k == ErrorKind::StorageFull)
        && !text.contains("make room")
    {
        text.push_str("; make room and run again, training and forecasts with --resume");
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn run(command: &Command) -> Result<()> {
    catch_interrupts().context("cannot watch for Ctrl-C")?;
    match command {
        Command::Simulate { common, output } => {
            let job = Job::new(common)?;
            let done = simulate(&job.config, output.mode(), &job.workers, job.talk)?;
            job.say(&done, &states(done.states, &done.path))
        }
        Command::Prepare { common, output, to } => {
            let manner = &common.run.manner;
            let job = PrepareJob::load(&common.config, &common.overrides, to.clone())?;
            let done = job.run(output.mode(), manner.threads, manner.talk())?;
            say(manner.json, &done, &states(done.states, &done.path))
        }
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
        } => run_forecast(common, *memory, *output, *shard, netcdf.as_deref()),
        Command::Merge {
            target,
            overrides,
            json,
        } => run_merge(target, overrides, *json),
        Command::Verify { common } => {
            let job = Job::new(common)?;
            let scores = verify(&job.config, &job.workers, job.talk)?;
            job.say(&scores, &scores.text())
        }
        Command::Report { common } => {
            let job = Job::new(common)?;
            let page = report(&job.config)?;
            job.say(&page, &format!("report: {}", page.display()))
        }
        Command::Bench {
            common,
            grid,
            scaling,
        } => {
            let job = Job::new(common)?;
            let device = common.run.device.open()?;
            let scaling = if *scaling {
                Scaling::Measure
            } else {
                Scaling::Skip
            };
            let rates = bench(&job.config, *grid, scaling, &device, &job.workers, job.talk)?;
            job.say(&rates, &rates.text())
        }
        Command::Tune { common, memory } => {
            let job = Job::within(common, *memory)?;
            let device = common.run.device.open()?;
            let tuning = retune(&job.config, &device, &job.workers, job.talk)?;
            job.say(&tuning, &tuning.text())
        }
        Command::Samplers {
            common,
            memory,
            calls,
        } => {
            let job = Job::within(common, *memory)?;
            let device = common.run.device.open()?;
            let table = samplers(&job.config, calls, &device, &job.workers, job.talk)?;
            job.say(&table, &table.text())
        }
        Command::Postprocess {
            config,
            overrides,
            overwrite,
            manner,
        } => {
            let config = PostprocessConfig::load(config, overrides)?;
            let mode = if *overwrite {
                Mode::Overwrite
            } else {
                Mode::Create
            };
            let done = postprocess(&config, mode, &workers(manner.threads)?, manner.talk())?;
            say(manner.json, &done, &done.text())
        }
        Command::Demo {
            run,
            output,
            overrides,
        } => demonstrate(run, *output, overrides),
        Command::Try { path } => {
            try_file(path);
            Ok(())
        }
        Command::Generate(arguments) => run_generate(arguments),
        Command::Inspect {
            path,
            statistics,
            check,
            overrides,
            json,
        } => {
            if let Some(config) = check {
                let plan = run_plan(&RunConfig::load(config, overrides)?)?;
                return say(*json, &plan, &plan.text());
            }
            let depth = if *statistics {
                Depth::Values
            } else {
                Depth::Labels
            };
            let inspection = inspect(path.as_deref().unwrap_or(Path::new("")), depth)?;
            say(*json, &inspection, &inspection.text())
        }
        Command::Oracle {
            name,
            train,
            figure,
            manner,
        } => run_oracle(*name, *train, figure.as_deref(), manner),
    }
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

fn states(count: usize, path: &Path) -> String {
    format!("{count} states in {}", path.display())
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

fn run_merge(target: &Path, overrides: &[String], json: bool) -> Result<()> {
    let done = merge(target, overrides)?;
    let path = done.path.display();
    let text = match done.items {
        Some(items) => format!("{path} is whole: {items} items"),
        None => format!("{path} was whole already"),
    };
    say(json, &done, &text)
}

fn run_forecast(
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
    let done = forecast(&job.config, how, &device, &job.workers, job.talk)?;
    if let Some(file) = netcdf {
        foehn_archive::export_netcdf(&forecast_path(&job.config), file, output.mode())?;
    }
    let (inits, members, path) = (done.inits, done.members, done.path.display());
    job.say(&done, &format!("{inits} x {members} members in {path}"))
}

fn run_generate(arguments: &Generate) -> Result<()> {
    let run = &arguments.run;
    let settings = Settings {
        config: arguments.config.clone(),
        overrides: arguments.all_overrides(),
        seed: run.seed,
    };
    let job = GenerateJob {
        names: Names {
            data: arguments.data.clone(),
            starts: arguments.starts.clone(),
            condition: arguments.condition.clone(),
        },
        model: arguments.model.clone(),
        output: arguments.out.clone(),
        samples: arguments.samples,
        from: arguments.from.clone(),
        given: arguments.given.clone(),
        density: arguments.density.clone(),
        sweep: if arguments.sweep {
            Comparison::Sweep
        } else {
            Comparison::None
        },
    };
    let (workers, device) = (workers(run.manner.threads)?, run.device.open()?);
    let mode = arguments.output.mode();
    let done = generate(&settings, &job, mode, &device, &workers, run.manner.talk())?;
    say(run.manner.json, &done, &done.text())
}

fn demonstrate(run: &arguments::Run, output: Output, overrides: &[String]) -> Result<()> {
    let mut config = RunConfig::parse(DEMO, "the demo's configuration", overrides)?;
    if let Some(seed) = run.seed {
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
struct Job {
    config: RunConfig,
    workers: Workers,
    talk: Talk,
    json: bool,
}

impl Job {
    fn new(common: &Common) -> Result<Self> {
        let mut config = RunConfig::load(&common.config, &common.overrides)?;
        if let Some(seed) = common.run.seed {
            config.reseed(seed);
        }
        Ok(Self {
            config,
            workers: workers(common.run.manner.threads)?,
            talk: common.run.manner.talk(),
            json: common.run.manner.json,
        })
    }

    /// As [`Job::new`], in so much memory.
    fn within(common: &Common, memory: Memory) -> Result<Self> {
        let mut job = Self::new(common)?;
        if let Some(memory) = memory.memory {
            job.config.limit_memory(memory);
        }
        Ok(job)
    }

    fn say(&self, result: &impl Serialize, text: &str) -> Result<()> {
        say(self.json, result, text)
    }
}

fn workers(threads: usize) -> Result<Workers> {
    Workers::new(threads)
        .with_context(|| format!("--threads {threads}: the system refuses so many; ask for fewer"))
}

fn say(json: bool, result: &impl Serialize, text: &str) -> Result<()> {
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
