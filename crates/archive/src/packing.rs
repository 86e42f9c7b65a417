//! From stored values to physical ones: signedness, what is missing, scale and offset.

use std::path::Path;

use crate::declared::Declared;
use crate::wrap::Wrap;
use crate::{ReadError, Variable};

/// The rule `value = stored * scale_factor + add_offset`, and which stored values are missing.
///
/// Fill and missing values are tested as stored. A valid range is tested as stored too, unless it is real
/// while the stored values are packed integers: then it is in physical units (NetCDF Users Guide, appendix A).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packing {
    pub(crate) wrap: Wrap,
    pub(crate) missing: Vec<f64>,
    pub(crate) stored_range: (f64, f64),
    pub(crate) physical_range: (f64, f64),
    pub(crate) scale: f64,
    pub(crate) offset: f64,
}

/// Whether a fill value that only the format declares counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImplicitFill {
    /// Data: it does, as in xarray and netCDF4-python.
    Counts,
    /// Coordinates: Zarr v2 stores give them the fill value zero, which is a valid position.
    Ignored,
}

/// What NetCDF leaves in floats that were never written, 15 * 2^119. It counts as missing whatever else is
/// declared: model output often names another fill value and has this one in its cells.
const NEVER_WRITTEN: f64 = 9.969_209_968_386_869e36;

/// Not a time, in `numpy` the least 64-bit integer: missing in times and spans, whoever encoded them.
const NOT_A_TIME: f64 = i64::MIN as f64;

fn counts_from_numpy(variable: &Variable) -> bool {
    let spans = |dtype: &str| dtype.starts_with("timedelta64");
    variable.dtype == "int64"
        && (variable.text("dtype").is_some_and(spans)
            || variable
                .units()
                .is_some_and(|units| units.contains(" since ")))
}

