//! Why a configuration was refused, with the nearest valid key.

use std::path::PathBuf;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML.
    #[error("configuration {path} is not valid TOML: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Place and cause.
        message: String,
    },
    /// A key that does not exist.
    #[error("{origin}: there is no key \"{key}\"{hint}")]
    UnknownKey {
        /// Where the configuration comes from.
        origin: String,
        /// The full key.
        key: String,
        /// The nearest key there is.
        hint: String,
    },
    /// A value that does not fit its key.
    #[error("{origin}: {key}: {message}")]
    Value {
        /// Where the configuration comes from.
        origin: String,
        /// The full key.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A configuration that cannot be written down.
    #[error("the configuration cannot be written as TOML: {0}")]
    NotToml(toml::ser::Error),
    /// A number that no run can have.
    #[error("{origin}: {message}")]
    Impossible {
        /// Where the configuration comes from.
        origin: String,
        /// Key, value and what would be right.
        message: String,
    },
    /// `--set` without a key and a value.
    #[error("--set {0}: write key=value, such as --set train.steps=200")]
    Override(String),
}

/// Place and cause of a text that is not TOML, on one line.
pub(crate) fn not_toml(origin: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().map(|span| &text[..span.start]);
    let place = before.map_or(String::new(), |before| {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        format!("line {line}, column {column}: ")
    });
    let cause: Vec<&str> = error.message().lines().map(str::trim).collect();
    ConfigError::Syntax {
        path: origin.into(),
        message: format!("{place}{}", cause.join(", ")),
    }
}

/// Turns the reader's message into ours: the full key, and the nearest there is.
pub(crate) fn explain(origin: &str, path: &str, message: &str) -> ConfigError {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, Some((unknown, known))) =
        (message.starts_with("unknown field"), quoted.split_first())
    {
        let section = match path.rsplit_once('.') {
            Some((section, last)) if last == *unknown => format!("{section}."),
            _ if path == *unknown || path == "." => String::new(),
            _ => format!("{path}."),
        };
        let nearest = known.iter().max_by(|a, b| {
            strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
        });
        let hint = nearest.map_or(String::new(), |k| {
            format!(
                "; did you mean \"{section}{k}\"? Known here: {}",
                known.join(", ")
            )
        });
        return ConfigError::UnknownKey {
            origin: origin.to_owned(),
            key: format!("{section}{unknown}"),
            hint,
        };
    }
    ConfigError::Value {
        origin: origin.to_owned(),
        key: path.to_owned(),
        message: message.trim().to_owned(),
    }
}
