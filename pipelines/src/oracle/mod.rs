//! `foehn oracle`: samplers with exact drifts against exact answers, one file an oracle.

mod answer;
mod assimilation;
mod field;
mod gmm;
mod gmm_sampled;
mod least;
mod mixture2d;
mod normal;
mod ou;
mod text;

pub use answer::{Answer, Answers, Bar, BarsMissed, Entry, Row, Table};

use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_report::Figure;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What `foehn oracle` is asked for.
///
/// ```
/// use foehn_pipelines::OracleName;
/// assert_eq!("gmm".parse::<OracleName>()?, OracleName::Gmm);
/// let wrong = "mixture".parse::<OracleName>().unwrap_err();
/// assert!(wrong.to_string().contains("did you mean \"mixture2d\"?"));
/// # Ok::<(), foehn_pipelines::UnknownOracle>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OracleName {
    /// O1, the Ornstein-Uhlenbeck process.
    Ou,
    /// O2, the rotating mixture in the plane.
    Mixture2d,
    /// O3, mixtures to mixtures.
    Gmm,
    /// O5, linear-Gaussian assimilation.
    Assimilation,
    /// O6, random fields with a steep spectrum.
    Field,
    /// Every one of them.
    All,
}

/// A name that is no oracle's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no oracle \"{name}\"; did you mean \"{nearest}\"? Known: {}", NAMES.map(|n| n.0).join(", "))]
pub struct UnknownOracle {
    /// What was asked for.
    pub name: String,
    /// The nearest there is.
    pub nearest: String,
}

const NAMES: [(&str, OracleName); 6] = [
    ("ou", OracleName::Ou),
    ("mixture2d", OracleName::Mixture2d),
    ("gmm", OracleName::Gmm),
    ("assimilation", OracleName::Assimilation),
    ("field", OracleName::Field),
    ("all", OracleName::All),
];

impl FromStr for OracleName {
    type Err = UnknownOracle;

    fn from_str(name: &str) -> Result<Self, UnknownOracle> {
        if let Some((_, oracle)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*oracle);
        }
        let likeness = |known: &str| strsim::jaro_winkler(known, name);
        let nearest = NAMES
            .iter()
            .max_by(|a, b| likeness(a.0).total_cmp(&likeness(b.0)));
        Err(UnknownOracle {
            name: name.to_owned(),
            nearest: nearest.map_or("all", |n| n.0).to_owned(),
        })
    }
}

/// Runs an oracle, or all of them.
///
/// # Errors
/// If a sampler refuses its task; a bar that is missed is an entry of the result, not an error.
pub fn oracle(name: OracleName) -> Result<Answers> {
    let oracles = match name {
        OracleName::Ou => vec![ou::run()?],
        OracleName::Mixture2d => vec![mixture2d::run()?],
        OracleName::Gmm => vec![gmm::run()?],
        OracleName::Assimilation => vec![assimilation::run()?],
        OracleName::Field => vec![field::run()?],
        OracleName::All => vec![
            ou::run()?,
            mixture2d::run()?,
            gmm::run()?,
            assimilation::run()?,
            field::run()?,
        ],
    };
    Ok(Answers { oracles })
}

/// Writes one figure an oracle, `oracle_NAME.png`, to `folder` and returns their paths.
///
/// # Errors
/// If a figure cannot be drawn or written.
pub fn oracle_figures(answers: &Answers, folder: &Path) -> Result<Vec<PathBuf>> {
    let write = |answer: &Answer| {
        let path = folder.join(format!("oracle_{}.png", answer.name));
        write_whole(&path, &answer.figure.png()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    answers.oracles.iter().map(write).collect()
}
