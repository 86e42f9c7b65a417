//! One variable of the state.

use foehn_field::{Attribute, Attributes};

/// How values are stored or where they are found: of no meaning once they are read.
const STORAGE: [&str; 16] = [
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

/// One variable of the state.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// The variable's name in the files.
    pub name: String,
    /// Its attributes, such as `units` and `standard_name`, without those on storage.
    pub attributes: Attributes,
}

impl Channel {
    /// The `units`, empty where there are none.
    pub fn units(&self) -> &str {
        self.attributes
            .get("units")
            .and_then(Attribute::text)
            .unwrap_or_default()
    }

    pub(crate) fn new(name: &str, mut attributes: Attributes) -> Self {
        attributes.retain(|name, _| !STORAGE.contains(&name.as_str()));
        let name = name.to_owned();
        Self { name, attributes }
    }
}
