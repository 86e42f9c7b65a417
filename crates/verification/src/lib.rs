//! Forecast verification: statistic -> additive mean -> metric.
//!
//! - A [`Statistic`] is a number of one ensemble at one point and case: error, CRPS, variance.
//! - A [`Mean`] adds statistics with weights. Means merge, so chunks, threads and machines may each
//!   hold a part.
//! - A [`Metric`] is a function of finished means: square roots are taken after averaging.
//!
//! [`Scores`] holds these for one lead, counts ranks, keeps what maps and intervals need, and ends in
//! a [`ScoreTable`] that states its [`Convention`]. Spectra are in [`Spectrometer`]; the reference
//! forecasts in [`persistence`] and [`climatology_members`].
//!
//! Members 1, 2, 3 and truth 2 on a single cell:
//! ```
//! use foehn_verification::{Case, Choices, Estimator, Scores};
//! use ndarray::{array, Array3};
//! let members = Array3::from_shape_vec((3, 1, 1), vec![1.0f32, 2.0, 3.0])?;
//! let (truth, weights) = (array![[2.0f32]], array![[1.0]]);
//! let mut scores = Scores::new((1, 1), Choices { estimator: Estimator::Empirical, ..Choices::new(3) })?;
//! scores.add_case(&Case {
//!     init: 0, members: members.view(), truth: truth.view(), weights: weights.view(), missing: None,
//! })?;
//! let table = scores.finish()?;
//! assert!((table.crps - 2.0 / 9.0).abs() < 1e-15);
//! assert_eq!((table.rmse, table.spread), (0.0, Some(1.0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bootstrap;
mod case;
mod chi_square;
mod climatology;
mod convention;
mod cosine;
mod diebold_mariano;
mod error;
mod fourier;
mod mean;
mod metric;
mod mixture;
mod multivariate;
mod pit;
mod rank;
mod sample;
mod scores;
mod spectrometer;
mod spectrum;
mod statistic;
mod table;

pub use bootstrap::{Bootstrap, BootstrapError, CaseValue, Interval, difference};
pub use case::Case;
pub use climatology::{ClimatologyError, Window, climatology_members, persistence};
pub use convention::{
    Choices, Convention, CoverageRule, MissingRule, SpreadSkill, TieRule, Weighting,
};
pub use diebold_mariano::{DieboldMariano, DieboldMarianoError, diebold_mariano};
pub use error::{ScoreError, SpectrumError};
pub use mean::{Mean, MeanError};
pub use metric::Metric;
pub use mixture::mixture_crps;
pub use multivariate::{energy_score, variogram_score};
pub use pit::{PitHistogram, covered};
pub use rank::{Flatness, RankHistogram};
pub use sample::{Estimator, Sample, crps};
pub use scores::{Map, Scores};
pub use spectrometer::{Domain, Quantity, Spectrometer};
pub use spectrum::Spectrum;
pub use statistic::Statistic;
pub use table::ScoreTable;
