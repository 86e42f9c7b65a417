//! Statistical post-processing of ensemble forecasts.
//!
//! A [`Table`] holds cases: members, an observation and covariates for a station, date and lead, with missing cells. A
//! [`Method`] (one line of configuration) is fitted to one table and predicts a [`Law`] for the cases of another.
//!
//! ```
//! use foehn_calibration::{Columns, Emos, Method, Part, Station, Table};
//! use foehn_field::Calendar;
//! use ndarray::Array2;
//!
//! // Two members one below and one above a mean that is two degrees too cold.
//! let days: Vec<f64> = (0..100).map(f64::from).collect();
//! let truth = |day: f64| 10.0 * (day / 9.0).sin();
//! let table = Table::new(Columns {
//!     units: "K".into(),
//!     observation_units: "K".into(),
//!     calendar: Calendar::ProlepticGregorian,
//!     stations: vec![Station {
//!         name: "A".into(), latitude: 47.0, longitude: 11.0, altitude: None, model_altitude: None,
//!     }],
//!     covariate_names: vec![],
//!     dates: days.iter().map(|day| *day as i64 * 86_400).collect(),
//!     leads: vec![0; 100],
//!     station: vec![0; 100],
//!     members: Array2::from_shape_fn((100, 2), |(i, m)| truth(days[i]) - 3.0 + 2.0 * m as f64),
//!     observations: days.iter().map(|day| truth(*day) + (day * 1.7).sin()).collect(),
//!     covariates: Array2::zeros((100, 0)),
//! })?;
//! let fitted = Method::Emos(Emos::default()).fit(&table)?;
//! let law = fitted.predict(&table.case(50).ok_or("row")?)?.law;
//! assert!((law.mean() - truth(50.0)).abs() < 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bias;
mod check;
mod climatology;
mod columnar;
mod comma;
mod comma_rows;
mod context;
mod dependence;
mod emos;
mod emos_search;
mod error;
mod family;
mod fitted;
mod isotonic;
mod law;
mod lead;
mod member_by_member;
mod method;
mod minimise;
mod names;
mod normal;
mod places;
mod predictors;
mod quantile_mapping;
mod read;
mod regression;
mod scope;
mod shifted_gamma;
mod special;
mod steps;
mod table;
mod term;
mod truncated_normal;
mod window;

pub use bias::{Bias, BiasFit, Lapse};
pub use climatology::{Climatology, ClimatologyFit};
pub use columnar::ColumnarError;
pub use comma::{ColumnMap, CsvError};
pub use dependence::{DependenceError, Template, shuffle, transformation};
pub use emos::{Emos, EmosFit, Link, Scale};
pub use error::{FitError, PredictError, TableError};
pub use family::{Family, Objective, Slope};
pub use fitted::{Fitted, LeadFit, Part, Prediction};
pub use isotonic::{Isotonic, IsotonicFit};
pub use law::Law;
pub use member_by_member::{MemberByMember, MemberByMemberFit};
pub use method::{Method, Raw};
pub use minimise::Ending;
pub use places::{Layout, PlaceVariable};
pub use predictors::Predictors;
pub use quantile_mapping::{QuantileMapping, QuantileMappingFit};
pub use read::{Cases, CasesError, Oddity, Variables};
pub use regression::Regression;
pub use scope::{Basis, Scope};
pub use steps::{Steps, StepsError};
pub use table::{Case, Columns, Station, Table};
pub use term::Term;
pub use window::{Scheme, Split, SplitError, Window};
