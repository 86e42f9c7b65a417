//! Variables made of others.

use foehn_field::{Attribute, Attributes, Grid};
use foehn_grid::Winds;
use ndarray::{Array3, Axis, Zip};
use rayon::prelude::*;

use crate::{Derived, PrepareConfig, PrepareError};

/// Cells that a thread takes at least: less is done sooner than handed over.
const LEAST_CELLS: usize = 1 << 16;

/// A variable on its way: its name and attributes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
}

/// What makes a state of some states.
#[derive(Debug)]
enum Rule {
    Speed,
    Vorticity(Winds),
    Divergence(Winds),
}

/// A variable made of two others.
#[derive(Debug)]
pub(crate) struct Derivation {
    pub(crate) label: Label,
    pub(crate) inputs: [usize; 2],
    rule: Rule,
}

/// What a variable differs by from its mean around the day of the year.
#[derive(Debug, Clone)]
pub(crate) struct Anomaly {
    pub(crate) label: Label,
    /// The number of the variable that it is one of.
    pub(crate) of: usize,
    /// Days to either side of which the mean is.
    pub(crate) window: usize,
}

impl Anomaly {
    /// The name of the mean that it is counted from.
    pub(crate) fn reference(&self) -> String {
        format!("{}_reference", self.label.name)
    }
}

/// The configured derivations; a later one may use an earlier one. Anomalies come out apart, because they need a mean
/// that is known only in the end.
pub(crate) fn derivations(
    config: &PrepareConfig,
    grid: &Grid,
    mut labels: Vec<Label>,
) -> Result<(Vec<Derivation>, Vec<Anomaly>), PrepareError> {
    let (mut derivations, mut anomalies) = (Vec::new(), Vec::new());
    for (name, derived) in &config.derive {
        let key = format!("derive.{name}");
        let find = |wanted: &String| {
            let names = || {
                labels
                    .iter()
                    .map(|c| c.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let found = labels.iter().position(|c| c.name == *wanted);
            found.ok_or_else(|| {
                PrepareError::config(
                    &key,
                    format!("{wanted:?} is not among the variables: {}", names()),
                )
            })
        };
        if labels.iter().any(|c| c.name == *name) {
            return Err(PrepareError::config(
                &key,
                "there is a variable of this name already",
            ));
        }
        let winds = || Winds::new(grid, Winds::EARTH).map_err(PrepareError::from);
        let (inputs, rule) = match derived {
            Derived::Anomaly { of, window } => {
                let of = find(of)?;
                anomalies.push(Anomaly {
                    label: labelled(name, derived, &labels[of], grid),
                    of,
                    window: *window,
                });
                continue;
            }
            Derived::Speed { u, v } => ([find(u)?, find(v)?], Rule::Speed),
            Derived::Vorticity { u, v } => ([find(u)?, find(v)?], Rule::Vorticity(winds()?)),
            Derived::Divergence { u, v } => ([find(u)?, find(v)?], Rule::Divergence(winds()?)),
        };
        let label = labelled(name, derived, &labels[inputs[0]], grid);
        labels.push(label.clone());
        derivations.push(Derivation {
            label,
            inputs,
            rule,
        });
    }
    Ok((derivations, anomalies))
}

/// CF attributes of a derived variable.
fn labelled(name: &str, derived: &Derived, of: &Label, grid: &Grid) -> Label {
    let units = of.attributes.get("units").and_then(Attribute::text);
    let per_second =
        units.is_some_and(|u| ["m s-1", "m s**-1", "m/s", "m s^-1"].contains(&u.trim()));
    let on_sphere = matches!(grid, Grid::Rectilinear { .. });
    let rate = (per_second && on_sphere).then_some("s-1");
    let (standard_name, long_name, units) = match derived {
        Derived::Speed { .. } => (Some("wind_speed"), "wind speed".to_owned(), units),
        Derived::Vorticity { .. } => (
            Some("atmosphere_relative_vorticity"),
            "relative vorticity".to_owned(),
            rate,
        ),
        Derived::Divergence { .. } => (
            Some("divergence_of_wind"),
            "divergence of wind".to_owned(),
            rate,
        ),
        Derived::Anomaly { window, .. } => (
            None,
            format!(
                "{} minus its mean for the day of the year and {window} days to either side",
                of.name
            ),
            units,
        ),
    };
    let labels = [
        ("standard_name", standard_name),
        ("long_name", Some(&*long_name)),
        ("units", units),
    ];
    let labels = labels
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), Attribute::from(text?))));
    let mut attributes: Attributes = labels.collect();
    for key in ["level", "level_units"] {
        attributes.extend(
            of.attributes
                .get(key)
                .map(|value| (key.to_owned(), value.clone())),
        );
    }
    Label {
        name: name.to_owned(),
        attributes,
    }
}

impl Derivation {
    /// The variable at some times, (time, y, x) like those it is made of.
    pub(crate) fn apply(&self, states: &[Array3<f32>]) -> Array3<f32> {
        let [u, v] = self.inputs.map(|k| &states[k]);
        let mut result = Array3::zeros(u.dim());
        let least = (LEAST_CELLS / u.len_of(Axis(1)).max(1) / u.len_of(Axis(2)).max(1)).max(1);
        let planes = result.axis_iter_mut(Axis(0)).into_par_iter();
        planes
            .with_min_len(least)
            .enumerate()
            .for_each(|(t, mut plane)| {
                let [u, v] = [u, v].map(|wind| wind.index_axis(Axis(0), t));
                match &self.rule {
                    Rule::Speed => Zip::from(&mut plane)
                        .and(u)
                        .and(v)
                        .for_each(|y, u, v| *y = speed(*u, *v)),
                    Rule::Vorticity(winds) => plane.assign(&winds.vorticity(&u, &v)),
                    Rule::Divergence(winds) => plane.assign(&winds.divergence(&u, &v)),
                }
            });
        result
    }
}

/// sqrt(u^2 + v^2): in double precision neither square overflows or loses digits.
#[inline]
fn speed(u: f32, v: f32) -> f32 {
    let (u, v) = (f64::from(u), f64::from(v));
    (u * u + v * v).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::speed;

    #[test]
    fn speeds_are_those_of_hypot_up_to_the_ends_of_single_precision() {
        assert_eq!((speed(3.0, -4.0), speed(3e30, 4e30)), (5.0, 5e30));
        assert_eq!(speed(3e-40, 4e-40), 3e-40f32.hypot(4e-40));
        assert!(speed(f32::NAN, 1.0).is_nan());
        for k in 0..1000 {
            let (u, v) = (0.37 * k as f32 - 100.0, 71.0 - 0.11 * k as f32);
            assert_eq!(speed(u, v), u.hypot(v));
        }
    }
}
