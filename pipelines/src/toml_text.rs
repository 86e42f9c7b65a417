//! From TOML with overrides to a typed configuration.

use crate::config_error::{ConfigError, explain, not_toml};
use foehn_dataset::OneOrMany;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The table in `text`, which comes from `origin`, with `overrides` (`key=value`).
///
/// # Errors
/// If the text is not TOML, or an override not a key and a value.
pub fn overridden(text: &str, origin: &str, overrides: &[String]) -> Result<Table, ConfigError> {
    let mut table = text
        .parse::<Table>()
        .map_err(|e| not_toml(origin, text, &e))?;
    for text in overrides {
        set(&mut table, text)?;
    }
    Ok(table)
}

/// The configuration in a table.
///
/// # Errors
/// If a key does not exist, naming the nearest, or a value does not fit its key.
pub fn typed<T: DeserializeOwned>(table: Table, origin: &str) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(Value::Table(table))
        .map_err(|e| explain(origin, &e.path().to_string(), e.inner().message()))
}

/// Applies `a.b.c=value`; a value that is not TOML is a string.
fn set(table: &mut Table, text: &str) -> Result<(), ConfigError> {
    let refuse = || ConfigError::Override(text.to_owned());
    let (key, value) = text.split_once('=').ok_or_else(refuse)?;
    let parsed = format!("x = {value}").parse::<Table>();
    let value = parsed
        .ok()
        .and_then(|mut t| t.remove("x"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut keys: Vec<&str> = key.trim().split('.').collect();
    let last = keys.pop().filter(|k| !k.is_empty()).ok_or_else(refuse)?;
    let mut here = table;
    for key in keys {
        let next = here
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        here = next.as_table_mut().ok_or_else(refuse)?;
    }
    here.insert(last.to_owned(), value);
    Ok(())
}

/// Makes a path of a configuration in `folder` one beside it, unless it is there as it stands.
pub fn beside(path: &mut PathBuf, folder: &Path) {
    let found = folder.join(&*path);
    if path.is_relative() && !path.exists() && found.exists() {
        *path = found;
    }
}

/// As [`beside`], of one path or several.
pub fn all_beside(paths: &mut OneOrMany<PathBuf>, folder: &Path) {
    match paths {
        OneOrMany::One(path) => beside(path, folder),
        OneOrMany::Many(paths) => paths.iter_mut().for_each(|path| beside(path, folder)),
    }
}
