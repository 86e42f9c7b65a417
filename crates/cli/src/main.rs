//! The `foehn` command.

mod arguments;

use anyhow::{Context, Result};
use arguments::{Arguments, Command, Common, Output};
use clap::Parser;
use foehn_pipelines::{
    DEMO, Interrupted, RunConfig, ScoreFile, Talk, Workers, catch_interrupts, demo, forecast,
    forecast_path, inspect, prepare, report, simulate, train, verify,
};
use serde::Serialize;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", message(&error));
            if error.is::<Interrupted>() {
                ExitCode::from(130)
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
    text
}

fn run(command: &Command) -> Result<()> {
    catch_interrupts().context("cannot watch for Ctrl-C")?;
    match command {
        Command::Simulate { common, output } => {
            let job = Job::new(common)?;
            let done = simulate(&job.config, output.mode(), &job.workers, job.talk)?;
            job.say(
                &done,
                &format!("{} states in {}", done.states, done.path.display()),
            )
        }
        Command::Prepare { common, output, to } => {
            let job = Job::new(common)?;
            let done = prepare(&job.config, to, output.mode(), job.talk)?;
            job.say(
                &done,
                &format!("{} states in {}", done.states, done.path.display()),
            )
        }
        Command::Train { common, output } => {
            let job = Job::new(common)?;
            let device = common.run.device.open()?;
            let done = train(&job.config, output.mode(), &device, &job.workers, job.talk)?;
            let text = format!(
                "validation loss {:.4}; model in {}",
                done.validation_loss,
                done.model.display()
            );
            job.say(&done, &text)
        }
        Command::Forecast {
            common,
            output,
            netcdf,
        } => {
            let job = Job::new(common)?;
            let device = common.run.device.open()?;
            let done = forecast(&job.config, output.mode(), &device, &job.workers, job.talk)?;
            if let Some(file) = netcdf {
                foehn_archive::export_netcdf(&forecast_path(&job.config), file, output.mode())?;
            }
            job.say(
                &done,
                &format!(
                    "{} x {} members in {}",
                    done.inits,
                    done.members,
                    done.path.display()
                ),
            )
        }
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
        Command::Demo {
            run,
            output,
            overrides,
        } => demonstrate(run, *output, overrides),
        Command::Inspect { path, json } => {
            let inspection = inspect(path)?;
            say(*json, &inspection, &inspection.text())
        }
    }
}

fn demonstrate(run: &arguments::Run, output: Output, overrides: &[String]) -> Result<()> {
    let mut config = RunConfig::parse(DEMO, "the demo's configuration", overrides)?;
    config.seed = run.seed.unwrap_or(config.seed);
    let workers = Workers::new(run.threads)?;
    let device = run.device.open()?;
    let (scores, page) = demo(&config, output.mode(), &device, &workers, run.talk())?;
    say(
        run.json,
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
        config.seed = common.run.seed.unwrap_or(config.seed);
        Ok(Self {
            config,
            workers: Workers::new(common.run.threads)?,
            talk: common.run.talk(),
            json: common.run.json,
        })
    }

    fn say(&self, result: &impl Serialize, text: &str) -> Result<()> {
        say(self.json, result, text)
    }
}

fn say(json: bool, result: &impl Serialize, text: &str) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(result)?);
    } else {
        println!("{text}");
    }
    Ok(())
}
