//! What a file says about one of its variables.

use foehn_field::{Attribute, Attributes};

/// Attributes that tell how values are stored or where they are found: of no meaning once they are read.
pub const STORAGE_ATTRIBUTES: [&str; 16] = [
    "_FillValue",
    "missing_value",
    "scale_factor",
    "add_offset",
    "valid_min",
    "valid_max",
    "valid_range",
    "_Unsigned",
    "coordinates",
    "grid_mapping",
    "cell_measures",
    "ancillary_variables",
    "bounds",
    "_ARRAY_DIMENSIONS",
    "actual_range",
    "esri_pe_string",
];

/// A variable as the file declares it, before unpacking.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Variable {
    /// The name; variables in groups are `group/name`.
    pub name: String,
    /// Names of the dimensions, slowest first.
    pub dims: Vec<String>,
    /// Lengths of the dimensions.
    pub shape: Vec<usize>,
    /// The type of the stored values, such as `float32` or `int16`.
    pub dtype: String,
    /// Shape of the chunks in which values are stored; `None` where they are contiguous.
    pub chunks: Option<Vec<usize>>,
    /// The attributes.
    pub attributes: Attributes,
    /// A fill value that the format declares where no attribute does.
    pub(crate) implicit_fill: Option<f64>,
    /// Why the values cannot be read, where they cannot.
    pub(crate) unreadable: Option<String>,
}

impl Variable {
    /// The attribute's text, where it is one text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Attribute::text)
    }

    /// The `units`.
    pub fn units(&self) -> Option<&str> {
        self.text("units")
    }

    /// Whether the values are numpy's times or spans, in a unit that is handled.
    pub(crate) fn counts_time(&self) -> bool {
        let numpy = ["datetime64[", "timedelta64["];
        numpy.iter().any(|name| self.dtype.starts_with(name)) && self.units().is_some()
    }

    /// The group part of the name, with its slash.
    pub(crate) fn group(&self) -> &str {
        self.name
            .rfind('/')
            .map_or("", |slash| &self.name[..=slash])
    }
}
