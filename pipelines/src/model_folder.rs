//! The folder of a model, before it is trained: kept, continued or replaced.

use crate::config::RunConfig;
use crate::continuation::refuse_other;
use crate::model::ModelFolder;
use crate::whole_file;
use anyhow::{Context, Result, bail};
use foehn_archive::Mode;
use std::fs;
use std::io::ErrorKind;

/// Sections of a configuration that leave a model as it is.
const NOT_OF_THE_MODEL: [&str; 5] = ["name", "output", "simulate", "forecast", "verify"];

/// Refuses a model that is in the way, or of another configuration.
///
/// # Errors
/// If there is one, and the mode does not allow for it.
pub fn refuse_folder(config: &RunConfig, folder: &ModelFolder, mode: Mode) -> Result<()> {
    let (name, path) = (folder.0.display(), folder.config());
    match mode {
        Mode::Create if path.exists() => {
            bail!(
                "{name} holds a model already: give --resume to continue it or --overwrite to begin again"
            )
        }
        Mode::Resume if path.exists() => {
            let before = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let of_model = |text: &str| {
                let mut table = text.parse::<toml::Table>()?;
                for section in NOT_OF_THE_MODEL {
                    table.remove(section);
                }
                Ok::<_, toml::de::Error>(table)
            };
            let before = of_model(&before)
                .with_context(|| format!("{} is not a configuration", path.display()))?;
            refuse_other(&folder.0, &before, &of_model(&config.to_toml())?)
        }
        _ => Ok(()),
    }
}

/// Makes the folder, in place of an older model where that is to be replaced, with the configuration in it.
///
/// # Errors
/// If the file system refuses.
pub fn prepare_folder(config: &RunConfig, folder: &ModelFolder, mode: Mode) -> Result<()> {
    let name = folder.0.display();
    if mode == Mode::Overwrite && folder.0.exists() {
        // first out of the way in one step, so that a crash leaves no half of the old model there
        let aside = folder.0.with_file_name(".model.replaced");
        let removed = match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::rename(&folder.0, &aside).and_then(|()| fs::remove_dir_all(&aside)),
        };
        removed.with_context(|| format!("cannot remove {name}"))?;
    }
    fs::create_dir_all(&folder.0).with_context(|| format!("cannot create {name}"))?;
    whole_file::write(&folder.config(), &config.to_toml())
}
