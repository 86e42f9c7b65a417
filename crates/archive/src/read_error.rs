//! What can be wrong with a file that is read.

use std::path::PathBuf;

use foehn_field::TimeError;
use thiserror::Error;

/// Why a path could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing is there.
    #[error("{}: there is no such file or folder", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// An address that cannot be read.
    #[error("{}: {cause}", path.display())]
    Remote {
        /// The address.
        path: PathBuf,
        /// What failed, after how many attempts.
        cause: String,
    },
    /// The content is neither NetCDF nor Zarr.
    #[error("{}: neither a NetCDF file nor a Zarr folder: {found}", path.display())]
    NotAnArchive {
        /// The path.
        path: PathBuf,
        /// What was found instead, with a remedy where one is known.
        found: String,
    },
    /// The content looks right but cannot be read.
    #[error("{}: the {format} content cannot be read: {cause}", path.display())]
    Damaged {
        /// The path.
        path: PathBuf,
        /// NetCDF, Zarr or zip.
        format: &'static str,
        /// What the library says.
        cause: String,
    },
}

/// Why a variable of an open file could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such variable.
    #[error("{}: there is no variable {name:?}{}; it has {}", path.display(), hint(nearest.as_deref()), listed(known))]
    NoVariable {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The most similar name that there is.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The variable holds something other than numbers, or numbers in a form that is not handled.
    #[error("{}: variable {variable:?} of {dtype} values cannot be read as numbers{}", path.display(), because(why))]
    NotNumbers {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// The type of its values.
        dtype: String,
        /// Why, where the type alone does not say it.
        why: String,
    },
    /// The variable holds something other than texts.
    #[error("{}: variable {variable:?} of {dtype} values cannot be read as texts{}", path.display(), because(why))]
    NotTexts {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// The type of its values.
        dtype: String,
        /// Why, where the type alone does not say it.
        why: String,
    },
    /// A range outside the variable.
    #[error("{}: ranges {ranges:?} do not lie in variable {variable:?} of shape {shape:?}", path.display())]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// The ranges asked for, as (start, end).
        ranges: Vec<(usize, usize)>,
        /// The variable's shape.
        shape: Vec<usize>,
    },
    /// The values could not be read.
    #[error("{}: variable {variable:?} could not be read: {cause}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// What the library says.
        cause: String,
    },
    /// An attribute that decides what values mean has the wrong form.
    #[error("{}: attribute {attribute:?} of variable {variable:?} is {found}, not {expected}", path.display())]
    Attribute {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// The attribute.
        attribute: String,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: &'static str,
    },
    /// No time coordinate.
    #[error("{}: {name:?} leads to no time coordinate (a 1-D variable with units such as \"hours since 2000-01-01\")", path.display())]
    NoTime {
        /// The file.
        path: PathBuf,
        /// The dimension or variable asked for.
        name: String,
    },
    /// Times that cannot be decoded.
    #[error("{}: time variable {variable:?}: {cause}", path.display())]
    Time {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// What is wrong.
        #[source]
        cause: TimeError,
    },
    /// No horizontal grid.
    #[error("{}: variable {variable:?} with dimensions {dims:?} has no horizontal grid: {why}", path.display())]
    NoGrid {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// Its dimensions.
        dims: Vec<String>,
        /// What was looked for.
        why: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn because(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    }
}
