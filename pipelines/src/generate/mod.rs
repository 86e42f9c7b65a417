//! `foehn generate`: a table of vectors in, a model, and samples of the same law, out.

mod config;
mod data;
mod drawing;
mod figure;
mod folder;
mod job;
mod learnt;
mod quality;
mod sampling;
mod summary;
mod sweep;
mod table;
mod table_output;
mod training;

pub use config::GenerateConfig;
pub use job::{Comparison, GenerateJob, Names, Settings};
pub(crate) use quality::energy_distance;
pub use summary::GenerateSummary;
pub use table::TableName;

use crate::progress::Talk;
use crate::text_file::write_text;
use anyhow::{Result, bail};
use burn::tensor::Device;
use data::Data;
use drawing::{Drawing, Inputs};
use foehn_archive::Mode;
use foehn_compute::Workers;
use folder::{Folder, Units};
use learnt::{Declaration, Learnt};
use table_output::refuse_output;

/// Where networks run, and the threads that feed them.
#[derive(Clone, Copy)]
struct Machine<'a> {
    device: &'a Device,
    workers: &'a Workers,
}

/// A model that is ready, with what it was made from.
struct Ready {
    config: GenerateConfig,
    units: Units,
    model: Learnt,
    validation_loss: Option<f64>,
    data: Option<Data>,
    inputs: Inputs,
}

/// Trains a model on a table, where one is given, and samples it.
///
/// # Errors
/// If a table, the configuration or the folder is wrong, naming it; after Ctrl-C, in a state from which
/// [`Mode::Resume`] continues.
pub fn generate(
    settings: &Settings,
    job: &GenerateJob,
    mode: Mode,
    device: &Device,
    workers: &Workers,
    talk: Talk,
) -> Result<GenerateSummary> {
    // samples are written whole: there is nothing of them to resume
    let of_samples = match mode {
        Mode::Resume => Mode::Create,
        mode => mode,
    };
    if let Some(path) = &job.output {
        refuse_output(path, of_samples)?;
    }
    let machine = Machine { device, workers };
    let folder = Folder(job.model.clone());
    let ready = match &job.names.data {
        None => load(settings, job, &folder, machine)?,
        Some(name) => train(settings, job, name, &folder, (mode, talk), machine)?,
    };
    let drawing = Drawing {
        units: &ready.units,
        model: &ready.model,
        how: &ready.config.sampling,
        seed: ready.config.seed,
        machine,
    };
    let data = ready.data.as_ref();
    let samples = match (&job.output, &ready.inputs.wanted) {
        (Some(path), Some(wanted)) => {
            Some(drawing.write_samples(path, wanted, data, of_samples, &folder)?)
        }
        _ => None,
    };
    let sweep = match (job.sweep, data) {
        (Comparison::Sweep, Some(data)) => Some(drawing.sweep(data, &folder)?),
        _ => None,
    };
    let density = ready.inputs.density.as_ref();
    let density = density.map(|(x1, condition)| drawing.density(x1, condition.as_ref()));
    Ok(GenerateSummary {
        validation_loss: ready.validation_loss,
        samples,
        density: density.transpose()?,
        sweep,
        model: job.model.clone(),
    })
}

/// A model that was trained before, sampled as its configuration says but for the overrides.
fn load(
    settings: &Settings,
    job: &GenerateJob,
    folder: &Folder,
    machine: Machine,
) -> Result<Ready> {
    match (&job.names.starts, &job.names.condition) {
        (None, None) => {}
        (Some(name), _) => {
            bail!("--starts {name} without --data: to sample from other starts give --from")
        }
        (_, Some(name)) => {
            bail!("--condition {name} without --data: to sample other conditions give --given")
        }
    }
    if job.sweep == Comparison::Sweep {
        bail!("--sweep compares samples with data: give --data");
    }
    let mut config = folder.configured(settings)?;
    config.seed = settings.seed.unwrap_or(config.seed);
    let (units, model) = folder.load(machine.device)?;
    let inputs = Inputs::read(job, &units, None)?;
    Ok(Ready {
        inputs,
        config,
        units,
        model,
        validation_loss: None,
        data: None,
    })
}

/// A model trained on the table `name`; all that can be refused is refused before an older model gives
/// way, and before the training.
fn train(
    settings: &Settings,
    job: &GenerateJob,
    name: &TableName,
    folder: &Folder,
    (mode, talk): (Mode, Talk),
    machine: Machine,
) -> Result<Ready> {
    let mut config = GenerateConfig::load(settings.config.as_deref(), &settings.overrides)?;
    config.seed = settings.seed.unwrap_or(config.seed);
    let data = Data::read(&config, name, &job.names)?;
    let units = data.units.clone();
    let inputs = Inputs::read(job, &units, Some(&data))?;
    let declaration = Declaration::new(&config, units.sizes())?;
    let untrained = declaration.architecture().mlp(machine.device)?;
    let rehearsal = Drawing {
        units: &units,
        model: &declaration.with(untrained),
        how: &config.sampling,
        seed: config.seed,
        machine,
    };
    rehearsal.rehearse(&inputs)?;
    if job.sweep == Comparison::Sweep {
        rehearsal.rehearse_sweep(&data)?;
    }
    folder.prepare(&config, &units, mode)?;
    if config.path_steps > 0 && !folder.path().exists() {
        let path = training::learn_path(&config, &data, machine, talk)?;
        write_text(&folder.path(), &toml::to_string_pretty(&path)?)?;
    }
    let declaration = Declaration::new(&folder.with_path(&config)?, units.sizes())?;
    let (model, validation_loss) =
        training::train(&config, declaration, &data, folder, machine, talk)?;
    Ok(Ready {
        config,
        units,
        model,
        validation_loss,
        data: Some(data),
        inputs,
    })
}
