//! Numbers of any type, as bytes and back.

/// The type of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

/// Values on their way from one type to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Whole(Vec<i128>),
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Number {
    /// By the name that numpy (`<f4`, `|u1`, `f4`) or Zarr v3 (`float32`) gives it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.trim_start_matches(['<', '>', '|', '=']) {
            "i1" | "int8" => Self::I8,
            "i2" | "int16" => Self::I16,
            "i4" | "int32" => Self::I32,
            "i8" | "int64" => Self::I64,
            "u1" | "uint8" => Self::U8,
            "u2" | "uint16" => Self::U16,
            "u4" | "uint32" => Self::U32,
            "u8" | "uint64" => Self::U64,
            "f4" | "float32" => Self::F32,
            "f8" | "float64" => Self::F64,
            _ => return None,
        })
    }

    /// The name in Zarr v3.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// The bytes of one.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Values from bytes in the machine's order.
    pub(crate) fn read(self, bytes: &[u8]) -> Values {
        macro_rules! read {
            ($kind:ty, $values:ident, $wide:ty) => {{
                let (each, _) = bytes.as_chunks::<{ size_of::<$kind>() }>();
                let wide = |one: &[u8; size_of::<$kind>()]| <$kind>::from_ne_bytes(*one) as $wide;
                Values::$values(each.iter().map(wide).collect())
            }};
        }
        match self {
            Self::I8 => read!(i8, Whole, i128),
            Self::I16 => read!(i16, Whole, i128),
            Self::I32 => read!(i32, Whole, i128),
            Self::I64 => read!(i64, Whole, i128),
            Self::U8 => read!(u8, Whole, i128),
            Self::U16 => read!(u16, Whole, i128),
            Self::U32 => read!(u32, Whole, i128),
            Self::U64 => read!(u64, Whole, i128),
            Self::F32 => read!(f32, Single, f32),
            Self::F64 => read!(f64, Double, f64),
        }
    }

    /// Values as bytes in the machine's order; whole numbers too large wrap, as in numpy.
    pub(crate) fn write(self, values: &Values) -> Vec<u8> {
        macro_rules! write {
            ($kind:ty) => {
                match values {
                    Values::Whole(values) => flat(values, |x| (*x as $kind).to_ne_bytes()),
                    Values::Single(values) => flat(values, |x| (*x as $kind).to_ne_bytes()),
                    Values::Double(values) => flat(values, |x| (*x as $kind).to_ne_bytes()),
                }
            };
        }
        match self {
            Self::I8 => write!(i8),
            Self::I16 => write!(i16),
            Self::I32 => write!(i32),
            Self::I64 => write!(i64),
            Self::U8 => write!(u8),
            Self::U16 => write!(u16),
            Self::U32 => write!(u32),
            Self::U64 => write!(u64),
            Self::F32 => write!(f32),
            Self::F64 => write!(f64),
        }
    }
}

fn flat<T, const N: usize>(values: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_and_wrap() {
        let large = Values::Whole(vec![i128::from(u64::MAX), -1]);
        assert_eq!(
            Number::U64.read(&Number::U64.write(&large)),
            Values::Whole(vec![u64::MAX.into(); 2])
        );
        assert_eq!(Number::I8.read(&[255, 3]), Values::Whole(vec![-1, 3]));
        let half = Values::Double(vec![0.5, -3.7]);
        assert_eq!(
            Number::I16.write(&half),
            [[0, 0], (-3_i16).to_ne_bytes()].concat()
        );
        assert_eq!(Number::named(">f8"), Some(Number::F64));
        assert_eq!(Number::named("float64").map(Number::name), Some("float64"));
        assert_eq!(Number::named("complex64"), None);
    }
}
