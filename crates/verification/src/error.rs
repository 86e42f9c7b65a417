//! What cannot be scored, and what has no spectrum.

use crate::{Domain, MeanError};

/// What cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// An ensemble without members.
    #[error("an ensemble of no members cannot be scored")]
    NoMember,
    /// The fair CRPS of one member.
    #[error(
        "the fair CRPS of one member is not defined (0/0); choose the empirical estimator, which for \
         one member is its absolute error"
    )]
    OneMember,
    /// Draws of the parts of a mixture that are not so many of each.
    #[error(
        "{draws} draws of {parts} parts; draw at least twice from every part, and as often from each"
    )]
    Rounds {
        /// Draws.
        draws: usize,
        /// Parts.
        parts: usize,
    },
    /// Another number of members than announced.
    #[error("the case at init {init} s has {found} members where {expected} were announced")]
    Members {
        /// Initial time of the case.
        init: i64,
        /// Members announced.
        expected: usize,
        /// Members found.
        found: usize,
    },
    /// Another grid than announced.
    #[error(
        "{what} of the case at init {init} s: shape {found:?} where {expected:?} was announced"
    )]
    Shape {
        /// Which array.
        what: &'static str,
        /// Initial time of the case.
        init: i64,
        /// Shape announced.
        expected: (usize, usize),
        /// Shape found.
        found: (usize, usize),
    },
    /// A value that is not finite and not masked.
    #[error(
        "{what} is {value} at point {point:?} of the case at init {init} s; mark missing data in the \
         mask"
    )]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// The value.
        value: f32,
        /// Initial time of the case.
        init: i64,
        /// Index (y, x).
        point: (usize, usize),
    },
    /// A weight that is not positive.
    #[error(
        "weight {value} at point {point:?} of the case at init {init} s; weights are positive, and \
         points to leave out belong in the mask"
    )]
    Weight {
        /// The value.
        value: f64,
        /// Initial time of the case.
        init: i64,
        /// Index (y, x).
        point: (usize, usize),
    },
    /// Another number of margins than the truth has.
    #[error("members or weights of shape {found:?} for a truth of {expected} margins")]
    Margins {
        /// Margins of the truth.
        expected: usize,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A margin that is not finite.
    #[error("{what} is {value} at margin {margin}; leave out the margins that are missing")]
    MarginNotFinite {
        /// Which member, or the truth.
        what: String,
        /// The margin.
        margin: usize,
        /// The value.
        value: f64,
    },
    /// Nothing was added, or all of it was missing.
    #[error("nothing to score: {cases} cases, {missing} points missing")]
    Nothing {
        /// Cases added.
        cases: u64,
        /// Points that were missing.
        missing: u64,
    },
    /// Two sets of scores made under different choices or on different grids.
    #[error("scores made differently do not merge: {left} against {right}")]
    Merge {
        /// The one.
        left: String,
        /// The other.
        right: String,
    },
    /// Means of different quantities.
    #[error(transparent)]
    Mean(#[from] MeanError),
}

/// Why a spectrum cannot be had.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpectrumError {
    /// A periodic field that is not square.
    #[error(
        "isotropic shells of a periodic field need a square grid, not {0:?}; use the limited domain"
    )]
    NotSquare((usize, usize)),
    /// A grid without two points along each axis.
    #[error("a spectrum needs at least two points along each axis, not {0:?}")]
    TooSmall((usize, usize)),
    /// A length that is not positive.
    #[error("lengths must be positive: {0:?}")]
    Length(Domain),
    /// Kinetic energy from something else than periodic vorticity.
    #[error("kinetic energy from vorticity needs a periodic domain, not {0:?}; use half squares")]
    Energy(Domain),
    /// Another grid than planned.
    #[error("a field of shape {found:?} was given to a plan for {expected:?}")]
    Shape {
        /// Planned.
        expected: (usize, usize),
        /// Found.
        found: (usize, usize),
    },
    /// A missing value.
    #[error("{value} at point {point:?}; spectra need complete fields")]
    NotFinite {
        /// The value.
        value: f32,
        /// Index (y, x).
        point: (usize, usize),
    },
    /// No field was added.
    #[error("no field was added")]
    Nothing,
    /// Spectra of different plans.
    #[error("spectra made differently do not compare: {left} against {right}")]
    Differ {
        /// The one.
        left: String,
        /// The other.
        right: String,
    },
    /// A ratio of energies without a logarithm.
    #[error("shell {shell} holds {model:e} against {truth:e}: their ratio has no logarithm")]
    Empty {
        /// Number of the shell.
        shell: usize,
        /// Energy of the model.
        model: f64,
        /// Energy of the truth.
        truth: f64,
    },
    /// Means of different quantities.
    #[error(transparent)]
    Mean(#[from] MeanError),
}
