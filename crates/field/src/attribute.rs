//! Attributes: what a file says about itself or about a variable.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The attributes of a file or of a variable, in the file's order.
pub type Attributes = IndexMap<String, Attribute>;

/// One attribute's value: text or numbers, alone or in a list.
///
/// In JSON it is the plain value; JSON has no NaN, so a file format that needs one must write it itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// One text.
    Text(String),
    /// One whole number.
    Int(i64),
    /// One real number.
    Float(f64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Real numbers.
    Floats(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Attribute {
    /// The text, where there is exactly one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Texts(texts) if texts.len() == 1 => texts.first().map(String::as_str),
            _ => None,
        }
    }

    /// The number, where there is exactly one.
    pub fn number(&self) -> Option<f64> {
        match self.numbers().as_deref() {
            Some([number]) => Some(*number),
            _ => None,
        }
    }

    /// The numbers, one or many; `None` for text.
    ///
    /// ```
    /// use foehn_field::Attribute;
    ///
    /// assert_eq!(Attribute::Int(-99).numbers(), Some(vec![-99.0]));
    /// assert_eq!(Attribute::from("K").numbers(), None);
    /// ```
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Int(n) => Some(vec![*n as f64]),
            Self::Float(x) => Some(vec![*x]),
            Self::Ints(ns) => Some(ns.iter().map(|n| *n as f64).collect()),
            Self::Floats(xs) => Some(xs.clone()),
            Self::Text(_) | Self::Texts(_) => None,
        }
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
