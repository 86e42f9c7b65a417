//! `foehn restore apply`.

use crate::commands::{say, workers};
use crate::run_arguments::Run;
use anyhow::{Result, bail};
use clap::Args;
use foehn_pipelines::{
    ByteSize, Damage, FieldOptions, FieldStore, Mode, Projection, RestoreJob, restore_apply,
};
use std::path::PathBuf;

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
    /// See large pictures and fields in overlapping tiles of this side, for less memory; a number beyond their sides sees
    /// them whole.
    #[arg(long, value_name = "PIXELS")]
    pub tile: Option<usize>,
    /// The most memory to use, such as 400MB: what needs more is seen in the largest tiles that fit, on any number of threads
    /// the same [default: 4GiB].
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

impl Apply {
    /// Restores, and says what came of it.
    pub fn run(&self) -> Result<()> {
        let manner = &self.run.manner;
        let (workers, device) = (workers(manner.threads)?, self.run.device.open()?);
        let done = restore_apply(&self.job()?, &device, &workers, manner.talk())?;
        let residual = done.largest_residual.map_or(String::new(), |residual| {
            let unit = if done.fields {
                "standard deviations"
            } else {
                "of [-1, 1]"
            };
            format!("; reduced again, samples miss the input by at most {residual:.2e} {unit}")
        });
        let sides: Vec<String> = done.tiles.iter().map(usize::to_string).collect();
        let tiles = match sides.as_slice() {
            [] => String::new(),
            sides => format!(", seen in tiles of {} cells", sides.join(" and ")),
        };
        let (pictures, samples, output) = (done.pictures, done.samples, done.output.display());
        let what = if done.fields {
            "field(s)"
        } else {
            "picture(s)"
        };
        say(
            manner.json,
            &done,
            &format!("{samples} samples of {pictures} {what} in {output}{tiles}{residual}"),
        )
    }

    fn job(&self) -> Result<RestoreJob> {
        let damage = match (&self.mask, self.degrade) {
            (Some(path), _) => Damage::Mask(path.clone()),
            (None, true) => Damage::ByLaw,
            (None, false) => Damage::Done,
        };
        Ok(RestoreJob {
            model: self.model.clone(),
            input: self.input.clone(),
            pictures: self.pictures,
            damage,
            samples: self.samples,
            steps: self.steps,
            class: self.class.clone(),
            guidance: self.guidance,
            seed: self.run.seed.seed,
            tiles: self.tile.map(|side| [side, side / 4]),
            memory: self.memory,
            projection: if self.project {
                Projection::Exact
            } else {
                Projection::None
            },
            fields: FieldOptions {
                variables: self.variable.clone(),
                times: self.times.as_deref().map(times).transpose()?,
                store: self.form,
                mode: self.resume.then_some(Mode::Resume),
            },
            output: self.out.clone(),
        })
    }
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
