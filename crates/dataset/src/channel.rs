//! One variable of the state.

use foehn_archive::STORAGE_ATTRIBUTES;
use foehn_field::{Attribute, Attributes};

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
        attributes.retain(|name, _| !STORAGE_ATTRIBUTES.contains(&name.as_str()));
        let name = name.to_owned();
        Self { name, attributes }
    }
}
