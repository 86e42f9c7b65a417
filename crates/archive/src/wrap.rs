//! Integers whose sign is another than their type's.

use crate::Variable;

/// Reinterpretation of integers by `_Unsigned`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrap {
    Keep,
    /// Negative numbers are 2^bits larger.
    Unsigned(f64),
    /// Numbers from half of 2^bits on are 2^bits smaller.
    Signed(f64),
}

impl Wrap {
    /// As a variable declares it.
    pub(crate) fn of(variable: &Variable) -> Self {
        let says = |word: &str| {
            variable
                .text("_Unsigned")
                .is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        let modulus = |bits: &str| bits.parse().ok().map(|bits: i32| 2f64.powi(bits));
        let unsigned = variable
            .dtype
            .strip_prefix("uint")
            .filter(|_| says("false"));
        let signed = variable.dtype.strip_prefix("int").filter(|_| says("true"));
        let to_signed = unsigned.and_then(modulus).map(Wrap::Signed);
        to_signed
            .or_else(|| signed.and_then(modulus).map(Wrap::Unsigned))
            .unwrap_or(Wrap::Keep)
    }

    pub(crate) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Unsigned(modulus) if x < 0.0 => x + modulus,
            Self::Signed(modulus) if x >= modulus / 2.0 => x - modulus,
            _ => x,
        }
    }
}