pub(crate) const EVERYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Packing {
    pub(crate) fn of(
        variable: &Variable,
        path: &Path,
        implicit: ImplicitFill,
    ) -> Result<Self, ReadError> {
        let reader = Declared { variable, path };
        let wrap = Wrap::of(variable);
        let as_stored = |x: f64| match variable.dtype.as_str() {
            "float32" => f64::from(x as f32),
            _ => wrap.apply(x),
        };
        let mut missing = reader.numbers("_FillValue")?;
        missing.extend(reader.numbers("missing_value")?);
        if let (Some(fill), ImplicitFill::Counts) = (variable.implicit_fill, implicit) {
            missing.push(fill);
        }
        if variable.dtype.starts_with("float") {
            missing.push(NEVER_WRITTEN);
        }
        for x in &mut missing {
            *x = as_stored(*x);
        }
        if counts_from_numpy(variable) {
            missing.push(NOT_A_TIME);
        }
        let (range, real) = reader.valid_range()?;
        let packed =
            variable.dtype.contains("int") && variable.attributes.contains_key("scale_factor");
        let (stored_range, physical_range) = if real && packed {
            (EVERYTHING, range)
        } else {
            ((as_stored(range.0), as_stored(range.1)), EVERYTHING)
        };
        let scale = reader.number("scale_factor")?.unwrap_or(1.0);
        let offset = reader.number("add_offset")?.unwrap_or(0.0);
        Ok(Self {
            wrap,
            missing,
            stored_range,
            physical_range,
            scale,
            offset,
        })
    }

    pub(crate) fn physical(&self, stored: f64) -> f64 {
        stored * self.scale + self.offset
    }

    pub(crate) fn is_missing(&self, stored: f64, physical: f64) -> bool {
        let outside = |x: f64, (low, high): (f64, f64)| x < low || x > high;
        self.missing
            .iter()
            .any(|m| *m == stored || (m.is_nan() && stored.is_nan()))
            || outside(stored, self.stored_range)
            || outside(physical, self.physical_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Raw;
    use foehn_field::{Attribute, Attributes};
    use ndarray::arr1;

    fn variable(dtype: &str, attributes: &[(&str, Attribute)]) -> Variable {
        Variable {
            name: "v".into(),
            dims: vec!["x".into()],
            shape: vec![4],
            dtype: dtype.into(),
            chunks: None,
            attributes: attributes
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect::<Attributes>(),
            implicit_fill: None,
            unreadable: None,
        }
    }

    fn unpack(dtype: &str, attributes: &[(&str, Attribute)], stored: &[f64]) -> Vec<Option<f32>> {
        let packing = Packing::of(
            &variable(dtype, attributes),
            Path::new("f"),
            ImplicitFill::Counts,
        )
        .unwrap();
        let (values, mask) = packing.single(Raw::Double(arr1(stored).into_dyn()));
        let mask = mask.unwrap_or_else(|| values.mapv(|_| false));
        values
            .iter()
            .zip(&mask)
            .map(|(x, m)| (!m).then_some(*x))
            .collect()
    }

    #[test]
    fn fill_and_missing_values_are_tested_as_stored() {
        let attributes = [
            ("_FillValue", Attribute::Int(-99)),
            ("missing_value", Attribute::Ints(vec![-999, 7])),
            ("scale_factor", Attribute::Float(0.01)),
            ("add_offset", Attribute::Float(273.15)),
        ];
        let values = unpack("int16", &attributes, &[-99.0, 7.0, 100.0, -999.0]);
        assert_eq!(values, [None, None, Some(274.15), None]);
    }

    #[test]
    fn unsigned_shorts_wrap_with_their_fill_value_and_range() {
        let attributes = [
            ("_Unsigned", Attribute::from("true")),
            ("_FillValue", Attribute::Int(-1)),
            ("valid_max", Attribute::Int(-3)),
        ];
        let values = unpack("int8", &attributes, &[-1.0, -2.0, -3.0, 5.0]);
        assert_eq!(values, [None, None, Some(253.0), Some(5.0)]);
        let signed = unpack(
            "uint8",
            &[("_Unsigned", Attribute::from("false"))],
            &[255.0, 127.0],
        );
        assert_eq!(signed, [Some(-1.0), Some(127.0)]);
    }

    #[test]
    fn a_real_valid_range_of_packed_integers_is_physical() {
        let scale = ("scale_factor", Attribute::Float(0.5));
        let real = [
            scale.clone(),
            ("valid_range", Attribute::Floats(vec![0.0, 10.0])),
        ];
        assert_eq!(
            unpack("int16", &real, &[20.0, 21.0, -1.0]),
            [Some(10.0), None, None]
        );
        let whole = [scale, ("valid_range", Attribute::Ints(vec![0, 10]))];
        assert_eq!(unpack("int16", &whole, &[10.0, 11.0]), [Some(5.0), None]);
    }

    #[test]
    fn a_nan_that_nothing_declares_stays_and_is_not_missing() {
        let shown = unpack(
            "float32",
            &[("_FillValue", Attribute::Float(1e20))],
            &[f64::NAN, 1.0],
        );
        assert!(shown[0].is_some_and(f32::is_nan));
        let declared = unpack(
            "float32",
            &[("_FillValue", Attribute::Float(f64::NAN))],
            &[f64::NAN, 1.0],
        );
        assert_eq!(declared, [None, Some(1.0)]);
        let unwritten = unpack(
            "float32",
            &[("_FillValue", Attribute::Float(f64::NAN))],
            &[f64::from(9.969_21e36_f32)],
        );
        assert_eq!(unwritten, [None]);
        // a double missing_value meets the float that it was rounded to
        let rounded = unpack(
            "float32",
            &[("missing_value", Attribute::Float(1e20))],
            &[f64::from(1e20_f32)],
        );
        assert_eq!(rounded, [None]);
    }

    #[test]
    fn attributes_of_the_wrong_form_are_refused() {
        let refused = |name: &str, value: Attribute| {
            let error = Packing::of(
                &variable("int16", &[(name, value)]),
                Path::new("f"),
                ImplicitFill::Counts,
            );
            matches!(error, Err(ReadError::Attribute { attribute, .. }) if attribute == name)
        };
        assert!(refused("scale_factor", Attribute::from("0.1 K")));
        assert!(refused("add_offset", Attribute::Floats(vec![1.0, 2.0])));
        assert!(refused("valid_range", Attribute::Ints(vec![1])));
    }
}
