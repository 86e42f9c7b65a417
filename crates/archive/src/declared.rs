//! The attributes by which a variable declares what its values mean.

use std::path::Path;

use foehn_field::Attribute;

use crate::{ReadError, Variable};

/// Reads the attributes that decide what values mean; refuses those of the wrong form.
pub(crate) struct Declared<'a> {
    pub(crate) variable: &'a Variable,
    pub(crate) path: &'a Path,
}

impl Declared<'_> {
    /// The numbers of an attribute, none where it is absent; text that is a number counts as one.
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, ReadError> {
        let Some(attribute) = self.variable.attributes.get(name) else {
            return Ok(Vec::new());
        };
        let text = || attribute.text().and_then(number_in_text);
        let numbers = attribute.numbers().or_else(|| text().map(|x| vec![x]));
        numbers.ok_or_else(|| self.refuse(name, attribute, "a number"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, ReadError> {
        let Some(attribute) = self.variable.attributes.get(name) else {
            return Ok(None);
        };
        match self.numbers(name)?.as_slice() {
            [x] => Ok(Some(*x)),
            _ => Err(self.refuse(name, attribute, "one number")),
        }
    }

    /// The valid range, and whether it is given in real numbers.
    pub(crate) fn valid_range(&self) -> Result<((f64, f64), bool), ReadError> {
        let real = ["valid_range", "valid_min", "valid_max"]
            .iter()
            .any(|name| {
                matches!(
                    self.variable.attributes.get(*name),
                    Some(Attribute::Float(_) | Attribute::Floats(_))
                )
            });
        if let Some(attribute) = self.variable.attributes.get("valid_range") {
            return match self.numbers("valid_range")?.as_slice() {
                [low, high] => Ok(((*low, *high), real)),
                _ => Err(self.refuse("valid_range", attribute, "two numbers")),
            };
        }
        let low = self.number("valid_min")?.unwrap_or(f64::NEG_INFINITY);
        let high = self.number("valid_max")?.unwrap_or(f64::INFINITY);
        Ok(((low, high), real))
    }

    fn refuse(&self, name: &str, attribute: &Attribute, expected: &'static str) -> ReadError {
        ReadError::Attribute {
            path: self.path.to_path_buf(),
            variable: self.variable.name.clone(),
            attribute: name.to_owned(),
            found: format!("{attribute:?}"),
            expected,
        }
    }
}

/// A number written as text, also with the type suffix of CDL as in `-1.e+34f`.
fn number_in_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text
        .strip_suffix(['f', 'F', 'd', 'D'])
        .filter(|rest| rest.ends_with(|c: char| c == '.' || c.is_ascii_digit()));
    plain.unwrap_or(text).parse().ok()
}
