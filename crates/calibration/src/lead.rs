//! Leads and their units.

use foehn_archive::Archive;

use crate::CasesError;
use crate::read::units;

/// Leads in whole seconds.
pub(crate) fn leads(archive: &Archive, name: &str) -> Result<Vec<i64>, CasesError> {
    let text = units(archive, name)?;
    let Some(seconds) = seconds_in(&text) else {
        return Err(CasesError::LeadUnits {
            variable: name.to_owned(),
            units: text,
        });
    };
    let whole = |(index, &value): (usize, &f64)| {
        whole_lead(value * seconds).ok_or_else(|| CasesError::NoLead {
            variable: name.to_owned(),
            index,
            value,
            units: text.clone(),
        })
    };
    archive
        .read_f64(name)?
        .iter()
        .enumerate()
        .map(whole)
        .collect()
}

/// Seconds in a unit of time.
fn seconds_in(units: &str) -> Option<f64> {
    match units.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3600.0),
        "d" | "day" | "days" => Some(86_400.0),
        _ => None,
    }
}

/// A lead in whole seconds; `None` where missing, not finite, negative or beyond 1e6 hours.
pub(crate) fn whole_lead(seconds: f64) -> Option<i64> {
    // About a century; none lies before its own start.
    (0.0..=3.6e9)
        .contains(&seconds)
        .then_some(seconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_leads_are_said_in_full() {
        for (units, seconds) in [
            ("s", 1.0),
            ("seconds", 1.0),
            ("sec", 1.0),
            ("minutes", 60.0),
            ("hours", 3600.0),
            ("h", 3600.0),
            ("days", 86_400.0),
        ] {
            assert_eq!(seconds_in(units), Some(seconds), "{units}");
        }
        for units in ["", "ss", "1", "K", "dayss", "months"] {
            assert_eq!(seconds_in(units), None, "{units}");
        }
    }

    #[test]
    fn a_lead_is_from_zero_to_a_century() {
        assert_eq!([whole_lead(0.0), whole_lead(3599.6)], [Some(0), Some(3600)]);
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(whole_lead(wrong), None, "{wrong}");
        }
    }
}
