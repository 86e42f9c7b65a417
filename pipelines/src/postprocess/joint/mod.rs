//! Members that hold together across places, and their scores.

mod examination;
mod field_spectra;
mod member_scores;
mod occasions;
mod orders;
mod past;
mod store;

pub use member_scores::MemberScores;

pub(crate) use examination::Examination;
pub(crate) use field_spectra::FieldSpectra;
pub(crate) use orders::Joint;
pub(crate) use past::Pasts;
pub(crate) use store::Target;
