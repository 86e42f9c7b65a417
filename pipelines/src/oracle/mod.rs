//! `foehn oracle`: samplers with exact drifts against exact answers, one file an oracle.

mod answer;
mod assimilation;
mod checker;
mod couplings;
mod field;
mod gmm;
mod gmm_sampled;
mod learn;
mod least;
mod mixture2d;
mod mixture2d_learnt;
mod normal;
mod ou;
mod text;

pub use answer::{Answer, Answers, Bar, BarsMissed, Entry, Picture, Row, Table};

use crate::progress::Talk;
use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_compute::Workers;
use learn::School;
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
    /// O4, the density of a checkerboard; trains a network.
    Checker,
    /// Pairs kept or not, and what a coupling costs; trains networks.
    Couplings,
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

const NAMES: [(&str, OracleName); 8] = [
    ("ou", OracleName::Ou),
    ("mixture2d", OracleName::Mixture2d),
    ("gmm", OracleName::Gmm),
    ("checker", OracleName::Checker),
    ("couplings", OracleName::Couplings),
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

/// What is done besides sampling with exact drifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Networks {
    /// Nothing, but where an oracle is about trained networks.
    WhereNeeded,
    /// Networks are trained on every law that has a bar for them.
    Everywhere,
}

/// Runs an oracle, or all of them; without [`Networks::Everywhere`] all of those that train nothing.
///
/// # Errors
/// If a sampler refuses its task, or after Ctrl-C; a bar that is missed is an entry of the result, not an
/// error.
pub fn oracle(
    name: OracleName,
    networks: Networks,
    workers: &Workers,
    talk: Talk,
) -> Result<Answers> {
    let school = School { workers, talk };
    let everywhere = (networks == Networks::Everywhere).then_some(school);
    let names: Vec<OracleName> = match name {
        OracleName::All => NAMES
            .iter()
            .map(|(_, name)| *name)
            .filter(|name| *name != OracleName::All)
            .filter(|name| networks == Networks::Everywhere || !name.trains())
            .collect(),
        one => vec![one],
    };
    let run = |name: OracleName| match name {
        OracleName::Ou => Ok(vec![ou::run()?]),
        OracleName::Mixture2d => Ok(vec![mixture2d::run(everywhere)?]),
        OracleName::Gmm => Ok(vec![gmm::run()?]),
        OracleName::Checker => Ok(vec![checker::run(school)?]),
        OracleName::Couplings => Ok(vec![couplings::run(school)?]),
        OracleName::Assimilation => Ok(vec![assimilation::run()?]),
        OracleName::Field => Ok(vec![field::run()?]),
        OracleName::All => Ok(Vec::new()),
    };
    let answers: Result<Vec<Vec<Answer>>> = names.into_iter().map(run).collect();
    Ok(Answers {
        oracles: answers?.concat(),
    })
}

impl OracleName {
    /// Whether it is about trained networks and nothing else.
    fn trains(self) -> bool {
        matches!(self, Self::Checker | Self::Couplings)
    }
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
